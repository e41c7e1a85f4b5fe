#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How domains are started with files, asked to stop, and undefined with what belongs to them."""

import os
import select

import vireotest
from members import CONNECTION, permit, text
from worklib import WorkCase, options

AGENT = ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>")
CONTAINER = ("<domain type='test'><name>{name}</name><memory>65536</memory>"
             "<os><type>exe</type><init>/bin/sh</init></os></domain>")
MODES = ("acpi-power-button", "guest-agent", "initctl", "signal", "paravirt")


class Case(WorkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.host.polkit.set_rules, "")

    def pipe(self):
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        return ours, theirs

    def hand(self, path, interface, method, signature, *args, fds):
        """Calls with file descriptors, which are closed here."""
        try:
            return self.client.call_async(path, interface, method, signature, *args,
                                          fds=fds).wait()
        finally:
            for fd in fds:
                os.close(fd)

    def is_held(self, ours):
        """Whether somebody has the other end of a pipe."""
        return not select.select([ours], [], [], 0)[0]

    def released(self, ours):
        vireotest.wait_until(lambda: not self.is_held(ours), 10, "the file to be closed")


class Ask(Case):
    def container(self):
        Case.count += 1
        return self.client.call(CONNECTION, "Connection", "CreateDomain", "(sa{sv})",
                                CONTAINER.format(name=f"container{Case.count}"), {})

    def possible(self, path):
        """The modes that a reboot can be asked in."""
        found = set()
        for mode in MODES:
            try:
                self.call(path, "Reboot", "(a{sv})", options(modes=[mode]))
                found.add(mode)
            except vireotest.BusError as error:
                self.assertEqual(error.code, "NotSupported")
        return found

    def test_modes(self):
        machine = self.define()
        self.assertEqual(self.possible(machine), {"acpi-power-button"})
        self.assertEqual(self.possible(self.container()), {"initctl", "signal"})
        xml = self.xml(machine, inactive=True).replace("</devices>", AGENT + "</devices>")
        self.call(machine, "Destroy")
        self.call(machine, "SetXml", "(sa{sv})", xml, {})
        self.call(machine, "Start")
        self.assertEqual(self.possible(machine), {"acpi-power-button", "guest-agent"})
        self.error(machine, "Shutdown", "(a{sv})", options(modes=["paravirt", "initctl"]),
                   code="NotSupported")
        self.error(machine, "Shutdown", "(a{sv})", options(modes=["magic"]),
                   code="InvalidArgument", names="magic")
        self.assertEqual(self.state(machine)[0], "running")
        self.call(machine, "Shutdown", "(a{sv})", options(modes=["paravirt", "guest-agent"]))
        self.assertEqual(self.state(machine), ("shutoff", "shutdown"))
        self.error(machine, "Shutdown", "(a{sv})", options(modes=["guest-agent"]),
                   code="InvalidState")

    def test_agent_takes_more(self):
        path = self.define()
        self.host.polkit.set_rules(permit("action.id == 'org.vireo.vireo1.domain.init-control'"))

        def reboot(*modes):
            return self.nobody.call(path, "Domain", "Reboot",
                                    text("(a{sv})", options(modes=list(modes)))).error
        self.assertIsNone(reboot("acpi-power-button"))
        self.assertEqual(reboot("guest-agent").code, "NotAuthorized")


class Files(Case):
    def start(self, path, *fds, **how):
        self.hand(path, "Domain", "StartWithFiles", "(aha{sv})", list(range(len(fds))),
                  options(**how), fds=list(fds))

    def test_container(self):
        Case.count += 1
        path = self.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                CONTAINER.format(name=f"container{Case.count}"), {})
        ours, theirs = self.pipe()
        self.start(path, theirs, paused=True)
        self.assertEqual(self.state(path)[0], "paused")
        self.assertTrue(self.is_held(ours))
        self.call(path, "Destroy")
        self.released(ours)

    def test_transient(self):
        ours, theirs = self.pipe()
        Case.count += 1
        path = self.hand(CONNECTION, "Connection", "CreateDomainWithFiles", "(saha{sv})",
                         CONTAINER.format(name=f"container{Case.count}"), [0], {}, fds=[theirs])
        self.assertTrue(self.is_held(ours))
        self.call(path, "Destroy")
        self.released(ours)

    def test_machines_have_no_use_for_them(self):
        path = self.define(start=False)
        ours, theirs = self.pipe()
        with self.assertRaises(vireotest.BusError) as caught:
            self.start(path, theirs)
        self.assertEqual(caught.exception.code, "ConfigUnsupported")
        self.assertEqual(self.state(path)[0], "shutoff")
        self.released(ours)

    def test_a_file_that_did_not_come(self):
        path = self.define(start=False)
        self.error(path, "StartWithFiles", "(aha{sv})", [3], {}, code="InvalidArgument",
                   names="did not come")

    def associate(self, path, name, *fds):
        self.hand(path, "Domain", "AssociateFds", "(saha{sv})", name, list(range(len(fds))), {},
                  fds=list(fds))

    def test_groups(self):
        path = self.define(start=False)
        xml = self.xml(path).replace("<source ", "<source fdgroup='images' ")
        self.call(path, "SetXml", "(sa{sv})", xml, {})
        self.error(path, "Start", code="MissingResource", names="images")
        ours, theirs = self.pipe()
        self.associate(path, "images", theirs)
        for _ in range(2):
            self.call(path, "Start")
            self.assertTrue(self.is_held(ours))
            self.call(path, "Destroy")
            self.assertTrue(self.is_held(ours))
        self.associate(path, "images")
        self.released(ours)
        self.error(path, "Start", code="MissingResource")
        ours, theirs = self.pipe()
        self.associate(path, "other", theirs)
        self.error(path, "AssociateFds", "(saha{sv})", "", [], {}, code="InvalidArgument")
        self.call(path, "Undefine")
        self.released(ours)

    def test_bounds(self):
        """The bus itself takes no more than 16 files with a message."""
        path = self.define(start=False)
        self.error(path, "AssociateFds", "(saha{sv})", "x" * 256, [], {}, code="InvalidArgument")
        for number in range(64):
            self.associate(path, f"group{number}", os.open("/dev/null", os.O_RDONLY))
        with self.assertRaises(vireotest.BusError) as caught:
            self.associate(path, "one too many", os.open("/dev/null", os.O_RDONLY))
        self.assertEqual(caught.exception.code, "LimitExceeded")
        self.associate(path, "group7", os.open("/dev/null", os.O_RDONLY))


class Definitions(Case):
    def test_updated(self):
        path = self.define()
        self.assertFalse(self.get(path, "Updated"))
        xml = self.xml(path, inactive=True)
        self.call(path, "SetXml", "(sa{sv})", xml, {})
        self.assertFalse(self.get(path, "Updated"))
        watch = self.watch(path, "org.freedesktop.DBus.Properties", "PropertiesChanged")
        self.call(path, "SetXml", "(sa{sv})", xml.replace(">65536<", ">131072<"), {})
        self.assertTrue(watch.wait().args[1].get("Updated"))
        self.assertTrue(self.get(path, "Updated"))
        self.call(path, "Destroy")
        self.assertFalse(self.get(path, "Updated"))
        self.call(path, "Start")
        self.assertFalse(self.get(path, "Updated"))

    def test_nvram(self):
        path = self.define(start=False)
        xml = self.xml(path).replace("</os>", "<loader type='pflash'>/fw</loader>"
                                     "<nvram>/keeps</nvram></os>")
        self.call(path, "SetXml", "(sa{sv})", xml, {})
        self.error(path, "Undefine", code="InvalidState", names="firmware")
        self.error(path, "Undefine", "(a{sv})", options(nvram=True, keep_nvram=True),
                   code="InvalidOption")
        self.error(path, "Undefine", "(a{sv})", options(tpm=True, keep_tpm=True),
                   code="InvalidOption")
        self.call(path, "Undefine", "(a{sv})", options(nvram=True))
        self.assertFalse(self.client.exists(path))


vireotest.main()
