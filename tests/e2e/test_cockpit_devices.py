#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cockpit's Machines page changes what machines have: disks of pools' volumes, snapshots.

What it does by programs of libvirt's own (virt-xml: processors, interfaces; virt-install) talks to
libvirtd, not to org.libvirt, and is not here.
"""

import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import cockpit
import vireotest
from vireotest import guest, samples

DISKS = "vm-web-disks"


@unittest.skipIf(cockpit.why_not(), cockpit.why_not())
class Devices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("devices"))
        cls.client = cls.host.client
        cls.connection = cls.client.open("qemu:///system")
        cls.folder = cls.host.folder / "pool"
        cls.folder.mkdir()
        cls.pool = cls.connect("DefineStoragePool",
                           f"<pool type='dir'><name>images</name><target><path>{cls.folder}"
                           f"</path></target></pool>")
        cls.client.call(cls.pool, "StoragePool", "Start", "(a{sv})", {})
        network = cls.connect("DefineNetwork", samples.nat_network())
        cls.client.call(network, "Network", "Start", "(a{sv})", {})
        image = guest.install(guest.build(), cls.host.folder / "guest")
        cls.domain = cls.connect("DefineDomain", samples.guest_domain("web", image, ""))
        cls.addClassCleanup(cls.stop)
        cls.server = cockpit.Server(cls.host.bus, cls.host.folder)
        cls.addClassCleanup(cls.server.close)
        cls.page = cockpit.Page(cls.host.folder)
        cls.addClassCleanup(cls.page.close)
        cls.page.open("#/vm?name=web&connection=system")

    @classmethod
    def connect(cls, method, xml):
        return cls.client.call(cls.connection, "Connection", method, "(sa{sv})", xml, {})

    @classmethod
    def stop(cls):
        if cls.client.get(cls.domain, "Domain", "Active"):
            cls.client.call(cls.domain, "Domain", "Destroy", "(a{sv})", {})

    def xml(self, **options):
        options = {name: vireotest.client.GLib.Variant("b", on) for name, on in options.items()}
        return ElementTree.fromstring(
            self.client.call(self.domain, "Domain", "GetXml", "(a{sv})", options))

    def add_disk(self, name):
        page = self.page
        page.click(f"#{DISKS}-adddisk")
        page.fill(f"#{DISKS}-adddisk-new-name", name)
        page.fill(f"#{DISKS}-adddisk-new-size", "8")
        page.shot(f"disk-{name}")
        page.click(f"#{DISKS}-adddisk-dialog-add")
        page.wait_gone(f"#{DISKS}-adddisk-dialog-modal-window")

    def test_1_a_disk_for_later(self):
        self.add_disk("cold.qcow2")
        self.page.find("#vm-web-disks-vda-bus")
        disk = self.xml().find("devices/disk")
        self.assertEqual(disk.find("source").attrib,
                         {"pool": "images", "volume": "cold.qcow2"})
        self.assertTrue((self.folder / "cold.qcow2").exists())
        self.page.shot("disk-added")

    def test_2_a_disk_for_a_guest_that_runs(self):
        self.client.call(self.domain, "Domain", "Start", "(a{sv})", {})
        self.page.wait_text("#vm-web-system-state", "Running")
        self.add_disk("hot.qcow2")
        self.page.find("#vm-web-disks-vdb-bus")
        live = {d.find("source").get("volume"): d for d in self.xml().iter("disk")}
        self.assertEqual(sorted(live), ["cold.qcow2", "hot.qcow2"])
        self.page.shot("disk-plugged")

    def test_3_snapshots(self):
        page = self.page
        self.stop()
        page.wait_text("#vm-web-system-state", "Shut off")
        page.click("#vm-web-add-snapshot-button")
        page.fill("#snapshot-create-dialog-name, #name", "clean")
        page.shot("snapshot")
        page.click(".pf-c-modal-box__footer button.pf-m-primary")
        page.wait_gone(".pf-c-modal-box")
        page.wait_text("#vm-web-snapshot-0-name", "clean")
        page.shot("snapshot-made")
        self.client.call(self.domain, "Domain", "Start", "(a{sv})", {})
        page.wait_text("#vm-web-system-state", "Running")
        page.click("#vm-web-snapshot-0-revert")
        self.confirm()
        page.wait_text("#vm-web-system-state", "Shut off")
        page.click("#delete-vm-web-snapshot-0")
        self.confirm()
        page.wait_gone("#vm-web-snapshot-0-name")
        self.assertEqual(
            self.client.call(self.domain, "Domain", "ListSnapshots", "(a{sv})", {}), [])

    def confirm(self):
        self.page.click(".pf-c-modal-box__footer button.pf-m-danger, "
                        ".pf-c-modal-box__footer button.pf-m-primary")
        self.page.wait_gone(".pf-c-modal-box")

    def test_4_a_volume_that_somebody_else_made(self):
        page = self.page
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.folder / "found.qcow2",
                        "8M"], check=True)
        option = f"#{DISKS}-adddisk-existing-select-volume option[value='found.qcow2']"

        def offered():
            """The dialog shows what the page knew when it was opened."""
            page.click(f"#{DISKS}-adddisk")
            page.click(f"#{DISKS}-adddisk-useexisting")
            if page.has(option):
                return True
            page.click(f"#{DISKS}-adddisk-dialog-cancel")
            page.wait_gone(f"#{DISKS}-adddisk-dialog-modal-window")
            return False
        vireotest.wait_until(offered, 30, "the volume to be offered")
        page.click(option)
        page.shot("volume-found")
        page.click(f"#{DISKS}-adddisk-dialog-add")
        page.wait_gone(f"#{DISKS}-adddisk-dialog-modal-window")
        page.wait_text(f"#{DISKS}", "found.qcow2")
        self.assertIn("found.qcow2", [s.get("volume") for s in self.xml().iter("source")])

    def test_5_what_it_boots_from(self):
        page = self.page
        page.click("#vm-web-boot-order button")
        page.find("#vm-web-order-modal-window")
        page.shot("boot-order")
        page.click("#vm-web-order-modal-save")
        page.wait_gone("#vm-web-order-modal-window")
        page.wait_text("#vm-web-boot-order", "disk")
        self.assertEqual(self.xml().find("devices/disk/boot").get("order"), "1")


vireotest.main()
