#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains that go when those who started them leave the bus."""

import vireotest
from members import CONNECTION
from worklib import WorkCase, guest_xml, options

LIBVIRT = "org.libvirt"
AUTODESTROY = 1 << 1


class Autodestroy(WorkCase):
    def setUp(self):
        super().setUp()
        self.other = self.enterContext(self.host.bus.client())

    def start(self, path, **how):
        self.other.call(path, "Domain", "Start", "(a{sv})", options(**how))

    def leave(self):
        self.other.close()

    def is_off(self, path):
        vireotest.wait_until(lambda: self.get(path, "State") == "shutoff", 10, "the end")
        self.assertEqual(self.state(path), ("shutoff", "destroyed"))

    def test_persistent(self):
        path, kept = self.define(start=False), self.define(start=False)
        self.start(path, autodestroy=True)
        self.start(kept)
        self.assertEqual(self.state(path)[0], "running")
        self.leave()
        self.is_off(path)
        self.assertEqual(self.state(kept)[0], "running")

    def test_transient(self):
        WorkCase.count += 1
        path = self.other.call(CONNECTION, "Connection", "CreateDomain", "(sa{sv})",
                               guest_xml(f"guest{WorkCase.count}", WorkCase.count),
                               options(autodestroy=True, paused=True))
        self.assertEqual(self.state(path)[0], "paused")
        self.leave()
        vireotest.wait_until(lambda: not self.client.exists(path), 10, "the end")

    def test_it_is_of_one_run(self):
        """Who starts it again is somebody else."""
        path = self.define(start=False)
        self.start(path, autodestroy=True)
        self.call(path, "Destroy")
        self.call(path, "Start")
        marker = self.define(start=False)
        self.start(marker, autodestroy=True)
        self.leave()
        self.is_off(marker)
        self.assertEqual(self.state(path)[0], "running")

    def test_what_hangs_is_destroyed_later(self):
        """The slot is somebody's: the domain goes all the same."""
        path = self.define("<t:delay migrate='60000'/>", start=False)
        self.start(path, autodestroy=True)
        self.client.call("/org/vireo/Vireo1", "Manager", "OpenConnection", "(sa{sv})",
                         "test:///there", {})
        self.call(path, "Migrate", "(sa{sv})", "test:///there", options(live=True))
        self.leave()
        self.is_off(path)

    def test_refused(self):
        """A start that fails binds nothing."""
        path = self.define()
        self.error(path, "Start", "(a{sv})", options(autodestroy=True), code="InvalidState")
        marker = self.define(start=False)
        with self.assertRaises(vireotest.BusError):
            self.start(path, autodestroy=True)
        self.start(marker, autodestroy=True)
        self.leave()
        self.is_off(marker)
        self.assertEqual(self.state(path)[0], "running")


class Others(WorkCase):
    """What else a start and a stop can be asked for."""

    def test_taken(self):
        path = self.define(start=False)
        self.call(path, "Start", "(a{sv})", options(bypass_cache=True, reset_nvram=True))
        self.call(path, "Destroy", "(a{sv})", options(remove_logs=True))
        self.assertEqual(self.state(path), ("shutoff", "destroyed"))

    def test_update_cpu(self):
        path = self.define(start=False)
        xml = self.xml(path)
        self.assertEqual(self.xml(path, update_cpu=True), xml)
        cpu = ("<cpu mode='host-model'><topology sockets='1' dies='1' cores='1' threads='1'/>"
               "<feature policy='disable' name='svm'/></cpu>")
        self.call(path, "SetXml", "(sa{sv})", xml.replace("<devices>", cpu + "<devices>"), {})
        self.assertIn("mode='host-model'", self.xml(path))
        shown = self.xml(path, update_cpu=True)
        for part in ("mode='custom'", "<vendor>AMD</vendor>", ">EPYC</model>", "fallback='forbid'",
                     "<feature policy='disable' name='svm'/>", "threads='1'"):
            self.assertIn(part, shown)
        # It is but shown so.
        self.assertIn("mode='host-model'", self.xml(path))
        self.assertNotIn(" id='", shown)
        self.call(path, "Start")
        number = f"<domain type='test' id='{self.get(path, 'Id')}'>"
        for options_ in ({}, {"update_cpu": True}):
            self.assertTrue(self.xml(path, **options_).startswith(number))


vireotest.main()
