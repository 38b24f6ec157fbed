#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command line of vmdevctl where no module is loaded: help, exit statuses, every
# message of a wrong command line. cli.sh BUILD
set -euo pipefail

tool=$1/san/vmdevctl-san
# shellcheck source=userspace/tests/tap.bash
. "$(dirname "$0")/tap.bash"

run() {
	status=0
	"$tool" "$@" >"$out" 2>"$err" || status=$?
}

# says STATUS MESSAGE ARG...: exactly this one line on standard error, nothing else
says() {
	local want_status=$1 want=$2 bad=0
	shift 2
	run "$@"
	[[ $status -eq $want_status ]] || bad=1
	[[ "$(cat "$err")" == "vmdevctl: $want" ]] || bad=1
	[[ ! -s $out ]] || bad=1
	report $bad "'$*': $want"
}

shows() {
	local pattern=$1 bad=0
	shift
	run "$@"
	[[ $status -eq 0 && ! -s $err ]] || bad=1
	grep -q -- "$pattern" "$out" || bad=1
	report $bad "'$*' shows '$pattern'"
}

see="see 'vmdevctl --help'"
see_load="see 'vmdevctl load --help'"
see_status="see 'vmdevctl status --help'"

shows '^Usage: vmdevctl COMMAND' --help
shows '^Exit status: 0 success, 1 it failed, 2 ' -h
shows '^vmdevctl [0-9]*\.[0-9]*\.[0-9]* (ABI 1)$' --version
shows '^vmdevctl ' -V
for command in load unload status; do
	shows "^  $command " --help
	shows "^Usage: vmdevctl $command " $command --help
	shows "^Exit status: 0 " $command -h
done
shows '^  run ' --help
shows '^Usage: vmdevctl run ' run --help
shows '^Exit status: that of COMMAND' run -h
for option in pool-limit min-size output quiet; do
	shows "^  -., --$option" run --help
done
for option in pool store store-size policy overcommit readahead checksum force module json; do
	shows "^  -., --$option " load --help
done

says 2 "no command given; $see"
says 2 "unknown command 'frob'; $see" frob
says 2 "unknown option --frob; $see" --frob
says 2 "unknown option --frob; $see_load" load --frob
says 2 "unknown option -x; $see_load" load -x
says 2 "unknown option --po; $see_load" load --po 1M
says 2 "option --pool needs a value; $see_load" load --pool
says 2 "option -p needs a value; $see_load" load -p
says 2 "option --json=1 takes no value; $see_load" load --json=1
says 2 "unexpected argument 'x'; $see_load" load x
says 2 "unexpected argument 'x'; $see_status" status --json x
says 2 "unknown option -p; see 'vmdevctl unload --help'" unload -p 1M
says 2 "--pool 64: must be whole mebibytes and at least 1M, as 64M; $see_load" load --pool 64
says 2 "--pool x: not a size; write a number with K, M, G or T, as 64M; $see_load" load -j -p x
says 2 "--readahead 9999: must be a number from 0 to 256; $see_load" load --readahead=9999
says 2 "--overcommit maybe: must be on or off; $see_load" load -o maybe
says 2 "--store /dev/null: must be a directory, a regular file or a block device; $see_load" \
	load --store /dev/null

see_run="see 'vmdevctl run --help'"
says 125 "no command given; $see_run" run
says 125 "no command given; $see_run" run --quiet --
says 125 "unknown option -x; $see_run" run -x true
says 125 "option --pool-limit needs a value; $see_run" run --pool-limit
says 125 "--pool-limit=x: not a size; write a number with K, M, G or T, as 64M; $see_run" \
	run --pool-limit=x true
says 125 "--min-size=-1: not a size; write a number with K, M, G or T, as 64M; $see_run" \
	run -m -1 true
says 127 "/none/such: no such program" run /none/such
says 127 "none-such-program: no such program" run -- none-such-program
says 126 "/dev/null: Permission denied" run /dev/null
static=$(mktemp)
echo 'int main(void) { return 0; }' | gcc -static -x c -o "$static" -
says 126 "$static is linked statically; run can't put it on vmdev" run "$static"
rm "$static"

none=/none/vmdev.ko
says 1 "cannot use module $none: No such file or directory; build it or give another path" \
	load --module $none
says 1 "$0 isn't vmdev's module; give the path of vmdev.ko" load --module "$0"

data=$(mktemp)
echo data >"$data"
says 1 "--store $data: holds data; give --force to have it overwritten, or another store" \
	load --module $none --store "$data"
says 1 "cannot use module $none: No such file or directory; build it or give another path" \
	load --module $none --store "$data" --force
rm "$data"

run load --json --module $none
bad=0
python3 - "$out" <<'PYTHON' || bad=1
import json, sys
d = json.load(open(sys.argv[1]))
assert list(d) == ["ok", "error", "errno", "device", "kernel"], d
assert d["ok"] is False and d["errno"] == "ENOENT" and d["device"] is None
assert "cannot use module" in d["error"] and d["kernel"] == []
PYTHON
report $bad "a failed load in JSON"

if [[ ! -d /sys/kernel/vmdev && ! -d /sys/module/vmdev ]]; then
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" status
	says 1 "vmdev isn't loaded; nothing to unload" unload
	says 125 "vmdev isn't loaded; run 'vmdevctl load'" run --pool-limit 1M -- true
	run status --json
	bad=0
	python3 - "$out" <<'PYTHON' || bad=1
import json, sys
d = json.load(open(sys.argv[1]))
assert d == {"ok": False, "error": "vmdev isn't loaded; run 'vmdevctl load'",
             "errno": "ENODEV", "loaded": False}, d
PYTHON
	report $bad "status of nothing in JSON"
	run unload --json
	bad=0
	python3 - "$out" <<'PYTHON' || bad=1
import json, sys
d = json.load(open(sys.argv[1]))
assert d == {"ok": False, "error": "vmdev isn't loaded; nothing to unload",
             "errno": "ENOENT", "holders": []}, d
PYTHON
	report $bad "unload of nothing in JSON"
fi

bad=0
status=0
"$tool" --help >/dev/full 2>"$err" || status=$?
[[ $status -eq 1 ]] || bad=1
grep -q '^vmdevctl: cannot write the output: No space left on device$' "$err" || bad=1
report $bad "output that can't be written is a failure"

echo "1..$count"
