# SPDX-License-Identifier: GPL-2.0
"""What the paging engine is to reach, held against what was measured. Each check
yields one line: a number, what is wanted, the figure, and whether it is reached;
None where it wasn't measured."""

import statistics
from collections import namedtuple

from results import SEQUENTIAL, SUBJECT, geometric_mean

Line = namedtuple("Line", "number wanted figure reached")


def name_of(key):
    threads = f" x{key.threads}" if key.threads > 1 else ""
    return f"{key.pattern}{threads} at {key.data / 100:g}"


def bounded(number, wanted, bound, figures, form, worst, side):
    """Every figure, {where: value}, on the right side; says which is worst."""
    figures = {where: value for where, value in figures.items() if value is not None}
    if not figures:
        return Line(number, wanted, "-", None)
    where = worst(figures, key=figures.get)
    wrong = sum(worst(value, bound) == value != bound for value in figures.values())
    figure = f"{'lowest' if worst is min else 'highest'} {form} ({where})".format(figures[where])
    if wrong:
        figure += f"; {wrong} of {len(figures)} {side} {form}".format(bound)
    return Line(number, wanted, figure, not wrong)


def at_least(number, wanted, bound, figures, form="{:.2f}"):
    return bounded(number, wanted, bound, figures, form, min, "below")


def at_most(number, wanted, bound, figures, form="{:.2f}"):
    return bounded(number, wanted, bound, figures, form, max, "above")


def mean_at_least(number, wanted, bound, figures):
    mean = geometric_mean(value for value in figures.values() if value is not None)
    if mean is None:
        return Line(number, wanted, "-", None)
    return Line(number, wanted, f"{mean:.2f} over {len(figures)} rows", mean >= bound)


def ratios(results, peer, keys):
    found = {name_of(key): results.ratio(key, peer) for key in keys}
    return {where: value.median for where, value in found.items() if value}


def on_disk(results, **wanted):
    """The rows of the comparison: data that doesn't fit."""
    return [key for key in results.keys(medium="disk", **wanted) if key.data >= 100]


def peers(results):
    """1 to 3: swap, the mapped file, userfaultfd."""
    yield at_least(1, "native swap: 1.0 in every row at 2x and 4x", 1.0,
                   ratios(results, "swap", on_disk(results, data=(200, 400))))
    yield mean_at_least(1, "native swap: geometric mean 1.5", 1.5,
                        ratios(results, "swap", on_disk(results)))
    yield at_least(2, "mapped file: 1.0 in every row", 1.0,
                   ratios(results, "file", on_disk(results)))
    better = {}
    for key in on_disk(results, pattern="seqread"):
        both = [results.ratio(key, peer) for peer in ("swap", "file")]
        if None not in both:
            better[name_of(key)] = min(found.median for found in both)
    yield at_least(2, "sequential read: 1.0 of the better of swap and file", 1.0, better)
    yield at_least(3, "userfaultfd: 1.0 in every row", 1.0,
                   ratios(results, "uffd", on_disk(results)))
    yield at_least(3, "userfaultfd: 3 on the sequential rows", 3.0,
                   ratios(results, "uffd", on_disk(results, pattern=SEQUENTIAL)))
    yield mean_at_least(3, "userfaultfd: geometric mean 2", 2.0,
                        ratios(results, "uffd", on_disk(results)))


def disk_limits(results):
    """4: beside fio."""
    def part(pattern, threads, column, job, figure, scale=1):
        found = {}
        limit = results.fio_median(job, figure)
        for key in on_disk(results, data=400, pattern=pattern, threads=threads):
            rate = results.median(key, SUBJECT, column, "seconds")
            if rate is not None and limit:
                found[name_of(key)] = rate * scale / limit
        return found

    yield at_least(4, "random read at 4x: 0.9 of fio's depth 1", 0.9,
                   part("randread", 1, "faults_major", "randread:4k:1", "iops"))
    yield at_least(4, "random read at 4x, two threads: 0.85 of fio's depth 2", 0.85,
                   part("randread", 2, "faults_major", "randread:4k:2", "iops"))
    yield at_least(4, "sequential read at 4x: 0.6 of fio's 128 KiB at depth 4", 0.6,
                   part("seqread", 1, "read_pages", "read:128k:4", "bw_bytes", 4096))
    yield at_least(4, "sequential write at 4x: 0.5 of fio's 128 KiB at depth 4", 0.5,
                   part("seqwrite", 1, "written_pages", "write:128k:4", "bw_bytes", 4096))


def io_sizes(results):
    """5: pages an I/O, wasted read-ahead."""
    def quotients(pattern, above, below):
        # A few requests are no traffic of the workload.
        return {name_of(key): results.median(key, SUBJECT, above, below, least=20)
                for key in on_disk(results, pattern=pattern) if key.data >= 200}

    yield at_least(5, "write-back, sequential: 32 pages an I/O", 32,
                   quotients("seqwrite", "written_pages", "written_ios"), "{:.1f}")
    yield at_least(5, "write-back, random: 8 pages an I/O", 8,
                   quotients("randwrite", "written_pages", "written_ios"), "{:.1f}")
    yield at_least(5, "read-ahead, sequential: 16 pages an I/O", 16,
                   quotients("seqread", "read_pages", "read_ios"), "{:.1f}")
    wasted = {}
    for key in on_disk(results, pattern="randread"):
        used = results.median(key, SUBJECT, "readahead_hits", "read_pages")
        ahead = results.median(key, SUBJECT, "readahead", "read_pages")
        if ahead is not None:
            wasted[name_of(key)] = max(ahead - used, 0) * 100
    yield at_most(5, "wasted pages on uniform random: under 5 %", 5, wasted, "{:.1f} %")


def cpu(results, clock=""):
    """6: system and kernel thread time on the RAM disk, as loaded and without checksums."""
    def parts(system, pattern, ours, theirs):
        found = {}
        for key in results.keys(medium="brd", pattern=pattern):
            vmdev = results.median(key, system, "sys_us+kernel_us", ours)
            swap = results.median(key, "swap", "sys_us+kernel_us", theirs)
            if vmdev is not None and swap:
                found[name_of(key)] = vmdev / swap
        return found

    for system, how in ((SUBJECT, clock), ("nosum", ", checksum=0" + clock)):
        yield at_most(6, f"RAM disk{how}: CPU a major fault 0.7 of swap's", 0.7,
                      parts(system, ("randread",), "faults_major", "majflt"))
        yield at_most(6, f"RAM disk{how}: CPU an eviction 0.7 of swap's", 0.7,
                      parts(system, ("seqwrite", "randwrite"), "evictions", "evictions"))


def locality(results):
    """7: hot set and zipf."""
    keys = on_disk(results, pattern=("hot", "zipf"))
    direct = {name_of(key): results.median(
        key, SUBJECT, "direct", "faults_minor+faults_major+faults_zero") for key in keys}
    yield at_most(7, "hot set and zipf: 1 % of faults in direct reclaim", 1,
                  {where: value * 100 for where, value in direct.items()
                   if value is not None}, "{:.2f} %")
    read = results.fio_median("randread:4k:1", "clat_ns", "mean")
    yield at_most(7, "hot set and zipf: p99 1.5 of one device read", 1.5,
                  {name_of(key): results.median(key, SUBJECT, "p99_ns") / read
                   for key in keys if read and results.rows(key, SUBJECT)})


def fitting(results, clock=""):
    """8: data that fits in the pool."""
    keys = [key for key in results.keys(medium="disk")
            if key.data < 100 and key.pattern != "seqwrite"]
    yield at_least(8, f"data in the pool{clock}: 0.98 of plain memory", 0.98,
                   ratios(results, "ram", keys), "{:.3f}")
    yield at_most(8, f"data in the pool{clock}: no major fault after the warm-up", 0,
                  {name_of(key): results.median(key, SUBJECT, "faults_major")
                   for key in keys}, "{:.0f}")
    yield at_most(8, f"data in the pool{clock}: minor faults an access", 0.001,
                  {name_of(key): results.median(key, SUBJECT, "faults_minor", "accesses")
                   for key in keys}, "{:.5f}")


def size(results, clock=""):
    """9: cost doesn't grow with size."""
    def fault_us(key):
        return results.median(key, SUBJECT, "seconds", "faults_major")

    keys = sorted(results.keys(medium="scale"), key=lambda key: (key.spaces, key.span))
    plain = fault_us(keys[0]) if keys else None
    spans, spaces = {}, {}
    for key in keys[1:]:
        found, where = (spaces, f"{key.spaces} spaces") if key.spaces > 1 else \
            (spans, f"{key.span >> 18} GiB")
        value = fault_us(key)
        found[where] = value / plain if value and plain else None
    yield at_most(9, f"time a fault at 64 GiB{clock}: 1.1 of that at 256 MiB", 1.1, spans)
    yield at_most(9, f"time a fault at 1000 spaces{clock}: 1.1 of that at one", 1.1, spaces)
    yield from lifetime(results, clock)


def lifetime(results, clock):
    times = {}
    for row in results.lifetime:
        times.setdefault((row["call"], row["touched"], row["mib"]), []).append(row["us"])
    times = {which: statistics.median(values) for which, values in times.items()}
    sizes = sorted({mib for _, _, mib in times})
    by_size, by_touched = {}, {}
    for (call, touched, mib), value in times.items():
        if mib == sizes[-1]:
            # A microsecond or two is the clock's.
            small = max(times[call, touched, sizes[0]], 2)
            by_size[f"{call}, {touched:.0f} pages"] = value / small
        if call != "mmap" and touched == 4096 and times[call, 1024, mib] > 20:
            by_touched[f"{call} of {mib:.0f} MiB"] = value / times[call, 1024, mib]
    yield at_most(9, f"mmap, munmap, close of 64 GiB{clock}: 1.5 of 256 MiB's, "
                  "same pages touched", 1.5, by_size)
    yield at_most(9, f"munmap and close of 4096 touched pages{clock}: 5 times that of 1024",
                  5, by_touched)


def memory(results):
    """9: what is kept beside the pages."""
    yield at_most(9, "bookkeeping a touched page: 16 bytes", 16,
                  {row["medium"]: row["bytes"] / row["pages"]
                   for row in results.overhead if row["what"] == "touch"}, "{:.1f}")
    # The module's own code and data are in what was measured.
    documented = {row["medium"]: 2 ** 19 + 64 * row["pages"] + (4 + 60 / 256) * row["slots"]
                  for row in results.overhead if row["what"] == "load"}
    yield at_most(9, "memory beside frames after the load: 1.1 of what is documented", 1.1,
                  {row["medium"]: row["bytes"] / documented[row["medium"]]
                   for row in results.overhead if row["what"] == "load"})


def scaling(results):
    """10: two threads."""
    found = {}
    for key in results.keys(medium="brd", threads=2):
        one = results.median(key._replace(threads=1), SUBJECT, "ops_per_s")
        two = results.median(key, SUBJECT, "ops_per_s")
        if one and two:
            found[name_of(key)] = two / one
    yield at_least(10, "two threads on the RAM disk: 1.6 of one", 1.6, found)


def lines(results):
    for check in (peers, disk_limits, io_sizes, cpu, locality, fitting, size, memory, scaling):
        yield from check(results)
        # What needs no disk.
        if results.counted and check in (cpu, fitting, size):
            yield from check(results.counted, ", by instructions")
