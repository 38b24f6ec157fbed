#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vmdevctl metrics on a made-up /sys: good in the eyes of Prometheus' own checker,
# with the numbers of the files; the file for node_exporter; that the dashboard and
# the units fit it. metrics.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"
make_sysroot
packaging=$here/../../packaging
promtool=$("$here/../../scripts/promtool" "$1")

run metrics -R "$sysroot"
check "metrics are written" test "$status" -eq 0 -a ! -s "$err"
check "promtool has nothing to say of them" bash -c \
	"said=\$('$promtool' check metrics <'$out' 2>&1); echo \"\$said\"; test -z \"\$said\""
run metrics --spaces -R "$sysroot"
check "nor of those with spaces" bash -c \
	"said=\$('$promtool' check metrics <'$out' 2>&1); echo \"\$said\"; test -z \"\$said\""
cp "$out" "$work/all.prom"

python "every file is in them, in bytes where it is pages" "$sysfs" "$work/all.prom" <<'PYTHON'
import os, re, sys
sysfs, file = sys.argv[1:]
values = dict(re.fullmatch(r"([^ ]+(?:\{.*\})?) (\S+)", l).groups()
              for l in open(file).read().split("\n") if l and l[0] != "#")
n = lambda name: int(open(sysfs + "/" + name).read())
page = os.sysconf("SC_PAGE_SIZE")
pages = {
    "pool_size_bytes": "pool/frames", "pool_free_bytes": "pool/free",
    "pool_dirty_bytes": "pool/dirty", "pool_pinned_bytes": "pool/pinned",
    "pool_locked_bytes": "pool/locked", "pool_zeroed_bytes_total": "pool/zeroed_on_free",
    "pool_poisoned_bytes_total": "pool/poisoned", "store_size_bytes": "store/slots",
    "store_used_bytes": "store/used", "store_read_bytes_total": "store/read_pages",
    "store_written_bytes_total": "store/written_pages",
    "evicted_bytes_total": "stats/evictions", "evicted_clean_bytes_total": "stats/evictions_clean",
    "evicted_same_filled_bytes_total": "stats/same_filled",
    "evicted_locked_bytes_total": "stats/locked_evictions",
    "readahead_bytes_total": "stats/readahead",
    "readahead_used_bytes_total": "stats/readahead_hits",
}
plain = {
    "store_reads_total": "store/read_ios", "store_writes_total": "store/written_ios",
    'store_errors_total{kind="read"}': "store/read_errors",
    'store_errors_total{kind="write"}': "store/write_errors",
    'store_errors_total{kind="checksum"}': "store/checksum_errors",
    'faults_total{kind="minor"}': "stats/faults_minor",
    'faults_total{kind="major"}': "stats/faults_major",
    'faults_total{kind="zero"}': "stats/faults_zero",
    "refaults_total": "stats/refaults", "direct_reclaims_total": "stats/direct_reclaims",
    "out_of_memory_total": "stats/oom", "spaces": "spaces/count",
}
for name, path in pages.items():
    assert int(values.pop("vmdev_" + name)) == n(path) * page, name
for name, path in plain.items():
    assert int(values.pop("vmdev_" + name)) == n(path), name
assert len(pages) + len(plain) == 29    # all but faults, the sum of three
assert values.pop("vmdev_loaded") == "1"
assert values.pop(r'vmdev_info{policy="clock",store="/var/tmp/a \"b\\c"}') == "1"
first, second = 'space="3",pid="411",comm="cat"', r'space="7",pid="412",comm="a \"b\\c"'
for labels, numbers in ((first, (8388608, 100, 200, 50, 1000, 2000, 3000, 400, 600, 700)),
                        (second, (16777216, 300, 20, 5, 10, 20, 30, 4, 6, 7))):
    size, resident, swapped, dirty, minor, major, zero, refaults, read, written = numbers
    for name, value in (("size_bytes", size), ("resident_bytes", resident * page),
                        ("swapped_bytes", swapped * page), ("dirty_bytes", dirty * page),
                        ("refaults_total", refaults), ("read_bytes_total", read * page),
                        ("written_bytes_total", written * page)):
        assert int(values.pop("vmdev_space_%s{%s}" % (name, labels))) == value, (name, labels)
    for kind, value in (("minor", minor), ("major", major), ("zero", zero)):
        assert int(values.pop('vmdev_space_faults_total{%s,kind="%s"}' % (labels, kind))) == value
h = "vmdev_fault_duration_seconds"
buckets = {b: 0 if b < 10 or b > 24 else b for b in range(40)}
assert values.pop(h + "_sum") == "0.123456789"
assert int(values.pop(h + "_count")) == sum(buckets.values())
assert int(values.pop(h + '_bucket{le="+Inf"}')) == sum(buckets.values())
for key in [k for k in values if k.startswith(h + "_bucket")]:
    bound = round(float(re.search('le="(.*)"', key).group(1)) * 1e9)
    assert bound & (bound - 1) == 0, bound
    assert int(values.pop(key)) == sum(v for b, v in buckets.items() if 2 << b <= bound), key
assert not values, values
PYTHON

# ---- what isn't there ----

run metrics -R "$work/none"
printf '%s\n' "# HELP vmdev_loaded Whether the module is loaded." "# TYPE vmdev_loaded gauge" \
	"vmdev_loaded 0" >"$work/want"
check "not loaded is a state, not a failure" test "$status" -eq 0 -a ! -s "$err"
check "and the one number there is" cmp "$out" "$work/want"
mv "$debugfs" "$work/hidden"
run metrics -s -R "$sysroot"
check "promtool is content without debugfs" bash -c "'$promtool' check metrics <'$out'"
check "no number is made up for what can't be seen" bash -c \
	"! grep -qE '^vmdev_(fault_duration|space_)' '$out' && grep -q '^vmdev_spaces 2$' '$out'"
mv "$work/hidden" "$debugfs"
mv "$sysfs/pool/locked" "$work/locked"
run metrics -R "$sysroot"
check "nor for a file that isn't there" bash -c \
	"! grep -q '^vmdev_pool_locked' '$out' && ! grep -q 75557863725914 '$out'"
mv "$work/locked" "$sysfs/pool/locked"
printf '# ns_at_least faults\n1 0\n' >"$debugfs/latency"
printf 'id pid comm size frames swapped dirty faults_minor faults_major faults_zero\n%s\n' \
	$'1 2 \xff\xc3\xa4\033\\012x 1 2 3 4 5 6 7' >"$debugfs/spaces"
run metrics -s -R "$sysroot"
check "a name that is no text becomes one" grep -qF $'comm="\xef\xbf\xbd\xc3\xa4??x"' "$out"
check "promtool takes it" bash -c "'$promtool' check metrics <'$out'"

printf 'id pid comm size frames swapped dirty faults_minor faults_major faults_zero\n%s\n%s\n' \
	'1 2 vmdev-x 1 2 3 4 5 6 7' '9 0 vmdev-scratch.1 8192 1 0 1 5 6 7' >"$debugfs/spaces"
run metrics -s -R "$sysroot"
check "a volume has its name" grep -qx \
	'vmdev_space_size_bytes{space="9",pid="0",comm="vmdev-scratch.1",volume="scratch.1"} 8192' "$out"
check "in all of its numbers" test "$(grep -c 'volume="scratch.1"' "$out")" -eq 7
check "and nothing else has" test "$(grep -c 'volume=' "$out")" -eq 7
check "promtool takes that" bash -c \
	"said=\$('$promtool' check metrics <'$out' 2>&1); echo \"\$said\"; test -z \"\$said\""

# ---- for node_exporter ----

mkdir "$work/textfile"
umask 077
run metrics --textfile "$work/textfile" -R "$sysroot"
check "--textfile says nothing" test "$status" -eq 0 -a ! -s "$err" -a ! -s "$out"
check "the file is all there is in the directory" test "$(ls -A "$work/textfile")" = vmdev.prom
check "everybody may read it" test "$(stat -c %a "$work/textfile/vmdev.prom")" = 644
run metrics -R "$sysroot"
check "it holds what is printed" cmp "$out" "$work/textfile/vmdev.prom"
python "readers never see a part of it" "$tool" "$sysroot" "$work/textfile" <<'PYTHON'
import os, subprocess, sys
tool, root, directory = sys.argv[1:]
whole = open(directory + "/vmdev.prom").read()
inode, inodes = os.stat(directory + "/vmdev.prom").st_ino, set()
for _ in range(10):
    p = subprocess.Popen([tool, "metrics", "-t", directory, "-R", root])
    while p.poll() is None:
        with open(directory + "/vmdev.prom") as f:
            assert f.read() == whole
            inodes.add(os.fstat(f.fileno()).st_ino)
    assert p.returncode == 0
assert len(inodes) > 1, inodes
PYTHON
run metrics -t "$work/textfile" -R "$work/none"
check "a module that is gone is told" grep -qx 'vmdev_loaded 0' "$work/textfile/vmdev.prom"
says 1 "cannot write $work/none/vmdev.prom: No such file or directory; give a directory\
 with room in it" metrics -t "$work/none" -R "$sysroot"
mkdir "$work/textfile/sub" "$work/textfile/sub/vmdev.prom"
says 1 "cannot write $work/textfile/sub/vmdev.prom: Is a directory; give a directory\
 with room in it" metrics -t "$work/textfile/sub" -R "$sysroot"
check "what could not be put in place is removed" \
	test "$(ls -A "$work/textfile/sub")" = vmdev.prom
echo x >"$sysfs/stats/oom"
says 1 "cannot read /sys/kernel/vmdev: Invalid argument; does the module fit this tool?" \
	metrics -R "$sysroot"
says 2 "option --textfile needs a value; see 'vmdevctl metrics --help'" metrics --textfile
says 2 "unexpected argument 'x'; see 'vmdevctl metrics --help'" metrics x

# ---- the dashboard ----

python "the dashboard shows every metric and no other" "$packaging/grafana-dashboard.json" \
	"$work/all.prom" "$work/rules.yml" <<'PYTHON'
import json, re, sys
board = json.load(open(sys.argv[1]))
families = set(re.findall(r"^# TYPE (\S+)", open(sys.argv[2]).read(), re.M))
panels = board["panels"]
ids = [p["id"] for p in panels]
assert len(ids) == len(set(ids)), "ids twice"
cells = set()
for p in panels:
    g = p["gridPos"]
    assert 0 <= g["x"] and g["x"] + g["w"] <= 24, p["title"]
    for cell in ((x, y) for x in range(g["x"], g["x"] + g["w"])
                 for y in range(g["y"], g["y"] + g["h"])):
        assert cell not in cells, ("panels overlap", p["title"])
        cells.add(cell)
    if p["type"] != "row":
        assert p["title"] and p["targets"] and p["datasource"]["uid"] == "${datasource}", p["title"]
        refs = [t["refId"] for t in p["targets"]]
        assert len(refs) == len(set(refs)), p["title"]
exprs = [t["expr"] for p in panels for t in p.get("targets", [])]
names = {re.sub("_(bucket|sum|count)$", "", n) if "duration" in n else n
         for e in exprs for n in re.findall(r"vmdev_\w+", e)}
assert names == families, (names ^ families)
for variable in board["templating"]["list"]:
    assert variable["type"] in ("datasource", "query"), variable
with open(sys.argv[3], "w") as rules:
    rules.write("groups:\n- name: dashboard\n  rules:\n")
    for i, expr in enumerate(exprs):
        expr = expr.replace("$__rate_interval", "5m").replace("$__range", "1h").replace("$instance", "x")
        rules.write("  - record: e%d\n    expr: %s\n" % (i, json.dumps(expr)))
PYTHON
check "promtool takes its queries" "$promtool" check rules "$work/rules.yml"

# ---- the units ----

mkdir "$work/units"
cp "$packaging/vmdev-metrics.timer" "$work/units"
sed "s,@BINDIR@/vmdevctl,$tool," "$packaging/vmdev-metrics.service.in" \
	>"$work/units/vmdev-metrics.service"
if command -v systemd-analyze >/dev/null; then
	check "systemd takes the units" bash -c "said=\$(systemd-analyze verify --man=no \
		'$work'/units/vmdev-metrics.{service,timer} 2>&1); echo \"\$said\"; test -z \"\$said\""
else
	skip "systemd takes the units" "no systemd-analyze"
fi
words=$(sed -n 's,^ExecStart=@BINDIR@/vmdevctl ,,p' "$packaging/vmdev-metrics.service.in")
read -ra words <<<"${words//\/var\/lib\/prometheus\/node-exporter/$work\/textfile}"
run "${words[@]}" -R "$work/none"
check "the command in the unit works" test "$status" -eq 0 -a ! -s "$err"

echo "1..$count"
