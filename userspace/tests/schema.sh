#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tool says with --json, and run's report, against the schema that is installed
# for those who read it, and that the schema can say no. schema.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"
make_sysroot
schema=$here/../../packaging/vmdevctl.schema.json

cat >"$work/valid.py" <<'PYTHON'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
schema["$ref"] = "#/$defs/" + sys.argv[2]
jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[3])))
PYTHON

# valid COMMAND WHAT: what the last run said
valid()
{
	check "$2 is as the schema has it" python3 "$work/valid.py" "$schema" "$1" "$out"
}

# wrong COMMAND CHANGE WHAT: what the last run said, changed so, is refused
wrong()
{
	python3 - "$out" "$2" >"$work/changed" <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
exec(sys.argv[2])
print(json.dumps(d))
PYTHON
	check "$3 is not" bash -c "! python3 '$work/valid.py' '$schema' '$1' '$work/changed' &&
		python3 '$work/valid.py' '$schema' '$1' '$out'"
}

run status --json -R "$sysroot"
valid status "status"
wrong status 'd["pool"]["free"] = "7"' "a text for a number"
wrong status 'd["stats"]["oom"] = -1' "a negative number"
wrong status 'del d["store"]["used"]' "a number missing"
wrong status 'd["spaces"]["list"][1]["dirty"] = 1.5' "half a page"
wrong status 'del d["spaces"]["list"][0]["comm"]' "a space without a name"
wrong status 'd["error"] = "x"' "success with an error"
wrong status 'd["ok"] = False' "failure without one"
wrong status 'd["policy"]["available"] = "clock fifo"' "a text for a list"
wrong status 'del d["stats"]' "a part missing"
rm "$debugfs/spaces" "$sysfs/pool/locked"
run status --json -R "$sysroot"
valid status "status with numbers missing"
run status --json -R "$work/none"
valid status "status of nothing"
wrong status 'del d["loaded"]' "not saying whether it is loaded"
run load --json --module /none/vmdev.ko
valid load "a failed load"
wrong load 'd["kernel"] = [1]' "a number for the kernel's words"
if [[ ! -d /sys/module/vmdev ]]; then
	run unload --json
	valid unload "a failed unload"
	wrong unload 'd["holders"] = [{"pid": 1, "comm": "x"}]' "half a holder"
fi
run doctor --json
valid doctor "doctor"
wrong doctor 'd["checks"][0]["verdict"] = "good"' "another verdict"
# document KIND: as the command of that name would say it
document()
{
	"$1/san/documents" "$2" >"$out" 2>"$err"
}

document "$1" load
valid load "a load"
wrong load 'd["device"] = None' "a load without a device"
document "$1" unload
valid unload "an unload"
document "$1" unload_busy
valid unload "an unload of what is in use"
wrong unload 'd["holders"][0]["pid"] = 0' "a holder that is no process"
wrong unload 'del d["holders"][0]["mapped_bytes"]' "a holder with a number missing"
wrong unload 'd["ok"] = True' "success with a reason"
document "$1" reload
valid reload "a reload"
wrong reload 'd["loaded"] = False' "a reload after which nothing is loaded"
wrong reload 'd["kernel"] = None' "none of the kernel's words"
document "$1" map
valid map "a map of a volume and of a mapping"
wrong map 'd["ranges"][0]["volume"] = ""' "a volume without a name"
wrong map 'd["ranges"][1]["start"] = 5' "a number for an address"
wrong map 'd["ranges"][0]["runs"][0]["pages"] = -1' "a run of less than nothing"
document "$1" translate
valid translate "translate"
wrong translate 'd["page"]["state"] = "gone"' "another state"
wrong translate 'd["touched"]["page"]["slot"] = "5"' "a text for a slot"
wrong translate 'd["levels"][0]["present"] = "yes"' "a text for yes or no"
wrong translate 'del d["mapping"]["perms"]' "a mapping without permissions"
wrong translate 'd["touch"] = "SIGILL"' "another fate"
wrong translate 'del d["space"]' "no space"
document "$1" translate_bare
valid translate "translate of a page past the end"
run translate --json 2147483647 1000
valid translate "a failed translate"
wrong translate 'd["ok"] = True; d["error"] = d["errno"] = None' "success with nothing said"
document "$1" volume_create
valid volume_create "a volume that was made"
wrong volume_create 'd["device"] = "/dev/vmdev"' "one that is another device"
document "$1" volume_list
valid volume_list "a list of volumes"
wrong volume_list 'd["volumes"][1]["mode"] = "rw"' "a mode in letters"
wrong volume_list 'del d["volumes"][0]["space"]' "a volume without a space"
OUTPUT=$out timeout 120 "$1/san/preload-run" "$1/libvmdev-preload.so" true 2>"$err" || true
valid run "the report of run"
wrong run 'd["status"] = 256' "a status that can't be"
wrong run 'd["peak_bytes"] = "1M"' "a text for a number"
wrong run 'del d["processes"]' "the number of processes missing"
make_sysroot
run stat --json -R "$sysroot"
valid stat "stat"
wrong stat 'd["store_used"] = "5"' "a text for a number"
wrong stat 'd["stats_oom"] = -1' "less than nothing"
wrong stat 'del d["interval"]' "no interval"
run stat --json -R "$sysroot" 0.1 1
valid stat "stat of an interval"
wrong stat 'd["interval"] = 0' "an interval of nothing"
rm "$sysfs/pool/dirty"
run stat --json -R "$sysroot"
valid stat "stat with a number missing"
run stat --json -R "$work/none"
valid stat "stat of nothing"
run map --json 2147483647
valid map "a failed map"
wrong map 'd["ranges"] = {}' "an object for a list"
if [[ ! -d /sys/module/vmdev ]]; then
	run reload --json
	valid reload "a failed reload"
	wrong reload 'del d["holders"]' "no list of holders"
	run volume create --json --size 1M a
	valid volume_create "a volume that wasn't made"
	wrong volume_create 'd["device"] = "/dev/vmdev-a"' "one that has a device"
	wrong volume_create 'd["ok"] = True; d["error"] = d["errno"] = None' "one made without"
	run volume remove --json a
	valid volume_remove "a volume that wasn't removed"
	wrong volume_remove 'd["errno"] = 2' "a number for an error's name"
	run volume list --json
	valid volume_list "a failed list of volumes"
	wrong volume_list 'd["volumes"] = [{"name": "x"}]' "a volume without a size"
fi

echo "1..$count"
