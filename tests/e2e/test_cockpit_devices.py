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
from vireotest.console import Console

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
        if (cls.client.exists(cls.domain)
                and cls.client.get(cls.domain, "Domain", "Active")):
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

    def test_6_a_disk_by_its_path(self):
        """A file that no pool has."""
        page = self.page
        file = self.host.folder / "elsewhere.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", file, "8M"], check=True)
        page.click(f"#{DISKS}-adddisk")
        page.click(f"#{DISKS}-adddisk-custompath")
        dialog = f"#{DISKS}-adddisk-dialog-modal-window"
        page.fill(f"{dialog} input.pf-c-select__toggle-typeahead", str(file))
        page.click(f"{dialog} .pf-c-select__menu button")
        page.shot("disk-by-path")
        page.click(f"#{DISKS}-adddisk-dialog-add")
        page.wait_gone(f"#{DISKS}-adddisk-dialog-modal-window")
        page.wait_text(f"#{DISKS}", "elsewhere.qcow2")
        disk = next(d for d in self.xml().iter("disk")
                    if d.find("source").get("file") == str(file))
        self.assertEqual(disk.find("driver").get("type"), "qcow2")

    def disks(self):
        """What each has, by its target."""
        return {d.find("target").get("dev"): " ".join(d.find("source").attrib.values())
                for d in self.xml().iter("disk")}

    def remove(self, name, button):
        target = next(t for t, source in self.disks().items() if name in source)
        self.page.click(f"#{DISKS}-{target}-action-kebab")
        self.page.click(".pf-c-dropdown__menu .delete-disk, .pf-c-dropdown__menu .pf-m-danger")
        self.page.shot(f"remove-{name}")
        self.page.click(f"#delete-resource-modal-{button}")
        self.page.wait_gone("#delete-resource-modal")
        vireotest.wait_until(lambda: target not in self.disks(), 20, "the disk to go")

    def boot(self):
        """Until the guest does what it is asked."""
        self.client.call(self.domain, "Domain", "Start", "(a{sv})", {})
        force = {"force": vireotest.client.GLib.Variant("b", True)}
        with Console(self.client.call_for_fd(self.domain, "Domain", "OpenConsole", "(sa{sv})", "",
                                             force)) as console:
            console.line_with(guest.READY, 90)
        self.page.wait_text("#vm-web-system-state", "Running")

    def test_7_disks_go(self):
        """Without their files, and with them; from a guest that runs, too."""
        self.remove("found.qcow2", "primary")
        self.assertTrue((self.folder / "found.qcow2").exists())
        self.boot()
        self.remove("elsewhere.qcow2", "primary")
        for inactive in (False, True):
            self.assertNotIn("elsewhere", ElementTree.tostring(self.xml(inactive=inactive),
                                                               "unicode"))
        self.stop()
        self.page.wait_text("#vm-web-system-state", "Shut off")
        self.remove("cold.qcow2", "secondary")
        vireotest.wait_until(lambda: not (self.folder / "cold.qcow2").exists(), 20,
                             "its file to go")

    def test_8_the_machine_goes_with_its_disks(self):
        page = self.page
        self.add_disk("last.qcow2")
        page.find("#vm-web-disks-vda-bus")
        self.boot()
        with self.client.watch() as watch:
            for action in "sendNMI", "forceReboot":
                page.click("#vm-web-system-action-kebab")
                page.click(f"#vm-web-system-{action}")
            watch.wait(matching=lambda signal: signal.member == "Rebooted")
        self.assertFalse(page.has(".pf-c-alert"), page.text())
        page.click("#vm-web-system-action-kebab")
        page.click("#vm-web-system-delete")
        page.shot("delete-with-disks")
        page.click("#vm-web-delete-modal-dialog button.pf-m-danger")
        vireotest.wait_until(lambda: not self.client.exists(self.domain), 30, "it to go")
        vireotest.wait_until(lambda: not (self.folder / "last.qcow2").exists(), 30,
                             "its disk to go")
        self.assertTrue((self.folder / "found.qcow2").exists())
        page.wait_gone("#vm-web-system-state")


vireotest.main()
