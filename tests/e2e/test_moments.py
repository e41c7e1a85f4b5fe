#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshots of a real guest and of its images."""

import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from vireotest import guest, samples
from vireotest.client import GLib
from vireotest.console import Console


class Snapshots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = guest.build()

    def setUp(self):
        self.host = self.enterContext(vireotest.Host("moments"))
        self.client = self.host.client
        self.connection = self.client.open("qemu:///system")
        self.disk = self.host.folder / "disk.qcow2"
        base = self.host.folder / "base.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", base, "64M"], check=True)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2",
                        self.disk], check=True)
        self.disk.chmod(0o600)
        self.domain = self.define("kept", samples.disk(self.disk))
        self.addCleanup(self.stop)

    def define(self, name, devices):
        image = guest.install(self.image, self.host.folder / "guest")
        return self.client.call(self.connection, "Connection", "DefineDomain", "(sa{sv})",
                                samples.guest_domain(name, image, devices), {})

    def stop(self):
        if self.host.daemon.process and self.client.get(self.domain, "Domain", "Active"):
            self.call("Destroy")

    def call(self, method, signature="(a{sv})", *args, path=None, interface="Domain", **options):
        options = {name: GLib.Variant("b", value) for name, value in options.items()}
        return self.client.call(path or self.domain, interface, method, signature, *args, options,
                                timeout=60)

    def error(self, *args, **options):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(*args, **options)
        return caught.exception.code

    def snapshot(self, name, **options):
        xml = f"<domainsnapshot><name>{samples.quote(name)}</name></domainsnapshot>"
        return self.call("CreateSnapshot", "(sa{sv})", xml, **options)

    def revert(self, path, **options):
        self.call("Revert", path=path, interface="DomainSnapshot", **options)

    def delete(self, path, **options):
        self.call("Delete", path=path, interface="DomainSnapshot", **options)

    def on_disk(self):
        """As the image itself has them."""
        done = subprocess.run(["qemu-img", "snapshot", "-U", "-l", self.disk], check=True,
                              capture_output=True, text=True)
        return [line.split()[1] for line in done.stdout.splitlines()[2:]]

    def boot(self):
        self.call("Start")
        console = self.console()
        console.line_with(guest.READY, 90)
        console.wait_for("guest# ", 20)
        return console

    def console(self):
        console = Console(self.client.call_for_fd(self.domain, "Domain", "OpenConsole", "(sa{sv})",
                                                  "", {}))
        self.addCleanup(console.close)
        return console

    def state(self):
        return self.client.get(self.domain, "Domain", "State")

    def current(self):
        path = self.client.get(self.domain, "Domain", "CurrentSnapshot")
        return path if path == "/" else self.client.get(path, "DomainSnapshot", "Name")

    def test_running_guest_goes_back(self):
        console = self.boot()
        console.run("echo before > /note; printf on-disk > /dev/vda; sync")
        with self.client.watch(self.domain, "Domain", "Lifecycle") as watch:
            first = self.snapshot("first")
            self.assertEqual(watch.wait(10).args[0], "suspended")
            self.assertEqual(watch.wait(10).args[0], "resumed")
        self.assertEqual(self.state(), "running")
        self.assertEqual(self.client.get(first, "DomainSnapshot", "State"), "running")
        self.assertEqual(self.on_disk(), ["first"])
        console.run("echo after > /note; printf changed > /dev/vda; sync")
        self.revert(first)
        self.assertEqual(self.state(), "running")
        console.type("\n")
        self.assertEqual(console.run("cat /note"), "before")
        self.assertEqual(console.run("echo 3 > /proc/sys/vm/drop_caches; head -c 7 /dev/vda"),
                         "on-disk")
        # From a machine that is off, and to one that stands still.
        self.call("Destroy")
        self.revert(first, paused=True)
        self.assertEqual(self.state(), "paused")
        self.call("Resume")
        console = self.console()
        console.type("\n")
        self.assertEqual(console.run("cat /note"), "before")
        self.delete(first)
        self.assertEqual(self.on_disk(), [])
        self.assertFalse(self.client.exists(first))

    def write(self, text):
        subprocess.run(["qemu-io", "-c", f"write -P {ord(text)} 0 512", self.disk], check=True,
                       capture_output=True)

    def read(self):
        done = subprocess.run(["qemu-io", "-c", "read -v 0 16", self.disk], check=True,
                              capture_output=True, text=True)
        return bytes.fromhex(done.stdout.split()[1])[:1].decode()

    def test_images_of_a_domain_that_does_not_run(self):
        self.write("a")
        one = self.snapshot("one")
        self.write("b")
        two = self.snapshot("two & ' more")
        self.assertEqual(self.client.get(two, "DomainSnapshot", "Parent"), one)
        self.write("c")
        self.assertEqual(self.current(), "two & ' more")
        self.assertEqual(len(self.on_disk()), 2)
        self.revert(one)
        self.assertEqual(self.read(), "a")
        self.assertEqual(self.current(), "one")
        self.revert(two)
        self.assertEqual(self.read(), "b")
        self.assertEqual(self.state(), "shutoff")
        self.delete(one)
        self.assertEqual(self.client.get(two, "DomainSnapshot", "Parent"), "/")
        self.revert(two)
        self.assertEqual(self.disk.stat().st_mode & 0o777, 0o600)

    def test_next_daemon_knows_them(self):
        one = self.snapshot("one")
        two = self.snapshot("two")
        self.revert(one)
        before = [self.call("GetXml", path=p, interface="DomainSnapshot") for p in (one, two)]
        self.host.daemon.kill_and_restart()
        self.client.open("qemu:///system")
        self.assertEqual([self.call("GetXml", path=p, interface="DomainSnapshot")
                          for p in (one, two)], before)
        self.assertEqual(self.current(), "one")
        self.delete(one)
        self.host.daemon.kill_and_restart()
        self.client.open("qemu:///system")
        self.assertFalse(self.client.exists(one))
        self.assertEqual(self.client.get(two, "DomainSnapshot", "Parent"), "/")
        self.assertEqual(self.error("Undefine"), "InvalidState")
        self.assertEqual(self.error("Rename", "(sa{sv})", "other"), "InvalidState")
        self.call("Undefine", **{"snapshots-metadata": True})
        self.domain = self.define("kept", samples.disk(self.disk))
        self.assertEqual(self.current(), "/")
        self.assertEqual(self.on_disk(), ["two"])

    def test_all_disks_or_none(self):
        self.call("Undefine")
        broken = self.host.folder / "broken.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", broken, "1M"], check=True)
        self.domain = self.define("kept", samples.disk(self.disk)
                                  + samples.disk(broken, target="vdb"))
        broken.unlink()
        self.assertEqual(self.error("CreateSnapshot", "(sa{sv})", "<domainsnapshot/>"),
                         "MissingResource")
        self.assertEqual(self.on_disk(), [])
        self.assertEqual(self.current(), "/")

    def test_what_cannot_be_done(self):
        raw = self.host.folder / "disk.raw"
        raw.write_bytes(bytes(1 << 20))
        path = self.define("raw", samples.disk(raw, "raw"))
        xml = "<domainsnapshot/>"
        self.assertEqual(self.error("CreateSnapshot", "(sa{sv})", xml, path=path),
                         "ConfigUnsupported")
        self.assertEqual(self.error("CreateSnapshot", "(sa{sv})", xml, halt=True),
                         "NotSupported")
        self.assertEqual(self.error("CreateSnapshot", "(sa{sv})",
                                    "<domainsnapshot><disks><disk name='vda' snapshot='external'/>"
                                    "</disks></domainsnapshot>"), "NotSupported")
        self.snapshot("one")
        self.assertEqual(self.error("CreateSnapshot", "(sa{sv})",
                                    "<domainsnapshot><name>one</name></domainsnapshot>"),
                         "NameInUse")

    def test_machine_that_has_changed(self):
        """Memory only goes back into the machine that it was of."""
        self.boot()
        one = self.snapshot("one")
        self.call("Destroy")
        found = ElementTree.fromstring(self.call("GetXml"))
        found.find("memory").text = str(300 << 10)
        found.find("currentMemory").text = str(300 << 10)
        self.call("SetXml", "(sa{sv})", ElementTree.tostring(found, encoding="unicode"))
        self.call("Start")
        self.assertEqual(self.error("Revert", path=one, interface="DomainSnapshot"), "AbiMismatch")
        self.assertEqual(self.state(), "running")


if __name__ == "__main__":
    vireotest.main()
