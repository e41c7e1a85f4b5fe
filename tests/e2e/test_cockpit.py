#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cockpit's Machines page on real guests: what a person clicks happens, and is shown."""

import unittest

import cockpit
import vireotest
from vireotest import guest, samples
from vireotest.samples import NO_OPTIONS


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

    def test_the_life_of_a_machine(self):
        page = self.page
        page.wait_text("#vm-web-system-name", "web")
        page.wait_text("#vm-web-system-state", "Shut off")
        page.shot("list")
        page.click("#vm-web-system-run")
        page.wait_text("#vm-web-system-state", "Running")
        self.assertEqual(self.state(), "running")
        page.shot("running")


vireotest.main()
