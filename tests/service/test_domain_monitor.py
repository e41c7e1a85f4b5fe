#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands for monitors and agents as they are, and what monitors say to those who asked."""

import json
import os
import unittest

import vireotest
from members import CONNECTION, uuid_of
from vireotest.client import Gio, GLib, NAME, to_bus_error

XML = ("<domain type='test'><name>{}</name><uuid>{}</uuid><memory unit='MiB'>64</memory>"
       "<os><type arch='x86_64'>hvm</type></os><devices>{}</devices></domain>")
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
STATUS = '{"execute": "query-status"}'


def is_event(signal):
    return signal.member == "MonitorEvent"


class Monitor(unittest.TestCase):
    number = 0

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("monitor", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client

    def setUp(self):
        Monitor.number += 1
        self.path = self.start(AGENT)

    def start(self, devices=""):
        Monitor.number += 1
        path = self.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                XML.format(f"monitor{self.number}", uuid_of(self.number),
                                           devices), {})
        self.client.call(path, "Domain", "Start", "(a{sv})", {})
        return path

    def run_command(self, command, files=(), **options):
        fds = Gio.UnixFDList.new_from_array(list(files))
        try:
            reply, _ = self.client.connection.call_with_unix_fd_list_sync(
                NAME, self.path, f"{NAME}.Domain", "RunMonitorCommand",
                GLib.Variant("(saha{sv})", (command, list(range(len(files))), options)), None,
                Gio.DBusCallFlags.NONE, 10000, fds, None)
        except GLib.Error as error:
            raise to_bus_error(error) from error
        return reply.unpack()[0]

    def refused(self, command, **more):
        with self.assertRaises(vireotest.BusError) as caught:
            self.run_command(command, **more)
        return caught.exception.code

    def agent(self, command, path=None, **options):
        return self.client.call(path or self.path, "Domain", "RunAgentCommand", "(sa{sv})", command,
                                options)

    def taints(self):
        return [m for m in self.client.call(self.path, "Domain", "GetMessages", "(a{sv})", {})
                if "by hand" in m]

    def test_commands(self):
        self.assertEqual(self.taints(), [])
        self.assertEqual(json.loads(self.run_command(STATUS)),
                         {"status": "running", "running": True})
        self.assertEqual(json.loads(self.run_command('{"execute": "stop", "id": 7}')), {})
        self.assertEqual(self.client.get(self.path, "Domain", "State"), "paused")
        human = {"human": GLib.Variant("b", True)}
        self.assertIn("paused", self.run_command("info status", **human))
        self.assertIn("unknown command", self.run_command("frobnicate", **human))
        self.assertEqual(len(self.taints()), 1)
        self.client.call(self.path, "Domain", "Destroy", "(a{sv})", {})
        self.assertEqual(self.taints(), [])
        self.assertEqual(self.refused(STATUS), "InvalidState")

    def test_what_is_no_command(self):
        for text, code in [("", "InvalidArgument"), ("[]", "InvalidArgument"),
                           ('{"execute": 7}', "InvalidArgument"),
                           ('{"execute": "stop", "arguments": []}', "InvalidArgument"),
                           ('{"execute": "stop", "exec-oob": "stop"}', "InvalidArgument"),
                           ('{"execute": "wings"}', "Hypervisor"),
                           ('{"execute": "stop", "arguments": ' + '{"a":' * 100 + "0"
                            + "}" * 101, "LimitExceeded"),
                           (json.dumps({"execute": "x" * 2000000}), "LimitExceeded")]:
            with self.subTest(text[:40]):
                self.assertEqual(self.refused(text), code)
                with self.assertRaises(vireotest.BusError) as caught:
                    self.agent(text)
                self.assertEqual(caught.exception.code, code)

    def test_files(self):
        get = '{"execute": "getfd", "arguments": {"fdname": "it"}}'
        close = '{"execute": "closefd", "arguments": {"fdname": "it"}}'
        self.assertEqual(self.refused(get), "Hypervisor")
        read, write = os.pipe()
        os.close(write)
        self.run_command(get, files=[read])
        self.run_command(close)
        self.assertEqual(self.refused(close), "Hypervisor")

    def test_agent(self):
        self.assertEqual(json.loads(self.agent(
            '{"execute": "guest-sync", "arguments": {"id": 42}}')), 42)
        self.assertEqual(self.agent('{"execute": "guest-ping"}', timeout=GLib.Variant("i", 5)),
                         "{}")
        with self.assertRaises(vireotest.BusError) as caught:
            self.agent('{"execute": "guest-ping"}', timeout=GLib.Variant("i", -3))
        self.assertEqual(caught.exception.code, "InvalidArgument")
        alone = self.start()
        with self.assertRaises(vireotest.BusError) as caught:
            self.agent('{"execute": "guest-ping"}', path=alone)
        self.assertEqual(caught.exception.code, "InvalidState")

    def test_who_may_write_may_not_command(self):
        """A monitor is the hypervisor's process, which is more than a machine."""
        nobody = self.host.caller("nobody")
        command = lambda: nobody.call(  # noqa: E731
            self.path, "Domain", "RunMonitorCommand", f"({STATUS!r}, @ah [], @a{{sv}} {{}})")
        self.host.polkit.allow("nobody", "domain.write")
        self.assertEqual(command().error.code, "NotAuthorized")
        self.assertIsNone(nobody.call(self.path, "Domain", "RunAgentCommand",
                                      "('{\"execute\": \"guest-ping\"}', @a{sv} {})").error)
        self.host.polkit.allow("nobody", "domain.unrestricted")
        self.assertEqual(command().error.code, "NotAuthorized")
        self.host.polkit.allow("nobody", "domain.write", "domain.unrestricted")
        self.assertIsNone(command().error)

    def subscribe(self, **options):
        self.client.call(CONNECTION, "Connection", "SubscribeMonitorEvents", "(a{sv})", options)

    def unsubscribe(self):
        self.client.call(CONNECTION, "Connection", "UnsubscribeMonitorEvents", "(a{sv})", {})

    def stop_and_go(self, path):
        self.client.call(path, "Domain", "Suspend", "(a{sv})", {})
        self.client.call(path, "Domain", "Resume", "(a{sv})", {})

    def heard(self, watch, last):
        """Events until one of @last, which comes after what could have come before it."""
        found = []
        while not found or found[-1][1] != last:
            signal = watch.wait(matching=is_event)
            found.append((signal.path, signal.args[0]))
        return found

    def test_events(self):
        other = self.start()
        with self.client.watch() as watch:
            # Who did not ask hears nothing: the next one to come is that of a subscription.
            self.stop_and_go(self.path)
            self.subscribe()
            self.addCleanup(self.unsubscribe)
            self.stop_and_go(other)
            self.assertEqual(self.heard(watch, "RESUME"), [(other, "STOP"), (other, "RESUME")])
            self.subscribe(domains=GLib.Variant("ao", [self.path]),
                           events=GLib.Variant("as", ["RES*", "NONE"]))
            self.stop_and_go(other)
            self.stop_and_go(self.path)
            self.assertEqual(self.heard(watch, "RESUME"), [(self.path, "RESUME")])
            self.unsubscribe()
            self.stop_and_go(self.path)
            self.subscribe(events=GLib.Variant("as", ["STOP"]))
            self.stop_and_go(other)
            self.assertEqual(self.heard(watch, "STOP"), [(other, "STOP")])

    def test_who_may_hear(self):
        nobody = self.host.caller("nobody")
        self.host.polkit.allow("nobody", "domain.write")
        outcome = nobody.call(CONNECTION, "Connection", "SubscribeMonitorEvents", "(@a{sv} {},)")
        self.assertEqual(outcome.error.code, "NotAuthorized")
        with self.assertRaises(vireotest.BusError) as caught:
            self.subscribe(events=GLib.Variant("as", ["x"] * 257))
        self.assertEqual(caught.exception.code, "LimitExceeded")
        with self.assertRaises(vireotest.BusError) as caught:
            self.subscribe(events=GLib.Variant("as", ["x" * 128]))
        self.assertEqual(caught.exception.code, "InvalidArgument")


vireotest.main()
