#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Users without privileges who may have machines of their own, and try to get more than that."""

import pwd
import unittest

import vireotest
from gi.repository import GLib
from members import CONNECTION, define, permit, text, uuid_of

EXAMPLE = vireotest.SOURCE / "data/polkit/examples/vireo-own-machines.rules"
NOBODY = pwd.getpwnam("nobody").pw_uid
NO_OPTIONS = "(@a{sv} {},)"
HOSTDEV = ("<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/>"
           "<product id='0x0001'/></source></hostdev>")


def machine(name, number, devices=""):
    return (f"<domain type='test'><name>{name}</name><uuid>{uuid_of(number)}</uuid>"
            f"<memory>65536</memory><os><type arch='x86_64'>hvm</type></os>"
            f"<devices>{devices}</devices></domain>")


def plugged_into(network):
    return f"<interface type='network'><source network='{network}'/></interface>"


class Unprivileged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("unprivileged", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        self.host.polkit.set_rules(EXAMPLE.read_text())
        self.addCleanup(self.host.polkit.set_rules, "")

    def define(self, xml, method="DefineDomain"):
        outcome = self.nobody.call(CONNECTION, "Connection", method, text("(sa{sv})", xml, {}))
        if not outcome.error:
            self.addCleanup(self.remove, outcome.unpack())
        return outcome

    def remove(self, path):
        if self.client.exists(path):
            if self.client.get(path, "Domain", "Active"):
                self.client.call(path, "Domain", "Destroy", "(a{sv})", {})
        if self.client.exists(path):
            self.client.call(path, "Domain", "Undefine", "(a{sv})", {})

    def assert_refused(self, outcome, *words):
        self.assertEqual(outcome.error.code, "NotAuthorized")
        for word in words:
            self.assertIn(word, outcome.error.message)

    def test_own_machine(self):
        path = self.define(machine("own", 21, plugged_into("default"))).unpack()
        self.assertEqual(self.client.get(path, "Domain", "Owner"), NOBODY)
        self.assertIsNone(self.nobody.call(path, "Domain", "Start", NO_OPTIONS).error)
        self.assertEqual(self.client.get(path, "Domain", "State"), "running")

    def test_host_device(self):
        for method in "DefineDomain", "CreateDomain":
            self.assert_refused(self.define(machine("greedy", 22, HOSTDEV), method),
                                "domain.unrestricted", "/domain/devices/hostdev")
        self.assertFalse([p for p, i in self.client.managed_objects().items()
                          if i.get("org.vireo.Vireo1.Domain", {}).get("Name") == "greedy"])

    def test_change_to_host_device(self):
        path = self.define(machine("later", 23)).unpack()
        outcome = self.nobody.call(path, "Domain", "SetXml",
                                   text("(sa{sv})", machine("later", 23, HOSTDEV), {}))
        self.assert_refused(outcome, "domain.unrestricted", "hostdev")
        self.assertNotIn("hostdev", self.client.call(path, "Domain", "GetXml", "(a{sv})", {}))

    def test_edits_give_no_more_than_definitions(self):
        """What the owner could not define, no edit makes of what they could."""
        config = {"config": GLib.Variant("b", True)}
        devices = ("<interface type='network'><mac address='52:54:00:00:00:27'/>"
                   "<source network='default'/></interface>")
        path = self.define(machine("edited", 27, devices)).unpack()
        rate = {"inbound.average": GLib.Variant("t", 1000)}
        edits = [("SetLifecycleAction", "(ssa{sv})", ("crash", "coredump-destroy"), True),
                 ("SetLifecycleAction", "(ssa{sv})", ("crash", "coredump-restart"), True),
                 ("SetLifecycleAction", "(ssa{sv})", ("crash", "preserve"), False),
                 ("SetPerfEvents", "(a{sv}a{sv})", ({"cmt": GLib.Variant("b", True)},), True),
                 ("SetInterfaceParameters", "(sa{sv}a{sv})", ("52:54:00:00:00:27", rate), True),
                 ("SetMemory", "(ta{sv})", (32768,), False),
                 ("AddIoThread", "(ua{sv})", (1,), False)]
        for method, signature, arguments, refused in edits:
            with self.subTest(method=method, arguments=arguments):
                outcome = self.nobody.call(path, "Domain", method,
                                           text(signature, *arguments, config))
                if refused:
                    self.assert_refused(outcome, "domain.unrestricted")
                else:
                    self.assertIsNone(outcome.error)
                xml = self.nobody.call(path, "Domain", "GetXml", "({'secure': <true>},)").unpack()
                self.assertIsNone(self.nobody.call(path, "Domain", "SetXml",
                                                   text("(sa{sv})", xml, {})).error)

    def test_snapshot_that_names_files(self):
        """However the text is written."""
        disk = ("<disk type='file'><driver name='test' type='qcow2'/><source file='/own.img'/>"
                "<target dev='vda'/></disk>")
        path = self.define(machine("shot", 24, disk)).unpack()
        encoded = "<?xml version='1.0' encoding='UTF-7'?>"
        for start, source in ("", "source"), (encoded, "+AHM-ource"):
            snapshot = (f"{start}<domainsnapshot><disks><disk name='vda' snapshot='external'>"
                        f"<{source} file='/etc/passwd'/></disk></disks></domainsnapshot>")
            outcome = self.nobody.call(path, "Domain", "CreateSnapshot",
                                       text("(sa{sv})", snapshot, {}))
            self.assertIsNotNone(outcome.error, start)
        self.assertEqual(self.client.call(path, "Domain", "ListSnapshots", "(a{sv})", {}), [])

    def test_networks(self):
        """Only what is marked usable; whether another one exists is not told."""
        hidden = self.client.call(
            CONNECTION, "Connection", "DefineNetwork", "(sa{sv})",
            f"<network><name>hidden</name><uuid>{uuid_of(24)}</uuid></network>", {})
        self.addCleanup(self.client.call, hidden, "Network", "Undefine", "(a{sv})", {})
        exists = self.define(machine("nosy", 25, plugged_into("hidden")))
        absent = self.define(machine("nosy", 25, plugged_into("absent")))
        self.assert_refused(exists, "network.use", '"hidden"')
        self.assert_refused(absent, "network.use", '"absent"')
        self.assertEqual(exists.error.message.replace("hidden", "absent"), absent.error.message)

    def test_writer_of_roots_machine(self):
        """Who may change root's machine may not have files opened with root's rights."""
        path = define(self.client, "roots", 26)
        self.addCleanup(self.remove, path)
        self.host.polkit.set_rules(permit(
            "['domain.write', 'domain.save'].indexOf("
            "action.id.replace('org.vireo.vireo1.', '')) >= 0"))
        disk = ("<disk type='file'><source file='/etc/shadow'/><target dev='vda' bus='virtio'/>"
                "</disk>")
        outcome = self.nobody.call(path, "Domain", "SetXml",
                                   text("(sa{sv})", machine("roots", 26, disk), {}))
        self.assert_refused(outcome, "domain.unrestricted", "another user's domain")
        self.assert_refused(self.define(machine("roots", 26, disk)), "domain.unrestricted")
        self.assertNotIn("shadow", self.client.call(path, "Domain", "GetXml", "(a{sv})", {}))

    def test_unrestricted(self):
        """Who has that permission makes machines of root."""
        self.host.polkit.set_rules(permit("action.id.indexOf('org.vireo.vireo1.') == 0"))
        path = self.define(machine("trusted", 27, HOSTDEV)).unpack()
        self.assertEqual(self.client.get(path, "Domain", "Owner"), 0)


if __name__ == "__main__":
    vireotest.main()
