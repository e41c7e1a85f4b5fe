#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real guest that is changed while it runs."""

import json
import socket
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from vireotest import guest, samples
from vireotest.client import GLib
from vireotest.console import Console
from vireotest.wait import wait_until

LIVE = {"live": GLib.Variant("b", True)}
BOTH = {**LIVE, "config": GLib.Variant("b", True)}


class Changes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("edit"))
        cls.connection = cls.host.client.open("qemu:///system")
        image = guest.install(guest.build(), cls.host.folder / "guest")
        cls.path = cls.host.client.call(
            cls.connection, "Connection", "DefineDomain", "(sa{sv})",
            samples.guest_domain("changed", image, "<video><model type='vga'/></video>"
                                 "<graphics type='vnc' passwd='kept'/>"
                                 "<memballoon model='virtio'/>"), {})
        cls.host.client.call(cls.path, "Domain", "Start", "(a{sv})", {}, timeout=60)
        cls.addClassCleanup(cls.host.client.call, cls.path, "Domain", "Destroy", "(a{sv})", {})
        cls.console = cls.enterClassContext(Console(cls.host.client.call_for_fd(
            cls.path, "Domain", "OpenConsole", "(sa{sv})", "", {})))

    def call(self, method, signature, *args):
        return self.host.client.call(self.path, "Domain", method, signature, *args, timeout=60)

    def error(self, method, signature, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(method, signature, *args)
        return caught.exception.code

    def xml(self):
        return ElementTree.fromstring(self.call("GetXml", "(a{sv})", {}))

    def test_memory(self):
        most = self.host.client.get(self.path, "Domain", "MaxMemory")
        self.console.line_with(guest.READY, 90)
        with self.host.client.watch(self.path, "Domain", "BalloonChanged") as watch:
            self.call("SetMemory", "(ta{sv})", most // 2, BOTH)
            watch.wait(30, lambda signal: signal.args[0] == most // 2)
        self.assertEqual(self.host.client.get(self.path, "Domain", "Memory"), most // 2)
        self.assertEqual(self.error("SetMemory", "(ta{sv})", most + 1, LIVE), "InvalidArgument")

    def test_notes_survive_the_daemon(self):
        self.call("SetMetadata", "(ssssa{sv})", "title", "Mail", "", "", LIVE)
        self.host.daemon.kill_and_restart()
        self.host.client.open("qemu:///system")
        self.assertEqual(self.host.client.get(self.path, "Domain", "Title"), "Mail")
        self.assertEqual(self.xml().findtext("title"), "Mail")
        wait_until(self.is_reached, 30, "the emulator to be reached again")

    def is_reached(self):
        try:
            self.call("InjectNmi", "(a{sv})", {})
        except vireotest.BusError as error:
            self.assertEqual(error.code, "HypervisorUnresponsive")
            return False
        return True

    def test_keys_and_interrupts(self):
        self.call("SendKey", "(suaua{sv})", "linux", 50, [29, 56, 111], {})
        self.assertEqual(self.error("SendKey", "(suaua{sv})", "linux", 0, [700], {}),
                         "InvalidArgument")
        self.assertEqual(self.error("SendKey", "(suaua{sv})", "usb", 0, [4], {}),
                         "InvalidArgument")
        self.call("InjectNmi", "(a{sv})", {})

    def picture(self, **options):
        fd = self.host.client.call_for_fd(self.path, "Domain", "Screenshot", "(ua{sv})", 0,
                                          {k: GLib.Variant("s", v) for k, v in options.items()})
        with open(fd, "rb") as file:
            return file.read()

    def test_pictures(self):
        for _ in range(3):
            picture = self.picture()
            magic, width, height, depth = picture.split(maxsplit=4)[:4]
            self.assertEqual((magic, depth), (b"P6", b"255"))
            self.assertGreaterEqual(len(picture), 3 * int(width) * int(height))
        self.assertTrue(self.picture(format="png").startswith(b"\x89PNG"))
        self.assertEqual(self.error("Screenshot", "(ua{sv})", 1, {}), "NotFound")
        self.assertEqual(self.error("Screenshot", "(ua{sv})", 0,
                                    {"format": GLib.Variant("s", "gif")}), "NotSupported")

    def securities(self, **options):
        """What a client of the display may do to be let in: RFC 6143, 7.1.2."""
        fd = self.host.client.call_for_fd(self.path, "Domain", "OpenGraphics", "(ua{sv})", 0,
                                          {k.replace("_", "-"): GLib.Variant("b", v)
                                           for k, v in options.items()})
        with socket.socket(fileno=fd) as display:
            display.settimeout(30 * vireotest.wait.FACTOR)
            version = display.recv(12, socket.MSG_WAITALL)
            self.assertEqual(version, b"RFB 003.008\n")
            display.sendall(version)
            count, = display.recv(1)
            return set(display.recv(count, socket.MSG_WAITALL))

    def test_displays(self):
        self.assertEqual(self.securities(), {2})
        self.assertEqual(self.securities(skip_auth=True), {1})
        self.assertEqual(self.error("OpenGraphics", "(ua{sv})", 1, {}), "NotFound")

    def monitor(self, command, **options):
        return self.call("RunMonitorCommand", "(saha{sv})", command, [], options)

    def test_monitor_by_hand(self):
        subscribe = lambda options: self.host.client.call(  # noqa: E731
            self.connection, "Connection", "SubscribeMonitorEvents", "(a{sv})", options)
        tainted = lambda: any("by hand" in message for message in self.call(  # noqa: E731
            "GetMessages", "(a{sv})", {}))
        subscribe({"events": GLib.Variant("as", ["STOP", "RES*"])})
        with self.host.client.watch(self.path) as watch:
            self.assertEqual(json.loads(self.monitor('{"execute": "query-status"}'))["status"],
                             "running")
            self.assertTrue(tainted())
            self.monitor('{"execute": "stop"}')
            event = watch.wait(30, lambda signal: signal.member == "MonitorEvent")
            self.assertEqual(event.args[0], "STOP")
            self.assertGreater(event.args[1], 1_500_000_000_000_000)
            # What is done behind the driver's back is seen all the same.
            watch.wait(30, lambda signal: signal.member == "Lifecycle"
                       and signal.args[0] == "suspended")
            self.assertIn("paused", self.monitor("info status", human=GLib.Variant("b", True)))
            self.monitor('{"execute": "cont"}')
            event = watch.wait(30, lambda signal: signal.member == "MonitorEvent")
            self.assertEqual(event.args[0], "RESUME")
        with self.assertRaisesRegex(vireotest.BusError, "CommandNotFound"):
            self.monitor('{"execute": "wings"}')
        self.assertGreater(len(self.monitor('{"execute": "query-qmp-schema"}')), 65536)
        self.host.daemon.kill_and_restart()
        self.host.client.open("qemu:///system")
        wait_until(self.is_reached, 30, "the emulator to be reached again")
        self.assertTrue(tainted())

    def test_what_cannot_be_changed_yet(self):
        self.assertEqual(self.error("SetVcpus", "(ua{sv})", 1, LIVE), "NotSupported")


vireotest.main()
