#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that users name may be on file systems that do not answer: nobody else waits for them, and
the daemon can be stopped and begun."""

import os
import pwd
import unittest

import vireotest
from vireotest import hangfs
from vireotest.client import NAME, Gio, GLib, ROOT

EXAMPLE = vireotest.SOURCE / "data/polkit/examples/vireo-own-machines.rules"
NOBODY = pwd.getpwnam("nobody").pw_uid
NO_OPTIONS = "(@a{sv} {},)"
ALL = {hangfs.LOOKUP, hangfs.GETATTR, hangfs.OPEN, hangfs.READ, hangfs.OPENDIR, hangfs.READDIR,
       hangfs.STATFS}


def machine(name, disk=None):
    devices = "" if disk is None else (
        f"<disk type='file'><driver name='qemu' type='raw'/><source file='{disk}'/>"
        "<target dev='vda' bus='virtio'/></disk>")
    return (f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>"
            f"<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{devices}</devices>"
            "</domain>")


class Hanging(unittest.TestCase):
    def setUp(self):
        self.host = self.enterContext(vireotest.Host("hanging"))
        for above in [self.host.folder, *self.host.folder.parents]:
            above.chmod(above.stat().st_mode | 0o111)
        self.client = self.host.client
        self.connection = self.client.open("qemu:///system")
        self.host.polkit.set_rules(EXAMPLE.read_text())
        self.nobody = self.host.caller("nobody")
        self.files = hangfs.HangFs(self.host.folder / "files", NOBODY)
        self.addCleanup(self.files.close)

    def define(self, name, disk=None):
        outcome = self.nobody.call(self.connection, "Connection", "DefineDomain",
                                   GLib.Variant("(sa{sv})", (machine(name, disk), {})).print_(True))
        return outcome.unpack()

    def wait_until_it_hangs(self, n=1):
        vireotest.wait_until(lambda: len(self.files.unanswered) >= n, 10, f"{n} that hang")

    def check_others(self):
        """Root's, within what is usual."""
        self.client.call(ROOT, "org.freedesktop.DBus.Peer", "Ping", timeout=2)
        path = self.client.call(self.connection, "Connection", "DefineDomain", "(sa{sv})",
                                machine("other"), {})
        self.client.call(path, "Domain", "Start", "(a{sv})", {}, timeout=2)
        self.client.call(path, "Domain", "Destroy", "(a{sv})", {})
        self.client.call(path, "Domain", "Undefine", "(a{sv})", {})

    def pool(self):
        path = self.client.call(
            self.connection, "Connection", "DefineStoragePool", "(sa{sv})",
            f"<pool type='dir'><name>pool</name><target><path>{self.files.path}/dir</path></target>"
            "</pool>", {})
        return path


class Paths(Hanging):
    def test_starts(self):
        """More of them than anything has threads for."""
        paths = [self.define(f"hangs-{n}", f"{self.files.path}/{n}") for n in range(70)]
        self.files.hang = {hangfs.OPEN}
        starts = [self.nobody.start(path, "Domain", "Start", NO_OPTIONS) for path in paths]
        self.wait_until_it_hangs(64)
        for _ in range(2):
            self.check_others()
        job = self.client.get(paths[0], "Domain", "CurrentJob")
        self.assertIsNone(self.nobody.call(job, "Job", "Cancel", NO_OPTIONS).error)
        self.assertEqual(self.nobody.finish(starts[0]).error.code, "Cancelled")
        self.files.release()
        for start in starts[1:]:
            self.nobody.finish(start)

    def test_closing(self):
        """A file system hears of that, too."""
        path = self.define("closed", f"{self.files.path}/closed")
        self.files.hang = {hangfs.FLUSH}
        self.nobody.start(path, "Domain", "Start", NO_OPTIONS)
        self.wait_until_it_hangs()
        self.check_others()

    def test_end(self):
        """The kernel keeps the process until the file system answers; the next does not wait."""
        path = self.define("hangs", f"{self.files.path}/hangs")
        self.files.hang = {hangfs.OPEN}
        self.nobody.start(path, "Domain", "Start", NO_OPTIONS)
        self.wait_until_it_hangs()
        first = self.host.daemon.process
        first.terminate()
        self.client.wait_for_owner(present=False)
        self.host.daemon.start()
        self.assertIsNone(first.poll())
        self.assertFalse(self.client.get(path, "Domain", "Active"))
        self.check_others()
        self.files.release()
        self.assertEqual(first.wait(10), 0)

    def test_pool_that_hangs_at_once(self):
        path = self.pool()
        self.files.hang = {hangfs.LOOKUP}
        start = self.client.call_async(path, "StoragePool", "Start", "(a{sv})", {})
        self.wait_until_it_hangs()
        self.check_others()
        self.files.release()
        with self.assertRaises(vireotest.BusError):
            start.wait()
        self.client.call(path, "StoragePool", "Start", "(a{sv})", {})

    def test_pool_when_the_daemon_begins(self):
        path = self.pool()
        self.client.call(path, "StoragePool", "Start", "(a{sv})", {})
        self.host.daemon.settled()
        self.host.daemon.terminate()
        self.files.hang = ALL
        self.host.daemon.start()
        self.assertFalse(self.client.get(path, "StoragePool", "Active"))
        self.check_others()
        self.client.subscribe()
        self.files.go_on()
        self.client.wait_for(path, "StoragePool", "Active", True)


class HandedOver(Hanging):
    def test_not_taken(self):
        """Every program that is started closes what the daemon has open, and would wait for it."""
        path = self.define("given")
        theirs = os.open(self.files.path / "theirs", os.O_RDWR)
        self.assertEqual(self.hand(path, theirs), "ConfigUnsupported")
        mine = os.open(self.host.folder / "plain", os.O_RDWR | os.O_CREAT)
        self.assertIsNone(self.hand(path, mine))

    def hand(self, path, fd):
        """Returns the error's code."""
        files = Gio.UnixFDList.new_from_array([fd])
        try:
            self.client.connection.call_with_unix_fd_list_sync(
                NAME, path, f"{NAME}.Domain", "AssociateFds",
                GLib.Variant("(saha{sv})", ("files", [0], {})), None, Gio.DBusCallFlags.NONE,
                10000, files, None)
        except GLib.Error as error:
            return vireotest.client.to_bus_error(error).code
        return None


vireotest.main()
