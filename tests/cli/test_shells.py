#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion in bash, zsh and fish as a person gets it: the shells themselves are asked."""

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
    """An interactive shell on a terminal."""

    def __init__(self, env, *command):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, env)

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


# What is typed, and the name that it is to become.
ODD = (("odd1", "odd1 space"), ("odd2", "odd2's"), ("odd3", 'odd3"x'), ("odd4", "odd4$HOME"),
       ("odd5", "odd5;exit"), ("odd6", "odd6*"), ("odd7", "odd7\\n"), ("odd8", "odd8:colon"),
       ("odd8:c", "odd8:colon"), ("odd9=", "odd9=is"), ("oddü", "oddüñ"),
       ('"odd1', "odd1 space"), ("'odd1 s", "odd1 space"), ("odd1\\ s", "odd1 space"),
       ("'odd4", "odd4$HOME"))


class Shells(clitest.Command):
    def setUp(self):
        self.define("shell-guest")
        self.define("with space")
        for name in sorted({name for _typed, name in ODD}):
            self.define(name)
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
        for typed, name in ODD:
            if "'" not in typed:
                self.assertEqual(self.fish(f"vireoctl -c test start {typed}"), [name], typed)
        self.assertIn("--paused", self.fish("vireoctl -c test start --p"))
        # Files only where there is nothing else.
        self.assertNotIn("docs/", self.fish("vireoctl xml validate d"))
        self.assertIn("meson.build", self.fish("vireoctl xml validate domain meson.b"))

    def test_zsh(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        zsh = Terminal(self.shell_env, "zsh", "-f", "-i")
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
        for typed, name in ODD:
            zsh.type(f"vireoctl -c test start {typed}\t\n")
            quoted = name.replace("'", "'\\''")
            zsh.wait("said: '-c' 'test' 'start' " + re.escape(f"'{quoted}'"))

    def test_bash(self):
        bash = Terminal(self.shell_env, "bash", "--norc", "--noprofile", "-i")
        self.addCleanup(bash.close)
        bash.type(f"PS1=; . {COMPLETIONS}/vireoctl.bash; cd {SOURCE}; bind 'set bell-style none'\n"
                  "vireoctl () { [[ $1 == __complete ]] && command vireoctl \"$@\" || "
                  "printf '<%s>' said: \"$@\" $'\\n'; }; echo defi''ned\n")
        bash.wait(r"defined\r?\n")
        for typed, said in (("-c test start shell-\t", ["-c", "test", "start", "shell-guest"]),
                            ("domain susp\t", ["domain", "suspend"]),
                            ("help network upd\t", ["help", "network", "update"]),
                            ("dumpx\t", ["dumpxml"]), ("net-dumpx\t", ["net-dumpxml"]),
                            ("-c test start --pau\t", ["-c", "test", "start", "--paused"]),
                            ("define meson.b\t", ["define", "meson.build"]),
                            *((f"-c test start {typed}\t", ["-c", "test", "start", name])
                              for typed, name in ODD)):
            bash.type(f"vireoctl {typed}\n")
            bash.wait("<said:>" + re.escape("".join(f"<{word}>" for word in said)) + "<")


vireotest.main()
