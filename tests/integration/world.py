# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""A small world for the integration tests: organisations with a real authority process, machines,
and their operating-system users, each a real client process with folders of its own. Nothing here
is a stand-in for the program; everything goes through its command line."""
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pki"))
import pki  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = os.environ["COUNTERSIGN"]
TIMEOUT_S = 60 if "sanitize" not in PROGRAM else 180


class Skip(Exception):
    """A test that cannot be run here, and why."""


class Result:
    """How a command ended."""

    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return "exit %d\nout: %s\nerr: %s" % (self.code, self.out, self.err)


def expect(condition, *what):
    """As assert, but never optimised away, and it says what it saw."""
    if not condition:
        raise AssertionError(" ".join(str(item) for item in what) or "expectation failed")


def equal(seen, wanted, *what):
    expect(seen == wanted, "saw %r, wanted %r" % (seen, wanted), *what)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_program(arguments, environment, stdin="", wrapper=(), check=None, program=PROGRAM):
    """Runs the program to its end. check: the exit code that it must have."""
    done = subprocess.run([*wrapper, program, *arguments], input=stdin, capture_output=True,
                          text=True, env=environment, timeout=TIMEOUT_S, check=False)
    result = Result(done)
    if check is not None and result.code != check:
        raise AssertionError("%s: wanted exit %d, saw %r" % (" ".join(arguments), check, result))
    return result


class Organisation:
    """An authority folder, and its serving process."""

    def __init__(self, world, name="Example", options=(), url=None):
        self.world = world
        self.folder = os.path.join(world.folder, "authority-" + secrets.token_hex(4))
        self.port = free_port()
        self.url = url or "http://127.0.0.1:%d" % self.port
        self.process = None
        self.output = ""  # what serve said, once it has ended
        self.options = options
        self.program = PROGRAM
        self.environment = world.environment
        self.introduction = self.admin("init", "--name", name, "--url", self.url)

    def run(self, *verb, check=None):
        return run_program(["authority", "--dir", self.folder, *verb], self.world.environment,
                           check=check)

    def admin(self, *verb):
        """Runs a verb with --json, which must succeed; returns its document."""
        return self.run(*verb, "--json", check=0).json

    def serve(self):
        self.process = subprocess.Popen(
            [self.program, "authority", "--dir", self.folder, "serve",
             "--listen", "127.0.0.1:%d" % self.port, *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        line = self.process.stdout.readline()
        while "G_MESSAGES_DEBUG" in self.world.environment and line and not line.startswith("listening on "):
            self.output += line
            line = self.process.stdout.readline()
        expect(line.startswith("listening on "), "serve said", repr(line),
               self.process.stderr.read() if not line else "")
        return self

    def stop(self):
        """SIGTERM ends it within 5 s with exit 0."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            out, err = self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        code, self.process = self.process.returncode, None
        self.output += out + err
        equal(code, 0, "serve's exit after SIGTERM", out, err)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def code(self, login, add=True):
        """An activation code for the user, who is added where unknown."""
        if add:
            self.run("user", "add", login)
        return self.admin("code", login)

    def trust(self, identity, *options):
        path = self.world.write("issuer-%s.pem" % secrets.token_hex(4), identity.pem)
        return self.admin("issuer", "add", path, *options)

    def issue(self, subject="CN=device", kind="p256", options=()):
        """A certificate of the built-in CA: an Identity."""
        key = pki.make_key(kind)
        path = self.world.write("request.csr", pki.make_csr(subject, key))
        document = self.admin("certificate", "issue", "--csr", path, *options)
        certificate = pki.x509.load_pem_x509_certificate(document["certificate"].encode())
        return pki.Identity(certificate, key)

    def issue_newer(self, older):
        """A certificate issued in a later second than the older one, so that rule 8 prefers it: within
        one second the fingerprints decide."""
        issued = []

        def newer():
            issued.append(self.issue())
            return issued[-1].certificate.not_valid_before > older.certificate.not_valid_before

        expect(wait_until(newer), "a later second")
        return issued[-1]

    def devices(self):
        return self.admin("device", "list")["devices"]

    def log(self):
        return [json.loads(line) for line in self.run("log", "--json", check=0).out.splitlines()]


class Machine:
    """A computer: a machine id and a machine store."""

    def __init__(self, world, machine_id=None):
        self.world = world
        self.folder = os.path.join(world.folder, "machine-" + secrets.token_hex(4))
        self.store = os.path.join(self.folder, "store")
        os.makedirs(self.store)
        self.id_file = os.path.join(self.folder, "machine-id")
        with open(self.id_file, "w", encoding="ascii") as out:
            out.write((machine_id or secrets.token_hex(16)) + "\n")

    def user(self, name="user"):
        return User(self, name)

    def put(self, identity, base="machine", **options):
        return put(self.store, identity, base, **options)


def put(store, identity, base, key=True, folder_layout=False):
    """Puts certificate and key into a folder by the layout x.pem + x.key, or x/cert.pem + x/key.pem."""
    os.makedirs(store, exist_ok=True)
    if folder_layout:
        os.makedirs(os.path.join(store, base), exist_ok=True)
        path, key_path = (os.path.join(store, base, part) for part in ("cert.pem", "key.pem"))
    else:
        path, key_path = (os.path.join(store, base + ending) for ending in (".pem", ".key"))
    with open(path, "wb") as out:
        out.write(identity.pem)
    if key:
        with open(key_path, "wb") as out:
            out.write(identity.key_pem())
    return path


class User:
    """An operating-system user of a machine: XDG folders, a store, a configuration."""

    def __init__(self, machine, name):
        self.machine = machine
        self.world = machine.world
        self.folder = os.path.join(machine.folder, name)
        self.store = os.path.join(self.folder, "store")
        os.makedirs(self.store)
        self.config = os.path.join(self.folder, "countersign.conf")
        self.environment = dict(self.world.environment, HOME=self.folder)
        for variable, part in (("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"),
                               ("XDG_STATE_HOME", "state")):
            self.environment[variable] = os.path.join(self.folder, part)
        self.wrapper = ()
        self.program = PROGRAM
        self.configure()

    def configure(self, extra="", user_store=None, machine_store=None):
        with open(self.config, "w", encoding="utf-8") as out:
            out.write("[stores]\nuser-directories=%s;\nmachine-directories=%s;\n\n"
                      "[device]\nmachine-id-file=%s\n\n%s" %
                      (user_store or self.store, machine_store or self.machine.store,
                       self.machine.id_file, extra))

    @property
    def state(self):
        return os.path.join(self.environment["XDG_STATE_HOME"], "countersign")

    def run(self, *arguments, stdin="", check=None):
        return run_program(["--config", self.config, *arguments], self.environment, stdin,
                           self.wrapper, check, self.program)

    def put(self, identity, base="user", **options):
        return put(self.store, identity, base, **options)

    def add(self, organisation, login="ada", check=0):
        """Adds an account by a fresh code; returns the result."""
        code = organisation.code(login)["code"]
        return self.run("account", "add", organisation.url, "--code-stdin", "--json",
                        stdin=code + "\n", check=check)

    def check(self, code=None):
        """Authenticates every account; returns (exit code, accounts)."""
        result = self.run("status", "--check", "--json", check=code)
        return result.code, result.json["accounts"]

    def verdict(self, code=None):
        """Authenticates the one account there is; returns it."""
        _, accounts = self.check(code)
        equal(len(accounts), 1, accounts)
        return accounts[0]

    def explain(self, *issuers):
        """explain --issuer, each issuer an Identity."""
        arguments = []
        for number, issuer in enumerate(issuers):
            arguments += ["--issuer", self.world.write("explain-%d.pem" % number, issuer.pem)]
        return self.run("explain", *arguments, "--json", check=0).json


class World:
    """Everything that a test makes, in one folder that goes with it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="countersign-test-")
        os.chmod(self.folder, 0o755)
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("XDG_", "COUNTERSIGN", "DBUS_")) and "proxy" not in key.lower()
                            and key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        self.environment.update(LC_ALL="C.UTF-8", LANGUAGE="", TZ="UTC",
                                HOME=os.path.join(self.folder, "home"))
        self.organisations = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for organisation in self.organisations:
            organisation.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def organisation(self, name="Example", serve=True, options=(), url=None):
        organisation = Organisation(self, name, options, url)
        self.organisations.append(organisation)
        return organisation.serve() if serve else organisation

    def machine(self, machine_id=None):
        return Machine(self, machine_id)

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())
        return path


def managed_pair(world, login="ada"):
    """The usual beginning: an organisation with the built-in issuer, a machine, a user with a
    certificate in the user's store and an account. Returns (organisation, machine, user, identity)."""
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    machine = world.machine()
    user = machine.user()
    identity = organisation.issue()
    user.put(identity)
    user.add(organisation, login)
    return organisation, machine, user, identity


def wait_until(condition, seconds=10):
    """Polls a condition that a real process brings about."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def main(tests):
    """Runs every test_ function of a module's globals, as TAP; arguments choose by name."""
    chosen = [(name, test) for name, test in tests.items()
              if name.startswith("test_") and callable(test)
              and (len(sys.argv) < 2 or any(word in name for word in sys.argv[1:]))]
    print("1..%d" % len(chosen), flush=True)
    failed = 0
    for number, (name, test) in enumerate(chosen, 1):
        try:
            with World() as world:
                test(world)
            print("ok %d %s" % (number, name), flush=True)
        except Skip as reason:
            print("ok %d %s # SKIP %s" % (number, name, reason), flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print("not ok %d %s" % (number, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line, flush=True)
    sys.exit(1 if failed or not chosen else 0)
