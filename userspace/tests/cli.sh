#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command line of vmdevctl where no module is loaded: help, exit statuses, every
# message of a wrong command line. cli.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"

see="see 'vmdevctl --help'"
see_load="see 'vmdevctl load --help'"
see_status="see 'vmdevctl status --help'"
see_volume="see 'vmdevctl volume --help'"

shows '^Usage: vmdevctl COMMAND' --help
shows '^Exit status: 0 success, 1 it failed, 2 ' -h
shows '^vmdevctl [0-9]*\.[0-9]*\.[0-9]* (ABI 1)$' --version
shows '^vmdevctl ' -V
mapfile -t commands < <("$tool" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
check "there are commands" test ${#commands[@]} -ge 4
for command in "${commands[@]}"; do
	shows "^Usage: vmdevctl $command " "$command" --help
	shows "^  -h, --help " "$command" -h
	shows "^  -V, --version " "$command" -h
	shows '^vmdevctl [0-9]*\.[0-9]*\.[0-9]* (ABI 1)$' "$command" --version
	shows '^vmdevctl ' "$command" -V
	# its exit status is that of what it runs
	[[ $command != run ]] || continue
	shows "^Exit status: 0 " "$command" -h
	says 2 "unknown option --frob; see 'vmdevctl $command --help'" "$command" --frob
done
for option in size mode group json; do
	shows "^  -., --$option " volume --help
done
shows '^Exit status: that of COMMAND' run -h
for option in pool-limit min-size output quiet; do
	shows "^  -., --$option" run --help
done
for option in pool store store-size policy overcommit readahead checksum force module json; do
	shows "^  -., --$option " load --help
	shows "^  -., --$option " reload --help
done
for policy in s3fifo clock clock-refault fifo; do
	shows "[ ,:]$policy\\([ ,]\|\$\)" load --help
done
# What these aren't given is as it is.
for command in reload doctor; do
	run $command --help
	check "no defaults of load in '$command --help'" bash -c \
		"! grep -E '\\((64M?|1G|/var/tmp|s3fifo|off|on)\\)' '$out'"
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
says 2 "say create, list or remove; $see_volume" volume
says 2 "say create, list or remove; $see_volume" volume --json
says 2 "volume can't 'frob'; $see_volume" volume frob
says 2 "volume create needs a name; $see_volume" volume create
says 2 "volume create needs a --size, as 4G; $see_volume" volume create a
says 2 "--mode rw: must be octal, from 0001 to 0777; $see_volume" volume create --size 1M a -m rw
says 2 "unexpected argument 'b'; $see_volume" volume remove a b
says 2 "unknown option --frob; $see_volume" volume list --frob
says 2 "unknown option -p; see 'vmdevctl unload --help'" unload -p 1M
says 2 "--pool 64: must be whole mebibytes and at least 1M, as 64M; $see_load" load --pool 64
says 2 "--pool x: not a size; write a number with K, M, G, T or %, as 64M; $see_load" load -j -p x
says 2 "--store /dev/none-such: no such device; $see_load" load --store /dev/none-such
mkdir "$work/gone"
cd "$work/gone"
rmdir "$work/gone"
says 2 "--store x: No such file or directory; give the path from the root on; $see_load" \
	load --store x
cd "$here"
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
says 127 "/none/such: no such program; install it or give another" run /none/such
says 127 "none-such-program: no such program; install it or give another" \
	run -- none-such-program
says 126 "/dev/null: Permission denied; give a program that this user may run" run /dev/null
static=$(mktemp)
echo 'int main(void) { return 0; }' | gcc -static -x c -o "$static" -
says 126 "$static is linked statically; run can't put it on vmdev" run "$static"
rm "$static"

# Who may not load modules is told so before anything is looked for.
printf '#!/bin/sh\nexec setpriv --bounding-set -sys_module --inh-caps -sys_module "%s" "$@"\n' \
	"$tool" >"$work/weak"
chmod +x "$work/weak"
if ! grep -qE '^CapEff:.*[13579bdf][0-9a-f]{4}$' /proc/self/status; then
	says 1 "cannot load vmdev: Operation not permitted; run it as root" load
else
	strong=$tool
	tool=$work/weak
	says 1 "cannot load vmdev: Operation not permitted; run it as root" \
		load --module /none/vmdev.ko
	tool=$strong

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
fi

if [[ ! -d /sys/kernel/vmdev && ! -d /sys/module/vmdev ]]; then
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" status
	says 1 "vmdev isn't loaded; nothing to unload" unload
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" reload
	run reload --json
	python "reload of nothing in JSON" "$out" <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
assert d == {"ok": False, "error": "vmdev isn't loaded; run 'vmdevctl load'",
             "errno": "ENODEV", "loaded": False, "kernel": [], "holders": []}, d
PYTHON
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" volume list
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" volume create a --size 1M --group 0
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" volume remove a
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

see_map="see 'vmdevctl map --help'"
see_translate="see 'vmdevctl translate --help'"
none=2147483647
says 2 "PID and ADDRESS are needed; $see_translate" translate
says 2 "PID and ADDRESS are needed; $see_translate" translate 1
says 2 "unexpected argument '4'; $see_translate" translate 1 2 4
for pid in 0 -1 x 2147483648 ''; do
	says 2 "PID $pid: must be the number of a process; $see_translate" translate -- "$pid" 1000
done
for address in x 0x -1 10000000000000000 1g ''; do
	says 2 "ADDRESS $address: must be hexadecimal, as 7f0123456000; $see_translate" \
		translate -- 1 "$address"
done
says 2 "PID, SPACE or VOLUME is needed; $see_map" map
says 2 "--follow and --json don't go together; $see_map" map -f -j 1
long=$(printf 'x%.0s' {1..32})
for target in 0 '' space: space:0 space:x 1space: 99999999999999999999 a/b .a ../a "$long" \
	/dev/vmdev- /dev/vmdev-.a "/dev/vmdev-$long" /dev/vmdev /dev/null; do
	says 2 "$target: must be the number of a process or of a space, or the name of a volume; $see_map" \
		map "$target"
done
if [[ ! -e /dev/vmdev ]]; then
	for target in x 1x /dev/vmdev-x /dev/vmdev-123 1 $none space:3; do
		says 1 "vmdev isn't loaded; run 'vmdevctl load'" map "$target"
	done
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" translate 1 0
	says 1 "vmdev isn't loaded; run 'vmdevctl load'" translate $none 1000
fi
see_doctor="see 'vmdevctl doctor --help'"
for option in pool store store-size module json; do
	shows "^  -., --$option " doctor --help
done
says 2 "--pool x: not a size, as 64M; $see_doctor" doctor -p x
run doctor --pool 1%
check "doctor knows a part of memory" grep -qE '^ok +pool +[0-9]+ MiB of ' "$out"
says 2 "--store-size 1X: not a size, as 1G; $see_doctor" doctor -S 1X
run doctor -m /none/vmdev.ko
check "doctor of a module that isn't there" grep -qx \
	"vmdevctl: cannot use module /none/vmdev.ko: No such file or directory; build it or give another path" \
	"$err"
run doctor --json --store /proc/none
python "doctor in JSON" "$out" "$status" <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
failed = [c for c in d["checks"] if c["verdict"] == "fail"]
assert {"kernel", "config", "module", "signature", "device", "store"} <= {c["name"] for c in d["checks"]}
assert any(c["name"] == "store" for c in failed), d
assert d["ok"] is False and d["error"].startswith("%d of %d checks failed" % (len(failed), len(d["checks"])))
assert all(c["remedy"] for c in d["checks"] if c["verdict"] != "ok"), d
assert sys.argv[2] == "1"
PYTHON

bad=0
status=0
"$tool" --help >/dev/full 2>"$err" || status=$?
[[ $status -eq 1 ]] || bad=1
full="cannot write the output: No space left on device; send it where there is room"
[[ "$(cat "$err")" == "vmdevctl: $full" ]] || bad=1
report $bad "output that can't be written is a failure"

echo "1..$count"
