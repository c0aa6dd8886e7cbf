#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What the desktop is told of the program: each file is judged by its own tool, agrees with the
others, and the tools are seen to reject what is wrong. Usage: test_desktop_files.py BUILT SOURCES"""
import configparser
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

BUILT, SOURCES = sys.argv.pop(1), sys.argv.pop(1)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import APPLICATION, Session  # noqa: E402  pylint: disable=wrong-import-position
from world import Skip, equal, expect, main  # noqa: E402  pylint: disable=wrong-import-position

DESKTOP = os.path.join(BUILT, APPLICATION + ".desktop")
METAINFO = os.path.join(BUILT, APPLICATION + ".metainfo.xml")
SERVICE = os.path.join(BUILT, APPLICATION + ".service")


def judge(*words):
    """Runs a validator; returns its exit code and what it said."""
    if shutil.which(words[0]) is None:
        raise Skip("needs " + words[0])
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout


def spoiled(world, path, before, after):
    """A copy with one thing wrong."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    expect(before in text, before)
    return world.write(os.path.basename(path), text.replace(before, after))


def read_keys(path):
    keys = configparser.RawConfigParser(strict=True)
    keys.optionxform = str
    keys.read(path, encoding="utf-8")
    return keys


def test_desktop_file(world):
    equal(judge("desktop-file-validate", DESKTOP), (0, ""))
    code, _ = judge("desktop-file-validate", spoiled(world, DESKTOP, "Terminal=false", "Terminal=perhaps"))
    expect(code != 0, "the validator rejects what is wrong")
    entry = read_keys(DESKTOP)["Desktop Entry"]
    equal((entry["DBusActivatable"], entry["MimeType"], entry["Icon"]),
          ("true", "x-scheme-handler/countersign;", APPLICATION))
    expect("%" not in entry["Exec"], "a link must not stand on a command line")
    equal(entry["Actions"], "check;add;")


def test_metainfo(world):
    equal(judge("appstreamcli", "validate", "--no-net", METAINFO)[0], 0,
          judge("appstreamcli", "validate", "--no-net", METAINFO)[1])
    code, _ = judge("appstreamcli", "validate", "--no-net",
                    spoiled(world, METAINFO, "<project_license>Apache-2.0", "<project_license>"))
    expect(code != 0, "the validator rejects what is wrong")
    tree = xml.parse(METAINFO).getroot()
    equal(tree.find("id").text, APPLICATION)
    equal(tree.find("launchable").text, os.path.basename(DESKTOP))
    with open(os.path.join(SOURCES, "meson.build"), encoding="utf-8") as build:
        version = re.search(r"version: '([^']+)'", build.read()).group(1)
    equal(tree.find("releases/release").get("version"), version, "the newest release is this one")


def test_german(_world):
    """Every text that is to be translated is there in German too. (Meson makes these files again
    where they change, not where only po/ does: a stale one is touched, or built in a new folder.)"""
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    keys = read_keys(DESKTOP)
    for section in keys.sections():
        for key in ("Name", "GenericName", "Comment", "Keywords"):
            equal(key in keys[section], key + "[de]" in keys[section], section, key)
    tree = xml.parse(METAINFO).getroot()
    for tag in ("name", "summary", "description/p", "description/ul/li"):
        found = [element.get(language) for element in tree.findall(tag)]
        expect(found.count("de") == found.count(None) > 0, tag, found)


def test_service(_world):
    """The bus knows the name by this file, and what it starts is what is installed."""
    service = read_keys(SERVICE)["D-BUS Service"]
    equal(service["Name"], APPLICATION)
    words = service["Exec"].split()
    expect(os.path.isabs(words[0]) and os.path.basename(words[0]) == "countersign", words)
    equal(words[1:], ["start"])
    with Session() as desktop:
        shutil.copy(SERVICE, os.path.join(desktop.folder, "services"))
        names = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
        desktop.call(*names, "ReloadConfig")
        desktop.wait(lambda: APPLICATION in desktop.call(*names, "ListActivatableNames")[0],
                     "the bus to know the name")


def test_icons(world):
    """One of the program, and one a state, in the sizes' folder that every theme inherits."""
    found = {os.path.relpath(os.path.join(folder, name), SOURCES)
             for folder, _, names in os.walk(os.path.join(SOURCES, "resources/icons")) for name in names}
    base = "resources/icons/hicolor/%s/apps/" + APPLICATION
    equal(found, {base % "scalable" + ".svg"} |
          {base % "symbolic" + "-%s-symbolic.svg" % state
           for state in ("managed", "not-managed", "action", "checking", "none")})
    for path in found:
        picture = os.path.join(world.folder, "icon.png")
        equal(judge("rsvg-convert", "-w", "16", "-o", picture, os.path.join(SOURCES, path)), (0, ""))
        with open(os.path.join(SOURCES, path), encoding="utf-8") as svg:
            text = svg.read()
        if "symbolic" in path:
            colours = set(re.findall(r"#[0-9a-fA-F]{3,6}", text))
            equal((colours, "stroke" in text), ({"#2e3436"}, False), path, "a theme recolours fills only")


def test_install(world):
    """Where everything ends up, and that the installed program finds its windows."""
    for tool in ("meson", "readelf"):
        if shutil.which(tool) is None:
            raise Skip("needs " + tool)
    root = os.path.join(world.folder, "root")
    build = os.path.dirname(os.path.abspath(BUILT))
    done = subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", build, "--destdir", root],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                          check=False)
    equal(done.returncode, 0, done.stdout)
    files = {os.path.join(folder, name)[len(root):] for folder, _, names in os.walk(root)
             for name in names}

    def installed(end):
        matches = [path for path in files if path.endswith(end)]
        equal(len(matches), 1, end, sorted(files))
        return matches[0]

    for end in ("/share/applications/%s.desktop", "/share/metainfo/%s.metainfo.xml",
                "/share/dbus-1/services/%s.service", "/share/icons/hicolor/scalable/apps/%s.svg",
                "/share/icons/hicolor/symbolic/apps/%s-action-symbolic.svg"):
        installed(end % APPLICATION)
    program = installed("/bin/countersign")
    equal(read_keys(SERVICE)["D-BUS Service"]["Exec"], program + " start")
    windows = installed("/countersign/countersign-window.so")
    code, said = judge("readelf", "-d", root + program)
    equal(code, 0)
    equal(re.search(r"R(?:UN)?PATH.*\[(.*)\]", said).group(1), os.path.dirname(windows))


if __name__ == "__main__":
    main(globals())
