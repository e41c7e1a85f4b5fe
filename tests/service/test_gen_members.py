#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The generator of members and policy refuses whatever is incomplete."""

import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest

GENERATOR = vireotest.SOURCE / "scripts/gen-members.py"
INTERFACES = sorted((vireotest.SOURCE / "introspection").glob("*.xml"))
TEXTS = vireotest.SOURCE / "data/polkit/actions.conf"

INTERFACE = """<node><interface name="org.vireo.Vireo1.Thing">
<method name="Do">{method}<arg name="options" type="a{{sv}}" direction="in"/></method>
<property name="State" type="s" access="{access}">{prop}</property></interface></node>"""


def note(name, value):
    return f'<annotation name="org.vireo.{name}" value="{value}"/>'


GOOD_METHOD = note("Action", "thing.do") + note("Options", "hard b")
GOOD_PROPERTY = note("Action", "thing.getattr")
GOOD_TEXTS = {"thing.do": "admin", "thing.getattr": "open"}


class Generator(unittest.TestCase):
    def run_it(self, what, texts, files):
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder) / "out"
            done = subprocess.run(["/usr/bin/python3", GENERATOR, what, "--texts", texts,
                                   "--output", output, *files], capture_output=True, text=True)
            return done, output.read_text() if output.exists() else None

    def generate(self, method=GOOD_METHOD, prop=GOOD_PROPERTY, access="read", texts=None):
        with tempfile.TemporaryDirectory() as folder:
            xml, conf = pathlib.Path(folder) / "x.xml", pathlib.Path(folder) / "x.conf"
            xml.write_text(INTERFACE.format(method=method, prop=prop, access=access))
            conf.write_text("".join(f"[{k}]\ndescription = d\nmessage = m\ndefault = {v}\n"
                                    for k, v in (texts or GOOD_TEXTS).items()))
            return self.run_it("c", conf, [xml])

    def assert_refused(self, says, **changes):
        done, output = self.generate(**changes)
        self.assertEqual(done.returncode, 1)
        self.assertIn(says, done.stderr)
        self.assertIsNone(output)

    def test_good(self):
        done, output = self.generate()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"org.vireo.vireo1.thing.do"', output)

    def test_member_without_action(self):
        self.assert_refused("Thing.Do: no org.vireo.Action", method=note("Options", ""))
        self.assert_refused("Thing.State: no org.vireo.Action", prop="")
        self.assert_refused("Thing.State: no org.vireo.WriteAction", access="readwrite")
        self.assert_refused("is not the name",
                            method=note("Action", "Nonsense") + note("Options", ""))

    def test_options_that_are_not_declared(self):
        self.assert_refused("Thing.Do", method=note("Action", "thing.do"))
        self.assert_refused("not \"name type\"",
                            method=note("Action", "thing.do") + note("Options", "hard"))

    def test_texts(self):
        self.assert_refused("no texts for thing.do", texts={"thing.getattr": "open"})
        self.assert_refused("thing.fly", texts=dict(GOOD_TEXTS, **{"thing.fly": "admin"}))
        self.assert_refused("thing.do", texts=dict(GOOD_TEXTS, **{"thing.do": "open"}))
        self.assert_refused("thing.getattr", texts=dict(GOOD_TEXTS, **{"thing.getattr": "admin"}))

    def test_policy(self):
        done, output = self.run_it("policy", TEXTS, INTERFACES)
        self.assertEqual(done.returncode, 0, done.stderr)
        actions = ElementTree.fromstring(output.split("?>", 1)[1]).findall("action")
        allowed = {a.get("id").removeprefix("org.vireo.vireo1."):
                   [v.text for v in a.find("defaults")] for a in actions}
        self.assertEqual(allowed["domain.start"], ["auth_admin", "auth_admin", "auth_admin_keep"])
        opened = {name for name, values in allowed.items() if values == ["yes"] * 3}
        for name in opened:
            self.assertRegex(name, r"\.(getattr|read|search-[a-z-]+)$")
        self.assertNotIn("domain.read-secure", opened)


vireotest.main(isolated=False)
