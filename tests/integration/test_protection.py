#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""A process that has secrets: nothing of them is in its arguments and environment, the text of a key
does not stay in its memory, nobody of the same user looks in, and no crash leaves a core."""
import ctypes
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import world as harness
from canaries import Canaries, Life, add_key_files, read, secret_numbers
from hostile import RESPONSE
from world import Skip, equal, expect, main, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
PTRACE_ATTACH = 16
AREA_MAX_BYTES = 1 << 30


class Held:
    """The client while it waits for the answer to one of its calls, which the front holds back."""

    def __init__(self, life, call, arguments, stdin="", wrapper=()):
        self.reached = threading.Event()
        self.released = threading.Event()
        self.rule = life.front.rule(call, self.act)
        self.command = [*wrapper, harness.PROGRAM, "--config", life.user.config, *arguments]
        self.stdin = stdin.encode()
        self.user = life.user
        self.process = None

    def act(self, connection, request, forward):
        del connection
        self.reached.set()
        self.released.wait(harness.TIMEOUT_S)
        return forward(request)

    def finish(self):
        self.released.set()
        out, err = self.process.communicate(timeout=harness.TIMEOUT_S)
        equal(self.process.returncode, 0, out, err)

    def __enter__(self):
        self.rule.__enter__()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=self.user.environment, cwd=self.user.folder)
        self.process.stdin.write(self.stdin)
        self.process.stdin.close()
        self.process.stdin = None
        expect(self.reached.wait(harness.TIMEOUT_S), "the call never came")
        return self

    def __exit__(self, *exception):
        self.released.set()
        if self.process.returncode is None:
            self.process.kill()
        self.process.communicate()
        return self.rule.__exit__(*exception)


def add_held(life, code, wrapper=()):
    return Held(life, "^POST /v1/accounts$", ("account", "add", life.organisation.url, "--code-stdin"), code + "\n",
                wrapper)


def check_held(life):
    return Held(life, RESPONSE, ("status", "--check"))


def test_no_secret_is_in_arguments_or_environment(world):
    canaries = Canaries()
    life = Life(world)
    life.add_store(canaries)
    code = life.organisation.code("ada")["code"]
    canaries.add_code(code)

    def check(process):
        expect(b"countersign" in read("/proc/%d/cmdline" % process.pid), "the right process")
        equal(canaries.find(read("/proc/%d/cmdline" % process.pid)), set())
        if os.geteuid() == 0:
            expect(b"LC_ALL" in read("/proc/%d/environ" % process.pid), "the right environment")
            equal(canaries.find(read("/proc/%d/environ" % process.pid)), set())

    with add_held(life, code) as held:
        add_key_files(canaries, life.user.state)
        check(held.process)
        check(life.organisation.process)
        held.finish()
    with check_held(life) as held:
        check(held.process)
        held.finish()
    check(life.organisation.process)


def memory_of(process):
    """Everything that the process has in memory and could have written to."""
    parts = []
    with open("/proc/%d/maps" % process.pid, encoding="ascii") as maps, \
            open("/proc/%d/mem" % process.pid, "rb", 0) as memory:
        for line in maps:
            area, mode = line.split()[:2]
            begin, end = (int(at, 16) for at in area.split("-"))
            if not mode.startswith("rw") or end - begin > AREA_MAX_BYTES:
                continue  # the larger ones are a sanitizer's own
            memory.seek(begin)
            parts.append(memory.read(end - begin))
    return b"\0".join(parts)


def test_the_text_of_a_key_is_wiped_once_it_is_read(world):
    """A key that is in use is there as numbers; of the file's text, or of what stood in it as bytes,
    nothing is left. OpenSSL keeps its numbers the other way round."""
    if os.geteuid() != 0:
        raise Skip("only root can look into a process that has protected itself")
    life = Life(world)
    code = life.organisation.code("ada")["code"]

    def check(process, paths):
        memory = memory_of(process)
        for path in paths:
            pem = read(path)
            text = Canaries()
            text.add_text(path, pem)
            equal(text.find(memory), set(), "the file's text")
            for number in secret_numbers(pem):
                expect(number not in memory, "the file's bytes", path)
            if sys.byteorder == "little":
                expect(secret_numbers(pem)[0][::-1] in memory, "the key is in use", path)

    with add_held(life, code) as held:
        keys = glob.glob(os.path.join(life.user.state, "keys", "*.key"))
        equal(len(keys), 2)
        check(held.process, keys)
        held.finish()
    with check_held(life) as held:
        check(held.process, keys + [os.path.join(life.user.store, "rsa.key")])
        held.finish()
    folder = life.organisation.folder
    check(life.organisation.process, [os.path.join(folder, name) for name in ("server.key", "ca.key")])


# ---- other processes of the same user

def as_ordinary_user(test):
    """Root may look into everything: where the tests run as root, this one is run again as nobody,
    with copies, since its own folder may be nobody's business."""
    def run(world):
        if os.geteuid() != 0:
            test(world)
            return
        copy = os.path.join(world.folder, "copy")
        shutil.copytree(HERE, os.path.join(copy, "integration"))
        shutil.copytree(os.path.join(HERE, "..", "pki"), os.path.join(copy, "pki"))
        shutil.copy(harness.PROGRAM, copy)
        environment = dict(os.environ, COUNTERSIGN=os.path.join(copy, os.path.basename(harness.PROGRAM)),
                           HOME="/nonexistent", PYTHONDONTWRITEBYTECODE="1", TMPDIR="/tmp")
        done = subprocess.run([*NOBODY, sys.executable, os.path.join(copy, "integration", os.path.basename(__file__)),
                               test.__name__], capture_output=True, text=True, env=environment, check=False)
        print("".join("# as nobody: %s\n" % line for line in done.stdout.splitlines()), end="", flush=True)
        equal(done.returncode, 0, done.stdout, done.stderr)
    run.__name__ = test.__name__
    return run


def can_attach(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    return libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0


def what_is_open(pid):
    """What of a process's an ordinary process of the same user may look into."""
    seen = set()
    for name in ("mem", "environ", "maps", "auxv", "stack"):
        try:
            with open("/proc/%d/%s" % (pid, name), "rb", 0) as source:
                if name != "mem":
                    source.read(1)
            seen.add(name)
        except OSError:
            pass
    return seen | ({"ptrace"} if can_attach(pid) else set())


def check_closed(process):
    for name in ("mem", "environ"):
        status = os.stat("/proc/%d/%s" % (process.pid, name))
        equal((status.st_uid, status.st_gid), (0, 0), name)
    equal(what_is_open(process.pid), set())


@as_ordinary_user
def test_no_process_of_the_same_user_can_look_in(world):
    life = Life(world)
    with subprocess.Popen(["sleep", "60"]) as sleep:
        usual = what_is_open(sleep.pid)
        sleep.kill()
    expect({"mem", "environ", "maps"} <= usual, "what is usual here:", usual)
    print("# usually open here: %s" % ", ".join(sorted(usual)), flush=True)
    with add_held(life, life.organisation.code("ada")["code"]) as held:
        check_closed(held.process)
        held.finish()
    with check_held(life) as held:
        check_closed(held.process)
        held.finish()
    check_closed(life.organisation.process)


# ---- core files

# Runs a program with cores of any size, or of as large as an ordinary user may.
WITH_CORES = ("sh", "-c", 'ulimit -c unlimited 2>/dev/null || ulimit -c "$(ulimit -H -c)"; exec "$0" "$@"')


def kill_and_see(process, number):
    """Whether a core was dumped, be it into a file or into the program that the kernel pipes it to."""
    process.send_signal(number)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    expect(os.WTERMSIG(status) in (number, signal.SIGABRT), status)  # a sanitizer aborts for any
    return os.WCOREDUMP(status)


def check_no_core(process, number, folder):
    limits = read("/proc/%d/limits" % process.pid).decode()
    equal(re.search(r"^Max core file size +(\S+) +(\S+)", limits, re.MULTILINE).groups(), ("0", "0"))
    before = sorted(os.listdir(folder))
    equal(kill_and_see(process, number), False, "a core was dumped")
    equal(sorted(os.listdir(folder)), before, "something was left behind")


def test_no_crash_leaves_a_core(world):
    life = Life(world)
    folder = os.path.join(world.folder, "cores")
    os.mkdir(folder)
    with subprocess.Popen([*WITH_CORES, "sleep", "60"], cwd=folder) as sleep:
        wait_until(lambda: read("/proc/%d/cmdline" % sleep.pid).startswith(b"sleep"))
        usual = kill_and_see(sleep, signal.SIGSEGV)
    print("# %s: %s; left in the folder: %s" %
          ("a core is usual here" if usual else "no core is made here of anything, so that only the limits tell",
           read("/proc/sys/kernel/core_pattern").decode().strip(), os.listdir(folder)), flush=True)
    for number in (signal.SIGSEGV, signal.SIGABRT):
        with add_held(life, life.organisation.code("ada")["code"], wrapper=WITH_CORES) as held:
            check_no_core(held.process, number, life.user.folder)
    life.organisation.stop()
    for number in (signal.SIGSEGV, signal.SIGABRT):
        server = subprocess.Popen(
            [*WITH_CORES, harness.PROGRAM, "authority", "--dir", life.organisation.folder, "serve",
             "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, env=world.environment, cwd=folder)
        with server:
            expect(server.stdout.readline().startswith(b"listening on "), "serve listens")
            check_no_core(server, number, folder)


main(globals())
