#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices that come and go, and media that change, while a real guest runs."""

import json
import pathlib
import socket
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from vireotest import guest, leftovers, samples
from vireotest.client import Client, GLib
from vireotest.console import Console
from vireotest.wait import wait_until

BOOT = 90
LIVE = {"live": GLib.Variant("b", True)}
CONFIG = {"config": GLib.Variant("b", True)}
BOTH = {**LIVE, **CONFIG}
PORTS = "<controller type='pci' model='pcie-root-port'/>" * 7
MAC = "52:54:00:00:00:07"
DRIVE = "<disk type='file' device='cdrom'>{}<target dev='sda' bus='scsi'/><readonly/></disk>"
FIXED = "<disk type='file' device='cdrom'><target dev='sdb' bus='sata'/><readonly/></disk>"


class Machine(unittest.TestCase):
    """One guest that all tests here use; each leaves it as it was."""

    devices = ""
    machine = "q35"

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("devices"))
        cls.client = cls.host.client
        cls.connection = cls.client.open("qemu:///system")
        image = guest.install(guest.build(), cls.host.folder / "guest")
        cls.domain = cls.define("plugged", image, cls.devices)
        cls.client.call(cls.domain, "Domain", "Start", *samples.NO_OPTIONS, timeout=60)
        cls.addClassCleanup(cls.client.call, cls.domain, "Domain", "Destroy", *samples.NO_OPTIONS)
        cls.open_console()
        cls.addClassCleanup(lambda: cls.console.close())
        cls.console.line_with(guest.READY, BOOT)
        cls.console.wait_for("guest# ", 20)

    @classmethod
    def open_console(cls):
        cls.console = Console(cls.client.call_for_fd(cls.domain, "Domain", "OpenConsole",
                                                     "(sa{sv})", "", {}))

    def find_again(self):
        """After the daemon came back."""
        self.client.open("qemu:///system")
        self.client.wait_for(self.domain, "Domain", "State", "running")
        self.console.close()
        type(self).open_console()

    @classmethod
    def define(cls, name, image, devices):
        return cls.client.call(
            cls.connection, "Connection", "DefineDomain", "(sa{sv})",
            samples.guest_domain(name, image, devices, machine=cls.machine), {})

    def image(self, name, size="8M", format_="qcow2", *options):
        path = self.host.folder / name
        subprocess.run(["qemu-img", "create", "-q", "-f", format_, *options, path, size],
                       check=True)
        return path

    def call(self, method, signature, *args):
        return self.client.call(self.domain, "Domain", method, signature, *args, timeout=60)

    def error(self, method, signature, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(method, signature, *args)
        return caught.exception

    def attach(self, xml, options=LIVE):
        with self.client.watch(self.domain, "Domain", "DeviceAdded") as watch:
            self.call("AttachDevice", "(sa{sv})", xml, options)
            return watch.wait(10).args[0]

    def detach(self, alias):
        with self.client.watch(self.domain, "Domain", "DeviceRemoved") as watch:
            self.call("DetachDeviceByAlias", "(sa{sv})", alias, LIVE)
            self.assertEqual(watch.wait(10).args[0], alias)

    def attach_and_detach(self, xml):
        """With the guest's knowledge: some kernels hear of no device any more after one that was
        to go while they were still at its coming."""
        count = "ls /sys/bus/pci/devices | wc -l"
        before = int(self.console.run(count))
        alias = self.attach(xml)
        self.run_until(count, str(before + 1))
        self.detach(alias)
        self.run_until(count, str(before))

    def xml(self, **options):
        options = {name: GLib.Variant("b", value) for name, value in options.items()}
        return ElementTree.fromstring(self.call("GetXml", "(a{sv})", options))

    def targets(self, **options):
        return [t.get("dev") for t in self.xml(**options).iterfind("devices/disk/target")]

    def run_until(self, command, expected):
        """The guest learns of its devices when it comes to it."""
        wait_until(lambda: self.console.run(command) == expected, 30,
                   f"the guest to answer {expected!r} to {command!r}")


class Disks(Machine):
    devices = PORTS + "<controller type='scsi' model='virtio-scsi'/>" + DRIVE.format("") + FIXED

    def test_disk_comes_and_goes(self):
        path = self.image("one.qcow2")
        path.chmod(0o600)
        alias = self.attach(samples.disk(path, target="vdb"))
        self.assertEqual(self.targets(), ["sda", "sdb", "vdb"])
        self.assertEqual(self.targets(inactive=True), ["sda", "sdb"])
        self.run_until("cat /sys/block/vda/size", str(8 * 2048))
        self.console.run("echo hotplugged > /dev/vda; sync")
        self.detach(alias)
        self.assertEqual(self.targets(), ["sda", "sdb"])
        self.run_until("ls /sys/block | grep -c vd", "0")
        # Nobody has it open: its lock is free, and what the guest wrote is in it.
        raw = self.host.folder / "one.raw"
        subprocess.run(["qemu-img", "convert", "-O", "raw", path, raw], check=True)
        self.assertTrue(raw.read_bytes().startswith(b"hotplugged"))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_chain(self):
        base = self.image("base.qcow2")
        top = self.image("top.qcow2", "8M", "qcow2", "-b", str(base), "-F", "qcow2")
        for _ in range(3):
            alias = self.attach(samples.disk(top, target="vdb"))
            disk = self.xml().find(f"devices/disk/alias[@name='{alias}']/..")
            self.assertEqual(disk.find("backingStore/source").get("file"), str(base))
            self.detach(alias)

    def test_scsi_disk(self):
        path = self.image("scsi.raw", format_="raw")
        xml = samples.disk(path, "raw", "sdc").replace("bus='virtio'", "bus='scsi'")
        alias = self.attach(xml)
        self.run_until("ls /sys/block | grep -c sd", "1")
        self.detach(alias)
        self.run_until("ls /sys/block | grep -c sd", "0")

    def test_next_start_has_it_too(self):
        path = self.image("both.qcow2")
        alias = self.attach(samples.disk(path, target="vdb"), BOTH)
        self.assertEqual(self.targets(inactive=True), ["sda", "sdb", "vdb"])
        self.call("DetachDevice", "(sa{sv})", "<disk><target dev='vdb'/></disk>", CONFIG)
        self.assertEqual(self.targets(), ["sda", "sdb", "vdb"])
        self.detach(alias)

    def test_failures_leave_nothing(self):
        path = self.image("free.qcow2")
        good = samples.disk(path, target="vdb")
        before = self.call("GetXml", "(a{sv})", {})
        taken = self.xml().find("devices/controller[@type='scsi']/address").attrib
        place = " ".join(f"{k}='{v}'" for k, v in taken.items())
        cases = [
            (samples.disk(self.host.folder / "absent", target="vdb"), "MissingResource"),
            (samples.disk("/dev/null", "raw", "vdb"), "ConfigUnsupported"),
            (good.replace("bus='virtio'", "bus='sata'").replace("vdb", "sdd"),
             "ConfigUnsupported"),
            # What only the emulator finds out, when it has the image already.
            (good.replace("</disk>", "<address type='pci' bus='0' slot='9'/></disk>"),
             "Hypervisor"),
            (good.replace("</disk>", f"<address {place}/></disk>"), None),
        ]
        for xml, code in cases:
            with self.subTest(xml=xml):
                error = self.error("AttachDevice", "(sa{sv})", xml, LIVE)
                if code:
                    self.assertEqual(error.code, code, error)
                self.assertEqual(self.call("GetXml", "(a{sv})", {}), before)
        # Neither the registry of images nor the emulator still has it.
        subprocess.run(["qemu-img", "check", "-q", path], check=True)
        self.detach(self.attach(good))

    def test_full_machine(self):
        path = [self.image(f"many{i}.qcow2") for i in range(7)]
        aliases = []
        self.addCleanup(lambda: [self.detach(a) for a in aliases])
        for i in range(7):
            xml = samples.disk(path[i], target=f"vd{'bcdefgh'[i]}")
            try:
                aliases.append(self.attach(xml))
            except vireotest.BusError as error:
                self.assertEqual(error.code, "ConfigUnsupported")
                self.assertIn("into which this can be plugged", error.message)
                break
        self.assertGreater(len(aliases), 1)
        self.assertLess(len(aliases), 7)

    def test_image_of_another(self):
        path = self.image("shared.qcow2")
        self.addCleanup(self.detach, self.attach(samples.disk(path, target="vdb")))
        xml = samples.minimal_domain("other", "qemu",
                                     extra=f"<devices>{samples.disk(path)}</devices>")
        other = self.client.call(self.connection, "Connection", "DefineDomain", "(sa{sv})", xml, {})
        self.addCleanup(self.client.call, other, "Domain", "Undefine", *samples.NO_OPTIONS)
        with self.assertRaises(vireotest.BusError) as caught:
            self.client.call(other, "Domain", "Start", *samples.NO_OPTIONS, timeout=60)
        self.assertEqual(caught.exception.code, "Busy")

    def test_daemon_comes_back(self):
        """What was plugged in is known to the next daemon, which can take it out."""
        path = self.image("kept.qcow2")
        alias = self.attach(samples.disk(path, target="vdb"))
        before = self.call("GetXml", "(a{sv})", {})
        self.host.daemon.kill_and_restart()
        self.find_again()
        self.assertEqual(self.call("GetXml", "(a{sv})", {}), before)
        self.detach(alias)
        subprocess.run(["qemu-img", "check", "-q", path], check=True)
        self.detach(self.attach(samples.disk(path, target="vdb")))

    # ---- media ----

    def insert(self, path, **options):
        source = f"<source file='{path}'/>" if path else ""
        options = {name: GLib.Variant("b", value) for name, value in options.items()}
        self.call("UpdateDevice", "(sa{sv})", DRIVE.format(source), {**LIVE, **options})

    def test_media(self):
        first, second = self.host.folder / "first.iso", self.host.folder / "second.iso"
        first.write_bytes(b"FIRST".ljust(1 << 20, b"\0"))
        second.write_bytes(b"SECOND".ljust(1 << 20, b"\0"))
        read = "head -c 6 /dev/sr0 2>&1 | tr -d '\\0'"
        with self.client.watch(self.domain, "Domain", "TrayChanged") as watch:
            self.insert(first)
            watch.wait(10, lambda signal: signal.args[1] == "close")
        self.run_until(read, "FIRST")
        self.insert(second)
        self.run_until(read, "SECOND")
        self.assertEqual(self.xml().find("devices/disk/source").get("file"), str(second))
        self.insert(None)
        self.assertIsNone(self.xml().find("devices/disk/source"))
        first.write_bytes(b"again")
        self.insert(second)
        error = self.error("UpdateDevice", "(sa{sv})",
                           DRIVE.format("<source file='/absent'/>"), LIVE)
        self.assertEqual(error.code, "MissingResource")
        self.run_until(read, "SECOND")
        self.insert(None)

    def test_locked_tray(self):
        medium = self.host.folder / "locked.iso"
        medium.write_bytes(bytes(1 << 20))
        self.insert(medium)
        self.run_until("head -c 512 /dev/sr0 | wc -c", "512")
        # As mounting does: whoever has it open keeps the tray shut.
        self.console.run("(sleep 1000 < /dev/sr0 &)")
        error = self.error("UpdateDevice", "(sa{sv})", DRIVE.format(""), LIVE)
        self.assertEqual(error.code, "Busy", error)
        self.assertEqual(self.xml().find("devices/disk/source").get("file"), str(medium))
        self.insert(None, force=True)
        self.assertIsNone(self.xml().find("devices/disk/source"))
        self.console.run("killall sleep")

    def test_what_cannot_change(self):
        path = self.image("fixed.qcow2")
        self.addCleanup(self.detach, self.attach(samples.disk(path, target="vdb")))
        other = samples.disk(self.image("fixed2.qcow2"), target="vdb")
        self.assertEqual(self.error("UpdateDevice", "(sa{sv})", other, LIVE).code, "InvalidState")
        error = self.error("DetachDevice", "(sa{sv})", "<disk><target dev='sdb'/></disk>", LIVE)
        self.assertEqual(error.code, "ConfigUnsupported")


class SparePort(Machine):
    """A machine that was defined without a port for what comes later."""

    def test_takes_a_device(self):
        self.attach_and_detach(samples.disk(self.image("one.qcow2"), target="vdb"))
        self.attach_and_detach(f"<interface type='user'><mac address='{MAC}'/>"
                               "<model type='virtio'/></interface>")

    def test_takes_one_only(self):
        alias = self.attach(samples.disk(self.image("two.qcow2"), target="vdb"))
        self.addCleanup(self.detach, alias)
        error = self.error("AttachDevice", "(sa{sv})",
                           samples.disk(self.image("three.qcow2"), target="vdc"), LIVE)
        self.assertEqual(error.code, "ConfigUnsupported")


class Interfaces(Machine):
    machine = "pc"
    devices = samples.network_interface("demo")

    @classmethod
    def define(cls, name, image, devices):
        cls.client.call(cls.connection, "Connection", "DefineNetwork", "(sa{sv})",
                        samples.nat_network(), {})
        return super().define(name, image, devices)

    def test_interface_comes_and_goes(self):
        links = set(leftovers.links())
        alias = self.attach(samples.network_interface("demo", MAC))
        tap, = set(leftovers.links()) - links
        interface = self.xml().find(f"devices/interface/mac[@address='{MAC}']/..")
        self.assertEqual(interface.find("target").get("dev"), tap)
        self.run_until("cat /sys/class/net/eth1/address", MAC)
        self.console.run("ip link set eth1 up")
        self.run_until("cat /sys/class/net/eth1/carrier", "1")
        text = ElementTree.tostring(interface, encoding="unicode")
        down = text.replace("</interface>", "<link state='down'/></interface>")
        self.call("UpdateDevice", "(sa{sv})", down, LIVE)
        self.run_until("cat /sys/class/net/eth1/carrier", "0")
        self.call("UpdateDevice", "(sa{sv})", text, LIVE)
        self.run_until("cat /sys/class/net/eth1/carrier", "1")
        moved = text.replace('network="demo"', 'network="elsewhere"')
        self.assertEqual(self.error("UpdateDevice", "(sa{sv})", moved, LIVE).code, "NotSupported")
        self.detach(alias)
        self.assertEqual(set(leftovers.links()), links)
        self.run_until("ls /sys/class/net | grep -c eth", "1")

    def test_interface_of_user_mode(self):
        xml = f"<interface type='user'><mac address='{MAC}'/><model type='e1000'/></interface>"
        self.attach_and_detach(xml)

    def test_unknown_network(self):
        links = set(leftovers.links())
        self.error("AttachDevice", "(sa{sv})", samples.network_interface("none", MAC), LIVE)
        self.assertEqual(set(leftovers.links()), links)
        self.assertEqual(len(self.xml().findall("devices/interface")), 1)

    def test_generator_of_random_numbers(self):
        """It stays: there are kernels (6.1.176) that hang when it is to go."""
        xml = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
        count = "ls /sys/bus/pci/devices | wc -l"
        before = int(self.console.run(count))
        self.attach(xml)
        self.run_until(count, str(before + 1))
        self.assertEqual(len(self.xml().findall("devices/rng")), 1)

    def test_input(self):
        xml = "<input type='tablet' bus='virtio'/>"
        self.attach_and_detach(xml)
        self.attach_and_detach(xml)

    def test_released_while_no_daemon_was_there(self):
        path = self.image("away.qcow2")
        alias = self.attach(samples.disk(path, target="vdb"))
        self.run_until("cat /sys/block/vda/size", str(8 * 2048))
        self.call("Suspend", "(a{sv})", {})
        error = self.error("DetachDeviceByAlias", "(sa{sv})", alias, LIVE)
        self.assertEqual(error.code, "TimedOut")
        self.assertEqual(self.targets(), ["vdb"])
        self.host.daemon.kill()
        self.tell_emulator_to_run()
        self.host.daemon.start()
        self.find_again()
        wait_until(lambda: self.targets() == [], 30, "the device to be gone")
        subprocess.run(["qemu-img", "check", "-q", path], check=True)
        self.detach(self.attach(samples.disk(path, target="vdb")))

    def test_clients_of_org_libvirt_are_not_told_that_a_guest_takes_its_time(self):
        disk = samples.disk(self.image("slow.qcow2"), target="vdb")
        self.attach(disk, BOTH)
        self.run_until("cat /sys/block/vda/size", str(8 * 2048))
        self.call("Suspend", "(a{sv})", {})
        path = f"/org/libvirt/QEMU/domain/{self.domain.rsplit('/', 1)[1]}"
        with Client(self.host.bus.address, "org.libvirt") as client, client.watch(
                path=path, interface="org.libvirt.Domain") as watch:
            client.call(path, "org.libvirt.Domain", "DetachDevice", "(su)", disk, 1 | 2)
            self.assertEqual(self.targets(), ["vdb"])
            self.assertEqual(self.targets(inactive=True), [])
            self.assertEqual([s for s in watch.signals if s.member == "DeviceRemoved"], [])
            self.call("Resume", "(a{sv})", {})
            watch.wait(30, lambda s: s.member == "DeviceRemoved")
        self.assertEqual(self.targets(), [])

    def tell_emulator_to_run(self):
        """As its own user would, while no daemon is there, and waits until the device is gone."""
        path, = pathlib.Path(self.host.daemon.run).rglob("*.monitor")
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(path))
            stream = monitor.makefile("rw")
            for command in "qmp_capabilities", "cont":
                stream.write(json.dumps({"execute": command}) + "\n")
                stream.flush()
            for line in stream:
                if json.loads(line).get("event") == "DEVICE_DELETED":
                    return


vireotest.main()
