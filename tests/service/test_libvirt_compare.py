#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt-dbus and we, asked the same of test:///default, one after the other.

What comes back has the same type, and where it can, the same value; what fails there fails here. It
is skipped where libvirt-dbus is not installed.
"""

import os
import shutil
import subprocess
import unittest

import vireotest
from gi.repository import GLib
from libvirtbus import DOMAIN, NETWORK, TEST, LibvirtClient
from vireotest.privatebus import Bus

LIBVIRT_DBUS = shutil.which("libvirt-dbus", path="/usr/sbin:/usr/bin")
UUID = "11111111-2222-4333-8444-555555555555"
OTHER = f"{TEST}/domain/_{UUID.replace('-', '_')}"
ABSENT = f"{TEST}/domain/_{UUID.replace('-', '_')[:-1]}6"
XML = ("<domain type='test'><name>other</name><uuid>%s</uuid><memory>4096</memory>"
       "<os><type>hvm</type></os></domain>" % UUID)
SAVED = "/tmp/other.save"
U64 = lambda n: GLib.Variant("t", n)  # noqa: E731

SAME, TYPE, ANY = "same", "type", "any"
# Path, method, arguments, and what must be the same: the value, its type, or only whether it fails.
CALLS = [
    (TEST, "ListDomains", (0,), SAME),
    (TEST, "ListDomains", (2,), SAME),
    (TEST, "ListDomains", (1 << 30,), SAME),
    (TEST, "ListNetworks", (0,), SAME),
    (TEST, "DomainLookupByID", (1,), SAME),
    (TEST, "DomainLookupByID", (77,), SAME),
    (TEST, "DomainLookupByName", ("test",), SAME),
    (TEST, "DomainLookupByName", ("x",), SAME),
    (TEST, "DomainLookupByUUID", (UUID,), SAME),
    (TEST, "NetworkLookupByName", ("default",), SAME),
    (TEST, "NetworkLookupByUUID", (UUID,), SAME),
    (TEST, "GetCapabilities", (), TYPE),
    (TEST, "GetCPUModelNames", ("x86_64", 0), TYPE),
    (TEST, "GetSysinfo", (0,), TYPE),
    (TEST, "GetAllDomainStats", (0, 0), TYPE),
    (DOMAIN, "GetStats", (1, 0), TYPE),
    (DOMAIN, "InterfaceAddresses", (0, 0), TYPE),
    (TEST, "NodeGetCPUMap", (0,), TYPE),
    (TEST, "NodeGetCPUStats", (-1, 0), TYPE),
    (TEST, "NodeGetFreeMemory", (), TYPE),
    (TEST, "NodeGetSecurityModel", (), SAME),
    (TEST, "DomainDefineXML", ("<domain",), SAME),
    (TEST, "DomainDefineXML", (XML,), SAME),
    (OTHER, "GetState", (0,), ANY),
    (OTHER, "Destroy", (0,), SAME),
    (OTHER, "Suspend", (), SAME),
    (OTHER, "Create", (0,), SAME),
    (OTHER, "Create", (0,), SAME),
    (OTHER, "GetState", (0,), SAME),
    (OTHER, "Suspend", (), SAME),
    (OTHER, "GetState", (0,), SAME),
    (OTHER, "Resume", (), SAME),
    (OTHER, "GetState", (0,), SAME),
    (OTHER, "Reboot", (0,), SAME),
    (OTHER, "GetXMLDesc", (0,), TYPE),
    (OTHER, "GetXMLDesc", (3,), TYPE),
    (OTHER, "GetXMLDesc", (1 << 30,), SAME),
    (OTHER, "GetVcpus", (0,), SAME),
    (OTHER, "GetControlInfo", (0,), SAME),
    (OTHER, "HasManagedSaveImage", (0,), SAME),
    (OTHER, "ManagedSave", (0,), SAME),
    (OTHER, "HasManagedSaveImage", (0,), SAME),
    (OTHER, "ManagedSaveRemove", (0,), SAME),
    (OTHER, "HasManagedSaveImage", (0,), SAME),
    (OTHER, "Create", (0,), SAME),
    (OTHER, "GetState", (0,), SAME),
    (OTHER, "SetMemory", (2048, 0), SAME),
    (OTHER, "SetMemory", (1 << 40, 0), SAME),
    (OTHER, "SetVcpus", (1, 1), SAME),
    (OTHER, "PinVcpu", (0, [True, False], 0), SAME),
    (OTHER, "GetEmulatorPinInfo", (0,), TYPE),
    (OTHER, "GetIOThreadInfo", (0,), SAME),
    (OTHER, "GetMemoryParameters", (0,), SAME),
    (OTHER, "SetMemoryParameters", ({"hard_limit": U64(2048)}, 0), SAME),
    (OTHER, "GetMemoryParameters", (0,), TYPE),
    (OTHER, "GetBlockIOParameters", (0,), TYPE),
    (OTHER, "GetNumaParameters", (0,), TYPE),
    (OTHER, "GetPerfEvents", (0,), TYPE),
    (OTHER, "SetMetadata", (1, "a title", "", "", 0), SAME),
    (OTHER, "GetMetadata", (1, "", 0), SAME),
    (OTHER, "GetMetadata", (0, "", 0), ANY),
    (OTHER, "SetMetadata", (2, "<a/>", "k", "http://x", 0), SAME),
    (OTHER, "GetMetadata", (2, "http://x", 0), SAME),
    (OTHER, "GetMetadata", (2, "http://y", 0), ANY),
    (OTHER, "Save", (SAVED, "", 0), SAME),
    (OTHER, "GetState", (0,), SAME),
    (TEST, "DomainRestore", (SAVED, "", 0), SAME),
    (OTHER, "GetState", (0,), ANY),
    (OTHER, "CoreDump", ("/tmp/other.core", 0, 0), SAME),
    (OTHER, "Shutdown", (0,), SAME),
    (OTHER, "GetState", (0,), SAME),
    (OTHER, "Rename", ("renamed", 0), SAME),
    (OTHER, "Rename", ("renamed", 0), SAME),
    (OTHER, "Undefine", (0,), SAME),
    (OTHER, "Undefine", (0,), SAME),
    (ABSENT, "Create", (0,), SAME),
    (NETWORK, "Create", (), SAME),
    (NETWORK, "Destroy", (), SAME),
    (NETWORK, "Create", (), SAME),
    (NETWORK, "GetXMLDesc", (0,), TYPE),
]



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


def outcome(client, path, method, arguments):
    try:
        reply = client.do_variant(path, method, *arguments)
    except vireotest.BusError as error:
        return None, error.name, error.message
    return reply, reply.get_type_string(), reply.print_(False)


@unittest.skipUnless(LIBVIRT_DBUS, "libvirt-dbus is not installed")
class Compare(unittest.TestCase):
    maxDiff = None

    def test_the_same_calls(self):
        with vireotest.Host("compare", polkit=False, daemon=False) as host:
            host.daemon.arguments = ["--session", "--drivers=test"]
            host.daemon.extra_env = {"DBUS_SESSION_BUS_ADDRESS": host.bus.address}
            host.daemon.start()
            real = Real(host.folder / "real")
            self.addCleanup(real.close)
            ours = LibvirtClient(host.bus.address)
            self.addCleanup(ours.close)
            for number, (path, method, arguments, what) in enumerate(CALLS):
                theirs, mine = (outcome(c, path, method, arguments) for c in (real.client, ours))
                with self.subTest(number=number, method=method, arguments=arguments):
                    self.compare(theirs, mine, what)

    def compare(self, theirs, mine, what):
        self.assertEqual(theirs[0] is None, mine[0] is None, f"{theirs[1:]}\n{mine[1:]}")
        self.assertEqual(theirs[1], mine[1], f"{theirs[1:]}\n{mine[1:]}")
        if what != SAME:
            return
        if theirs[0] is not None:
            self.assertEqual(theirs[2], mine[2])


vireotest.main()
