#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Enforces docs/architecture.md, "Who may know whom": which room may include which, and which file
may know which foreign library. Usage: check-layering.py ROOT [--stamp FILE]"""
import os
import re
import sys

# Each room, and the rooms that it may include beside itself.
ROOMS = {
    "core/base": [],
    "core/pki": ["core/base"],
    "core/keys": ["core/pki", "core/base"],
    "core/protocol": ["core/keys", "core/pki", "core/base"],
    "core/store": ["core/keys", "core/pki", "core/base"],
    "core/attest": ["core/store", "core/protocol", "core/keys", "core/pki", "core/base"],
    "core/account": ["core/attest", "core/store", "core/protocol", "core/keys", "core/pki",
                     "core/base"],
    "core/authority": ["core/protocol", "core/keys", "core/pki", "core/base"],
    "ui": ["core/account", "core/attest", "core/store", "core/protocol", "core/base"],
    "app": ["ui", "core/account", "core/attest", "core/authority", "core/store", "core/protocol",
            "core/keys", "core/pki", "core/base"],
}

# A foreign header or a call (regular expression), and the files that may have it.
FOREIGN = [
    (r'#\s*include\s*<(gtk|gdk)', r"ui/", "GTK belongs to ui/"),
    (r'#\s*include\s*(<(gtk|gdk)|"ui/window\.h")',
     r"^ui/(?!tray|window-module\.h|window-loader)", "the tray is there before GTK is"),
    (r'#\s*include\s*<libdbusmenu', r"ui/tray[^/]*$", "libdbusmenu belongs to ui/tray*"),
    (r'#\s*include\s*<curl/', r"core/base/http(-[^/]*)?\.[ch]$", "libcurl belongs to core/base/http*"),
    (r'#\s*include\s*<microhttpd', r"core/base/httpd[^/]*$",
     "libmicrohttpd belongs to core/base/httpd*"),
    (r'#\s*include\s*<gnutls/', r"core/base/httpd-tls\.c$", "GnuTLS belongs to core/base/httpd-tls.c"),
    (r'#\s*include\s*<sqlite3', r"core/authority/registry[^/]*$",
     "SQLite belongs to core/authority/registry*"),
    (r'"\s*(SELECT|INSERT|UPDATE|DELETE FROM|CREATE TABLE|PRAGMA)\b',
     r"core/authority/registry[^/]*$", "SQL belongs to core/authority/registry*"),
    (r'#\s*include\s*<p11-kit', r"core/(keys/|store/pkcs11)", "PKCS#11 belongs to core/keys/ and core/store/pkcs11*"),
    (r'#\s*include\s*<openssl/', r"core/|app/", "OpenSSL is not for ui/"),
    (r'\b(g_getenv|getenv|secure_getenv)\s*\(', r"app/", "the environment is read in app/ only"),
    (r'\b((g_get_real_time|g_get_monotonic_time|clock_gettime|gettimeofday)\s*\(|time\s*\(\s*(NULL|0|&))',
     r"core/base/(clock|httpd?|httpd-connection)\.c$|app/|ui/", "the clock is an argument (core/base/clock.h)"),
    (r'\bg_get_(user_\w+_dir|home_dir)\s*\(', r"app/", "paths are arguments (core/base/settings.h)"),
    (r'\b(g_print|g_printerr|printf|puts|g_warning|g_message)\s*\(', r"app/|ui/",
     "core/ is quiet: it returns errors"),
    (r'\b(g_error|abort|goto)\b\s*[(\w]', r"^$", "neither goto nor abort"),
]

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def room_of(path):
    """The room a path lies in, or None."""
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def without_comments(text):
    """Blanks comments, keeping the line numbers."""
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def complaints(path, text):
    """Yields (line, what is wrong) for one file."""
    room = room_of(path)
    if room is None:
        yield 1, "no room is called %s: add it to docs/architecture.md and to this check" % (
            os.path.dirname(path))
        return
    text = without_comments(text)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        target = match.group(1)
        if ".." in target.split("/"):
            yield line, "include from the root of the tree, not by '..'"
        elif "/" not in target:
            yield line, 'include "%s" by its whole path from the root' % target
        elif room_of(target) is None:
            yield line, "%s is in no room" % target
        elif room_of(target) != room and room_of(target) not in ROOMS[room]:
            yield line, "%s may not know %s" % (room, room_of(target))
    for pattern, allowed, why in FOREIGN:
        if re.search(allowed, path):
            continue
        for match in re.finditer(pattern, text):
            yield text.count("\n", 0, match.start()) + 1, why


def main():
    root = sys.argv[1]
    found = read = 0
    for top in ("core", "app", "ui"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root)
                with open(os.path.join(root, path), encoding="utf-8") as source:
                    text = source.read()
                read += 1
                for line, what in complaints(path, text):
                    print("%s:%d: %s" % (path, line, what), file=sys.stderr)
                    found += 1
    if read == 0:
        print("check-layering: no sources below %s" % root, file=sys.stderr)
        return 2
    if found == 0 and "--stamp" in sys.argv:
        with open(sys.argv[sys.argv.index("--stamp") + 1], "w", encoding="utf-8") as stamp:
            stamp.write("%d files\n" % read)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
