#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they say, each in its language, as they are."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import vireotest
from clienttest import LIBRARY, library_environment, program_environment, start_host

EXAMPLES = vireotest.SOURCE / "examples"
GO_PACKAGES = "/usr/share/gocode"
RUST_PACKAGES = "/usr/share/cargo/registry"
OCAML_PACKAGES = "/usr/lib/ocaml"
JAVA_PACKAGES = "/usr/share/java"


class Examples(unittest.TestCase):
    def run_example(self, name, *command, program=True):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        host = start_host(self, name)
        env = program_environment(host)
        del env["G_DEBUG"]
        env["VIREOCTL"] = str(vireotest.built("src/cli/vireoctl"))
        if program:
            command = [*command[:-1], EXAMPLES / name / command[-1]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                              env=env)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        for line in ("state: running", f"listed: {name} running", "listed: test running",
                     f"console: Vireo test guest {name} ttyS0", "not found: True"):
            self.assertIn(line, done.stdout.splitlines(), said)
        left = [p["org.vireo.Vireo1.Domain"]["Name"]
                for p in host.client.managed_objects().values() if "org.vireo.Vireo1.Domain" in p]
        self.assertEqual(left, ["test"])

    def need(self, path):
        if not os.path.exists(path):
            self.skipTest(f"{path} is not installed")

    def compile(self, *command, sources=(), env=None):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = pathlib.Path(folder.name) / "guest"
        self.build(folder.name, *command, "-o", str(program), *sources, env=env)
        return program

    def build(self, folder, *command, env=None):
        # Caches of compilers go where the rest goes.
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder,
                              env={**os.environ, "HOME": folder, **(env or {})})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

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

    # With D-Bus alone.

    def test_go(self):
        self.need(f"{GO_PACKAGES}/src/github.com/godbus/dbus")
        program = self.compile("/usr/bin/go", "build", env={
            "GO111MODULE": "off", "GOPATH": GO_PACKAGES, "GOFLAGS": "", "CGO_ENABLED": "0"},
            sources=[str(EXAMPLES / "go/guest.go")])
        self.run_example("go", str(program))

    def test_rust(self):
        self.need(f"{RUST_PACKAGES}/dbus-0.9.6")
        self.need("/usr/bin/cargo")
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(EXAMPLES / "rust", folder, dirs_exist_ok=True)
            self.build(folder, "/usr/bin/cargo", "build", "--quiet", "--offline",
                       "--config", "source.crates-io.replace-with='debian'",
                       "--config", f"source.debian.directory='{RUST_PACKAGES}'",
                       env={"CARGO_HOME": f"{folder}/cargo", "RUSTC": "/usr/bin/rustc",
                            "CARGO_TARGET_DIR": f"{folder}/target", "RUSTFLAGS": "-Dwarnings"})
            self.run_example("rust", f"{folder}/target/debug/guest")

    def test_java(self):
        self.need(f"{JAVA_PACKAGES}/dbus.jar")
        with tempfile.TemporaryDirectory() as folder:
            path = ":".join([folder] + [f"{JAVA_PACKAGES}/{name}.jar"
                                        for name in ("dbus", "unix", "hexdump", "debug-disable")])
            self.build(folder, "javac", "-Xlint:-options", "-cp", path, "-d", folder,
                       str(EXAMPLES / "java/Guest.java"))
            self.run_example("java", "java", "-Djava.library.path=/usr/lib/jni", "-cp", path,
                             "Guest", program=False)

    def test_ocaml(self):
        self.need(f"{OCAML_PACKAGES}/dbus/dBus.cmxa")
        with tempfile.TemporaryDirectory() as folder:
            # The compiler leaves its objects where the source is.
            shutil.copy(EXAMPLES / "ocaml/guest.ml", folder)
            self.build(folder, "ocamlopt", "-w", "+a-4-9-40..42-44-45-70", "-warn-error", "+a",
                       "-I", "+dbus", "-o", "guest", "unix.cmxa", "dBus.cmxa", "guest.ml")
            self.run_example("ocaml", f"{folder}/guest")

    def test_ruby(self):
        self.run_example("ruby", "/usr/bin/ruby", "guest.rb")


vireotest.main()
