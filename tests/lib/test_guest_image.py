#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test guest, started by hand: what the tests of the service rely on."""

import json
import shutil
import socket
import subprocess
import tempfile
import pathlib
import unittest
from unittest import mock

import vireotest
from vireotest import guest
from vireotest.console import Console


class Machine:
    """QEMU started by hand, with the guest's console and a QMP monitor on sockets."""

    def __init__(self, folder, image):
        self.ends = [socket.socketpair() for _ in range(2)]
        fds = [theirs.fileno() for _ours, theirs in self.ends]
        self.process = subprocess.Popen(
            [guest.EMULATOR, "-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none",
             "-no-reboot", "-m", "192",
             "-chardev", f"socket,id=c,fd={fds[0]}", "-serial", "chardev:c",
             "-chardev", f"socket,id=m,fd={fds[1]}", "-mon", "chardev=m,mode=control",
             "-netdev", "user,id=n,restrict=on", "-device", "virtio-net-pci,netdev=n",
             "-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", image.cmdline],
            stdin=subprocess.DEVNULL, stderr=open(folder / "qemu.log", "w"), pass_fds=fds)
        for _ours, theirs in self.ends:
            theirs.close()
        self.console = Console(self.ends[0][0].detach())
        self.monitor = self.ends[1][0].makefile("rw")
        self.monitor.readline()
        self.qmp("qmp_capabilities")

    def qmp(self, command):
        self.monitor.write(json.dumps({"execute": command}) + "\n")
        self.monitor.flush()

    def stop(self):
        self.process.kill()
        self.process.wait()


class GuestImage(unittest.TestCase):
    def setUp(self):
        self.image = guest.build()
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_boots_answers_and_powers_off(self):
        machine = Machine(self.folder, self.image)
        self.addCleanup(machine.stop)
        banner = machine.console.line_with(guest.READY, 90)
        self.assertRegex(banner, r"ip=10\.0\.2\.\d+ ")
        machine.console.wait_for("guest# ", 20)
        self.assertEqual(machine.console.run("uname -s; hostname"), "Linux\nvireo-guest")
        machine.qmp("system_powerdown")
        machine.console.wait_for(guest.POWER_BUTTON, 20)
        self.assertEqual(machine.process.wait(20), 0)

    def test_probe_tells_what_does_not_boot(self):
        self.assertTrue(guest.boots_with(self.image, "tcg", 90))
        broken = guest.Guest(self.folder)
        shutil.copy(self.image.kernel, broken.kernel)
        broken.initrd.write_bytes(b"")
        self.assertFalse(guest.boots_with(broken, "tcg", 20))


class Cache(unittest.TestCase):
    def test_second_time_needs_no_network(self):
        first = guest.build()

        def offline(command, cwd=None):
            raise guest.GuestUnavailable(f"{command[0]} in vain")
        with mock.patch.object(guest, "output", offline):
            self.assertEqual(guest.build().folder, first.folder)

    def test_says_why_there_is_none(self):
        def offline(command, cwd=None):
            raise guest.GuestUnavailable("no network")
        with tempfile.TemporaryDirectory() as empty, mock.patch.object(guest, "output", offline):
            with self.assertRaisesRegex(guest.GuestUnavailable, "no network"):
                guest.build(empty)

    def test_modules_come_after_what_they_need(self):
        names = {"a": b"\0depends=b,c\0", "b": b"\0depends=\0", "c": b"\0depends=b\0"}
        with tempfile.TemporaryDirectory() as folder:
            index = {}
            for name, data in names.items():
                index[name] = pathlib.Path(folder) / f"{name}.ko"
                index[name].write_bytes(data)
            self.assertEqual(guest.load_order(index, ["a", "absent"]), ["b", "c", "a"])


vireotest.main(isolated=False, prepare=guest.prepare)
