#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Draws what n of something cost: plot-size.py TABLE.tsv PICTURE.svg; the table's name says of what."""

import csv
import math
import pathlib
import sys

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 68, 32, 34, 44
COLOURS = ("#1a5fb4", "#c64600", "#26a269")
MS, KIB, MIB = 1e-3, 1 / 1024, 1 / 1048576

# Of each table: what its first column counts, and panels: title, unit, and lines of name, column and
# what makes the unit of it.
PICTURES = {
    "store-size": (
        "certificates in the folder",
        (
            (
                "Time",
                "ms",
                (
                    ("scan", "scan_us", MS),
                    ("reading the files alone", "reading_us", MS),
                    ("look-up of 20 issuers", "look_up_us", MS),
                ),
            ),
            ("Memory", "KiB", (("memory", "memory_bytes", KIB),)),
        ),
    ),
    "registry-size": (
        "devices",
        (
            (
                "Time",
                "ms",
                (
                    ("authentication, one client", "response_us", MS),
                    ("the server's processor for it", "processor_us", MS),
                    ("start of the server", "start_us", MS),
                ),
            ),
            ("Disk", "MiB", (("registry", "registry_bytes", MIB),)),
        ),
    ),
    "crl-size": (
        "entries of the CRL",
        (
            (
                "Time",
                "µs",
                (
                    ("load", "load_us", 1),
                    ("SHA-256 of its octets alone", "sha256_us", 1),
                    ("decision", "decision_us", 1),
                ),
            ),
            (
                "Memory",
                "KiB",
                (("the CRL itself", "der_bytes", KIB), ("the index beside it", "index_bytes", KIB)),
            ),
        ),
    ),
}


def decades(values):
    return (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))


def panel(offset, counted, title, unit, lines, rows):
    """One pair of logarithmic axes."""
    xs = [int(next(iter(row.values()))) for row in rows]
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
    yield f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{counted}; {unit}</text>'
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
    counted, panels = PICTURES[pathlib.Path(table).stem]
    parts = [
        part for place, (title, unit, lines) in enumerate(panels)
        for part in panel(place * WIDTH, counted, title, unit, lines, rows)
    ]
    with open(picture, "w", encoding="utf-8") as svg:
        svg.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}"'
            ' font-family="sans-serif" font-size="11" fill="#222">\n'
            f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="#fff" stroke="none"/>\n'
        )
        svg.write("\n".join(parts) + "\n</svg>\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
