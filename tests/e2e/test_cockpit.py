#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cockpit's Machines page on real guests: what a person clicks happens, and is shown."""

import unittest

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
        page.wait_text("#network-lab-system-state", "active")
        network = self.host.client.call(self.connection, "Connection", "LookupNetworkByName",
                                        "(s)", "lab")
        self.assertIs(self.host.client.get(network, "Network", "Active"), True)

    def test_4_pools(self):
        page = self.page
        features = self.host.client.get(self.connection, "Connection", "Features")
        if "Connection.DefineStoragePool" not in features:
            self.skipTest("the QEMU connection has no storage yet")
        folder = self.host.folder / "pool"
        folder.mkdir()
        page.go("#/storages")
        page.click("#create-storage-pool")
        page.fill("#storage-pool-dialog-name", "images")
        page.fill("#storage-pool-dialog-target-group input", str(folder))
        page.click("#create-storage-pool-dialog button.pf-m-primary")
        page.wait_gone("#create-storage-pool-dialog")
        page.shot("pool")


vireotest.main()
