#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a client is tested without hypervisors and without touching the machine: a bus of its own,
and the service with the test driver on it.

    VIREOD=build/src/service/vireod GI_TYPELIB_PATH=build/src/client \\
        LD_LIBRARY_PATH=build/src/client /usr/bin/python3 examples/testing/test_client.py
"""

import os
import subprocess
import tempfile
import unittest

import gi

gi.require_version("Vireo", "1.0")
from gi.repository import Gio, GLib, Vireo  # noqa: E402

NAME = "org.vireo.Vireo1"
XML = """<domain type='test'><name>{name}</name><memory>8192</memory><os><type>hvm</type></os>
<metadata><t:{what} xmlns:t='https://vireo.org/xmlns/domain/test/1.0' start='{value}'/></metadata>
</domain>"""


class Service:
    """A session bus and a service that go away with the test.

    Clients get the address: what Gio.bus_get() gives is the same for the whole program.
    """

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"],
                                    stdout=subprocess.PIPE, text=True)
        self.address = self.bus.stdout.readline().strip()
        env = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.address)
        for name in ("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            env[name] = os.path.join(self.folder.name, name)
            os.mkdir(env[name], 0o700)
        self.process = subprocess.Popen(
            [os.environ.get("VIREOD", "vireod"), "--session", "--drivers=test"], env=env)
        self.wait_for_name()
        return self

    def __exit__(self, *_):
        for process in (self.process, self.bus):
            process.terminate()
            process.wait(20)
        self.bus.stdout.close()
        self.folder.cleanup()

    def wait_for_name(self):
        loop = GLib.MainLoop()
        bus = Gio.DBusConnection.new_for_address_sync(
            self.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        watch = Gio.bus_watch_name_on_connection(
            bus, NAME, Gio.BusNameWatcherFlags.NONE, lambda *_: loop.quit(), None)
        limit = GLib.timeout_add_seconds(20, loop.quit)
        loop.run()
        GLib.source_remove(limit)
        Gio.bus_unwatch_name(watch)


class ClientTest(unittest.TestCase):
    def setUp(self):
        service = Service()
        service.__enter__()
        self.addCleanup(service.__exit__)
        self.client = Vireo.Client.new_for_address_sync(service.address, None)
        self.connection = self.client.get_manager().open_connection_sync(
            "test:///default", None, None)

    def define(self, name, what="delay", value="0"):
        return self.connection.define_domain_sync(
            XML.format(name=name, what=what, value=value), None, None)

    def test_what_there_is_at_first(self):
        listed = [(d.get_name(), d.get_state()) for d in self.client.get_domain_model()]
        self.assertEqual(listed, [("test", "running")])

    def test_a_start_that_takes_its_time_and_can_be_watched(self):
        domain = self.define("slow", "delay", "200")
        loop = GLib.MainLoop()
        states = []

        def changed(*_):
            states.append(domain.get_state())
            if states[-1] == "running":
                loop.quit()
        domain.connect("notify::state", changed)
        domain.start_async(None, None, lambda source, result: source.start_finish(result))
        loop.run()
        self.assertEqual(states[-1], "running")

    def test_a_hypervisor_that_refuses(self):
        domain = self.define("broken", "fail", "out of luck")
        with self.assertRaises(GLib.Error) as caught:
            domain.start_sync(None, None)
        self.assertIn("out of luck", caught.exception.message)
        self.assertEqual(domain.get_state(), "shutoff")


if __name__ == "__main__":
    unittest.main()
