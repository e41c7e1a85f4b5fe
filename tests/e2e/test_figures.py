#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures of a real guest: what it did is what they say."""

import os
import signal
import subprocess
import time
import unittest

import vireotest
from vireotest import guest, hang, leftovers, samples
from vireotest.client import GLib
from vireotest.console import Console
from vireotest.wait import wait_until

SIZE = 16 << 20


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("figures"))
        cls.client = cls.host.client
        cls.connection = cls.client.open("qemu:///system")
        cls.client.call(cls.connection, "Connection", "DefineNetwork", "(sa{sv})",
                        samples.nat_network(), {})
        image = guest.install(guest.build(), cls.host.folder / "guest")
        cls.disk = cls.host.folder / "disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", cls.disk, str(SIZE)], check=True)
        devices = (samples.disk(cls.disk) + samples.network_interface("demo")
                   + "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>"
                   + "<memballoon model='virtio'/>")
        cls.domain = cls.client.call(
            cls.connection, "Connection", "DefineDomain", "(sa{sv})",
            samples.guest_domain("counted", image, devices), {})
        cls.info_before = cls.block_info("vda")
        cls.client.call(cls.domain, "Domain", "Start", *samples.NO_OPTIONS, timeout=60)
        cls.addClassCleanup(cls.client.call, cls.domain, "Domain", "Destroy", *samples.NO_OPTIONS)
        cls.console = cls.enterClassContext(Console(cls.client.call_for_fd(
            cls.domain, "Domain", "OpenConsole", "(sa{sv})", "", {})))
        cls.console.line_with(guest.READY, 90)
        cls.console.wait_for("guest# ", 20)

    @classmethod
    def block_info(cls, disk):
        return cls.client.call(cls.domain, "Domain", "GetBlockInfo", "(sa{sv})", disk, {})

    def stats(self, *groups, **options):
        options = {name: GLib.Variant("b", value) for name, value in options.items()}
        return self.client.call(self.domain, "Domain", "GetStats", "(asa{sv})", groups, options,
                                timeout=60)

    def file_size(self):
        """In whole sectors, as the emulator has it."""
        return -(-self.disk.stat().st_size // 512) * 512

    def test_disk(self):
        before = self.stats("block")
        self.assertEqual((before["block.count"], before["block.0.name"], before["block.0.path"]),
                         (2, "vda", str(self.disk)))
        self.assertEqual(before["block.0.capacity"], SIZE)
        self.console.run("dd if=/dev/zero of=/dev/vda bs=64k count=32 conv=fsync")
        self.console.run("echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=64k "
                         "count=16")
        after = self.stats("block")
        self.assertGreaterEqual(after["block.0.wr.bytes"] - before["block.0.wr.bytes"], 32 << 16)
        self.assertGreaterEqual(after["block.0.rd.bytes"] - before["block.0.rd.bytes"], 16 << 16)
        self.assertGreater(after["block.0.wr.reqs"], before["block.0.wr.reqs"])
        self.assertGreater(after["block.0.fl.reqs"], before["block.0.fl.reqs"])
        self.assertGreater(after["block.0.wr.times"], before["block.0.wr.times"])
        self.assertEqual(after["block.0.physical"], self.file_size())
        self.assertEqual(after["block.0.allocation"], self.disk.stat().st_blocks * 512)
        self.assertNotIn("block.1.capacity", after)
        # Only what was asked for.
        self.assertEqual([k for k in after if not k.startswith("block.")], [])

    def test_block_info(self):
        self.assertEqual(self.info_before[0], SIZE)
        info = self.block_info("vda")
        self.assertEqual(info, self.block_info(str(self.disk)))
        self.assertEqual(info[0], SIZE)
        self.assertEqual(info[2], self.file_size())
        for disk, code in ("sda", "InvalidState"), ("vdz", "NotFound"):
            with self.assertRaises(vireotest.BusError) as caught:
                self.block_info(disk)
            self.assertEqual(caught.exception.code, code)

    def resize(self, disk, size, **options):
        options = {name: GLib.Variant("b", value) for name, value in options.items()}
        self.client.call(self.domain, "Domain", "BlockResize", "(sta{sv})", disk, size, options)

    def test_another_size(self):
        """The guest sees it, and so does the image."""
        self.addCleanup(self.resize, "vda", SIZE)
        self.resize("vda", 2 * SIZE)
        self.assertEqual(self.block_info("vda")[0], 2 * SIZE)
        wait_until(lambda: str(2 * SIZE // 512) in self.console.run("cat /sys/block/vda/size"),
                   30, "the guest to see a larger disk")
        for disk, size, options, code in (("vda", 0, {}, "InvalidArgument"),
                                          ("vda", SIZE + 1, {}, "InvalidArgument"),
                                          ("vda", 1 << 63, {}, "InvalidArgument"),
                                          ("vda", 0, {"capacity": True}, "NotSupported"),
                                          ("sda", SIZE, {}, "InvalidState"),
                                          ("vdz", SIZE, {}, "NotFound")):
            with self.subTest(disk=disk, size=size):
                with self.assertRaises(vireotest.BusError) as caught:
                    self.resize(disk, size, **options)
                self.assertEqual(caught.exception.code, code)
        self.assertEqual(self.block_info("vda")[0], 2 * SIZE)

    def test_network(self):
        before = self.stats("interface")
        self.assertEqual(before["net.count"], 1)
        self.assertIn(before["net.0.name"], leftovers.links())
        self.console.run("ping -c 5 -i 0.1 -s 1000 192.168.150.1")
        after = self.stats("interface")
        for way in "rx", "tx":
            self.assertGreaterEqual(after[f"net.0.{way}.pkts"] - before[f"net.0.{way}.pkts"], 5)
            self.assertGreaterEqual(after[f"net.0.{way}.bytes"] - before[f"net.0.{way}.bytes"],
                                    5000)
            self.assertEqual(after[f"net.0.{way}.errs"], 0)

    def test_processors(self):
        before = self.stats("cpu", "vcpu")
        self.assertEqual((before["vcpu.current"], before["vcpu.maximum"], before["vcpu.0.state"]),
                         (1, 1, 1))
        self.console.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
        after = self.stats("cpu", "vcpu")
        self.assertGreater(after["vcpu.0.time"], before["vcpu.0.time"])
        self.assertGreaterEqual(after["cpu.time"] - before["cpu.time"],
                                after["vcpu.0.time"] - before["vcpu.0.time"] - 10**8)
        self.assertEqual(after["cpu.time"], after["cpu.user"] + after["cpu.system"])

    def test_memory(self):
        stats = self.stats("balloon")
        self.assertEqual(stats["balloon.maximum"], 256 << 10)
        self.assertGreater(stats["balloon.rss"], 32 << 10)
        first = stats.get("balloon.last-update", 0)
        self.client.call(self.domain, "Domain", "SetMemoryStatsPeriod", "(ua{sv})", 1, {})
        wait_until(lambda: self.stats("balloon").get("balloon.last-update", 0) > first, 30,
                   "the guest to tell of its memory again")
        stats = self.stats("balloon")
        self.assertLess(stats["balloon.unused"], stats["balloon.available"])
        self.assertLess(stats["balloon.available"], 256 << 10)
        self.assertGreater(stats["balloon.last-update"], time.time() - 60)

    def test_all(self):
        stats = self.stats()
        self.assertEqual(stats["state.reason"], "booted")
        for key in ("cpu.time", "balloon.current", "vcpu.0.time", "net.0.rx.bytes",
                    "block.0.rd.reqs"):
            self.assertIn(key, stats)
        many = self.client.call(self.connection, "Connection", "GetDomainStats", "(asa{sv})",
                                ["state", "vcpu"], {})
        self.assertEqual(many[self.domain].keys(), self.stats("state", "vcpu").keys())

    def test_group_that_there_is_not(self):
        self.assertEqual(self.stats("perf"), {})
        with self.assertRaises(vireotest.BusError) as caught:
            self.stats("perf", enforce=True)
        self.assertEqual(caught.exception.code, "NotSupported")

    def test_emulator_that_hangs(self):
        """It neither keeps others waiting nor makes what is known otherwise unknown."""
        pid, = [p for p, command in leftovers.processes().items() if "qemu-system" in command]
        hang(pid)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        began = time.monotonic()
        stats = self.stats(nowait=True)
        self.assertLess(time.monotonic() - began, 4)
        self.assertIn("cpu.time", stats)
        self.assertIn("net.0.rx.bytes", stats)
        self.assertNotIn("block.0.rd.reqs", stats)
        stats = self.stats("block", "cpu")
        self.assertIn("cpu.time", stats)
        self.assertNotIn("block.0.rd.reqs", stats)


class Inactive(unittest.TestCase):
    def test_domain_that_does_not_run(self):
        host = self.enterContext(vireotest.Host("figures"))
        connection = host.client.open("qemu:///system")
        raw = host.folder / "disk.raw"
        raw.write_bytes(b"QFI\xfb" + bytes(1 << 20))
        xml = samples.minimal_domain("still", "qemu",
                                     extra=f"<devices>{samples.disk(raw, 'raw')}</devices>")
        path = host.client.call(connection, "Connection", "DefineDomain", "(sa{sv})", xml, {})
        stats = host.client.call(path, "Domain", "GetStats", "(asa{sv})", [], {})
        self.assertEqual(stats["balloon.maximum"], 64 << 10)
        self.assertEqual(stats["block.0.path"], str(raw))
        self.assertNotIn("cpu.time", stats)
        info = host.client.call(path, "Domain", "GetBlockInfo", "(sa{sv})", "vda", {})
        self.assertEqual(info[0], (1 << 20) + 4)


if __name__ == "__main__":
    vireotest.main()
