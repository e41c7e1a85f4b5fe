#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a caller may not read is nowhere: not in lists, errors, introspection or signals."""

import unittest

import vireotest
from gi.repository import GLib
from members import (ABSENT, CONNECTION, INTROSPECTABLE, define, domain_xml, find_members, hide,
                     permit, text, uuid_of)
from vireotest.client import OBJECT_MANAGER, PROPERTIES, ROOT

NO_OPTIONS = "(@a{sv} {},)"


class Case(unittest.TestCase):
    def setUp(self):
        self.host = vireotest.Host("visibility", arguments=["--drivers=test"]).start()
        self.addCleanup(self.host.stop)
        self.client = self.host.client
        self.nobody = self.host.caller("nobody")

    def define(self, name, number, metadata=""):
        return define(self.client, name, number, metadata)

    def ask(self, path, interface, method, parameters="()"):
        return self.nobody.call(path, interface, method, parameters)

    def managed(self):
        return self.ask(ROOT, OBJECT_MANAGER, "GetManagedObjects").unpack()


class Hidden(Case):
    def setUp(self):
        super().setUp()
        self.open = self.define("open", 1)
        self.secret = self.define("secret", 2)
        self.host.polkit.set_rules(hide(("domain_name", "secret")))

    def assert_like_absent(self, outcome, absent, path=None):
        """The error is that of what does not exist, to the letter."""
        self.assertIsNotNone(outcome.error)
        self.assertIsNotNone(absent.error)
        self.assertEqual(outcome.error.name, absent.error.name)
        self.assertEqual(outcome.error.message.replace(path or self.secret, ABSENT),
                         absent.error.message)

    def test_lists(self):
        for listed in (self.managed(),
                       self.ask(CONNECTION, "Connection", "ListDomains", NO_OPTIONS).unpack(),
                       self.ask(CONNECTION, "Connection", "GetDomains",
                                "(@as [], @a{sv} {})").unpack()):
            self.assertIn(self.open, listed)
            self.assertNotIn(self.secret, listed)
        self.assertIn(self.secret, self.client.managed_objects())

    def test_look_ups(self):
        found = self.ask(CONNECTION, "Connection", "LookupDomainByName", "('open',)")
        self.assertEqual(found.unpack(), self.open)
        by_name = [self.ask(CONNECTION, "Connection", "LookupDomainByName", f"('{name}',)").error
                   for name in ("secret", "absent")]
        self.assertEqual([e.code for e in by_name], ["NotFound"] * 2)
        self.assertEqual(by_name[0].message.replace("secret", "absent"), by_name[1].message)
        by_uuid = self.ask(CONNECTION, "Connection", "LookupDomainByUuid", f"('{uuid_of(2)}',)")
        self.assertEqual(by_uuid.error.code, "NotFound")

    def test_introspection(self):
        xml = self.ask(f"{CONNECTION}/domains", INTROSPECTABLE, "Introspect").unpack()
        self.assertIn(self.open.rsplit("/", 1)[1], xml)
        self.assertNotIn(self.secret.rsplit("/", 1)[1], xml)
        self.assert_like_absent(self.ask(self.secret, INTROSPECTABLE, "Introspect"),
                                self.ask(ABSENT, INTROSPECTABLE, "Introspect"))

    def test_every_member(self):
        calls = [m.call()[1:] for m in find_members(self.client, self.secret)]
        calls += [("org.vireo.Vireo1.Domain", "NoSuch", "()"),
                  ("org.vireo.Vireo1.Domain", "Start", "('wrong',)"),
                  ("org.example.NoSuch", "NoSuch", "()"),
                  (PROPERTIES, "Get", "('org.vireo.Vireo1.Domain', 'Name')"),
                  (PROPERTIES, "Get", "('org.vireo.Vireo1.Domain', 'NoSuch')"),
                  (PROPERTIES, "GetAll", "('org.vireo.Vireo1.Domain',)"),
                  (PROPERTIES, "Set", "('org.vireo.Vireo1.Domain', 'Name', <'x'>)"),
                  (OBJECT_MANAGER, "GetManagedObjects", "()"),
                  ("org.vireo.Vireo1.Domain", "Start", "({'no-such': <1>},)")]
        for interface, method, parameters in calls:
            with self.subTest(method=method, parameters=parameters):
                self.assert_like_absent(self.ask(self.secret, interface, method, parameters),
                                        self.ask(ABSENT, interface, method, parameters))

    def test_even_who_may_start_it(self):
        self.host.polkit.set_rules(hide(("domain_name", "secret"))
                                   + permit("action.id.indexOf('.domain.start') > 0"))
        self.assertIsNone(self.ask(self.open, "Domain", "Start", NO_OPTIONS).error)
        self.assert_like_absent(self.ask(self.secret, "Domain", "Start", NO_OPTIONS),
                                self.ask(ABSENT, "Domain", "Start", NO_OPTIONS))

    def test_nobody_is_asked_about_it(self):
        agent = self.host.agent(self.nobody, "yes")
        outcome = self.nobody.call(self.secret, "Domain", "Start", NO_OPTIONS, interactive=True)
        self.assertEqual(outcome.error.code, "UnknownObject")
        self.assertEqual(agent.times_asked(), 0)

    def test_may_i(self):
        ask = lambda path: self.ask(  # noqa: E731
            ROOT, "Manager", "CheckAuthorization", text("(soa{sv})", "domain.start", path, {}))
        self.assert_like_absent(ask(self.secret), ask(ABSENT))

    def test_its_jobs(self):
        slow = self.define("slow", 3, "<t:delay start='600000'/>")
        self.client.call_async(slow, "Domain", "Start", "(a{sv})", {})
        job = vireotest.wait_until(
            lambda: next((p for p in self.client.managed_objects() if "/jobs/" in p), None), 10,
            "the job")
        self.assertIn(job, self.managed())
        self.host.polkit.set_rules(hide(("domain_name", "slow")))
        self.assertNotIn(job, self.managed())
        self.assertEqual(self.ask(job, "Job", "Cancel", NO_OPTIONS).error.code, "UnknownObject")
        xml = self.ask(f"{ROOT}/jobs", INTROSPECTABLE, "Introspect").unpack()
        self.assertNotIn(f'<node name="{job.rsplit("/", 1)[1]}"', xml)
        self.client.call(job, "Job", "Cancel", "(a{sv})", {})

    def test_errors_do_not_tell_of_it(self):
        """Whoever takes its name or UUID learns no more than that it is taken."""
        self.host.polkit.set_rules(hide(("domain_name", "secret"))
                                   + permit("action.id.indexOf('.domain.') > 0"))
        clashes = [(domain_xml("other", 2), "UuidInUse", "secret"),
                   (domain_xml("secret", 77), "NameInUse", uuid_of(2))]
        for method in ("DefineDomain", "CreateDomain"):
            for xml, code, unsaid in clashes:
                with self.subTest(method=method, code=code):
                    outcome = self.ask(CONNECTION, "Connection", method, text("(sa{sv})", xml, {}))
                    self.assertIsNotNone(outcome.error)
                    self.assertIn(outcome.error.code, {code, "NotAuthorized"})
                    self.assertNotIn(unsaid, outcome.error.message)
        outcome = self.ask(self.open, "Domain", "Rename", text("(sa{sv})", "secret", {}))
        self.assertIsNotNone(outcome.error)
        self.assertNotIn(uuid_of(2), outcome.error.message)
        self.assertEqual(self.client.get(self.secret, "Domain", "Name"), "secret")

    def test_leases(self):
        """A network that one may read tells of its guests only those that one may read."""
        network = self.client.call(CONNECTION, "Connection", "LookupNetworkByName", "(s)",
                                   "default")
        macs = {"open": "52:54:00:00:00:01", "secret": "52:54:00:00:00:02"}
        for path, (name, mac) in zip((self.open, self.secret), macs.items()):
            xml = domain_xml(name, int(mac[-1])).replace("</domain>", (
                f"<devices><interface type='network'><mac address='{mac}'/>"
                "<source network='default'/></interface></devices></domain>"))
            self.client.call(path, "Domain", "SetXml", "(sa{sv})", xml, {})
            self.client.call(path, "Domain", "Start", "(a{sv})", {})
        everything = self.client.call(network, "Network", "GetLeases", "(a{sv})", {})
        self.assertLessEqual(set(macs.values()), {lease["mac"] for lease in everything})
        seen = self.ask(network, "Network", "GetLeases", NO_OPTIONS).unpack()
        self.assertEqual([lease["mac"] for lease in seen],
                         [lease["mac"] for lease in everything if lease["mac"] != macs["secret"]])
        for mac, expected in (macs["open"], 1), (macs["secret"], 0):
            asked = self.ask(network, "Network", "GetLeases", text("(a{sv})", {
                "mac": GLib.Variant("s", mac.upper())})).unpack()
            self.assertEqual(len(asked), expected, mac)
        # What is in its definition for the next start is no less its own.
        xml = domain_xml("secret", 2).replace("</domain>", (
            f"<devices><interface type='network'><mac address='52:54:00:00:00:03'/>"
            "<source network='default'/></interface></devices></domain>"))
        self.client.call(self.secret, "Domain", "SetXml", "(sa{sv})", xml, {})
        seen = self.ask(network, "Network", "GetLeases", NO_OPTIONS).unpack()
        self.assertNotIn(macs["secret"], [lease["mac"] for lease in seen])

    def test_by_number(self):
        numbers = []
        for path in (self.secret, self.open):
            self.client.call(path, "Domain", "Start", "(a{sv})", {})
            numbers.append(self.client.get(path, "Domain", "Id"))
        look_up = lambda number: self.ask(  # noqa: E731
            CONNECTION, "Connection", "LookupDomainById", text("(u)", number))
        self.assertEqual(look_up(numbers[1]).unpack(), self.open)
        hidden, absent = look_up(numbers[0]).error, look_up(4294967295).error
        self.assertEqual(hidden.name, absent.name)
        self.assertEqual(hidden.message.replace(str(numbers[0]), "4294967295"), absent.message)

    def test_a_connection_hides_what_is_in_it(self):
        self.host.polkit.set_rules(hide(("connect_driver", "Test"), "connect.getattr"))
        self.assertEqual(self.managed(), {})
        connections = self.nobody.get(ROOT, "Manager", "Connections").unpack()
        self.assertEqual(connections, [])
        every = self.ask(ROOT, PROPERTIES, "GetAll", "('org.vireo.Vireo1.Manager',)").unpack()
        self.assertEqual(every["Connections"], [])
        for path in (CONNECTION, self.open, f"{CONNECTION}/domains"):
            outcome = self.ask(path, INTROSPECTABLE, "Introspect")
            self.assertEqual(outcome.error.code, "UnknownObject")
        xml = self.ask(f"{ROOT}/connections", INTROSPECTABLE, "Introspect").unpack()
        self.assertNotIn("<node name=", xml)
        opened = self.ask(ROOT, "Manager", "OpenConnection", "('test:///default', @a{sv} {})")
        self.assertEqual(opened.error.code, "NotAuthorized")
        self.assertEqual(self.client.get(ROOT, "Manager", "Connections"), [CONNECTION])

    def test_seen_again_when_the_rule_goes(self):
        self.assertNotIn(self.secret, self.managed())
        self.host.polkit.set_rules("")
        self.assertIn(self.secret, self.managed())


class HiddenNetwork(Case):
    ABSENT = ABSENT.replace("/domains/", "/networks/")

    def setUp(self):
        super().setUp()
        self.open, self.secret = [self.define_network(name, uuid_of(number))
                                  for name, number in (("open", 1), ("secret", 2))]
        self.host.polkit.set_rules(hide(("network_name", "secret")))

    def define_network(self, name, uuid):
        return self.client.call(CONNECTION, "Connection", "DefineNetwork", "(sa{sv})",
                                f"<network><name>{name}</name><uuid>{uuid}</uuid></network>", {})

    def assert_like_absent(self, hidden, absent):
        self.assertEqual(hidden.error.name, absent.error.name)
        for own, other in ((self.secret, self.ABSENT), ("secret", "absent"),
                           (uuid_of(2), uuid_of(404))):
            hidden.error.message = hidden.error.message.replace(own, other)
        self.assertEqual(hidden.error.message, absent.error.message)

    def test_lists(self):
        for listed in (self.managed(),
                       self.ask(CONNECTION, "Connection", "ListNetworks", NO_OPTIONS).unpack(),
                       self.ask(CONNECTION, "Connection", "GetNetworks",
                                "(@as [], @a{sv} {})").unpack()):
            self.assertIn(self.open, listed)
            self.assertNotIn(self.secret, listed)
        xml = self.ask(f"{CONNECTION}/networks", INTROSPECTABLE, "Introspect").unpack()
        self.assertIn(self.open.rsplit("/", 1)[1], xml)
        self.assertNotIn(self.secret.rsplit("/", 1)[1], xml)

    def test_look_ups(self):
        for method, hidden, absent in (("LookupNetworkByName", "secret", "absent"),
                                       ("LookupNetworkByUuid", uuid_of(2), uuid_of(404))):
            with self.subTest(method):
                self.assert_like_absent(*[self.ask(CONNECTION, "Connection", method,
                                                   text("(s)", what))
                                          for what in (hidden, absent)])

    def test_every_member(self):
        calls = [m.call()[1:] for m in find_members(self.client, self.secret)]
        calls += [(PROPERTIES, "GetAll", "('org.vireo.Vireo1.Network',)"),
                  (PROPERTIES, "Get", "('org.vireo.Vireo1.Network', 'Name')"),
                  (INTROSPECTABLE, "Introspect", "()")]
        for call in calls:
            with self.subTest(method=call[1]):
                self.assert_like_absent(self.ask(self.secret, *call), self.ask(self.ABSENT, *call))

    def test_signals(self):
        self.nobody.subscribe()
        self.assertIsNone(self.ask(ROOT, "Manager", "Subscribe", NO_OPTIONS).error)
        for path in (self.secret, self.open):
            self.client.call(path, "Network", "Start", "(a{sv})", {})
            self.client.set(path, "Network", "Autostart", "b", True)
            self.client.call(path, "Network", "Destroy", "(a{sv})", {})
            self.client.call(path, "Network", "Undefine", "(a{sv})", {})
        of = lambda path: [s["member"] for s in self.nobody.signals()  # noqa: E731
                           if s["path"] == path or path in s["args"]]
        vireotest.wait_until(lambda: "InterfacesRemoved" in of(self.open), 10, "the end")
        self.assertEqual(of(self.secret), [])


class HiddenGuest(Case):
    """What tells of a guest that one may not read is as hidden as the guest."""

    def setUp(self):
        super().setUp()
        self.define("open", 1)
        self.secret = self.define("secret", 2)
        self.call = lambda path, interface, method, *args: self.client.call(
            path, interface, method, "(" + "s" * len(args) + "a{sv})", *args, {})
        self.network = self.client.call(CONNECTION, "Connection", "LookupNetworkByName", "(s)",
                                        "default")
        self.call(CONNECTION, "Connection", "DefineNetworkFilter",
                  "<filter name='f' chain='root'/>")
        self.host.polkit.set_rules(
            hide(("domain_name", "secret"))
            + permit("/network-port|nwfilter-binding/.test(action.id)"))

    def make(self, number):
        """A port and a binding of a guest."""
        owner = f"<owner><name>guest</name><uuid>{uuid_of(number)}</uuid></owner>"
        mac = f"<mac address='52:54:00:00:00:0{number}'/>"
        port = self.call(self.network, "Network", "CreatePort", f"<networkport><uuid>"
                         f"{uuid_of(number)}</uuid>{owner}{mac}</networkport>")
        binding = self.call(CONNECTION, "Connection", "CreateNetworkFilterBinding",
                            f"<filterbinding>{owner}<portdev name='tap{number}'/>{mac}"
                            "<filterref filter='f'/></filterbinding>")
        return port, binding

    def lists(self):
        """All that nobody gets to see of them, as one text."""
        answers = [self.ask(self.network, "Network", "ListPorts", NO_OPTIONS),
                   self.ask(self.network, "Network", "GetPorts", "(@as [], @a{sv} {})"),
                   self.ask(CONNECTION, "Connection", "ListNetworkFilterBindings", NO_OPTIONS),
                   self.ask(f"{self.network}/ports", INTROSPECTABLE, "Introspect"),
                   self.ask(f"{CONNECTION}/filter_bindings", INTROSPECTABLE, "Introspect")]
        return repr([a.unpack() for a in answers]) + repr(self.managed())

    def test_lists_and_members(self):
        shown, hidden = self.make(1), self.make(2)
        seen = self.lists()
        for path in shown:
            self.assertIn(path, seen)
        for path in hidden:
            self.assertNotIn(path, seen)
        for (one, other), interface, last in zip(zip(shown, hidden),
                                                 ("NetworkPort", "NetworkFilterBinding"),
                                                 (ABSENT.rsplit("/", 1)[1], "none")):
            absent = f"{other.rsplit('/', 1)[0]}/{last}"
            self.assertIsNone(self.ask(one, interface, "GetXml", NO_OPTIONS).error)
            for member in find_members(self.client, other):
                call = member.call()[1:]
                denied, gone = self.ask(other, *call), self.ask(absent, *call)
                self.assertEqual(denied.error.name, gone.error.name, member)
                self.assertEqual(denied.error.message.replace(other, absent), gone.error.message)
            self.assertTrue(self.client.exists(other))
        look_up = self.ask(self.network, "Network", "LookupPortByUuid",
                           f"('{uuid_of(2)}',)").error
        self.assertEqual(look_up.code, "NotFound")

    def test_signals(self):
        self.nobody.subscribe()
        self.assertIsNone(self.ask(ROOT, "Manager", "Subscribe", NO_OPTIONS).error)
        hidden, shown = self.make(2), self.make(1)
        self.call(hidden[0], "NetworkPort", "Delete")
        self.call(hidden[1], "NetworkFilterBinding", "Delete")
        self.call(shown[0], "NetworkPort", "Delete")
        of = lambda path: [s["member"] for s in self.nobody.signals()  # noqa: E731
                           if s["path"] == path or path in s["args"]]
        vireotest.wait_until(lambda: "InterfacesRemoved" in of(shown[0]), 10, "the end")
        self.assertEqual([of(path) for path in hidden], [[], []])

    def test_seen_by_who_made_it(self):
        """Who said whose it is learns nothing from it, nor from its not being there."""
        made = self.ask(self.network, "Network", "CreatePort", text(
            "(sa{sv})", f"<networkport><owner><name>guest</name><uuid>{uuid_of(2)}</uuid></owner>"
            "<mac address='52:54:00:00:00:02'/></networkport>", {}))
        self.assertIsNone(made.error)
        self.assertIn(made.unpack(), self.lists())
        self.assertIsNone(self.ask(made.unpack(), "NetworkPort", "GetXml", NO_OPTIONS).error)


class Signals(Case):
    def setUp(self):
        super().setUp()
        self.client.call(ROOT, "Manager", "Subscribe", "(a{sv})", {})
        self.nobody.subscribe()
        self.everything = self.client.watch()
        self.addCleanup(self.everything.close)

    def happen(self, name, number):
        """All sorts of things to a domain, the last of which is that it goes."""
        path = self.define(name, number)
        for method in ("Start", "Suspend", "Resume", "Destroy"):
            self.client.call(path, "Domain", method, "(a{sv})", {})
        self.client.set(path, "Domain", "Autostart", "b", True)
        self.client.call(path, "Domain", "Undefine", "(a{sv})", {})
        return path

    def heard(self, path):
        """What nobody heard of an object, until a thing that it must hear happened."""
        end = self.define("end", 999)
        self.client.call(end, "Domain", "Undefine", "(a{sv})", {})
        vireotest.wait_until(lambda: any(
            s["member"] == "InterfacesRemoved" and end in s["args"] for s in self.nobody.signals()),
            10, "the end")
        return [s["member"] for s in self.nobody.signals()
                if s["path"] == path or path in s["args"]]

    def test_who_subscribed_hears_all(self):
        self.assertIsNone(self.ask(ROOT, "Manager", "Subscribe", NO_OPTIONS).error)
        path = self.happen("told", 1)
        heard = self.heard(path)
        self.assertEqual(heard[0], "InterfacesAdded")
        self.assertEqual(heard[-1], "InterfacesRemoved")
        self.assertIn("PropertiesChanged", heard)
        self.assertIn("Lifecycle", heard)
        lifecycle = [s.args[0] for s in self.everything.signals
                     if s.path == path and s.member == "Lifecycle"]
        self.assertEqual(lifecycle[0], "defined")
        self.assertEqual(lifecycle[-1], "undefined")

    def test_a_hidden_object_is_not_heard_of(self):
        self.assertIsNone(self.ask(ROOT, "Manager", "Subscribe", NO_OPTIONS).error)
        self.host.polkit.set_rules(hide(("domain_name", "secret")))
        path = self.happen("secret", 2)
        self.assertEqual(self.heard(path), [])
        self.assertTrue([s for s in self.everything.signals if s.path == path])

    def test_getting_the_objects_subscribes(self):
        self.managed()
        self.assertTrue(self.heard(self.happen("told", 3)))

    def test_who_did_not_subscribe_hears_nothing(self):
        path = self.happen("quiet", 4)
        self.managed()
        self.assertEqual(self.heard(path), [])

    def test_unsubscribed(self):
        self.managed()
        self.assertIsNone(self.ask(ROOT, "Manager", "Unsubscribe", NO_OPTIONS).error)
        path = self.happen("quiet", 5)
        self.managed()
        self.assertEqual(self.heard(path), [])

    def test_changes_are_gathered_and_true(self):
        path = self.define("busy", 6)
        self.client.call(path, "Domain", "Start", "(a{sv})", {})
        changes = [s for s in self.everything.signals
                   if s.path == path and s.member == "PropertiesChanged"]
        vireotest.wait_until(lambda: [s for s in self.everything.signals if s.path == path
                                      and s.member == "Lifecycle"], 10, "Lifecycle")
        changes = [s for s in self.everything.signals
                   if s.path == path and s.member == "PropertiesChanged"]
        together = next(s.args[1] for s in changes if "State" in s.args[1])
        self.assertEqual(together["State"], "running")
        self.assertEqual(together["Active"], True)
        self.assertNotEqual(together["Id"], 0)
        for signal in changes:
            self.assertNotIn("Uuid", signal.args[1])
        last = {}
        for signal in changes:
            last.update(signal.args[1])
        now = self.client.get_all(path, "Domain")
        self.assertEqual(last, {k: now[k] for k in last})

    def test_no_signal_for_nothing(self):
        path = self.define("calm", 7)
        self.client.set(path, "Domain", "Autostart", "b", True)
        before = len(self.everything.signals)
        self.client.set(path, "Domain", "Autostart", "b", True)
        self.client.get_all(path, "Domain")
        quiet = [s for s in self.everything.signals[before:] if s.path == path]
        self.assertEqual(quiet, [])


vireotest.main()
