#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Renders an icon for trays that do not find it in their theme: ARGB in network order, one picture
after the other, as org.kde.StatusNotifierItem has it. A tray does not recolour these, so they get a
colour that is seen on light and on dark.
Usage: render-icon.py RSVG-CONVERT SVG COLOUR OUTPUT SIZE..."""
import struct
import subprocess
import sys
import zlib

SYMBOLIC_COLOUR = "#2e3436"
CHANNELS = {2: 3, 6: 4}  # PNG's colour types: RGB, RGBA


def png_rows(png):
    """Yields the rows of an 8-bit PNG as lists of (r, g, b, a)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    position, data = 8, b""
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position:position + 8])
        chunk = png[position + 8:position + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", chunk[:10])
            assert depth == 8 and chunk[12] == 0
        elif kind == b"IDAT":
            data += chunk
        position += length + 12
    channels = CHANNELS[colour]
    data, stride = zlib.decompress(data), width * channels
    before = bytearray(stride)
    for y in range(height):
        kind = data[y * (stride + 1)]
        row = bytearray(data[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            left = row[x - channels] if x >= channels else 0
            above = before[x]
            corner = before[x - channels] if x >= channels else 0
            row[x] = (row[x] + predict(kind, left, above, corner)) & 255
        before = row
        yield [tuple(row[x:x + channels]) + ((255,) if channels == 3 else ())
               for x in range(0, stride, channels)]


def predict(kind, left, above, corner):
    """PNG's five filters."""
    if kind == 4:
        guess = left + above - corner
        return min((abs(guess - value), order, value)
                   for order, value in enumerate((left, above, corner)))[2]
    return (0, left, above, (left + above) // 2)[kind]


def main():
    rsvg_convert, source, colour, output = sys.argv[1:5]
    with open(source, encoding="utf-8") as svg:
        text = svg.read().replace(SYMBOLIC_COLOUR, colour)
    with open(output, "wb") as pictures:
        for size in sys.argv[5:]:
            png = subprocess.run([rsvg_convert, "-w", size, "-h", size], input=text.encode(),
                                 capture_output=True, check=True).stdout
            for row in png_rows(png):
                pictures.write(b"".join(bytes((a, r, g, b)) for r, g, b, a in row))


if __name__ == "__main__":
    main()
