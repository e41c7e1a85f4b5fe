#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The harness itself: a test that cannot fail would hide everything else."""

import contextlib
import os
import pathlib
import pwd
import subprocess
import unittest

import vireotest
from vireotest import privatebus
from vireotest.client import BusError
from vireotest.isolate import GUEST_USER

AUTHORITY = "/org/freedesktop/PolicyKit1/Authority"
ASK_ME = "org.freedesktop.policykit.exec"


def question(caller, interactive):
    """Parameters with which a caller asks polkit about itself."""
    subject = f"('system-bus-name', {{'name': <'{caller.unique_name}'>}})"
    return f"({subject}, '{ASK_ME}', @a{{ss}} {{}}, uint32 {int(interactive)}, '')"


def ask(caller, interactive=True):
    return caller.start(AUTHORITY, "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization",
                        question(caller, interactive), destination=privatebus.POLKIT_NAME)


class Polkit(privatebus.Polkit):
    """Without our policy, which these tests do without."""

    def install_policy(self):
        pass


class Lib(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = vireotest.work_folder("lib")
        stack.callback(lambda: subprocess.run(["rm", "-rf", self.folder], check=True))
        self.bus = stack.enter_context(vireotest.Bus(self.folder))
        self.polkit = stack.enter_context(Polkit(self.bus))
        self.stack = stack

    def caller(self, user="nobody"):
        return self.stack.enter_context(vireotest.Caller(self.bus, user))

    def agent(self, caller, answer):
        return self.stack.enter_context(vireotest.Agent(self.bus, caller, answer))

    def verdict(self, caller, number):
        outcome = caller.finish(number, 20)
        return outcome.unpack()[:2]

    def test_caller_has_the_uid_of_its_user(self):
        caller = self.caller()
        outcome = caller.call("/org/freedesktop/DBus", "org.freedesktop.DBus",
                              "GetConnectionUnixUser", f"('{caller.unique_name}',)",
                              destination="org.freedesktop.DBus")
        self.assertEqual(outcome.unpack(), pwd.getpwnam("nobody").pw_uid)

    def test_thousand_calls_take_seconds(self):
        caller = self.caller()
        outcomes = caller.call_many(
            [("/x", "org.example.X", "Y", "()")] * 1000, destination="org.example.Absent")
        self.assertEqual(len(outcomes), 1000)
        self.assertEqual({o.error.code for o in outcomes}, {"ServiceUnknown"})

    def test_system_policy_denies_what_no_file_allows(self):
        client = self.bus.client(name="org.example.X")
        self.addCleanup(client.close)
        with self.assertRaises(BusError) as caught:
            client.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "(su)",
                        "org.example.X", 0)
        self.assertEqual(caught.exception.code, "ServiceUnknown")
        busctl = subprocess.run(
            ["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
             "org.freedesktop.DBus", "RequestName", "su", "org.example.X", "0"],
            env=self.bus.environment(), capture_output=True, text=True)
        self.assertIn("Access denied", busctl.stderr)

    def test_without_agent_a_challenge_stays_one(self):
        caller = self.caller()
        self.assertEqual(self.verdict(caller, ask(caller, interactive=False)), (False, True))

    def test_agent_says_yes(self):
        caller = self.caller()
        agent = self.agent(caller, "yes")
        self.assertEqual(self.verdict(caller, ask(caller)), (True, False))
        self.assertEqual(agent.wait_asked()["action"], ASK_ME)

    def test_agent_says_no(self):
        caller = self.caller()
        self.agent(caller, "no")
        self.assertFalse(self.verdict(caller, ask(caller))[0])

    def test_agent_is_dismissed(self):
        caller = self.caller()
        self.agent(caller, "cancel")
        outcome = caller.finish(ask(caller), 20)
        authorized, _challenge, details = outcome.unpack()
        self.assertFalse(authorized)
        self.assertEqual(details.get("polkit.dismissed"), "true")

    def test_agent_never_answers(self):
        caller = self.caller()
        agent = self.agent(caller, "never")
        number = ask(caller)
        asked = agent.wait_asked()
        self.assertFalse(caller.is_done(number))
        agent.answer(asked, "yes")
        self.assertTrue(self.verdict(caller, number)[0])

    def test_vanishing_caller_takes_the_question_along(self):
        caller = self.caller()
        agent = self.agent(caller, "never")
        ask(caller)
        asked = agent.wait_asked()
        caller.kill()
        self.assertEqual(agent.wait_cancelled()["cookie"], asked["cookie"])

    def test_rules_apply_when_set_rules_returns(self):
        caller = self.caller()
        for text, wanted in [("polkit.Result.YES", True), ("polkit.Result.NO", False)]:
            self.polkit.set_rules("polkit.addRule(function(action, subject) {"
                                  f"if (subject.user == 'nobody') return {text}; }});")
            self.assertEqual(self.verdict(caller, ask(caller, False)), (wanted, False))
        self.polkit.set_rules("")
        self.assertEqual(self.verdict(caller, ask(caller, False)), (False, True))


class Isolation(unittest.TestCase):
    def test_network_is_ours_alone(self):
        names = {n for n in vireotest.leftovers.links() if not n.startswith(("ifb", "sit", "tunl"))}
        self.assertEqual(names, {"lo"})
        self.assertEqual(vireotest.leftovers.rules(), set())

    def test_rules_of_the_machine_are_hidden(self):
        self.assertEqual(list(privatebus.RULES.iterdir()), [])
        self.assertTrue(list(privatebus.ACTIONS.glob("org.freedesktop.policykit.policy")))

    def test_guest_user_exists(self):
        self.assertGreater(pwd.getpwnam(GUEST_USER).pw_uid, 0)

    def test_orphans_are_reaped(self):
        before = vireotest.leftovers.processes()
        subprocess.run(["setsid", "--fork", "sleep", "0.2"], check=True)
        vireotest.wait_until(lambda: vireotest.leftovers.processes() == before, 5, "sleep to end")
        vireotest.wait_until(lambda: not zombies(), 5, "zombies to go")

    def test_leftovers_are_found(self):
        memory = vireotest.Leftovers()
        child = subprocess.Popen(["sleep", "100"])
        subprocess.run(["ip", "link", "add", "left0", "type", "bridge"], check=True)
        subprocess.run(["nft", "add", "table", "inet", "left"], check=True)
        with self.assertRaises(AssertionError) as caught:
            memory.check(0.1)
        for part in ("sleep 100", "left0", "inet left"):
            self.assertIn(part, str(caught.exception))
        subprocess.run(["ip", "link", "del", "left0"], check=True)
        subprocess.run(["nft", "delete", "table", "inet", "left"], check=True)
        child.kill()
        child.wait()
        memory.check()


def zombies():
    return [p for p in pathlib.Path("/proc").glob("[0-9]*/stat")
            if p.read_text().rsplit(")", 1)[1].split()[0] == "Z"]


SAMPLE = '''
import unittest, vireotest
class Sample(unittest.TestCase):
    def test_a_passes(self): pass
    def test_b_fails(self): self.fail("because")
    def test_c_skips(self): self.skipTest("no such thing")
    def test_d_breaks(self): raise RuntimeError("broken")
    def test_e_subtests(self):
        self.addCleanup(self.fail, "and the cleanup")
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
vireotest.main(isolated=False)
'''


class Tap(unittest.TestCase):
    def run_sample(self, source, *arguments):
        done = subprocess.run(
            ["/usr/bin/python3", "-c", source, *arguments], capture_output=True, text=True,
            env=dict(os.environ, PYTHONPATH=str(vireotest.SOURCE / "tests/lib")))
        return done.returncode, done.stdout

    def test_each_method_counts(self):
        status, text = self.run_sample(SAMPLE)
        self.assertEqual(status, 1)
        self.assertIn("1..5\n", text)
        self.assertRegex(text, r"(?m)^ok 1 - Sample.test_a_passes")
        self.assertRegex(text, r"(?m)^not ok 2 - Sample.test_b_fails\n# (.*\n# )*.*because")
        self.assertRegex(text, r"(?m)^ok 3 - Sample.test_c_skips # SKIP no such thing$")
        self.assertRegex(text, r"(?m)^not ok 4 - Sample.test_d_breaks\n# (.*\n# )*.*broken")
        self.assertRegex(text, r"(?m)^not ok 5 - Sample.test_e_subtests\n# .*i=1")
        self.assertIn("and the cleanup", text)
        self.assertEqual(len([x for x in text.splitlines() if "ok " in x[:7]]), 5)

    def test_chosen_by_pattern(self):
        status, text = self.run_sample(SAMPLE, "test_a")
        self.assertEqual(status, 0)
        self.assertIn("1..1\n", text)

    def test_failed_fixture_is_no_success(self):
        status, text = self.run_sample(SAMPLE.replace(
            "    def test_a", "    @classmethod\n    def setUpClass(cls): raise OSError('x')\n"
            "    def test_a", 1))
        self.assertEqual(status, 1)
        self.assertRegex(text, "(?m)^(not ok|Bail out!)")


vireotest.main()
