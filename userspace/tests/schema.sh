#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tool says with --json against the schema that is installed for those who
# read it, and that the schema can say no. schema.sh BUILD
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
run map --json 2147483647
valid map "a failed map"
wrong map 'd["ranges"] = {}' "an object for a list"
if [[ ! -d /sys/module/vmdev ]]; then
	run reload --json
	valid reload "a failed reload"
	wrong reload 'del d["holders"]' "no list of holders"
	run volume list --json
	valid volume_list "a failed list of volumes"
	wrong volume_list 'd["volumes"] = [{"name": "x"}]' "a volume without a size"
fi

echo "1..$count"
