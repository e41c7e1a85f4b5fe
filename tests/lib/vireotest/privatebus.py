# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private system bus with the distribution's policy and ours, and a real polkitd on it."""

import os
import pathlib
import shutil
import socket
import subprocess
import threading
import unittest
import xml.etree.ElementTree as ElementTree

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from . import isolate  # noqa: E402
from .client import Client  # noqa: E402
from .paths import BUILD, SOURCE  # noqa: E402
from .wait import FACTOR, wait_until  # noqa: E402

SYSTEM_CONF = "/usr/share/dbus-1/system.conf"
POLKIT_CONF = "/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf"
POLKITD = ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd", "/usr/libexec/polkit-1/polkitd")
POLKIT_NAME = "org.freedesktop.PolicyKit1"
PROBE = "org.freedesktop.policykit.exec"
PROBE_RULE = ("polkit.addRule(function(action, subject) {"
              f" if (action.id == '{PROBE}' && action.lookup('probe') == '%s')"
              " return polkit.Result.YES; });\n")
RULES = pathlib.Path("/etc/polkit-1/rules.d")
ACTIONS = pathlib.Path("/usr/share/polkit-1/actions")
DOCTYPE = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
"""
# What makes the system bus the machine's own; the rest of its configuration is kept.
MACHINE_ONLY = {"user", "fork", "pidfile", "listen", "standard_system_servicedirs", "syslog",
                "servicehelper", "include", "includedir", "servicedir"}


# Which bus tests have: dbus-daemon, or dbus-broker.
PROGRAM = os.environ.get("VIREO_TEST_BUS", "dbus-daemon")
JOURNAL = pathlib.Path("/run/systemd/journal/socket")


def sink_of_journal():
    """What dbus-broker's launcher does not start without: somebody takes its messages."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as attempt:
        if attempt.connect_ex(str(JOURNAL)) == 0:
            return
    JOURNAL.parents[1].mkdir(parents=True, exist_ok=True)
    isolate.empty_folder(JOURNAL.parents[1])
    JOURNAL.parent.mkdir()
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(str(JOURNAL))

    def drain():
        while True:
            journal.recv(1 << 16)
    threading.Thread(target=drain, daemon=True).start()


class Bus:
    """dbus-daemon, or dbus-broker, as the system bus, on a socket of its own."""

    def __init__(self, folder, socket=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = pathlib.Path(socket or self.folder / "system_bus_socket")
        self.address = f"unix:path={self.socket}"
        self.process = None
        self.log_file = self.folder / "bus.log"
        # More policy files, by name; to be filled before start().
        self.policies = {}

    def environment(self, base=None):
        """The environment in which programs take this bus for the system bus."""
        env = dict(os.environ if base is None else base)
        env["DBUS_SYSTEM_BUS_ADDRESS"] = self.address
        env["VIREO_SYSTEM_BUS"] = self.address
        return env

    def write_config(self):
        policies = self.folder / "system.d"
        policies.mkdir(exist_ok=True)
        for file in [pathlib.Path(POLKIT_CONF), *sorted(SOURCE.glob("data/dbus/*.conf")),
                     *sorted(BUILD.glob("data/dbus/*.conf"))]:
            shutil.copy(file, policies)
        for name, text in self.policies.items():
            (policies / name).write_text(text)
        tree = ElementTree.parse(SYSTEM_CONF)
        root = tree.getroot()
        for element in [e for e in root if e.tag in MACHINE_ONLY]:
            root.remove(element)
        ElementTree.SubElement(root, "listen").text = self.address
        ElementTree.SubElement(root, "includedir").text = str(policies)
        config = self.folder / "bus.conf"
        config.write_text(DOCTYPE + ElementTree.tostring(root, encoding="unicode"))
        return config

    def start(self):
        config = self.write_config()
        with open(self.log_file, "ab") as log:
            if PROGRAM == "dbus-broker":
                self.process = self.spawn_broker(config, log)
            else:
                self.process = subprocess.Popen(
                    ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile",
                     "--nosyslog"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def ready():
            if self.process.poll() is not None:
                text = self.log_file.read_text(errors="replace")
                raise AssertionError(f"{PROGRAM} ended: {text[-2000:]}")
            # It is there before dbus-daemon listens on it.
            with socket.socket(socket.AF_UNIX) as attempt:
                return attempt.connect_ex(str(self.socket)) == 0
        wait_until(ready, 10, PROGRAM, tick=0.01)
        return self

    def spawn_broker(self, config, log):
        """It takes its socket over from who starts it, and comes to the bus by itself."""
        if not shutil.which("dbus-broker-launch"):
            raise unittest.SkipTest("dbus-broker is not installed")
        sink_of_journal()
        self.socket.unlink(missing_ok=True)
        process = subprocess.Popen(
            ["systemd-socket-activate", f"--listen={self.socket}",
             f"--setenv=DBUS_SYSTEM_BUS_ADDRESS={self.address}", "dbus-broker-launch",
             "--scope=system", f"--config-file={config}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.socket.exists, 10, "systemd-socket-activate", tick=0.01)
        self.socket.chmod(0o666)
        return process

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.process = None

    def client(self, **options):
        return Client(self.address, **options)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Polkit:
    """A real polkitd on a private bus, with the policy that the build generated.

    Only inside isolation: rules and actions go into the private copies of the system's folders.
    """

    def __init__(self, bus):
        self.bus = bus
        self.process = None
        self._connection = None
        self._witness = None
        self._written = set()

    _n_rules = 0

    def install_policy(self):
        found = sorted(BUILD.glob("**/org.vireo.*.policy"))
        if not found:
            raise FileNotFoundError(f"no generated .policy file below {BUILD}")
        for file in found:
            shutil.copy(file, ACTIONS)
        for file in sorted((SOURCE / "data/polkit").glob("*.rules")):
            shutil.copy(file, "/usr/share/polkit-1/rules.d")

    def start(self):
        self.install_policy()
        program = next((p for p in POLKITD if os.path.exists(p)), None)
        if not program:
            raise FileNotFoundError("polkitd is not installed")
        log = open(self.bus.folder / "polkitd.log", "ab")
        self.process = subprocess.Popen([program, "--no-debug"], stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log, env=self.bus.environment())
        log.close()
        client = self.bus.client(name=POLKIT_NAME)
        client.wait_for_owner(alive=self._alive)
        self._connection = client.connection
        # Somebody who is not root, whom every rule is asked about.
        self._witness = subprocess.Popen(["sleep", "infinity"], user="nobody",
                                         stdin=subprocess.DEVNULL)
        # For a moment of its exec it has no command line, and would not be seen as a process.
        wait_until(pathlib.Path(f"/proc/{self._witness.pid}/cmdline").read_bytes, 10,
                   "a process to begin")
        return self

    def _alive(self):
        if self.process.poll() is not None:
            text = (self.bus.folder / "polkitd.log").read_text(errors="replace")
            raise AssertionError(f"polkitd ended: {text[-2000:]}")

    def set_rules(self, javascript, name="49-test.rules"):
        """Replaces a rules file and waits until polkitd has read it; no text empties the file.

        One change of a file makes polkitd say Changed more than once, so that is no sign of which
        text it has read. Each text therefore has a rule of its own, that is asked for.
        """
        path = RULES / name
        if not javascript and not path.exists():
            return
        Polkit._n_rules += 1
        number = str(Polkit._n_rules)
        self._written.add(path)
        temporary = RULES / f".{name}.new"
        temporary.write_text(PROBE_RULE % number + javascript)
        temporary.chmod(0o644)
        temporary.rename(path)
        wait_until(lambda: self.check(self._witness.pid, PROBE, {"probe": number})[0], 20,
                   "polkitd to read its rules again")

    def allow(self, user, *actions):
        """A rule that lets a user do these actions (all of ours when there are none)."""
        listed = ", ".join(f'"org.vireo.vireo1.{a.removeprefix("org.vireo.vireo1.")}"'
                           for a in actions)
        test = (f"[{listed}].indexOf(action.id) >= 0" if actions
                else 'action.id.indexOf("org.vireo.vireo1.") == 0')
        self.set_rules("polkit.addRule(function(action, subject) {\n"
                       f'  if (subject.user == "{user}" && {test})\n'
                       "    return polkit.Result.YES;\n});\n")

    def check(self, pid, action, details=None):
        """What polkit says of a process now, asking nobody: (authorized, challenge)."""
        start = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
        uid = os.stat(f"/proc/{pid}").st_uid
        subject = ("unix-process", {"pid": GLib.Variant("u", pid),
                                    "start-time": GLib.Variant("t", start),
                                    "uid": GLib.Variant("i", uid)})
        reply = self._connection.call_sync(
            POLKIT_NAME, f"/{POLKIT_NAME.replace('.', '/')}/Authority", f"{POLKIT_NAME}.Authority",
            "CheckAuthorization", GLib.Variant("((sa{sv})sa{ss}us)",
                (subject, action, details or {}, 0, "")),
            None, Gio.DBusCallFlags.NONE, int(10000 * FACTOR), None)
        return reply.unpack()[0][:2]

    def stop(self):
        if self._witness:
            self._witness.kill()
            self._witness.wait()
            self._witness = None
        for path in self._written:
            path.unlink(missing_ok=True)
        if self._connection:
            self._connection.close_sync(None)
            self._connection = None
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
