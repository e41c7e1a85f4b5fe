#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vireoctl where it runs: terminals of any width, pipes that end, locales, editors."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import clitest
import vireotest
from clitest import vireoctl
from vireotest.wait import wait_until

NAME = "sünï 日本"


class Terminal:
    """A command on a terminal of so many columns."""

    def __init__(self, env, columns, *words):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(vireoctl("-c", "test", *words), stdin=slave, stdout=slave,
                                        stderr=slave, env=env, start_new_session=True)
        os.close(slave)
        self.said = ""

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.said += os.read(self.master, 4096).decode()
            except OSError:  # the end of a terminal
                return self.said
        return self.said

    def wait_for(self, pattern):
        wait_until(lambda: re.search(pattern, self.read()), 30, lambda: f"{pattern}: {self.said}")

    def type(self, text):
        os.write(self.master, text.encode())

    def wait(self):
        wait_until(lambda: self.read() is not None and self.process.poll() is not None, 30,
                   lambda: f"the end: {self.said}")
        self.read()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


class Outside(clitest.Command):
    def terminal(self, *words, columns=80, **env):
        return Terminal({**self.env, **env}, columns, *words)

    def start(self, name):
        self.define(name, "<devices><disk type='file' device='disk'><source file='/guest/disk'/>"
                          "<target dev='vda'/></disk></devices>")
        self.run_ok("start", name)
        self.addCleanup(self.run_raw, "destroy", name)

    # ---- terminals ----

    def test_bar_fits(self):
        """A bar that is wider than the terminal would fill it with its own remains."""
        self.define("slow", "<metadata><t:delay xmlns:t='https://vireo.org/xmlns/domain/test/1.0'"
                            " start='60000'/></metadata>")
        for columns in (12, 20, 40, 80):
            with self.terminal("start", "slow", columns=columns) as waiting:
                waiting.wait_for(r"\d %")
                os.killpg(waiting.process.pid, signal.SIGINT)
                self.assertEqual(waiting.wait(), 1)
                bars = re.findall(r"\r([^\r\n]*?%)", waiting.said)
                self.assertGreater(len(bars), 0, waiting.said)
                for bar in bars:
                    self.assertLess(len(bar), columns)
                    self.assertEqual(columns >= 40, "[" in bar, bar)
                self.assertRegex(waiting.said, "asking the service to end it")
                self.assertIn("Cancelled", waiting.said)

    def test_job_of_a_domain(self):
        """Also one that is not in the way of changing it."""
        self.start("worked")
        self.assertIn("no job works", self.run_fails(1, "job", "cancel", "worked"))
        self.run_ok("backup-begin", "worked")
        self.assertRegex(self.run_ok("job", "info", "worked"), r"(?m)^Operation +domain-backup$")
        self.run_ok("job", "cancel", "worked")
        self.assertIn("no job works", self.run_fails(1, "job", "cancel", "worked"))

    def test_console_ends_well(self):
        """However it ends, the terminal is as it was, and who ended it is told."""
        self.define("talker", "<devices><serial type='pty'/><console type='pty'/></devices>")
        self.addCleanup(self.run_raw, "destroy", "talker")
        self.run_ok("start", "talker")
        for end, status, closed in (
                (lambda console: console.type("\x1d"), 0, False),
                (lambda console: console.process.terminate(), -signal.SIGTERM, False),
                (lambda console: console.process.send_signal(signal.SIGHUP), -signal.SIGHUP,
                 False),
                (lambda console: self.run_ok("destroy", "talker"), 0, True)):
            with self.terminal("console", "talker") as console:
                console.wait_for("login")
                self.assertNotEqual(termios.tcgetattr(console.master), console.before)
                end(console)
                self.assertEqual(console.wait(), status)
                self.assertEqual("The console was closed." in console.said, closed)
                self.assertEqual(termios.tcgetattr(console.master), console.before)

    # ---- pipes, locales ----

    def test_what_could_not_be_written(self):
        uuid = "aaaaaaaa-0000-4000-8000-0000000000f2"
        self.run_ok("secret-define", f"<secret><uuid>{uuid}</uuid></secret>")
        self.addCleanup(self.run_raw, "secret-undefine", uuid)
        self.run_ok("secret-set-value", uuid, "--base64", "aGVsbG8=")
        self.assertEqual(self.run_ok("secret-get-value", uuid, "--plain"), "hello")
        for words in (["list"], ["--json", "list"], ["capabilities"], ["help"],
                      ["memory-peek", "test", "0", "16"],
                      ["secret-get-value", uuid, "--plain"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(vireoctl("-c", "test", *words), env=self.env, stdout=full,
                                      stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 1, words)
            self.assertEqual(done.stderr,
                             "vireoctl: cannot write the output: No space left on device\n")
            # Nor does what is printed go to the bus when there is no standard output.
            done = subprocess.run(vireoctl("-c", "test", *words), env=self.env, text=True,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
                                  check=False, preexec_fn=lambda: os.close(1))
            self.assertEqual((done.returncode, done.stderr),
                             (1, "vireoctl: cannot write the output: Bad file descriptor\n"))

    def test_reader_that_leaves(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(vireoctl("-c", "test", "list"), env=self.env, stdout=writer,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_watch_ends_with_its_reader(self):
        with subprocess.Popen(vireoctl("-c", "test", "watch"), env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
            watch.stdout.close()
            self.assertEqual(watch.wait(30), 0)
            self.assertEqual(watch.stderr.read(), "")

    def test_names_in_every_locale(self):
        self.define(NAME)
        self.addCleanup(self.run_raw, "undefine", "--snapshots-metadata", NAME)
        for locale in ("C", "POSIX", "C.UTF-8"):
            snapshot = f"ä-{locale}"
            self.run_ok("desc", NAME, "dé", LC_ALL=locale)
            self.run_ok("snapshot-create-as", NAME, snapshot, "--description=ü", LC_ALL=locale)
            self.assertIn(NAME, self.run_ok("list", "--name", LC_ALL=locale))
            self.assertIn(f"<name>{NAME}</name>", self.run_ok("dumpxml", NAME, LC_ALL=locale))
            self.assertIn(snapshot, self.run_ok("snapshot-list", NAME, LC_ALL=locale))
            self.assertIn("no domain “nö”", self.run_fails(1, "start", "nö", LC_ALL=locale))

    def test_words_that_are_no_text(self):
        done = subprocess.run([*vireoctl("-c", "test", "start"), b"\xff\xfe"], env=self.env,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, b"vireoctl domain start: word 1 is not UTF-8\n")

    # ---- editors ----

    def editor(self, name):
        """Somebody else sets a title while this one changes the processors."""
        file = self.host.folder / f"editor-{name}"
        command = " ".join(vireoctl("-c", "test", "desc", name, "--title", "theirs"))
        file.write_text(f"#!/bin/sh\n{command}\n"
                        "sed -i 's#<vcpu.*#<vcpu>3</vcpu>#' \"$1\"\n")
        file.chmod(0o755)
        return str(file)

    def test_edit_while_somebody_else_does(self):
        self.define("shared")
        error = self.run_fails(1, "edit", "shared", EDITOR=self.editor("shared"))
        self.assertEqual(error, "vireoctl: it was changed by somebody else meanwhile\n")
        text = self.run_ok("dumpxml", "shared")
        self.assertIn("<title>theirs</title>", text)
        self.assertNotIn(">3</vcpu>", text)

    def test_edit_in_spite_of_somebody_else(self):
        self.define("forced")
        with self.terminal("edit", "forced", EDITOR=self.editor("forced")) as edit:
            edit.wait_for(r"\[Y/n/f\]")
            edit.type("f\n")
            self.assertEqual(edit.wait(), 0)
        text = self.run_ok("dumpxml", "forced")
        self.assertNotIn("theirs", text)
        self.assertIn(">3</vcpu>", text)

    def test_editor_that_fails(self):
        self.define("kept")
        before = self.run_ok("dumpxml", "kept")
        for editor in ("cp --no-such-option", "/nonexistent/editor"):
            self.assertIn(f"nothing was changed, for the editor “{editor}” failed: ",
                          self.run_fails(1, "edit", "kept", EDITOR=editor))
        self.assertEqual(self.run_ok("dumpxml", "kept"), before)


vireotest.main()
