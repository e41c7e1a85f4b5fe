#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Features tells beforehand what answers NotSupported."""

import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from members import find_members
from vireotest.client import NAME, GLib

# Of the service, not of a connection.
ELSEWHERE = {f"{NAME}.Manager", f"{NAME}.Job"}
# These would take away what the others are called on.
LAST = {"Undefine", "Delete", "Destroy"}
DOMAIN = ("<domain type='qemu'><name>sample</name><memory unit='MiB'>32</memory>"
          "<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>")
NETWORK = "<network><name>sample</name></network>"
FILTER = "<filter name='sample'/>"
SECRET = "<secret><usage type='volume'><volume>/sample</volume></usage></secret>"


def described():
    """All members in the interfaces' files that a connection can have."""
    for path in sorted((vireotest.SOURCE / "introspection").glob("org.vireo.*.xml")):
        for interface in ElementTree.parse(path).getroot().findall("interface"):
            if interface.get("name") in ELSEWHERE:
                continue
            short = interface.get("name").rsplit(".", 1)[1]
            yield from (f"{short}.{e.get('name')}" for e in interface.findall("method"))
            yield from (f"{short}.{e.get('name')}" for e in interface.findall("property")
                        if e.get("access") != "read")


class Features(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("features").start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client

    def features(self, connection):
        return set(self.client.get(connection, "Connection", "Features"))

    def test_the_test_driver_has_all(self):
        connection = self.client.open("test:///default")
        self.assertEqual(set(described()) - self.features(connection), set())

    def test_nothing_that_is_not_described(self):
        for uri in "test:///default", "qemu:///system":
            self.assertEqual(self.features(self.client.open(uri)) - set(described()), set())

    def lacks(self, member):
        """Whether the driver has no function for it, whatever it thinks of the arguments."""
        path, interface, method, parameters = member.call()
        try:
            self.client.call_variant(path, interface, method,
                                     GLib.Variant.parse(None, parameters, None, None))
        except vireotest.BusError as error:
            return (error.code == "NotSupported"
                    and f"driver of this connection has no {member.name}" in error.message)
        return False

    def test_qemu(self):
        connection = self.client.open("qemu:///system")
        folder = self.host.folder / "pool"
        folder.mkdir()
        self.define(connection, "Domain", DOMAIN)
        self.define(connection, "Network", NETWORK)
        self.define(connection, "NetworkFilter", FILTER)
        self.define(connection, "Secret", SECRET)
        pool = self.define(connection, "StoragePool",
                           f"<pool type='dir'><name>sample</name><target><path>{folder}</path>"
                           "</target></pool>")
        self.client.call(pool, "StoragePool", "Start", "(a{sv})", {})
        self.client.call(pool, "StoragePool", "CreateVolume", "(sa{sv})",
                         "<volume><name>sample</name><capacity>1024</capacity></volume>", {})
        features = self.features(connection)
        members = {}
        for path in self.client.managed_objects():
            if path.startswith(connection):
                members.update({m.key: m for m in find_members(self.client, path)})
        self.assertIn("StorageVolume.Wipe", members)
        for member in sorted(members.values(), key=lambda m: m.name in LAST):
            with self.subTest(member.key):
                self.assertEqual(self.lacks(member), member.key not in features)

    def define(self, connection, kind, xml):
        return self.client.call(connection, "Connection", f"Define{kind}", "(sa{sv})", xml, {})


vireotest.main()
