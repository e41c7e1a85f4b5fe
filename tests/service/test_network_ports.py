#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ports of networks."""

import unittest

import vireotest
from members import CONNECTION, permit, text
from vireotest.client import GLib

OWNER = "aaaaaaaa-0000-4000-8000-000000000001"


def port_xml(number, more=""):
    return (f"<networkport><uuid>{uuid_of(number)}</uuid><owner><name>vm</name>"
            f"<uuid>{OWNER}</uuid></owner><mac address='52:54:00:00:00:0{number}'/>{more}"
            "</networkport>")


def uuid_of(number):
    return f"dddddddd-0000-4000-8000-{number:012x}"


class Ports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("ports", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.nobody = cls.host.caller("nobody")
        cls.network = cls.client.call(CONNECTION, "Connection", "LookupNetworkByName", "(s)",
                                      "default")

    def setUp(self):
        self.addCleanup(self.host.polkit.set_rules, "")

    def call(self, path, interface, method, signature="(a{sv})", *args):
        return self.client.call(path, interface, method, signature, *(args or ({},)))

    def create(self, number, more=""):
        path = self.call(self.network, "Network", "CreatePort", "(sa{sv})",
                         port_xml(number, more), {})
        self.addCleanup(self.remove, path)
        return path

    def remove(self, path):
        if self.client.exists(path):
            self.call(path, "NetworkPort", "Delete")

    def error(self, code, names, function, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            function(*args)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertIn(names, caught.exception.message)

    def set(self, path, **values):
        self.call(path, "NetworkPort", "SetParameters", "(a{sv}a{sv})",
                  {k.replace("_", "."): v if isinstance(v, GLib.Variant)
                   else GLib.Variant("u", v) for k, v in values.items()}, {})

    def test_create_and_find(self):
        path = self.create(1)
        self.assertTrue(path.startswith(f"{self.network}/ports/_"))
        self.assertEqual(self.client.get_all(path, "NetworkPort"), {
            "Uuid": uuid_of(1), "OwnerName": "vm", "OwnerUuid": OWNER, "Mac": "52:54:00:00:00:01",
            "Owner": 0})
        self.assertEqual(self.call(self.network, "Network", "ListPorts"), [path])
        self.assertEqual(self.call(self.network, "Network", "GetPorts", "(asa{sv})", ["Mac"], {}),
                         {path: {"Mac": "52:54:00:00:00:01"}})
        self.assertEqual(self.call(self.network, "Network", "LookupPortByUuid", "(s)",
                                   uuid_of(1)), path)
        self.error("NotFound", uuid_of(2), self.call, self.network, "Network", "LookupPortByUuid",
                   "(s)", uuid_of(2))
        xml = self.call(path, "NetworkPort", "GetXml")
        self.assertIn("<plug type='network' bridge='virbr0'/>", xml)
        self.error("UuidInUse", uuid_of(1), self.create, 1)
        self.call(path, "NetworkPort", "Delete")
        self.assertFalse(self.client.exists(path))
        self.error("XmlInvalid", "owner", self.call, self.network, "Network", "CreatePort",
                   "(sa{sv})", "<networkport/>", {})

    def test_bandwidth(self):
        path = self.create(2, "<bandwidth><inbound average='100' peak='200'/></bandwidth>")
        get = lambda: {k: v for k, v in self.call(  # noqa: E731
            path, "NetworkPort", "GetParameters").items() if v}
        self.assertEqual(get(), {"inbound.average": 100, "inbound.peak": 200})
        self.set(path, outbound_average=50, inbound_peak=300)
        self.assertEqual(get(), {"inbound.average": 100, "inbound.peak": 300,
                                 "outbound.average": 50})
        self.assertIn("<outbound average='50'/>", self.call(path, "NetworkPort", "GetXml"))
        self.error("InvalidArgument", "inbound.average", lambda: self.set(path, inbound_average=0))
        self.error("InvalidArgument", "outbound.floor", lambda: self.set(path, outbound_floor=1))
        self.error("InvalidArgument", "inbound.peak",
                   lambda: self.set(path, inbound_peak=GLib.Variant("s", "fast")))
        self.assertEqual(len(get()), 3)
        self.set(path, inbound_average=0, inbound_peak=0, outbound_average=0)
        self.assertEqual(get(), {})
        self.assertNotIn("bandwidth", self.call(path, "NetworkPort", "GetXml"))

    def test_they_go_with_their_network(self):
        path = self.create(3)
        self.call(self.network, "Network", "Destroy")
        self.assertFalse(self.client.exists(path))
        self.error("InvalidState", "default", self.create, 3)
        self.call(self.network, "Network", "Start")

    def test_who_may(self):
        self.host.polkit.set_rules(permit(
            "action.id == 'org.vireo.vireo1.network-port.create' && "
            "action.lookup('network_name') == 'default' && "
            f"action.lookup('network_port_uuid') == '{uuid_of(4)}'"))
        create = lambda number: self.nobody.call(  # noqa: E731
            self.network, "Network", "CreatePort", text("(sa{sv})", port_xml(number), {}))
        self.assertEqual(create(5).error.code, "NotAuthorized")
        path = create(4).unpack()
        self.addCleanup(self.remove, path)
        delete = self.nobody.call(path, "NetworkPort", "Delete", "(@a{sv} {},)")
        self.assertEqual(delete.error.code, "NotAuthorized")


vireotest.main()
