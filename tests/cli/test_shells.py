#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion in zsh and fish as a person gets it: the shells themselves are asked."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

import clitest
import vireotest
from vireotest.paths import SOURCE, built
from vireotest.wait import FACTOR

COMPLETIONS = SOURCE / "data/completions"


class Terminal:
    """An interactive zsh on a terminal."""

    def __init__(self, env):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], env)

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, pattern, seconds=20):
        deadline = time.monotonic() + seconds * FACTOR
        while not re.search(pattern, self.seen):
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"no “{pattern}” in {self.seen!r}")
            self.seen += os.read(self.fd, 4096).decode(errors="replace")
        self.seen = ""

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


class Shells(clitest.Command):
    def setUp(self):
        self.define("shell-guest")
        self.define("with space")
        folder = str(self.host.folder)
        program = built("src/cli/vireoctl").parent
        self.shell_env = {**self.env, "HOME": folder, "XDG_CONFIG_HOME": folder, "TERM": "dumb",
                          "LC_ALL": "C.UTF-8", "PATH": f"{program}:{os.environ['PATH']}"}

    def fish(self, line):
        """The candidates, as fish lists them."""
        script = f"source {COMPLETIONS}/vireoctl.fish; complete -C '{line}'"
        done = subprocess.run(["fish", "--no-config", "-c", script], env=self.shell_env, text=True,
                              cwd=SOURCE, capture_output=True, timeout=60, check=True)
        return [each.split("\t")[0] for each in done.stdout.splitlines()]

    def test_fish(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        verbs = self.fish("vireoctl -c test domain st")
        self.assertIn("start", verbs)
        self.assertIn("state", verbs)
        self.assertEqual(self.fish("vireoctl -c test start shell-"), ["shell-guest"])
        self.assertEqual(self.fish("vireoctl -c test start with"), ["with space"])
        self.assertIn("--paused", self.fish("vireoctl -c test start --p"))
        # Files only where there is nothing else.
        self.assertNotIn("docs/", self.fish("vireoctl xml validate d"))
        self.assertIn("meson.build", self.fish("vireoctl xml validate domain meson.b"))

    def test_zsh(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        zsh = Terminal(self.shell_env)
        self.addCleanup(zsh.close)
        zsh.type(f"fpath=({COMPLETIONS} $fpath); autoload -Uz compinit; compinit -u -D;"
                 "PS1='' RPS1=''; print rea''dy\n")
        zsh.wait(r"ready\r?\n")
        # The line that Tab completes is run, by a command that says its words.
        zsh.type("vireoctl () { [[ $1 == __complete ]] && command vireoctl \"$@\" || "
                 "print -r said: \"${(@qq)argv}\" }; print defi''ned\n")
        zsh.wait(r"defined\r?\n")
        for typed, said in (("-c test start shell-\t", "'-c' 'test' 'start' 'shell-guest'"),
                            ("-c test start with\t", "'-c' 'test' 'start' 'with space'"),
                            ("domain susp\t", "'domain' 'suspend'"),
                            ("-c test start --pau\t", "'-c' 'test' 'start' '--paused'")):
            zsh.type(f"vireoctl {typed}\n")
            zsh.wait(rf"said: {re.escape(said)}")


vireotest.main()
