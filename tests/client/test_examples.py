#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they say, each in its language, as they are."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import vireotest
from clienttest import LIBRARY, library_environment, program_environment, start_host

EXAMPLES = vireotest.SOURCE / "examples"


class Examples(unittest.TestCase):
    def run_example(self, name, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        host = start_host(self, name)
        env = program_environment(host)
        del env["G_DEBUG"]
        program = EXAMPLES / name / command[-1]
        done = subprocess.run([*command[:-1], program], capture_output=True, text=True, timeout=60,
                              env=env)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        for line in ("state: running", f"listed: {name} running", "listed: test running",
                     f"console: Vireo test guest {name} ttyS0", "not found: True"):
            self.assertIn(line, done.stdout.splitlines(), said)
        left = [p["org.vireo.Vireo1.Domain"]["Name"]
                for p in host.client.managed_objects().values() if "org.vireo.Vireo1.Domain" in p]
        self.assertEqual(left, ["test"])

    def compile(self, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = pathlib.Path(folder.name) / "guest"
        done = subprocess.run([*command, "-o", str(program)], capture_output=True, text=True,
                              cwd=folder.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return program

    def flags(self):
        folders = (LIBRARY, vireotest.SOURCE / "src/client", vireotest.SOURCE / "src/util")
        gio = subprocess.run(["pkg-config", "--cflags", "--libs", "gio-2.0"], capture_output=True,
                             text=True, check=True).stdout.split()
        return [*(f"-I{f}" for f in folders), *gio, f"-L{LIBRARY}", "-lvireo-1.0"]

    def test_tests_of_clients(self):
        env = dict(library_environment(), VIREOD=str(vireotest.built("src/service/vireod")))
        done = subprocess.run(["/usr/bin/python3", EXAMPLES / "testing/test_client.py"], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Ran 3 tests", done.stderr)

    def test_c(self):
        program = self.compile("gcc", "-Wall", "-Werror", str(EXAMPLES / "c/guest.c"),
                               *self.flags())
        self.run_example("c", str(program))

    def test_vala(self):
        if not (LIBRARY / "vireo-1.0.vapi").exists():
            self.skipTest("the library was built without vapigen")
        program = self.compile("valac", "--vapidir", str(LIBRARY), "--pkg", "gio-2.0",
                               "--pkg", "vireo-1.0",
                               str(EXAMPLES / "vala/guest.vala"),
                               *(f"--Xcc={flag}" for flag in self.flags()))
        self.run_example("vala", str(program))

    def test_python(self):
        self.run_example("python", "/usr/bin/python3", "guest.py")

    def test_javascript(self):
        self.run_example("javascript", "gjs", "guest.js")

    def test_lua(self):
        self.run_example("lua", "lua5.3", "guest.lua")

    def test_perl(self):
        self.run_example("perl", "/usr/bin/perl", "guest.pl")


vireotest.main()
