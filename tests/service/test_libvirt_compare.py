#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt-dbus and we, asked the same of test:///default, one after the other.

What comes back has the same type, and where it can, the same value; what fails there fails here,
and what it tells by signals, we tell. It is skipped where libvirt-dbus is not installed.
"""

import os
import re
import shutil
import subprocess
import unittest

import vireotest
import xml.etree.ElementTree as ElementTree

from libvirt_calls import ALONE, OURS, SAME, SCENARIOS, XML, path, uuid
from libvirtbus import (DOMAIN, NAME, NETWORK, TEST, LibvirtClient, interface_members,
                        interface_of, zero_arguments)
from members import INTROSPECTABLE
from vireotest.privatebus import Bus

LIBVIRT_DBUS = shutil.which("libvirt-dbus", path="/usr/sbin:/usr/bin")

class Real:
    """libvirt-dbus on a bus of its own."""

    def __init__(self, folder):
        self.bus = Bus(folder)
        self.bus.policies["libvirt-dbus.conf"] = (
            "<busconfig><policy user='root'><allow own='org.libvirt'/></policy></busconfig>")
        self.bus.start()
        folder.joinpath("home").mkdir()
        environment = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.bus.address,
                           HOME=str(folder / "home"), XDG_RUNTIME_DIR=str(folder / "home"))
        self.process = subprocess.Popen([LIBVIRT_DBUS, "--session"], env=environment,
                                        stderr=subprocess.DEVNULL)
        self.client = LibvirtClient(self.bus.address)
        vireotest.wait_until(self.is_there, 20, "libvirt-dbus")

    def is_there(self):
        try:
            return self.client.do(TEST, "ListDomains", 0)
        except vireotest.BusError:
            return False

    def close(self):
        self.client.close()
        self.process.terminate()
        self.process.wait(10)
        self.bus.stop()


INTERFACES = sorted((vireotest.SOURCE / "introspection/libvirt").glob("*.xml"))
# Where nothing is, by interface; those that their test driver does not have are left out.
ABSENT = {"Domain": path("domain", 99), "Network": path("network", 99),
          "StoragePool": path("storagepool", 99), "StorageVol": f"{TEST}/storagevol/nothing",
          "NodeDevice": f"{TEST}/nodedev/nothing", "Interface": f"{TEST}/interface/nothing",
          "DomainSnapshot": path("domainsnapshot", 99) + "_x"}
# Reverting takes other steps.
UNTOLD = {"snapshots"}
MARK = XML.replace(">other<", ">mark<").replace(uuid(1), uuid(90))


def outcome(client, path, method, arguments):
    try:
        reply = client.do_variant(path, method, *arguments)
    except vireotest.BusError as error:
        return None, error.name, error.message
    return in_order(reply.unpack()), reply.get_type_string(), reply.print_(False)


def in_order(value):
    """Lists of paths have no order of their own."""
    if isinstance(value, (list, tuple)):
        values = [in_order(v) for v in value]
        if isinstance(value, list) and values and all(
                isinstance(v, str) and v.startswith("/org/libvirt") for v in values):
            values.sort()
        return type(value)(values)
    return value


def beginning(message):
    """What clients look for in an error: "Domain not found", or what of another kind."""
    found = re.match("[A-Z][a-z]+( [a-z]+)* not found", message)
    return found.group() if found else None


def told(watch):
    # There, the second of these is noise where there is no URI.
    return [(s.path, s.member, s.args[:1] if s.member == "MetadataChange" else s.args)
            for s in watch.signals
            if s.interface.startswith(NAME) and MARKED not in (s.path, *s.args[:1])]


MARKED = path("domain", 90)


def not_told(theirs, ours):
    """What of theirs is not in ours, in their order."""
    rest = iter(ours)
    return [signal for signal in theirs if signal not in rest]


@unittest.skipUnless(LIBVIRT_DBUS, "libvirt-dbus is not installed")
class Compare(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        host = vireotest.Host("compare", polkit=False, daemon=False)
        cls.enterClassContext(host)
        host.daemon.arguments = ["--session", "--drivers=test"]
        host.daemon.extra_env = {"DBUS_SESSION_BUS_ADDRESS": host.bus.address}
        host.daemon.start()
        cls.real = Real(host.folder / "real")
        cls.addClassCleanup(cls.real.close)
        cls.ours = LibvirtClient(host.bus.address)
        cls.addClassCleanup(cls.ours.close)
        cls.both = (cls.real.client, cls.ours)

    def test_the_same_calls(self):
        for name, calls in SCENARIOS.items():
            watches = [client.watch() for client in self.both]
            for number, (path, method, arguments, what) in enumerate(calls):
                with self.subTest(scenario=name, number=number, method=method,
                                  arguments=arguments):
                    self.compare(path, method, arguments, what)
            if name in UNTOLD:
                continue
            with self.subTest(scenario=name):
                theirs, ours = (self.all_told(*pair) for pair in zip(self.both, watches))
                self.assertEqual(not_told(theirs, ours), [], ours)

    def compare(self, path, method, arguments, what):
        if what == ALONE:
            mine = outcome(self.ours, path, method, arguments)
            self.assertIsNotNone(mine[0], mine)
            return
        theirs, mine = (outcome(c, path, method, arguments) for c in self.both)
        both = f"{theirs[1:]}\n{mine[1:]}"
        if what == OURS:
            self.assertIsNotNone(mine[0], both)
            self.assertTrue(theirs[0] is None or theirs[1] == mine[1], both)
            return
        self.assertEqual(theirs[0] is None, mine[0] is None, both)
        self.assertEqual(theirs[1], mine[1], both)
        if theirs[0] is None and what == SAME and beginning(theirs[2]):
            self.assertTrue(mine[2].startswith(beginning(theirs[2])), both)
        if theirs[0] is not None and what == SAME:
            self.assertEqual(theirs[0], mine[0])

    @staticmethod
    def all_told(client, watch):
        """What was told until now: signals come in the order of what happened."""
        client.do(TEST, "DomainDefineXML", MARK)
        watch.wait(matching=lambda s: s.member == "DomainEvent" and s.args == (MARKED, 0, 0))
        client.do(MARKED, "Undefine", 0)
        watch.close()
        return told(watch)

    def test_every_method_is_among_them(self):
        called = {method for calls in SCENARIOS.values() for _path, method, *_rest in calls}
        methods = {m.get("name") for file in INTERFACES
                   for m in ElementTree.parse(file).getroot().iter("method")}
        self.assertEqual(methods - called, set())

    def test_what_is_absent(self):
        for interface, absent in ABSENT.items():
            for method, types in self.ours.methods(f"{NAME}.{interface}").items():
                if method == "SetBlockThreshold":  # which theirs has lost
                    continue
                arguments = zero_arguments(types)
                theirs, mine = (outcome(c, absent, method, arguments) for c in self.both)
                with self.subTest(interface=interface, method=method):
                    self.assertIsNone(theirs[0])
                    self.assertEqual(theirs[1], mine[1], f"{theirs}\n{mine}")
                    # Arguments that make no sense are told of first, here or there.
                    if interface in ("Domain", "Network") and beginning(mine[2]):
                        self.assertEqual(beginning(theirs[2]), beginning(mine[2]))
                    elif ": no " in theirs[2]:
                        self.assertEqual(theirs[2], mine[2])

    def test_introspection_of_what_is_absent(self):
        """Bindings learn from it how to call; they do not hear otherwise what is wrong."""
        for absent in ABSENT.values():
            theirs, mine = (
                interface_members(client.call(absent, INTROSPECTABLE, "Introspect"))[
                    interface_of(absent)] for client in self.both)
            with self.subTest(absent):
                self.assertEqual(theirs - mine, set())

    def test_the_number_of_a_domain_is_in_what_it_runs_with(self):
        for flags in (0, 2):
            theirs, mine = (ElementTree.fromstring(c.do(DOMAIN, "GetXMLDesc", flags)).get("id")
                            for c in self.both)
            self.assertEqual(theirs, mine)

    def test_properties(self):
        objects = {TEST: {"Hostname"}, DOMAIN: set(), NETWORK: set()}
        for path, alike in objects.items():
            theirs, mine = (c.read_all(path) for c in self.both)
            self.assertEqual({n: type(v) for n, v in theirs.items()},
                             {n: type(v) for n, v in mine.items()})
            for name in alike | ({"Name", "UUID", "Active", "Persistent", "Autostart", "Id",
                                  "Parent"} & set(theirs)):
                self.assertEqual(theirs[name], mine[name], f"{name} of {path}")


vireotest.main()
