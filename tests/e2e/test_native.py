#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line that a definition comes to: a guest that is started with it by hand boots."""

import json
import os
import shlex
import socket
import subprocess
import unittest

import vireotest
from vireotest import guest, samples
from vireotest.client import BusError
from vireotest.console import Console
from vireotest.wait import wait_until

FORMAT = "qemu-argv"


class Monitor:
    """QMP over a socket that an emulator made."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command):
        self.socket.sendall(json.dumps({"execute": command}).encode())
        for line in self.lines:
            reply = json.loads(line)
            if "event" not in reply:
                return reply["return"]
        raise AssertionError("the monitor closed")


class Native(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("native"))
        cls.client = cls.host.client
        cls.connection = cls.client.open("qemu:///system")
        cls.image = guest.install(guest.build(), cls.host.folder / "guest")
        cls.disk = cls.host.folder / "it's a disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", cls.disk, "16M"], check=True)

    def call(self, *args):
        return self.client.call(self.connection, "Connection", *args)

    def to_native(self, xml, format_=FORMAT):
        return self.call("DomainXmlToNative", "(ssa{sv})", format_, xml, {})

    def refused(self, code, words, *args):
        with self.assertRaises(BusError) as caught:
            self.to_native(*args)
        self.assertEqual(caught.exception.code, code)
        self.assertIn(words, str(caught.exception))

    def vireoctl(self, *words, fails=False):
        run = subprocess.run([vireotest.built("src/cli/vireoctl"), "-c", "qemu:///system", *words],
                             env=self.host.bus.environment(), capture_output=True, text=True,
                             timeout=60, check=False)
        self.assertEqual(run.returncode, 1 if fails else 0, run.stderr)
        return run.stderr if fails else run.stdout

    def test_runs_by_hand(self):
        before = self.call("ListDomains", "(a{sv})", {})
        xml = samples.guest_domain("by-hand", self.image, samples.disk(self.disk)
                                   + "<interface type='user'/>")
        text = self.to_native(xml)
        words = shlex.split(text)
        program = next(n for n, word in enumerate(words) if "=" not in word)
        self.assertTrue(words[program].endswith("/qemu-system-x86_64"))
        self.assertNotIn("fdset", text)
        self.assertNotIn("/proc/self/fd", text)
        # Nothing was defined, made or opened for it.
        self.assertEqual(self.call("ListDomains", "(a{sv})", {}), before)
        where = next(w for w in words if w.startswith("socket,id=charmonitor"))
        path = where.split("path=")[1].split(",")[0]
        folder = os.path.dirname(path)
        self.assertFalse(os.path.exists(folder))
        os.mkdir(folder)
        # As somebody would who was given the text.
        script = self.host.folder / "run"
        script.write_text("#!/bin/sh\nexec env " + text)
        script.chmod(0o755)
        emulator = subprocess.Popen([script])
        self.addCleanup(emulator.wait)
        self.addCleanup(emulator.kill)
        wait_until(lambda: os.path.exists(path) or emulator.poll() is not None, 60, "the monitor")
        monitor = Monitor(path)
        self.assertEqual(monitor.ask("query-status")["status"], "prelaunch")
        disks = [d["inserted"]["image"]["filename"] for d in monitor.ask("query-block")
                 if "inserted" in d]
        self.assertEqual(disks, [str(self.disk)])
        terminal = next(c["filename"] for c in monitor.ask("query-chardev")
                        if c["filename"].startswith("pty:"))
        with Console(os.open(terminal.removeprefix("pty:"), os.O_RDWR | os.O_NOCTTY)) as console:
            monitor.ask("cont")
            console.line_with(guest.READY, 90)

    def test_of_a_domain(self):
        """By its name, and by a file; what runs is not disturbed."""
        xml = samples.guest_domain("named", self.image, samples.disk(self.disk)
                                   + samples.network_interface("demo"))
        self.call("DefineNetwork", "(sa{sv})", samples.nat_network(), {})
        domain = self.call("DefineDomain", "(sa{sv})", xml, {})
        file = self.host.folder / "named.xml"
        file.write_text(self.client.call(domain, "Domain", "GetXml", *samples.NO_OPTIONS))
        text = self.vireoctl("domain", "xml-to-native", FORMAT, "named")
        self.assertEqual(text, self.vireoctl("domxml-to-native", FORMAT, str(file)))
        self.assertEqual(text, self.vireoctl("domxml-to-native", FORMAT, "--domain", "named"))
        self.assertEqual(text, self.vireoctl("domxml-to-native", "--format", FORMAT,
                                             "--xml", str(file)))
        self.assertIn('"type":"tap"', text)
        self.assertIn(shlex.quote(str(self.disk))[:-1].split("'")[-1], text)
        self.assertEqual(json.loads(self.vireoctl("--json", "domain", "xml-to-native", FORMAT,
                                                  "named")), text.rstrip("\n") + "\n")
        self.client.call(domain, "Domain", "Start", *samples.NO_OPTIONS, timeout=60)
        self.assertEqual(text, self.vireoctl("domain", "xml-to-native", FORMAT, "named"))
        self.client.call(domain, "Domain", "Destroy", *samples.NO_OPTIONS)
        self.assertIn("absent", self.vireoctl("domain", "xml-to-native", FORMAT, "absent",
                                              fails=True))

    def test_volume(self):
        """A volume is where its pool says it is; one of somebody else's is not told of."""
        folder = self.host.folder / "pool"
        folder.mkdir()
        pool = self.call("DefineStoragePool", "(sa{sv})", "<pool type='dir'><name>mine</name>"
                         f"<target><path>{folder}</path></target></pool>", {})
        self.client.call(pool, "StoragePool", "Start", *samples.NO_OPTIONS)
        self.client.call(pool, "StoragePool", "CreateVolume", "(sa{sv})",
                         "<volume><name>v.qcow2</name><capacity unit='MiB'>1</capacity>"
                         "<target><format type='qcow2'/></target></volume>", {}, timeout=60)
        disk = ("<disk type='volume'><driver name='qemu' type='qcow2'/>"
                "<source pool='mine' volume='{}'/><target dev='vda'/></disk>")
        xml = samples.guest_domain("pooled", self.image, disk.format("v.qcow2"))
        self.assertIn(str(folder / "v.qcow2"), self.to_native(xml))
        self.refused("MissingResource", "absent",
                     samples.guest_domain("pooled", self.image, disk.format("absent")))
        self.host.polkit.allow("nobody")
        outcome = self.host.caller("nobody").call(
            self.connection, "Connection", "DomainXmlToNative",
            f"({FORMAT!r}, {xml!r}, @a{{sv}} {{}})")
        self.assertEqual(outcome.error.code, "MissingResource")
        self.assertNotIn(str(folder), outcome.error.message)

    def test_refused(self):
        xml = samples.guest_domain("odd", self.image)
        self.refused("InvalidArgument", "qemu-argv", xml, "xen-xl")
        self.refused("XmlInvalid", "line 1", "<domain type='qemu'><name/></domain>")
        self.refused("MissingResource", "/nonexistent",
                     samples.guest_domain("odd", self.image, emulator="/nonexistent"))
        self.refused("ConfigUnsupported", "hostdev", samples.guest_domain(
            "odd", self.image, "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/>"
            "<product id='0x2'/></source></hostdev>"))
        outcome = self.host.caller("nobody").call(
            self.connection, "Connection", "DomainXmlToNative",
            f"({FORMAT!r}, '<domain/>', @a{{sv}} {{}})")
        self.assertEqual(outcome.error.code, "NotAuthorized")

    def test_features(self):
        features = self.client.get(self.connection, "Connection", "Features")
        self.assertIn("Connection.DomainXmlToNative", features)
        # QEMU keeps nothing that a definition could be made of.
        self.assertNotIn("Connection.DomainXmlFromNative", features)
        with self.assertRaises(BusError) as caught:
            self.call("DomainXmlFromNative", "(ssa{sv})", FORMAT, "qemu", {})
        self.assertEqual(caught.exception.code, "NotSupported")
        self.assertIn("NotSupported", self.vireoctl("domxml-from-native", FORMAT, "/dev/null",
                                                    fails=True))


vireotest.main()
