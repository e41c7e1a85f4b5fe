#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cockpit's Machines page on real guests: what a person clicks happens, and is shown."""

import unittest
import xml.etree.ElementTree as ElementTree

import cockpit
import vireotest
from vireotest import guest, samples
from vireotest.samples import NO_OPTIONS


VM = "vm-web-system"


@unittest.skipIf(cockpit.why_not(), cockpit.why_not())
class Machines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("cockpit"))
        cls.connection = cls.host.client.open("qemu:///system")
        image = guest.install(guest.build(), cls.host.folder / "guest")
        vnc = "<graphics type='vnc' port='-1' autoport='yes'/>"
        cls.domain = cls.host.client.call(
            cls.connection, "Connection", "DefineDomain", "(sa{sv})",
            samples.guest_domain("web", image, vnc), {})
        cls.server = cockpit.Server(cls.host.bus, cls.host.folder)
        cls.addClassCleanup(cls.server.close)
        cls.page = cockpit.Page(cls.host.folder)
        cls.addClassCleanup(cls.page.close)
        cls.page.open()

    def state(self):
        return self.host.client.get(self.domain, "Domain", "State")

    def menu(self, action):
        """An action in the menu of the machine."""
        self.page.click(f"#{VM}-action-kebab")
        self.page.click(f"#{VM}-{action}")

    def confirm(self):
        self.page.click(".pf-c-modal-box__footer button.pf-m-danger, "
                        ".pf-c-modal-box__footer button.pf-m-primary")
        self.page.wait_gone(".pf-c-modal-box")

    def test_1_the_life_of_a_machine(self):
        page = self.page
        page.go("#/vms")
        page.wait_text(f"#{VM}-name", "web")
        page.wait_text(f"#{VM}-state", "Shut off")
        page.shot("list")
        page.click(f"#{VM}-run")
        page.wait_text(f"#{VM}-state", "Running")
        self.assertEqual(self.state(), "running")
        # An alert would say that something could not be had.
        self.assertFalse(page.has(".pf-c-alert"), page.text())
        page.shot("running")
        self.menu("pause")
        page.wait_text(f"#{VM}-state", "Paused")
        self.assertEqual(self.state(), "paused")
        self.menu("resume")
        page.wait_text(f"#{VM}-state", "Running")
        self.menu("forceOff")
        page.wait_text(f"#{VM}-state", "Shut off")
        self.assertEqual(self.state(), "shutoff")

    def test_2_what_a_machine_has(self):
        page = self.page
        page.go("#/vm?name=web&connection=system")
        page.click("label[for=vm-web-autostart-switch] .pf-c-switch__toggle")
        self.host.client.wait_for(self.domain, "Domain", "Autostart", True)
        page.shot("details")
        page.click("#vm-web-memory-count button")
        page.fill("#vm-web-memory-modal-memory", "128")
        page.shot("memory")
        page.click("#vm-web-memory-modal-save")
        page.wait_gone(".pf-c-modal-box")
        page.wait_text("#vm-web-memory-count", "128")
        page.shot("memory-changed")

    def test_3_networks(self):
        page = self.page
        page.go("#/networks")
        page.click("#create-network")
        page.fill("#create-network-name", "lab")
        page.click("#create-network-dialog button.pf-m-primary")
        page.wait_gone("#create-network-dialog")
        page.find("#network-lab-system-name")
        page.shot("network")
        page.click("#activate-network-lab-system")
        page.wait_text("#network-lab-system-state", "active", whole=True)
        network = self.host.client.call(self.connection, "Connection", "LookupNetworkByName",
                                        "(s)", "lab")
        self.assertIs(self.host.client.get(network, "Network", "Active"), True)
        page.click("#deactivate-network-lab-system")
        page.wait_text("#network-lab-system-state", "inactive")
        self.assertIs(self.host.client.get(network, "Network", "Active"), False)
        page.click("#network-lab-system-action-kebab")
        page.click("#delete-network-lab-system")
        page.click("#delete-resource-modal-primary")
        page.wait_gone("#network-lab-system-name")
        self.assertFalse(self.host.client.exists(network))

    def test_3_addresses_of_networks(self):
        page = self.page
        page.go("#/networks")
        page.click("#create-network")
        page.fill("#create-network-name", "dhcp")
        page.fill("#network-ipv4-address", "192.168.77.1")
        page.click("#network-ipv4-dhcp")
        page.fill("#network-ipv4-dhcp-range-start", "192.168.77.10")
        page.fill("#network-ipv4-dhcp-range-end", "192.168.77.50")
        page.shot("network-dhcp")
        page.click("#create-network-dialog button.pf-m-primary")
        page.wait_gone("#create-network-dialog")
        page.click("#activate-network-dhcp-system")
        page.wait_text("#network-dhcp-system-state", "active", whole=True)
        page.click("tbody:has(#network-dhcp-system-name) .pf-c-table__toggle button")
        page.wait_text("#network-dhcp-system-ipv4-dhcp-range", "192.168.77.10 - 192.168.77.50")
        network = self.host.client.call(self.connection, "Connection", "LookupNetworkByName",
                                        "(s)", "dhcp")
        page.click("#network-dhcp-system-static-host-entries-add")
        page.fill("#add-new-static-entry-mac-address", "52:54:00:aa:bb:cc")
        page.fill("#add-new-static-entry-ip-address", "192.168.77.20")
        page.click("#add-new-static-entry-save")
        page.wait_gone("#add-new-static-entry-save")
        page.wait_text("#network-dhcp-system-ipv4-dhcp-static", "192.168.77.20")
        self.assertEqual(self.hosts(network), [("52:54:00:aa:bb:cc", "192.168.77.20")])
        page.shot("network-host")
        page.click("#delete-network-dhcp-system-ipv4-dhcp-host-0-button")
        self.confirm()
        page.wait_gone("#delete-network-dhcp-system-ipv4-dhcp-host-0-button")
        self.assertEqual(self.hosts(network), [])
        for method in ("Destroy", "Undefine"):
            self.host.client.call(network, "Network", method, *NO_OPTIONS)
        page.wait_gone("#network-dhcp-system-name")

    def hosts(self, network):
        xml = self.host.client.call(network, "Network", "GetXml", *NO_OPTIONS)
        return [(h.get("mac"), h.get("ip")) for h in ElementTree.fromstring(xml).iterfind(
            "ip/dhcp/host")]

    def pool(self):
        return self.host.client.call(self.connection, "Connection", "LookupStoragePoolByName",
                                     "(s)", "images")

    def test_4_pools(self):
        page = self.page
        folder = self.host.folder / "pool"
        folder.mkdir()
        page.go("#/storages")
        page.click("#create-storage-pool")
        page.fill("#storage-pool-dialog-name", "images")
        page.fill("#storage-pool-dialog-target-group input", str(folder))
        page.click("#create-storage-pool-dialog button.pf-m-primary")
        page.wait_gone("#create-storage-pool-dialog")
        page.click("#activate-pool-images-system")
        page.wait_text("#pool-images-system-state", "active", whole=True)
        for name in "Active", "Autostart":
            self.assertIs(self.host.client.get(self.pool(), "StoragePool", name), True, name)
        page.shot("pool")
        self.make_and_delete_a_volume(folder)
        page.click("#deactivate-pool-images-system")
        page.wait_text("#pool-images-system-state", "inactive")
        pool = self.pool()
        page.click("#pool-images-system-action-kebab")
        page.click("#delete-pool-images-system")
        page.click("#storage-pool-delete-modal button.pf-m-danger")
        page.wait_gone("#pool-images-system-name")
        self.assertFalse(self.host.client.exists(pool))

    def make_and_delete_a_volume(self, folder):
        page = self.page
        page.click("tbody:has(#pool-images-system-name) .pf-c-table__toggle button")
        page.click("tbody:has(#pool-images-system-name) button[id^='pf-tab-1-']")
        page.click("#images-system-create-volume-button")
        page.fill("#create-volume-dialog-name", "disk1")
        page.fill("#create-volume-dialog-size", "8")
        page.shot("volume")
        page.click(".pf-c-modal-box__footer button.pf-m-primary")
        page.find("#pool-images-system-volume-disk1-name")
        self.assertTrue((folder / "disk1").exists())
        page.shot("volume-made")
        page.click("tr:has(#pool-images-system-volume-disk1-name) input[type=checkbox]")
        page.click("#storage-volumes-delete")
        page.wait_gone("#pool-images-system-volume-disk1-name")
        self.assertFalse((folder / "disk1").exists())

    PAINTED = """
        const canvas = document.querySelector(".pf-c-console__vnc canvas");
        if (!canvas || !canvas.width) return false;
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 0; i < data.length; i += 4)
          if (data[i] > 60 && data[i + 1] > 60 && data[i + 2] > 60) return true;
        return false;"""

    def test_5_the_console_shows_the_screen(self):
        page = self.page
        self.host.client.call(self.domain, "Domain", "Start", "(a{sv})", {})
        page.go("#/vm?name=web&connection=system")
        page.find(".pf-c-console__vnc canvas")
        # What its firmware writes.
        page.wait_script(self.PAINTED, "letters on the screen")
        page.shot("console")
        self.host.client.call(self.domain, "Domain", "Destroy", "(a{sv})", {})

    def test_6_rename_and_delete(self):
        page = self.page
        page.go("#/vms")
        page.wait_text(f"#{VM}-state", "Shut off")
        self.menu("rename")
        page.fill("#rename-dialog-new-name", "shop")
        page.click("#rename-dialog-confirm")
        page.find("#vm-shop-system-run")
        self.assertEqual(self.host.client.get(self.domain, "Domain", "Name"), "shop")
        page.shot("renamed")
        page.go("#/vms")
        page.wait_text("#vm-shop-system-name", "shop")
        page.click("#vm-shop-system-action-kebab")
        page.click("#vm-shop-system-delete")
        page.shot("delete")
        page.click("#vm-shop-delete-modal-dialog button.pf-m-danger")
        page.wait_gone("#vm-shop-system-name")
        self.assertFalse(self.host.client.exists(self.domain))


vireotest.main()
