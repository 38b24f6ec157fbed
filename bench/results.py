# SPDX-License-Identifier: GPL-2.0
"""What a run of the benchmark measured: reads the CSV and JSON files of one
results directory and answers questions of medians and ratios over its rounds.
Knows neither what is wanted of the figures nor how they are shown."""

import csv
import json
import math
import pathlib
import statistics
from collections import defaultdict, namedtuple

SUBJECT = "vmdev"
PEERS = ["swap", "zswap", "file", "uffd"]
SEQUENTIAL = ("seqread", "seqwrite")

# One line of a table: everything but the system and the round.
Key = namedtuple("Key", "medium data pattern threads span spaces")
Spread = namedtuple("Spread", "median low high")


def spread(values):
    """Median, least and most, or None for nothing."""
    values = list(values)
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values))


def geometric_mean(values):
    values = list(values)
    if not values or min(values) <= 0:
        return None
    return math.exp(statistics.fmean(math.log(value) for value in values))


class Row(dict):
    """A row of pages.csv. What wasn't counted is None."""

    def over(self, above, below, least=0):
        """Sum of columns over sum of columns; None where too little is below."""
        above = [self.get(column) for column in above.split("+")]
        below = [self.get(column) for column in below.split("+")]
        if None in above or None in below or sum(below) <= least:
            return None
        return sum(above) / sum(below)


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text or None


class Results:
    """What was measured. counted: with a clock of instructions, if that was done, too."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.table = defaultdict(lambda: defaultdict(dict))
        for row in self._csv("pages.csv"):
            key = Key(row["medium"], int(row["data"]), row["pattern"],
                      int(row["threads"]), int(row["span"]), int(row["spaces"]))
            self.table[key][row["system"]][int(row["round"])] = row
            self.ram_mb = int(row["ram_mb"])
        self.lifetime = self._csv("lifetime.csv")
        self.overhead = self._csv("overhead.csv")
        self.fio = self._fio()
        counted = self.directory / "counted"
        self.counted = Results(counted) if counted.is_dir() else None

    def _csv(self, name):
        path = self.directory / name
        if not path.exists():
            return []
        with open(path, newline="", encoding="ascii") as file:
            return [Row((column, _number(text)) for column, text in row.items())
                    for row in csv.DictReader(file)]

    def _fio(self):
        """{"randread:4k:1": [fio's own figures of each round]}"""
        jobs = defaultdict(list)
        for path in sorted(self.directory.glob("fio-*.json")):
            kind, size, depth, _ = path.stem[len("fio-"):].rsplit("-", 3)
            text = path.read_text(encoding="utf-8")
            # fio may say something before its JSON.
            job = json.loads(text[text.index("{"):])["jobs"][0]
            side = "write" if "write" in kind else "read"
            jobs[f"{kind}:{size}:{depth}"].append(job[side])
        return jobs

    def keys(self, **wanted):
        """The lines whose fields are among those wanted: keys(data=(200, 400))."""
        def fits(key):
            return all(getattr(key, field) in (values if isinstance(values, tuple)
                                               else (values,))
                       for field, values in wanted.items())
        return [key for key in self.table if fits(key)]

    def rows(self, key, system):
        return list(self.table[key][system].values()) if key in self.table else []

    def spread(self, key, system, above, below="", least=0):
        """Over the rounds: of a column, or of a quotient of columns."""
        values = [row.over(above, below, least) if below else row.get(above)
                  for row in self.rows(key, system)]
        return spread(value for value in values if value is not None)

    def median(self, *args, **kwargs):
        found = self.spread(*args, **kwargs)
        return found.median if found else None

    def ratio(self, key, peer, system=SUBJECT):
        """Operations/s of one system over another's, within each round."""
        ours, theirs = self.table[key][system], self.table[key][peer]
        return spread(ours[i]["ops_per_s"] / theirs[i]["ops_per_s"]
                      for i in ours.keys() & theirs.keys())

    def fio_median(self, job, *path):
        """fio_median("randread:4k:1", "iops"), ("...", "clat_ns", "mean")"""
        values = []
        for figures in self.fio.get(job, []):
            for name in path:
                figures = figures[name]
            values.append(figures)
        return statistics.median(values) if values else None

    def latencies(self, medium, data, pattern, threads):
        """{system: sorted [(ns, faults that took so long)]} over all rounds."""
        found = defaultdict(lambda: defaultdict(int))
        path = self.directory / "latencies.csv"
        wanted = (medium, str(data), pattern, str(threads))
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        for line in lines:
            head, *buckets = line.split()
            fields = head.split(",")
            if (fields[0], fields[2], fields[5], fields[6]) != wanted:
                continue
            for bucket in buckets:
                ns, count = bucket.split(":")
                found[fields[4]][int(ns)] += int(count)
        return {system: sorted(counts.items()) for system, counts in found.items()}
