#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines of many kinds on a real QEMU: boot devices, displays, architectures, networks, trouble.

The guests are boot sectors that say who they are on the serial port, so each is up in a second.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from vireotest import guest, hang, leftovers, samples
from vireotest.client import GLib
from vireotest.console import Console
from vireotest.samples import NO_OPTIONS
from vireotest.wait import wait_until

SECTOR = 512
CD_SECTOR = 2048
PASSWORD = "s3cret77"
TRUE = GLib.Variant("b", True)


def boot_sector(text):
    """Code that writes a text to the first serial port, and halts."""
    code = bytes.fromhex("31c0 8ed8 fc baf803 be167c ac 84c0 7403 ee ebf8 f4 ebfd")
    return (code + text.encode() + b"\n\0").ljust(SECTOR - 2, b"\0") + b"\x55\xaa"


def bootable_disk(path, text):
    path.write_bytes(boot_sector(text).ljust(1 << 20, b"\0"))
    path.chmod(0o600)
    return path


def bootable_cd(path, text):
    """An image as El Torito 1.0 says: boot record, catalog, and a sector without emulation."""
    record = b"\0CD001\1EL TORITO SPECIFICATION".ljust(0x47, b"\0") + struct.pack("<I", 19)
    primary = b"\1CD001\1"
    check = b"\1\0\0\0" + b"\0" * 24
    check += struct.pack("<H", (-0xaa55 - 1) & 0xffff) + b"\x55\xaa"
    entry = b"\x88\0\0\0\0\0" + struct.pack("<HI", 1, 20)
    sectors = [primary, record, b"\xffCD001\1", check + entry, boot_sector(text)]
    path.write_bytes(b"\0" * 16 * CD_SECTOR
                     + b"".join(s.ljust(CD_SECTOR, b"\0") for s in sectors)
                     + b"\0" * 64 * CD_SECTOR)
    return path


def disk(path, target="vda", bus="virtio", device="disk", order=None, extra=""):
    boot = f"<boot order='{order}'/>" if order else ""
    return (f"<disk type='file' device='{device}'><driver name='qemu' type='raw'/>"
            f"<source file='{path}'/><target dev='{target}' bus='{bus}'/>{boot}{extra}</disk>")


def machine(name, devices="", machine_="q35", arch="x86_64", os_="", memory=16):
    return (f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory>"
            f"<vcpu>1</vcpu><os><type arch='{arch}' machine='{machine_}'>hvm</type>{os_}</os>"
            f"<devices>{devices}<serial type='pty'/></devices></domain>")


def qemu_of(name):
    found = [pid for pid, command in leftovers.processes().items()
             if "qemu-system" in command and name in command]
    return found[0] if found else None


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("machines"))
        cls.client = cls.host.client
        cls.connection = cls.client.open("qemu:///system")
        cls.folder = cls.host.folder

    def tearDown(self):
        for path, facts in self.client.managed_objects().items():
            for kind in ("Domain", "Network"):
                if path.startswith(self.connection) and f"org.vireo.Vireo1.{kind}" in facts:
                    if facts[f"org.vireo.Vireo1.{kind}"]["Active"]:
                        self.do(path, "Destroy", kind)
                    if self.client.exists(path):
                        self.do(path, "Undefine", kind)

    def define(self, xml, kind="Domain"):
        return self.client.call(self.connection, "Connection", f"Define{kind}", "(sa{sv})", xml, {})

    def do(self, path, method, interface="Domain"):
        return self.client.call(path, interface, method, *NO_OPTIONS, timeout=60)

    def start(self, xml):
        domain = self.define(xml)
        self.do(domain, "Start")
        return domain

    def refused(self, code, call, *arguments, **named):
        with self.assertRaises(vireotest.BusError) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.code, code, str(caught.exception))
        return caught.exception

    def devices(self, domain, **options):
        options = {key: GLib.Variant("b", value) for key, value in options.items()}
        xml = self.client.call(domain, "Domain", "GetXml", "(a{sv})", options)
        return ElementTree.fromstring(xml).find("devices")


class Boot(Case):
    """What a machine boots from says so."""

    def says(self, expected, xml):
        domain = self.define(xml)
        self.client.call(domain, "Domain", "Start", "(a{sv})", {"paused": TRUE})
        with Console(self.client.call_for_fd(domain, "Domain", "OpenConsole", "(sa{sv})", "",
                                             {})) as console:
            self.do(domain, "Resume")
            self.assertEqual(console.line_with("I am", 30), f"I am {expected}")
        self.assertEqual(self.client.get(domain, "Domain", "State"), "running")
        self.do(domain, "Destroy")

    def disks(self, bus, prefix, first, second):
        one = bootable_disk(self.folder / "one", "I am one")
        two = bootable_disk(self.folder / "two", "I am two")
        return (disk(one, f"{prefix}a", bus, order=first)
                + disk(two, f"{prefix}b", bus, order=second))

    def test_order_of_two_disks(self):
        for bus, prefix, machine_ in (("virtio", "vd", "q35"), ("sata", "sd", "q35"),
                                      ("virtio", "vd", "pc"), ("ide", "hd", "pc")):
            for first, second, expected in ((1, 2, "one"), (2, 1, "two")):
                with self.subTest(f"{bus} on {machine_}, {expected}"):
                    name = f"{bus}-{machine_}-{expected}"
                    self.says(expected, machine(name, self.disks(bus, prefix, first, second),
                                                machine_))

    def test_cdrom(self):
        cd = bootable_cd(self.folder / "cd.iso", "I am a cd")
        cd.chmod(0o444)
        one = disk(bootable_disk(self.folder / "one", "I am one"))
        for bus, target, machine_ in (("sata", "sda", "q35"), ("ide", "hda", "pc")):
            with self.subTest(bus):
                devices = one + disk(cd, target, bus, "cdrom", extra="<readonly/>")
                self.says("a cd", machine(f"cd-{bus}", devices, machine_,
                                          os_="<boot dev='cdrom'/><boot dev='hd'/>"))
                self.says("one", machine(f"hd-{bus}", devices, machine_,
                                         os_="<boot dev='hd'/><boot dev='cdrom'/>"))

    def test_empty_drive(self):
        empty = "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"
        devices = disk(bootable_disk(self.folder / "one", "I am one")) + empty
        self.says("one", machine("empty", devices, os_="<boot dev='cdrom'/><boot dev='hd'/>"))

    def test_qcow2_with_a_backing_file(self):
        base = bootable_disk(self.folder / "base", "I am one")
        top = self.folder / "top.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top],
                       check=True)
        before = base.read_bytes()
        self.says("one", machine("layers", samples.disk(top)))
        self.assertEqual(base.read_bytes(), before)

    def test_arm64(self):
        if not shutil.which("qemu-system-aarch64"):
            self.skipTest("qemu-system-aarch64 is not installed")
        domain = self.start(machine("arm", machine_="virt", arch="aarch64", memory=64))
        self.assertEqual(self.client.get(domain, "Domain", "State"), "running")
        self.assertIn("qemu-system-aarch64", leftovers.processes()[qemu_of("arm")])
        self.do(domain, "Suspend")
        self.assertEqual(self.client.get(domain, "Domain", "State"), "paused")


class Images(Case):
    def test_one_writer(self):
        image = bootable_disk(self.folder / "image", "I am one")
        self.start(machine("first", disk(image)))
        second = self.define(machine("second", disk(image)))
        error = self.refused("Busy", self.do, second, "Start")
        self.assertIn(str(image), error.message)
        # Who may start the second may not be allowed to know of the first.
        self.assertNotIn("first", error.message)
        self.assertEqual(self.client.get(second, "Domain", "State"), "shutoff")
        self.assertIsNone(qemu_of("second"))

    def test_many_readers(self):
        image = bootable_disk(self.folder / "image", "I am one")
        for name in ("first", "second"):
            self.start(machine(name, disk(image, extra="<readonly/>")))

    def test_no_image(self):
        path = self.folder / "nowhere" / "image"
        domain = self.define(machine("none", disk(path)))
        error = self.refused("MissingResource", self.do, domain, "Start")
        self.assertIn(str(path), error.message)
        self.assertEqual(self.client.get(domain, "Domain", "State"), "shutoff")

    def test_image_that_is_none(self):
        for what, make in (("folder", pathlib.Path.mkdir), ("pipe", os.mkfifo)):
            with self.subTest(what):
                path = self.folder / f"a-{what}"
                make(path)
                domain = self.define(machine(f"of-a-{what}", disk(path)))
                with self.assertRaises(vireotest.BusError) as caught:
                    self.do(domain, "Start")
                self.assertIn(str(path), caught.exception.message)
                self.assertNotEqual(caught.exception.code, "Internal")


class Display(Case):
    def vnc(self, password=""):
        extra = f" passwd='{password}'" if password else ""
        domain = self.start(machine(
            "screen", f"<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'{extra}/>"
            "<video><model type='vga'/></video>"))
        return domain, int(self.devices(domain).find("graphics").get("port"))

    @contextlib.contextmanager
    def greeting(self, port):
        """A client that said which version it speaks: what security the server offers."""
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.settimeout(20)
            self.assertEqual(client.recv(12, socket.MSG_WAITALL), b"RFB 003.008\n")
            client.sendall(b"RFB 003.008\n")
            number, = client.recv(1)
            yield set(client.recv(number, socket.MSG_WAITALL))

    def test_vnc(self):
        domain, port = self.vnc()
        self.assertGreaterEqual(port, 5900)
        with self.greeting(port) as security:
            self.assertEqual(security, {1})
        self.assertEqual(self.devices(domain, inactive=True).find("graphics").get("port"), "-1")

    def test_password_is_kept(self):
        domain, port = self.vnc(PASSWORD)
        with self.greeting(port) as security:
            self.assertEqual(security, {2})
        self.assertNotIn(PASSWORD, self.do(domain, "GetXml"))
        self.assertEqual(self.devices(domain, secure=True).find("graphics").get("passwd"), PASSWORD)
        self.assertNotIn(PASSWORD, leftovers.processes()[qemu_of("screen")])
        self.assertNotIn(PASSWORD, self.host.daemon.log_file.read_text())
        for folder in ("run", "state", "log", "cache"):
            for file in (self.host.daemon.folder / folder).rglob("*"):
                if file.is_file() and PASSWORD.encode() in file.read_bytes():
                    self.assertEqual(file.stat().st_mode & 0o077, 0, file)
        # It is there after a kill, too.
        self.host.daemon.kill_and_restart()
        self.assertEqual(self.devices(domain, secure=True).find("graphics").get("passwd"), PASSWORD)
        with self.greeting(port) as security:
            self.assertEqual(security, {2})


class Plugs(Case):
    """Interfaces on networks that come and go."""

    NETWORK = "<network><name>lan</name><bridge name='vireo5'/></network>"

    def taps(self):
        """The devices in the bridge, which may be gone."""
        done = subprocess.run(["ip", "-json", "link", "show", "master", "vireo5"],
                              capture_output=True, text=True)
        return {link["ifname"] for link in json.loads(done.stdout or "[]") if link}

    def setUp(self):
        self.network = self.define(self.NETWORK, "Network")
        self.domain = self.start(machine("plugged", samples.network_interface("lan")))

    def test_network_that_is_restarted(self):
        before = self.taps()
        self.assertEqual(len(before), 1)
        self.do(self.network, "Destroy", "Network")
        self.assertEqual(self.client.get(self.domain, "Domain", "State"), "running")
        self.assertNotIn("vireo5", leftovers.links())
        self.do(self.network, "Start", "Network")
        self.assertEqual(self.taps(), before)
        self.do(self.domain, "Destroy")
        self.assertEqual(self.taps(), set())
        self.assertEqual(before & leftovers.links(), set())

    def test_live_definition_says_what_is_plugged_where(self):
        source = self.devices(self.domain).find("interface/source")
        self.assertEqual(source.get("network"), "lan")
        self.assertEqual(source.get("bridge"), "vireo5")
        target = self.devices(self.domain).find("interface/target")
        self.assertEqual({target.get("dev")}, self.taps())
        inactive = self.devices(self.domain, inactive=True).find("interface")
        self.assertIsNone(inactive.find("source").get("bridge"))
        self.assertIsNone(inactive.find("target"))

    def test_live_definition_can_be_defined_again(self):
        """What was chosen for one guest is not asked for by the next."""
        live = self.do(self.domain, "GetXml")
        tree = ElementTree.fromstring(live)
        tree.remove(tree.find("uuid"))
        tree.find("name").text = "copied"
        tree.find("devices/interface").remove(tree.find("devices/interface/mac"))
        self.start(ElementTree.tostring(tree, encoding="unicode"))
        self.assertEqual(len(self.taps()), 2)

    def test_no_network(self):
        lost = self.define(machine("lost", samples.network_interface("nowhere")))
        error = self.refused("NotFound", self.do, lost, "Start")
        self.assertIn("nowhere", error.message)
        self.assertEqual(len(self.taps()), 1)


class Trouble(Case):
    def test_killed_guest(self):
        domain = self.start(machine("killed"))
        with self.client.watch(domain, "Domain", "Lifecycle") as watch:
            os.kill(qemu_of("killed"), signal.SIGKILL)
            self.assertEqual(watch.wait(20).args, ("stopped", "failed"))
        self.assertEqual(self.client.get(domain, "Domain", "State"), "shutoff")
        self.assertEqual(self.client.get(domain, "Domain", "StateReason"), "crashed")
        self.assertEqual(self.client.get(domain, "Domain", "Id"), 0)

    def test_stopped_process_is_destroyed(self):
        hung, well = self.start(machine("hung")), self.start(machine("well"))
        pid = qemu_of("hung")
        hang(pid)
        graceful = self.client.call_async(hung, "Domain", "Destroy", "(a{sv})", {"graceful": TRUE},
                                          timeout=60)
        for method, state in (("Suspend", "paused"), ("Resume", "running")):
            self.do(well, method)
            self.assertEqual(self.client.get(well, "Domain", "State"), state)
        with self.assertRaises(vireotest.BusError) as refused:
            graceful.wait(20)
        self.assertEqual(refused.exception.code, "HypervisorUnresponsive")
        self.assertIn("within 5 s", str(refused.exception))
        self.assertEqual(self.client.get(hung, "Domain", "Active"), True)
        self.do(hung, "Destroy")
        self.assertEqual(self.client.get(hung, "Domain", "State"), "shutoff")
        self.assertNotIn(pid, leftovers.processes())

    def test_what_waits_for_a_machine_that_is_destroyed(self):
        hung = self.start(machine("given-up"))
        hang(qemu_of("given-up"))
        waits = self.client.call_async(hung, "Domain", "Suspend", *NO_OPTIONS, timeout=60)
        self.do(hung, "Destroy")
        with self.assertRaises(vireotest.BusError) as refused:
            waits.wait(20)
        self.assertEqual(refused.exception.code, "Cancelled")
        self.assertIn("Suspend was given up", str(refused.exception))

    def test_since_when_survives_the_daemon(self):
        domain = self.start(machine("since"))
        before = self.client.get(domain, "Domain", "StateChangedAt")
        record, = self.host.daemon.run.rglob("*.status")
        # Nobody who starts a machine waits until that is written down.
        wait_until(lambda: str(before) in record.read_text(), 10, "the time in the record")
        self.host.daemon.kill_and_restart()
        self.client.wait_for(domain, "Domain", "State", "running")
        self.assertEqual(self.client.get(domain, "Domain", "StateChangedAt"), before)
        self.assertEqual(self.client.get(domain, "Domain", "StateReason"), "booted")

    def test_transient_machine_survives_the_daemon(self):
        xml = machine("fleeting")
        domain = self.client.call(self.connection, "Connection", "CreateDomain", "(sa{sv})", xml,
                                  {"paused": TRUE})
        self.host.daemon.kill_and_restart()
        self.client.wait_for(domain, "Domain", "State", "paused")
        self.assertFalse(self.client.get(domain, "Domain", "Persistent"))
        self.do(domain, "Destroy")
        self.assertFalse(self.client.exists(domain))

    def test_undefined_while_it_runs(self):
        domain = self.start(machine("leaving"))
        self.do(domain, "Undefine")
        self.assertEqual(self.client.get(domain, "Domain", "State"), "running")
        self.assertFalse(self.client.get(domain, "Domain", "Persistent"))
        self.host.daemon.kill_and_restart()
        self.client.wait_for(domain, "Domain", "State", "running")
        self.do(domain, "Destroy")
        self.assertFalse(self.client.exists(domain))

    def test_rename(self):
        domain = self.start(machine("old-name"))
        rename = (domain, "Domain", "Rename", "(sa{sv})", "new-name", {})
        self.refused("InvalidState", self.client.call, *rename)
        self.do(domain, "Destroy")
        self.client.call(*rename)
        self.host.daemon.kill_and_restart()
        self.assertEqual(self.client.get(domain, "Domain", "Name"), "new-name")
        self.refused("NotFound", self.client.call, self.connection, "Connection",
                     "LookupDomainByName", "(s)", "old-name")
        self.do(domain, "Start")
        self.assertIsNotNone(qemu_of("new-name"))


vireotest.main(prepare=guest.prepare_emulator)
