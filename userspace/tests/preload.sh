#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The preload library and the broker of `vmdevctl run`, with files in memory in the
# place of spaces: what needs no device. preload.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"
build=$1
library=$build/libvmdev-preload.so

run() {
	status=0
	timeout 120 "$build/san/preload-run" "$library" "$@" >"$out" 2>"$err" || status=$?
}

# gives STATUS WHAT COMMAND...
gives() {
	local want=$1 what=$2
	shift 2
	run "$@"
	report $((status != want)) "$what"
}

# says PATTERN WHAT: a line on standard error of the last run
says() {
	local bad=0
	grep -qE "^vmdevctl run: $1\$" "$err" || bad=1
	report $bad "$2"
}

# Every result of the program is one of ours.
run "$build/tests/stress" 5
while IFS= read -r line; do
	case $line in
	"ok "*) report 0 "${line#* - }" ;;
	"not ok "*) report 1 "${line#* - }" ;;
	esac
done < <(cat "$out")
report $((status != 0)) "the stress program ends well"
# shellcheck disable=SC2016 # the inner shell expands it
gives 0 "and where there are few descriptors" bash -c 'ulimit -n 256; exec "$0" 1' \
	"$build/tests/stress"
says 'peak .*, at most .* resident; faults: .* minor, .* major, .* zero; .* read, .* written; [0-9]+ processes' \
	"what was used is said"

gives 0 "a program with its own malloc" "$build/tests/own_malloc"
gives 0 "a program that starts others" "$build/tests/stress" spawn
says 'peak .*; 1 process' "makes no space for that"
gives 0 "true" true
says 'peak .*; 1 process' "one process"
gives 3 "an exit status is passed on" sh -c 'exit 3'
# shellcheck disable=SC2016 # the inner shell expands it
gives 143 "a signal is 128 and its number" sh -c 'kill $$'
# shellcheck disable=SC2016 # the inner shell expands it
gives 135 "so is SIGBUS" sh -c 'ulimit -c 0; kill -BUS $$'
says "sh got SIGBUS: the store is full or failed; see 'vmdevctl status'" "and what it means"
gives 127 "a program that isn't there" /none/such
check "which is said" grep -qx \
	"vmdevctl: /none/such: No such file or directory; try it without 'vmdevctl run'" "$err"
says '/none/such used no memory of vmdev' "and that it used nothing"
gives 126 "a file that is no program" /dev/null
QUIET=1 run true
report $((status != 0 || $(stat -c %s "$err") != 0)) "quiet"

# 40 MiB that stay for a moment, in a process whose end doesn't say so.
json=$(mktemp)
# shellcheck disable=SC2016 # the inner shell expands it
OUTPUT=$json run bash -c 'x=$(head -c 40000000 /dev/zero | tr "\0" x); sleep 0.3; kill -9 $$'
python3 - "$json" <<'PYTHON' || status=0
import json, sys
d = json.load(open(sys.argv[1]))
assert list(d) == ["status", "processes", "peak_bytes", "peak_resident_bytes", "faults_minor",
                   "faults_major", "faults_zero", "read_bytes", "written_bytes"], d
assert d["status"] == 137 and d["processes"] >= 3, d
assert 40e6 < d["peak_bytes"] < 400e6, d
PYTHON
rm "$json"
report $((status != 137)) "what was used in JSON, of a process that is killed"

# A shell makes processes of every kind; the output is what it is without.
# shellcheck disable=SC2016 # the inner shell expands it
script='x=$(seq 20000 | sort -r | head -n 3); echo $x; (y=$x; echo "$y" | rev)
	for i in 1 2 3; do { echo $i; sleep 0.1; } & done; wait; echo done | cat'
run bash -c "$script"
bad=0
[[ "$(sort "$out")" == "$(bash -c "$script" | sort)" ]] || bad=1
report $bad "a shell with pipes, subshells and jobs"

# What stays behind is served, and can fork, when run has gone.
mark=$(mktemp -u)
run bash -c "(sleep 1; x=\$(echo alive); echo \$x >$mark) >/dev/null 2>&1 &"
report $((status != 0)) "run doesn't wait for a job in the background"
for _ in {1..100}; do
	[[ ! -s $mark ]] || break
	sleep 0.1
done
bad=0
[[ "$(cat "$mark" 2>/dev/null)" == alive ]] || bad=1
report $bad "which goes on and can fork"

# Between two programs a process has no connection, and there may be no other.
rm -f "$mark"
for i in {1..10}; do
	run bash -c "(sleep 0.1; exec bash -c 'echo $i >>$mark') >/dev/null &"
	run bash -c "exec bash -c 'echo $i >>$mark' >/dev/null &"
done
for _ in {1..100}; do
	[[ ! -s $mark || "$(wc -l <"$mark")" -lt 20 ]] || break
	sleep 0.1
done
report $(($(wc -l <"$mark") != 20)) "and become another program"

# What serves it can be ended, and passes no signal on to what has that number now.
run bash -c ": $mark; sleep 20 >/dev/null 2>&1 &"
behind=$(pgrep -f "preload-run .*bash -c : $mark") || behind=
[[ -z $behind ]] || kill "$behind"
for _ in {1..100}; do
	[[ -n $behind && -d /proc/$behind ]] || break
	grep -q '^State:.Z' "/proc/$behind/status" && break
	sleep 0.1
done
bad=0
[[ -n $behind ]] || bad=1
grep -qs '^State:.[^Z]' "/proc/$behind/status" && bad=1
report $bad "who serves it ends by SIGTERM"
rm -f "$mark"

# The library without run: nothing changes. With a run that is gone: one clear line.
status=0
LD_PRELOAD=$library bash -c 'echo $(echo alone)' >"$out" 2>"$err" || status=$?
report $((status != 0 || $(grep -c '^alone$' "$out") != 1)) "the library alone changes nothing"
status=0
VMDEV_RUN="none $(printf 'a%.0s' {1..32}) $(printf 'b%.0s' {1..32}) 65536" LD_PRELOAD=$library /bin/true \
	>"$out" 2>"$err" || status=$?
report $((status != 125)) "a run that is gone: status 125"
says 'process [0-9]+: no space from the vmdevctl that runs it: Connection refused' \
	"a run that is gone is said"
status=0
VMDEV_RUN=nonsense LD_PRELOAD=$library /bin/true >"$out" 2>"$err" || status=$?
report $((status != 125)) "a bad VMDEV_RUN: status 125"
says 'process [0-9]+: bad VMDEV_RUN in the environment: Invalid argument' \
	"a bad VMDEV_RUN is said"

# Nobody gets a space without the token.
# shellcheck disable=SC2016 # the inner shell expands it
run bash -c 'set -- $VMDEV_RUN; VMDEV_RUN="$1 $(printf "0%.0s" {1..32}) $3 $4" /bin/true'
report $((status != 125)) "a wrong token gets no space"

# Whoever has the name of a broker that is gone gives nobody memory.
python "memory is taken from the broker alone" "$library" <<'PYTHON'
import os, socket, struct, subprocess, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(f"\0vmdevctl-run-test-{os.getpid()}")
listener.listen()
listener.settimeout(60)
space = os.memfd_create("fake")
os.ftruncate(space, 1 << 47)
name = f"vmdevctl-run-test-{os.getpid()}"
for shown, want in (b"b" * 32, 0), (b"c" * 32, 125), (b"", 125):
    run = subprocess.Popen(["/bin/true"], stderr=subprocess.PIPE, text=True, env={
        "LD_PRELOAD": sys.argv[1], "VMDEV_RUN": f"{name} {'a' * 32} {'b' * 32} 65536"})
    link = listener.accept()[0]
    assert link.recv(100) == struct.pack("I", 1) + b"a" * 32
    socket.send_fds(link, [struct.pack("i", 0) + shown], [space])
    said = run.communicate(timeout=60)[1]
    assert run.returncode == want, (shown, run.returncode, said)
    assert not want or "the vmdevctl that runs it: Operation not permitted" in said, said
PYTHON

echo "1..$count"
