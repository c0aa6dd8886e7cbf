#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Draws what a store of n certificates costs: plot-store-size.py TABLE.tsv PICTURE.svg"""

import csv
import math
import sys

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 26, 34, 44
COLOURS = ("#1a5fb4", "#c64600", "#26a269")


def decades(values):
    return (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))


def panel(offset, title, rows, lines, unit):
    """One pair of logarithmic axes: lines are (name, column, factor)."""
    xs = [int(row["certificates"]) for row in rows]
    series = [(name, [float(row[column]) * factor for row in rows]) for name, column, factor in lines]
    x_low, x_high = decades(xs)
    y_low, y_high = decades([value for _, values in series for value in values])
    y_high = max(y_high, y_low + 1)

    def x_of(value):
        return offset + LEFT + (math.log10(value) - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def y_of(value):
        return HEIGHT - BOTTOM - (math.log10(value) - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    yield f'<text x="{offset + LEFT}" y="18" font-weight="bold">{title}</text>'
    for power in range(x_low, x_high + 1):
        x = x_of(10**power)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{10**power:,}</text>'
    for power in range(y_low, y_high + 1):
        y = y_of(10**power)
        label = f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
        yield f'<line x1="{offset + LEFT}" y1="{y:.1f}" x2="{offset + WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{offset + LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    middle = offset + (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">certificates in the folder; {unit}</text>'
    for place, (name, values) in enumerate(series):
        colour = COLOURS[place % len(COLOURS)]
        points = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in zip(xs, values))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in zip(xs, values):
            yield f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3" fill="{colour}"/>'
        y = TOP + 16 + 16 * place
        yield f'<text x="{offset + LEFT + 8}" y="{y}" fill="{colour}">{name}</text>'


def main(table, picture):
    with open(table, encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    time = (
        ("scan", "scan_us", 1e-3),
        ("reading the files alone", "reading_us", 1e-3),
        ("look-up of 20 issuers", "look_up_us", 1e-3),
    )
    memory = (("memory", "memory_bytes", 1 / 1024),)
    parts = [*panel(0, "Time", rows, time, "ms"), *panel(WIDTH, "Memory", rows, memory, "KiB")]
    with open(picture, "w", encoding="utf-8") as svg:
        svg.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}"'
            ' font-family="sans-serif" font-size="11" fill="#222">\n'
            f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="#fff" stroke="none"/>\n'
        )
        svg.write("\n".join(parts) + "\n</svg>\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
