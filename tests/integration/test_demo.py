#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The demo: every line is a fact, it ends in time, and it leaves nothing behind."""
import os
import re
import signal
import subprocess
import time

from world import PROGRAM, equal, expect, main, run_program

UNBOUND = os.environ.get("COUNTERSIGN_UNBOUND", "")


def without_display(world):
    environment = {key: value for key, value in world.environment.items()
                   if key not in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
    environment["TMPDIR"] = os.path.join(world.folder, "tmp")
    os.makedirs(environment["TMPDIR"], exist_ok=True)
    return environment


def test_demo_shows_the_main_job(world):
    environment = without_display(world)
    began = time.monotonic()
    result = run_program(["demo"], environment, check=0)
    expect(time.monotonic() - began < 40, "it ends within 40 s")
    lines = result.out.splitlines()
    expect(len(lines) > 10, result)
    for line in lines:
        expect(re.search(r" \(rule \d+\)$", line), "no rule is named by", repr(line))
    for word in ("Managed", "bound-to-another-device", "suspended", "grace"):
        expect(word in result.out, word, result.out)
    equal(os.listdir(environment["TMPDIR"]), [], "nothing is left behind")


def test_demo_as_a_document(world):
    result = run_program(["demo", "--json"], without_display(world), check=0)
    lines = result.json["lines"]
    expect(len(lines) > 10, result)
    for line in lines:
        equal(sorted(line), ["rule", "text"])
        expect(re.match(r"^\d+$", line["rule"]), line)


def test_demo_fails_when_the_binding_is_broken(world):  # rule 15
    expect(UNBOUND, "COUNTERSIGN_UNBOUND names the program without binding")
    environment = without_display(world)
    done = subprocess.run([UNBOUND, "demo"], env=environment, capture_output=True, text=True,
                          timeout=120, check=False)
    equal(done.returncode, 3, done.stdout, done.stderr)
    expect("the rules say bound-to-another-device" in done.stderr, done.stderr)
    expect("were copied to" not in done.stdout, done.stdout)
    equal(os.listdir(environment["TMPDIR"]), [], "nothing is left behind")


def test_demo_keeps_and_serves(world):
    environment = without_display(world)
    keep = os.path.join(world.folder, "kept")
    with subprocess.Popen([PROGRAM, "demo", "--keep", keep], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as demo:
        commands = []
        for line in demo.stdout:
            if line.startswith("  "):
                commands.append(line.strip())
            if line.startswith("Serving at"):
                break
        expect(len([line for line in commands if "countersign" in line]) >= 4, commands)
        shell = dict(environment, PATH=os.path.dirname(PROGRAM) + ":" + environment["PATH"])
        codes = [subprocess.run(line, shell=True, env=shell, capture_output=True, check=False).returncode
                 for line in commands if "countersign" in line and "(rule" not in line]
        equal(codes, [0, 0, 0, 0, 1, 0], commands)
        demo.send_signal(signal.SIGINT)
        equal(demo.wait(10), 0, demo.stderr.read())
    expect(os.path.isdir(keep), "kept")
    equal(run_program(["demo", "--keep", keep], environment).code, 2)


def test_demo_interrupted_leaves_nothing(world):
    environment = without_display(world)
    for wait in (0.01, 0.05, 0.1, 0.2):
        with subprocess.Popen([PROGRAM, "demo"], env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as demo:
            time.sleep(wait)
            demo.send_signal(signal.SIGINT)
            demo.wait(20)
        left = os.listdir(environment["TMPDIR"])
        expect(left == [] or demo.returncode == -signal.SIGINT, wait, left, demo.returncode)
        for name in left:
            os.system("rm -rf '%s'" % os.path.join(environment["TMPDIR"], name))


main(globals())
