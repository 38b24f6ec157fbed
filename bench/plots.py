# SPDX-License-Identifier: GPL-2.0
"""Draws a run's results with gnuplot: throughput against data/RAM for each system,
and how fault times are distributed. Knows nothing of tables or targets."""

import math
import subprocess
import sys

from results import PEERS, SUBJECT

SYSTEMS = [SUBJECT] + PEERS
COLOURS = ["#d62728", "#1f77b4", "#17becf", "#2ca02c", "#9467bd"]
PANEL = (380, 280)
COLUMNS = 3


def _gnuplot(path, commands, panels):
    rows = math.ceil(panels / COLUMNS)
    size = f"{PANEL[0] * COLUMNS},{PANEL[1] * rows}"
    script = [f"set terminal svg size {size} font 'sans,11' background '#ffffff'",
              f"set output '{path}'", "set grid", "set key top left samplen 1 spacing 0.9",
              f"set multiplot layout {rows},{COLUMNS}"] + commands + ["unset multiplot"]
    try:
        subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)
    except FileNotFoundError:
        sys.exit("report: gnuplot is not installed; apt-get install gnuplot-nox")


def _panel(number, title, curves):
    """Commands for one panel; curves is {system: [(x, y)]}."""
    commands, parts = [f"set title '{title}'"], []
    for system, points in curves.items():
        block = f"$p{number}_{system}"
        commands += [f"{block} << EOD"] + [f"{x:g} {y:g}" for x, y in points] + ["EOD"]
        colour = COLOURS[SYSTEMS.index(system)]
        style = "linespoints pt 7 ps 0.4" if len(points) < 10 else "lines"
        parts.append(f"{block} with {style} lw 1.5 lc rgb '{colour}' title '{system}'")
    return commands + ["plot " + ", ".join(parts)]


def throughput(results, path):
    """A panel a pattern, with one thread."""
    curves = {}
    for key in sorted(results.keys(medium="disk", threads=1)):
        for system in SYSTEMS:
            value = results.median(key, system, "ops_per_s")
            if key.data >= 100 and value:
                curves.setdefault(key.pattern, {}).setdefault(system, []).append(
                    (key.data / 100, value))
    commands = ["set logscale x 2", "set logscale y", "set xrange [0.9:9]",
                "set xlabel 'data / RAM'", "set ylabel 'pages/s'", "set key bottom left"]
    for number, (pattern, systems) in enumerate(curves.items()):
        commands += _panel(number, pattern, systems)
    if curves:
        _gnuplot(path, commands, len(curves))
    return bool(curves)


def latency(results, path, data=400):
    """A panel a pattern: the part of the faults that took no longer."""
    commands = ["set logscale x", "set xlabel 'fault, us'", "set yrange [0:1]",
                "set key bottom right"]
    patterns = sorted({key.pattern for key in
                       results.keys(medium="disk", threads=1, data=data)})
    for number, pattern in enumerate(patterns):
        curves = {}
        found = results.latencies("disk", data, pattern, 1)
        for system in SYSTEMS:
            total, seen, points = sum(n for _, n in found.get(system, [])), 0, []
            for ns, count in found.get(system, []):
                seen += count
                points.append((max(ns, 100) / 1000, seen / total))
            if points:
                curves[system] = points
        commands += _panel(number, f"{pattern}, data {data / 100:g} x RAM", curves) \
            if curves else []
    if patterns:
        _gnuplot(path, commands, len(patterns))
    return bool(patterns)


def draw(results, directory):
    """The names of what was drawn."""
    drawn = []
    for draw_one in (throughput, latency):
        path = directory / f"{draw_one.__name__}.svg"
        if draw_one(results, path):
            drawn.append(path.name)
    return drawn
