#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that are wrong in every way, floods, and the daemon's start, reload and end."""

import signal
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from members import (ABSENT, CONNECTION, INTROSPECTABLE, define, domain_path, domain_xml, text,
                     uuid_of)
from vireotest.client import NAME, OBJECT_MANAGER, PROPERTIES, ROOT, Gio, GLib
from vireotest.paths import built
from vireotest.privatebus import Bus

PEER = "org.freedesktop.DBus.Peer"
DOMAIN = f"{NAME}.Domain"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("calls", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.path = define(cls.client, "sample", 1)

    def error(self, path, interface, method, signature="()", *args):
        with self.assertRaises(vireotest.BusError) as caught:
            self.client.call(path, interface, method, signature, *args)
        return caught.exception


class Wrong(Case):
    # Path (None: the sample domain), interface, method, arguments; the error; what it names.
    CALLS = [
        (None, "Domain", "Fly", (), "UnknownMethod", "Fly"),
        (None, "org.example.None", "Start", (), "UnknownInterface", "org.example.None"),
        (None, "Network", "Start", ("(a{sv})", {}), "UnknownInterface", "Network"),
        (None, "Domain", "Start", (), "InvalidArgs", "(a{sv})"),
        (None, "Domain", "Start", ("(s)", "x"), "InvalidArgs", "(s)"),
        (None, "Domain", "Start", ("(a{sv}s)", {}, "x"), "InvalidArgs", "(a{sv}s)"),
        (None, "Domain", "Start", ("(a{sv})", {"pawsed": GLib.Variant("b", True)}),
         "InvalidOption", "pawsed"),
        (None, "Domain", "Start", ("(a{sv})", {"paused": GLib.Variant("s", "yes")}),
         "InvalidOption", "paused"),
        (None, "Domain", "Start", ("(a{sv})", {"x" * 10_000_000: GLib.Variant("b", True)}),
         "InvalidOption", "Start"),
        (None, "Domain", "Rename", ("(sa{sv})", "n" * 10_000_000, {}), "InvalidArgument", "name"),
        (None, PROPERTIES, "Get", ("(ss)", DOMAIN, "Nothing"), "UnknownProperty", "Nothing"),
        (None, PROPERTIES, "Get", ("(ss)", "org.example.None", "Name"), "UnknownInterface", "None"),
        (None, PROPERTIES, "Get", ("(s)", DOMAIN), "InvalidArgs", "(ss)"),
        (None, PROPERTIES, "GetAll", ("(s)", "org.example.None"), "UnknownInterface", "None"),
        (None, PROPERTIES, "Fly", (), "UnknownMethod", "Fly"),
        (None, PROPERTIES, "Set", ("(ssv)", DOMAIN, "Name", GLib.Variant("s", "x")),
         "PropertyReadOnly", "Name"),
        (None, PROPERTIES, "Set", ("(ssv)", DOMAIN, "Autostart", GLib.Variant("s", "x")),
         "InvalidArgs", "Autostart"),
        (None, PROPERTIES, "Set", ("(ssv)", DOMAIN, "Nothing", GLib.Variant("s", "x")),
         "UnknownProperty", "Nothing"),
        (None, OBJECT_MANAGER, "GetManagedObjects", (), "UnknownInterface", "ObjectManager"),
        (ABSENT, "Domain", "Start", ("(a{sv})", {}), "UnknownObject", ABSENT),
        (ABSENT, PROPERTIES, "GetAll", ("(s)", DOMAIN), "UnknownObject", ABSENT),
        (ABSENT, INTROSPECTABLE, "Introspect", (), "UnknownObject", ABSENT),
        (f"{ROOT}/nonsense", INTROSPECTABLE, "Introspect", (), "UnknownObject", "nonsense"),
        (f"{CONNECTION}/domains/a/b", "Domain", "Start", ("(a{sv})", {}), "UnknownObject", "a/b"),
        (f"{ROOT}/connections/none", PROPERTIES, "GetAll", ("(s)", ""), "UnknownObject", "none"),
        (f"{ROOT}/connections/none/domains", INTROSPECTABLE, "Introspect", (), "UnknownObject",
         "none"),
        (f"{ROOT}/jobs/1234567890123456789012345", "Job", "Cancel", ("(a{sv})", {}),
         "UnknownObject", "jobs"),
        ("/org/example", "Domain", "Start", (), "UnknownObject", "/org/example"),
        (f"{CONNECTION}/domains", PROPERTIES, "GetAll", ("(s)", ""), "UnknownInterface",
         "Properties"),
        (CONNECTION, "Connection", "LookupDomainByUuid", ("(s)", "no UUID"), "InvalidArgument",
         "no UUID"),
        (CONNECTION, "Connection", "LookupDomainByName", ("(s)", "x" * 10_000_000), "NotFound",
         "LookupDomainByName"),
        (CONNECTION, "Connection", "LookupDomainById", ("(u)", 0), "NotFound", "0"),
        (CONNECTION, "Connection", "GetDomains", ("(asa{sv})", ["Nonsense"], {}),
         "InvalidArgument", "Nonsense"),
        (CONNECTION, "Connection", "ListDomains",
         ("(a{sv})", {"state": GLib.Variant("s", "flying")}), "InvalidArgument", "flying"),
        (ROOT, "Manager", "OpenConnection", ("(sa{sv})", "fly:///system", {}), "NotSupported",
         "fly:///system"),
        (ROOT, "Manager", "CheckAuthorization", ("(soa{sv})", "domain.fly", ROOT, {}),
         "InvalidArgument", "domain.fly"),
    ]

    def test_each_is_a_named_error(self):
        for path, interface, method, arguments, code, names in self.CALLS:
            with self.subTest(path=path, method=method, code=code, names=names):
                error = self.error(path or self.path, interface, method, *arguments)
                self.assertEqual(error.code, code)
                self.assertIn(names, error.message)
                self.assertLess(len(error.message), 5000)
        self.assertEqual(self.client.get(self.path, "Domain", "State"), "shutoff")

    def test_without_an_interface(self):
        """The interface of a call is optional in the protocol."""
        for method, parameters in [("Ping", "()"), ("GetAll", f"('{DOMAIN}',)"),
                                   ("GetXml", "(@a{sv} {},)")]:
            done = subprocess.run(
                ["/usr/bin/python3", "-c", RAW, self.host.bus.address, self.path, method,
                 parameters], capture_output=True, text=True)
            self.assertEqual(done.stdout.strip(), "METHOD_RETURN", done.stderr)

    def test_a_deleted_object(self):
        path = define(self.client, "gone", 2)
        self.client.call(path, "Domain", "Undefine", "(a{sv})", {})
        self.assertEqual(self.error(path, "Domain", "Start", "(a{sv})", {}).code, "UnknownObject")
        self.assertEqual(self.error(path, PROPERTIES, "GetAll", "(s)", "").code, "UnknownObject")


RAW = """
import sys
from gi.repository import Gio, GLib
address, path, method, parameters = sys.argv[1:]
bus = Gio.DBusConnection.new_for_address_sync(
    address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
    | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
message = Gio.DBusMessage.new_method_call("org.vireo.Vireo1", path, None, method)
body = GLib.Variant.parse(None, parameters, None, None)
if body.n_children():
    message.set_body(body)
reply, serial = bus.send_message_with_reply_sync(message, 0, 10000, None)
print(reply.get_message_type().value_nick.upper().replace("-", "_"))
"""


class Right(Case):
    def test_introspection_leads_everywhere(self):
        seen = []

        def walk(path):
            seen.append(path)
            tree = ElementTree.fromstring(self.client.call(path, INTROSPECTABLE, "Introspect"))
            for node in tree.findall("node"):
                walk(f"{path.rstrip('/')}/{node.get('name')}")
        walk("/")
        self.assertEqual(set(self.client.managed_objects()) - set(seen), set())
        self.assertEqual(len(seen), len(set(seen)))

    def test_get_all_is_what_managed_objects_says(self):
        for path, interfaces in self.client.managed_objects().items():
            for interface, properties in interfaces.items():
                self.assertEqual(self.client.get_all(path, interface), properties)
                for name, value in properties.items():
                    self.assertEqual(self.client.get(path, interface, name), value)

    def test_filters(self):
        running = define(self.client, "running", 3)
        self.client.call(running, "Domain", "Start", "(a{sv})", {})
        ask = lambda **options: self.client.call(  # noqa: E731
            CONNECTION, "Connection", "ListDomains", "(a{sv})",
            {k: GLib.Variant("b" if isinstance(v, bool) else "s", v) for k, v in options.items()})
        self.assertIn(running, ask(active=True))
        self.assertNotIn(running, ask(active=False))
        still = define(self.client, "still", 4)
        self.assertIn(still, ask(active=False, persistent=True, autostart=False))
        self.assertNotIn(still, ask(autostart=True))
        self.assertEqual(ask(active=False, state="running"), [])
        self.assertIn(running, ask(state="running"))
        self.assertEqual(sorted(ask()), sorted(ask(active=True) + ask(active=False)))
        for key in ("managed-save", "has-snapshot", "has-checkpoint"):
            self.assertEqual(ask(**{key: True}), [], key)
            self.assertEqual(sorted(ask(**{key: False})), sorted(ask()))
        self.client.call(running, "Domain", "CreateSnapshot", "(sa{sv})", "<domainsnapshot/>", {})
        self.client.call(still, "Domain", "Start", "(a{sv})", {})
        self.client.call(still, "Domain", "ManagedSave", "(a{sv})", {})
        self.assertEqual(ask(**{"has-snapshot": True}), [running])
        self.assertNotIn(running, ask(**{"has-snapshot": False}))
        self.assertEqual(ask(**{"managed-save": True}), [still])
        self.assertEqual(ask(**{"managed-save": True, "has-snapshot": True}), [])

    def test_chosen_properties(self):
        got = self.client.call(CONNECTION, "Connection", "GetDomains", "(asa{sv})",
                               ["Name", "State"], {})
        self.assertEqual(got[self.path], {"Name": "sample", "State": "shutoff"})
        every = self.client.call(CONNECTION, "Connection", "GetDomains", "(asa{sv})", [], {})
        self.assertEqual(every[self.path], self.client.get_all(self.path, "Domain"))

    def test_no_reply_is_sent_to_who_wants_none(self):
        path = define(self.client, "quietly", 5)
        message = Gio.DBusMessage.new_method_call(NAME, path, DOMAIN, "Start")
        message.set_body(GLib.Variant("(a{sv})", ({},)))
        message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
        replies = []

        def look(_connection, seen, incoming, *_):
            if incoming and seen.get_reply_serial() == message.get_serial():
                replies.append(seen)
            return seen
        filter_id = self.client.connection.add_filter(look)
        self.client.connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
        self.client.wait_for(path, "Domain", "State", "running")
        self.client.call(path, PEER, "Ping")
        self.client.connection.remove_filter(filter_id)
        self.assertEqual(replies, [])

    def test_who_floods_does_not_keep_others_waiting(self):
        flooder = self.host.caller("daemon")
        calls = [(ROOT, OBJECT_MANAGER, "GetManagedObjects", "()")] * 100
        numbers = flooder.start_many(calls)
        outcome = self.host.caller("nobody").call(self.path, PEER, "Ping")
        self.assertIsNone(outcome.error)
        self.assertIsNone(flooder.finish(numbers[-1]).error)

    def test_every_change_is_in_the_log(self):
        self.client.set(self.path, "Domain", "Autostart", "b", True)
        self.host.caller("nobody").call(self.path, "Domain", "Reset", "(@a{sv} {},)")
        log = self.host.daemon.log_file.read_text()
        self.assertRegex(log, rf"uid 0: Domain.Autostart on {self.path} \(.*\): done")
        self.assertRegex(log, r"uid \d{2,}: Domain.Reset on .*NotAuthorized")
        self.assertNotIn("GetXml", log)


class Life(unittest.TestCase):
    def test_reload_and_end(self):
        with vireotest.Host("life", arguments=["--drivers=test"]) as host:
            host.daemon.process.send_signal(signal.SIGHUP)
            seen = []

            def reloaded():
                try:
                    seen.extend(host.daemon._notify.recv(4096).decode().splitlines())
                except BlockingIOError:
                    pass
                return "READY=1" in seen
            vireotest.wait_until(reloaded, 10, "the reload")
            self.assertEqual(seen[0], "RELOADING=1")
            self.assertIn("MONOTONIC_USEC", seen[1])
            self.assertEqual(host.daemon.terminate(), 0)
            host.daemon.start()
            self.assertEqual(host.client.get(ROOT, "Manager", "Connections"), [CONNECTION])

    def test_the_name_is_taken(self):
        with vireotest.Host("taken", arguments=["--drivers=test"]) as host:
            second = vireotest.Daemon(host.bus, host.folder / "second", ["--drivers=test"])
            second.spawn()
            self.assertEqual(second.process.wait(20), 1)
            self.assertIn(NAME, second.log_tail())
            self.assertEqual(host.client.get(CONNECTION, "Connection", "Id"), "test")

    def test_the_folders_are_taken(self):
        """A second daemon, even on another bus, leaves alone what the first one has."""
        with vireotest.Host("lock", arguments=["--drivers=test"]) as host:
            other_bus = self.enterContext(Bus(host.folder / "other-bus"))
            for folder in ("state", "run"):
                with self.subTest(folder):
                    second = vireotest.Daemon(
                        other_bus, host.folder / folder,
                        ["--drivers=test", f"--{folder}-dir={host.daemon.folder / folder}"])
                    second.spawn()
                    self.assertEqual(second.process.wait(20), 1)
                    self.assertIn(f"process {host.daemon.pid}", second.log_tail())
                    self.assertIn(str(host.daemon.folder / folder), second.log_tail())
            host.daemon.kill_and_restart()

    def test_the_bus_of_a_session_goes(self):
        with vireotest.Host("bus", polkit=False, daemon=False) as host:
            host.daemon.arguments = ["--session", "--drivers=test"]
            host.daemon.extra_env = {"DBUS_SESSION_BUS_ADDRESS": host.bus.address}
            host.daemon.start()
            host.client.close()
            host.bus.stop()
            self.assertEqual(host.daemon.process.wait(20), 1)
            host.daemon.client = None

    def test_command_line(self):
        vireod = str(built("src/service/vireod"))
        done = subprocess.run([vireod, "--version"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^vireod \d+\.\d+")
        for arguments in (["--fly"], ["stray"]):
            done = subprocess.run([vireod, *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(arguments[0], done.stderr)

    def test_session(self):
        """One user's bus: all may do everything, others nothing; signals need no subscription."""
        with vireotest.Host("session", polkit=False, daemon=False) as host:
            host.daemon.arguments = ["--session", "--drivers=test"]
            host.daemon.extra_env = {"DBUS_SESSION_BUS_ADDRESS": host.bus.address}
            host.daemon.start()
            with host.client.watch() as watch:
                path = define(host.client, "mine", 1)
                self.assertEqual(path, domain_path(uuid_of(1)))
                self.assertEqual(watch.wait().member, "InterfacesAdded")
            nobody = host.caller("nobody")
            for member in [(ROOT, OBJECT_MANAGER, "GetManagedObjects", "()"),
                           (path, PROPERTIES, "GetAll", "('',)"),
                           (CONNECTION, "Connection", "DefineDomain",
                            text("(sa{sv})", domain_xml("x", 2), {}))]:
                outcome = nobody.call(*member)
                self.assertEqual(outcome.error.code, "NotAuthorized")


vireotest.main()
