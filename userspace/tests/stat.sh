#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vmdevctl stat on a made-up /sys: its numbers are those of the files, or what they
# rose by; and what it says when it can't. stat.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"
make_sysroot
see="see 'vmdevctl stat --help'"

says 2 "interval x: must be seconds, 0.01 to 86400; $see" stat x
says 2 "interval 0: must be seconds, 0.01 to 86400; $see" stat 0
says 2 "interval 1e3: must be seconds, 0.01 to 86400; $see" stat 1e3
says 2 "interval 1.2.3: must be seconds, 0.01 to 86400; $see" stat 1.2.3
says 2 "interval 86401: must be seconds, 0.01 to 86400; $see" stat 86401
says 2 "count 0: must be a number, at least 1; $see" stat 1 0
says 2 "count -1: must be a number, at least 1; $see" stat 1 -- -1
says 2 "unexpected argument '3'; $see" stat 1 2 3
says 2 "--csv and --json don't go together; $see" stat -jc
says 1 "vmdev isn't loaded; run 'vmdevctl load'" stat --sysroot "$work/none"

shows '^    free   dirty     used  minor major  zero    re evict  read  writ read writ drct err$' \
	stat -R "$sysroot"
check "without an interval one line, under a head of two" test "$(wc -l <"$out")" -eq 3
python "the table's totals are what is in the files" "$sysfs" "$out" <<'PYTHON'
import sys
n = lambda name: int(open(sys.argv[1] + "/" + name).read())
line = open(sys.argv[2]).read().split("\n")[2]
want = [n("pool/free"), n("pool/dirty"), n("store/used"), n("stats/faults_minor"),
        n("stats/faults_major"), n("stats/faults_zero"), n("stats/refaults"),
        n("stats/evictions"), n("store/read_pages"), n("store/written_pages"),
        n("store/read_ios"), n("store/written_ios"), n("stats/direct_reclaims"),
        n("store/read_errors") + n("store/write_errors") + n("store/checksum_errors") +
        n("stats/oom")]
assert [int(x) for x in line.split()] == want, (line, want)
PYTHON

run stat --csv -R "$sysroot"
python "CSV has every file there is, under its name" "$sysfs" "$out" <<'PYTHON'
import csv, glob, sys, time
rows = list(csv.DictReader(open(sys.argv[2])))
assert len(rows) == 1, rows
row = rows[0]
assert abs(float(row.pop("time")) - time.time()) < 60 and row.pop("interval") == ""
files = {f[len(sys.argv[1]) + 1:]: open(f).read().strip() for f in glob.glob(sys.argv[1] + "/*/*")}
want = {f.replace("/", "_"): v for f, v in files.items() if v.isdigit()}
assert len(want) == 30 and row == want, (row, want)
PYTHON

run stat --json -R "$sysroot"
python "JSON has the same numbers under the same names, in one line" "$tool" "$sysroot" "$out" <<'PYTHON'
import csv, json, subprocess, sys
tool, root, out = sys.argv[1:]
lines = open(out).read().split("\n")
assert len(lines) == 2 and not lines[1], lines
document = json.loads(lines[0])
assert [document.pop(x) for x in ("ok", "error", "errno", "interval")] == [True, None, None, None]
assert isinstance(document.pop("time"), float)
said = subprocess.run([tool, "stat", "-c", "-R", root], stdout=subprocess.PIPE, text=True, check=True)
row = list(csv.DictReader(said.stdout.split("\n")))[0]
del row["time"], row["interval"]
assert {k: str(v) for k, v in document.items()} == row, document
PYTHON

python "a JSON object an interval, at once, and one that says why it ends" "$tool" "$sysroot" <<'PYTHON'
import json, os, subprocess, sys, time
tool, root = sys.argv[1:]
path = root + "/sys/kernel/vmdev/stats/refaults"
before = int(open(path).read())
p = subprocess.Popen([tool, "stat", "-j", "-R", root, "0.2"], stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE, text=True)
rise, lines = 0, 0
while lines < 50 and rise < 499.9:
    document = json.loads(p.stdout.readline())
    assert document["ok"] and 0.1 < document["interval"] < 20, document
    assert abs(document["time"] - time.time()) < 60, document
    rise += document["stats_refaults_per_s"] * document["interval"]
    if not lines:
        open(path + ".new", "w").write("%d\n" % (before + 500))
        os.rename(path + ".new", path)
    lines += 1
assert abs(rise - 500) < 0.1, rise
os.rename(root + "/sys/kernel/vmdev", root + "/sys/kernel/gone")
rest, err = p.communicate(timeout=20)
os.rename(root + "/sys/kernel/gone", root + "/sys/kernel/vmdev")
open(path, "w").write("%d\n" % before)
assert p.returncode == 1 and err == "vmdevctl: vmdev isn't loaded; run 'vmdevctl load'\n", err
last = json.loads(rest.strip().split("\n")[-1])
assert last == {"ok": False, "error": err[10:-1], "errno": "ENODEV"}, last
PYTHON

python "what counters rise by adds up, and gauges are as they are" "$tool" "$sysroot" <<'PYTHON'
import csv, glob, os, subprocess, sys
tool, root = sys.argv[1:]
sysfs = root + "/sys/kernel/vmdev/"
gauges = {"pool/" + x for x in ("frames", "free", "dirty", "pinned", "locked")}
gauges |= {"store/slots", "store/used", "spaces/count"}
names = [f[len(sysfs):] for f in glob.glob(sysfs + "*/*")]
names = [n for n in names if open(sysfs + n).read().strip().isdigit()]
values = {n: int(open(sysfs + n).read()) for n in names}
p = subprocess.Popen([tool, "stat", "-c", "-R", root, "0.2"], stdout=subprocess.PIPE, text=True)
sums, settled = dict.fromkeys(names, 0.0), 0
for number, row in enumerate(csv.DictReader(p.stdout)):
    assert float(row["interval"]) > 0, row
    for name in set(names) - gauges:
        rise = float(row[name.replace("/", "_") + "_per_s"]) * float(row["interval"])
        assert number or rise == 0, (name, row)
        sums[name] += rise
    # the first line is about nothing; a later one may be read in the middle of it
    for name in names if number < 2 else ():
        values[name] += 1000 + len(name)
        with open(sysfs + name + ".new", "w") as f:
            f.write("%d\n" % values[name])
        os.rename(sysfs + name + ".new", sysfs + name)
    settled += number >= 2 and all(int(row[g.replace("/", "_")]) == values[g] for g in gauges)
    assert number < 50, "the gauges never came"
    if settled == 2:
        break
p.kill()
p.wait()
for name in set(names) - gauges:
    assert abs(sums[name] - 2 * (1000 + len(name))) < 0.1, (name, sums[name])
PYTHON

python "a line an interval, with the time" "$tool" "$sysroot" <<'PYTHON'
import subprocess, sys, time
tool, root = sys.argv[1:]
start = time.monotonic()
lines = subprocess.run([tool, "stat", "-t", "-R", root, "0.5", "4"], stdout=subprocess.PIPE,
                       text=True, check=True).stdout.split("\n")
took = time.monotonic() - start
assert len(lines) == 7 and lines[1].split()[0] == "time" and took >= 2, (took, lines)
for line in lines[2:6]:
    assert abs(time.mktime(time.strptime(line.split()[0], "%Y-%m-%dT%H:%M:%S")) - time.time()) < 60
    assert line.split()[5] == "0", line
PYTHON

python "counters that began anew" "$tool" "$sysroot" <<'PYTHON'
import csv, os, subprocess, sys
tool, root = sys.argv[1:]
path = root + "/sys/kernel/vmdev/stats/faults_major"
p = subprocess.Popen([tool, "stat", "-c", "-R", root, "0.2", "30"], stdout=subprocess.PIPE, text=True)
rise = 0
for number, row in enumerate(csv.DictReader(p.stdout)):
    if not number:
        open(path + ".new", "w").write("40\n")
        os.rename(path + ".new", path)
    rise += float(row["stats_faults_major_per_s"]) * float(row["interval"])
    if rise:
        break
assert abs(rise - 40) < 0.1, rise
p.kill()
p.wait()
PYTHON

python "it ends when the module is unloaded" "$tool" "$sysroot" <<'PYTHON'
import os, subprocess, sys
tool, root = sys.argv[1:]
p = subprocess.Popen([tool, "stat", "-R", root, "0.2"], stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE, text=True)
for _ in range(3):
    p.stdout.readline()
os.rename(root + "/sys/kernel/vmdev", root + "/sys/kernel/gone")
out, err = p.communicate(timeout=20)
os.rename(root + "/sys/kernel/gone", root + "/sys/kernel/vmdev")
assert p.returncode == 1 and err == "vmdevctl: vmdev isn't loaded; run 'vmdevctl load'\n", err
PYTHON

rm "$sysfs/store/read_errors" "$sysfs/pool/dirty"
shows '^    [0-9]*       - .* -$' stat -R "$sysroot"
run stat -j -R "$sysroot"
check "what isn't there is null" grep -q '"pool_dirty": null, .*"store_read_errors": null, ' "$out"
run stat -c -R "$sysroot"
check "what isn't there is an empty field" grep -q ',,' "$out"
check "and no enormous number" bash -c "! grep -q 18446744073709551615 '$out'"
echo x >"$sysfs/stats/oom"
says 1 "cannot read /sys/kernel/vmdev: Invalid argument; does the module fit this tool?" \
	stat -cn -R "$sysroot"

echo "1..$count"
