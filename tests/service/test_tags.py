#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tags: words on a domain that rules look at, and who may put them there."""

import re
import unittest

import vireotest
from members import CONNECTION, permit, text, uuid_of
from vireotest.client import PROPERTIES, GLib

TAGS = "https://vireo.org/xmlns/tags/1.0"
EXAMPLE = vireotest.SOURCE / "data/polkit/examples/vireo-tags.rules"
GUIDE = vireotest.SOURCE / "docs/administration.md"
NO_OPTIONS = "(@a{sv} {},)"
CONFIG = {"config": GLib.Variant("b", True)}


def element(*tags):
    return "<tags>" + "".join(f"<tag>{tag}</tag>" for tag in tags) + "</tags>"


def machine(name, number, *tags):
    metadata = element(*tags).replace("<tags>", f"<tags xmlns='{TAGS}'>") if tags else ""
    return (f"<domain type='test'><name>{name}</name><uuid>{uuid_of(number)}</uuid>"
            f"<metadata>{metadata}</metadata><memory>65536</memory>"
            "<os><type>hvm</type></os></domain>")


class Tags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("tags", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        self.addCleanup(self.host.polkit.set_rules, "")

    def define(self, *machine_of):
        return self.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                machine(*machine_of), {})

    def get(self, path):
        return self.client.get(path, "Domain", "Tags")

    def set(self, path, *tags, **how):
        self.client.call(path, "Domain", "SetMetadata", "(ssssa{sv})", "element", element(*tags),
                         "v", TAGS, how)

    def may(self, path, method="Start", parameters=NO_OPTIONS):
        outcome = self.nobody.call(path, "Domain", method, parameters)
        if outcome.error:
            self.assertEqual(outcome.error.code, "NotAuthorized", outcome.error.message)
        return outcome.error is None

    def test_property(self):
        path = self.define("read", 1, "web", "no tag", "web", "päge", "", "a/b:c.d@e+f-g_1")
        self.assertEqual(self.get(path), ["web", "a/b:c.d@e+f-g_1"])
        with self.client.watch(path, PROPERTIES, "PropertiesChanged") as seen:
            self.set(path, "db")
            seen.wait(matching=lambda signal: signal.args[1].get("Tags") == ["db"])
        self.set(path, *(f"{number:0100}" for number in range(50)))
        self.assertEqual(len(self.get(path)), 9)
        self.assertEqual(self.get(self.define("plain", 2)), [])

    def test_examples(self):
        rules = [rule for rule in re.findall(r"```js\n(.*?)```", GUIDE.read_text(), re.DOTALL)
                 if "domain_tags" in rule]
        self.assertEqual(len(rules), 1)
        for number, rule in enumerate([EXAMPLE.read_text(), *rules]):
            self.host.polkit.set_rules(rule.replace("web-admins", "nogroup"))
            web = self.define(f"web{number}", 10 * number + 10, "old", "web")
            other = self.define(f"other{number}", 10 * number + 11, "webs")
            self.assertTrue(self.may(web))
            self.assertFalse(self.may(other))
            self.assertFalse(self.may(web, "Suspend"))
            self.set(web, "db")
            self.assertFalse(self.may(web, "Destroy"))
            self.set(other, "web")
            self.assertTrue(self.may(other))

    def test_a_tag_takes_what_it_gives(self):
        """Who may write what has no tag makes nothing that has one."""
        self.host.polkit.set_rules(permit(
            "action.id.indexOf('.domain.') > 0 && action.lookup('domain_tags') == 'mine'"))
        path = self.define("theirs", 40, "mine")
        for tags, allowed in (("mine",), True), (("web",), False), ((), False), \
                (("mine", "web"), False):
            arguments = text("(ssssa{sv})", "element", element(*tags), "v", TAGS, CONFIG)
            self.assertEqual(self.may(path, "SetMetadata", arguments), allowed, tags)
            arguments = text("(sa{sv})", machine("theirs", 40, *tags), {})
            self.assertEqual(self.may(path, "SetXml", arguments), allowed, tags)
            outcome = self.nobody.call(CONNECTION, "Connection", "DefineDomain", arguments)
            self.assertEqual(outcome.error is None, allowed, tags)
        self.assertTrue(self.may(path, "SetMetadata", text(
            "(ssssa{sv})", "description", "anything", "", "", CONFIG)))
        self.assertEqual(self.get(path), ["mine"])

    def test_live_and_persistent(self):
        path = self.define("both", 50, "mine")
        self.client.call(path, "Domain", "Start", "(a{sv})", {})
        self.host.polkit.set_rules(permit(
            "action.id.indexOf('.domain.') > 0 && action.lookup('domain_tags') == 'mine'"))
        for how in {}, CONFIG, {"live": GLib.Variant("b", True)}:
            arguments = text("(ssssa{sv})", "element", element("web"), "v", TAGS, how)
            self.assertFalse(self.may(path, "SetMetadata", arguments))
        self.set(path, "web", config=GLib.Variant("b", True))
        self.assertEqual(self.get(path), ["mine"])
        self.client.call(path, "Domain", "Destroy", "(a{sv})", {})
        self.assertEqual(self.get(path), ["web"])
        self.assertFalse(self.may(path))


vireotest.main()
