#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What verbs print with --json: one table of shapes, which scripts may count on, and verbs that
print what the table says."""

import json
import os
import pathlib
import re
import subprocess
import unittest

import clitest
import vireotest
from clitest import vireoctl

GOLDEN = pathlib.Path(__file__).with_name("json-shapes.tsv")
TOKEN = re.compile(r'\s*("[^"]*"|[a-zA-Z0-9]+|[][{}:,|…])')
DEVICES = ("<devices><disk type='file' device='disk'><source file='/images/json.qcow2'/>"
           "<target dev='vda' bus='virtio'/></disk><interface type='network'>"
           "<mac address='52:54:00:aa:bb:c1'/><source network='default'/>"
           "<target dev='json0'/></interface><serial type='pty'/>"
           "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
           "<graphics type='vnc' port='5907' listen='127.0.0.1'/></devices>")
FILTER = "<filter name='json'/>"
BINDING = ("<filterbinding><owner><name>json</name>"
           "<uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid></owner><portdev name='json0'/>"
           "<mac address='52:54:00:aa:bb:c1'/><filterref filter='json'/></filterbinding>")
PORT = ("<networkport><owner><name>json</name><uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid>"
        "</owner><mac address='52:54:00:aa:bb:c1'/></networkport>")
SECRET = ("<secret ephemeral='no' private='no'>"
          "<uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2d</uuid></secret>")
SECRET_UUID = "d54df46f-1ab5-4a22-8618-4560ef5fac2d"
CPU = "<cpu><arch>x86_64</arch><model>EPYC</model></cpu>"

# What the words of usages are here.
WORDS = {"DOMAIN": "json", "SNAPSHOT": "snapshot", "CHECKPOINT": "checkpoint",
         "NETWORK": "default", "POOL": "default-pool", "VOLUME": "json.img", "FILTER": "json",
         "PORT-DEVICE": "json0", "SECRET": SECRET_UUID, "NODE-DEVICE": "computer",
         "INTERFACE": "eth1", "DISK": "vda"}
# Words of verbs that read and take more than the names of objects.
MORE = {
    "domain block-peek": ["json", "vda", "0", "4"], "domain memory-peek": ["json", "0", "4"],
    "domain ssh-keys": ["json", "root"], "domain interface-tuning": ["json", "json0"],
    "domain disk-tuning": ["json", "vda"], "domain link": ["json", "json0"],
    "domain monitor-command": ["json", '{"execute": "query-status"}'],
    "domain agent-command": ["json", '{"execute": "guest-ping"}'],
    "domain attach-disk": ["json", "/images/b.img", "vdb", "--print-xml"],
    "domain attach-interface": ["json", "network", "default", "--print-xml"],
    "snapshot create-as": ["json", "--print-xml"], "checkpoint create-as": ["json", "--print-xml"],
    "pool create-as": ["p", "dir", "--target", "/p", "--print-xml"],
    "volume create-as": ["default-pool", "n", "1M", "--print-xml"],
    "volume name": ["/default-pool/json.img"], "volume pool": ["/default-pool/json.img"],
    "pool find-sources": ["logical"], "connection open": ["test:///default"],
    "connection info": ["test"], "connection cpu-models": ["x86_64"],
    "connection compare-cpu": [CPU], "connection baseline-cpu": [CPU],
    "connection free-pages": ["4"], "service check": ["domain.start", "json"],
}
# Those that read, but for reasons of their own are not run here.
NOT_RUN = {
    "domain tty", "domain backup-xml", "domain block-job", "domain managed-save-xml",
    "domain save-image-xml", "job info", "job wait", "service watch", "domain monitor-events",
    "service import-libvirt", "port info", "port xml", "port tuning", "volume find",
    "volume find-key", "domain launch-security", "device find-scsi-host", "connection sev-info",
}
READS = re.compile(r"^(list|info|.*xml|.*info|.*stats|children|parent|current|state|uuid|id|name|"
                   r"key|path|mac|problems|disks|interfaces|display|.*-tuning|pin-.*|vcpus|"
                   r"iothreads|blkio|numa|scheduler|perf|messages|security-labels|desc|addresses|"
                   r"hostname|filesystems|time|guest-vcpus|leases|capabilities|"
                   r"domain-capabilities|get-value|host-.*|sysinfo|security-model|uri|version|"
                   r"features|disk-errors|launch-security)$")


def shapes(text):
    """{"group verb": shape}"""
    return dict(line.split("\t") for line in text.splitlines() if "\t" in line)


class Shape:
    """Says what is wrong with a value, by the words of the manual page."""

    def __init__(self, text):
        self.tokens = TOKEN.findall(text)
        self.at = 0
        self.check = self.alternatives()
        assert self.at == len(self.tokens), f"{text}: what comes behind {self.tokens[:self.at]}?"

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, token=None):
        found = self.peek()
        assert token in (None, found), f"{found} rather than {token} in {self.tokens}"
        self.at += 1
        return found

    def alternatives(self):
        kinds = [self.one()]
        while self.peek() == "|":
            self.take()
            kinds.append(self.one())
        if self.peek() == "…":
            self.take()

        def check(value, where):
            problems = [kind(value, where) for kind in kinds]
            return "" if "" in problems else problems[-1]
        return check

    def one(self):
        token = self.take()
        if token == "[":
            return self.array()
        if token == "{":
            return self.dictionary()
        test = {"string": lambda v: isinstance(v, str), "any": lambda v: True,
                "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
                "boolean": lambda v: isinstance(v, bool),
                "path": lambda v: isinstance(v, str) and v.startswith("/"),
                "base64": lambda v: isinstance(v, str) and re.fullmatch("[A-Za-z0-9+/]*=*", v),
                "nothing": lambda v: v is None}[token]
        return lambda value, where: "" if test(value) else f"{where} is {value!r}, no {token}"

    def array(self):
        kinds = [self.one()]
        while self.peek() == ",":
            self.take()
            kinds.append(self.one())
        self.take("]")

        def check(value, where):
            if not isinstance(value, list):
                return f"{where} is {value!r}, no array"
            if len(kinds) > 1 and len(value) != len(kinds):
                return f"{where} has {len(value)} elements"
            of = kinds if len(kinds) > 1 else kinds * len(value)
            return next(filter(None, (k(v, f"{where}[{i}]")
                                      for i, (k, v) in enumerate(zip(of, value)))), "")
        return check

    def dictionary(self):
        keys, more = {}, False
        while self.peek() != "}":
            token = self.take()
            if token == "…":
                more = True
            else:
                self.take(":")
                keys[token] = self.one()
            if self.peek() == ",":
                self.take()
        self.take("}")
        named = {k.strip('"'): kind for k, kind in keys.items() if k.startswith('"')}
        others = next((kind for k, kind in keys.items() if not k.startswith('"')), None)

        def check(value, where):
            if not isinstance(value, dict):
                return f"{where} is {value!r}, no object"
            missing = set(named) - set(value)
            if missing and not more:
                return f"{where} has no {sorted(missing)}"
            for key, member in value.items():
                kind = named.get(key, others)
                if kind is None and not more:
                    return f"{where} has {key}, which nobody was told of"
                problem = kind(member, f"{where}.{key}") if kind else ""
                if problem:
                    return problem
            return ""
        return check


class Shapes(unittest.TestCase):
    def test_the_table(self):
        said = subprocess.run(vireoctl("__complete", "--json"), check=True, text=True,
                              capture_output=True).stdout
        if os.environ.get("VIREO_TEST_REGENERATE"):
            GOLDEN.write_text(said)
        self.maxDiff = None
        self.assertEqual(said.splitlines(), GOLDEN.read_text().splitlines(),
                         "scripts count on these: VIREO_TEST_REGENERATE=1 when they may change")

    def test_words_are_read(self):
        for verb, shape in shapes(GOLDEN.read_text()).items():
            if shape:
                with self.subTest(verb):
                    Shape(shape)

    def test_what_is_wrong_is_found(self):
        for shape, good, bad in [("string", "a", 1), ("number", 1.5, True), ("path", "/", "a"),
                                 ("[number]", [1, 2], [1, "a"]), ("[string, path]", ["a", "/"], []),
                                 ('{"a": number}', {"a": 1}, {"a": 1, "b": 2}),
                                 ('{"a": number, …}', {"b": 2}, {"a": "x"}),
                                 ("{KEY: [string]}", {"x": []}, {"x": [1]}),
                                 ("nothing | string", None, 1), ("boolean", False, None),
                                 ('{PATH: {"a": any}}', {"/": {"a": []}}, {"/": {}})]:
            with self.subTest(shape):
                self.assertEqual(Shape(shape).check(good, "it"), "")
                self.assertNotEqual(Shape(shape).check(bad, "it"), "")


class Verbs(clitest.Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make = cls()
        xml = vireotest.samples.minimal_domain("json", extra=DEVICES)
        for words in (["define", "-"], ["start", "json"],
                      ["snapshot", "create-as", "json", "first"],
                      ["snapshot", "create-as", "json", "snapshot"],
                      ["checkpoint", "create-as", "json", "first"],
                      ["checkpoint", "create-as", "json", "checkpoint"],
                      ["volume", "create-as", "default-pool", "json.img", "1M"],
                      ["filter", "define", FILTER], ["filter-binding", "create", BINDING],
                      ["secret", "define", SECRET], ["port", "create", "default", PORT],
                      ["secret", "set-value", SECRET_UUID, "--base64", "eA=="]):
            make.run_ok(*words, stdin=xml)
        cls.usages = {}

    def usage_of(self, verb):
        said = subprocess.run(vireoctl(*verb.split(), "--help"), check=True, text=True,
                              capture_output=True).stdout
        return re.match(rf"Usage: vireoctl {verb} \[OPTION…\](.*?)\n\n", said, re.S)[1].split()

    def words_of(self, verb):
        """(nullable)"""
        if verb in MORE:
            return MORE[verb]
        words = []
        for word in self.usage_of(verb):
            if word.startswith("["):
                break
            if word not in WORDS:
                return None
            words.append(WORDS[word])
        return words

    def test_they_print_what_the_table_says(self):
        run = set()
        for verb, shape in shapes(GOLDEN.read_text()).items():
            if not shape or verb in NOT_RUN:
                continue
            if verb not in MORE and not READS.match(verb.split()[1]):
                continue
            words = self.words_of(verb)
            self.assertIsNotNone(words, f"{verb} reads: which words does it take?")
            with self.subTest(verb):
                said = self.run_json(*verb.split(), *words,
                                     status=1 if verb == "domain parent" else 0)
                self.assertEqual(Shape(shape).check(said, verb), "")
                run.add(verb)
        self.assertGreater(len(run), 110)

    def test_jobs_and_signals(self):
        table = shapes(GOLDEN.read_text())
        job = self.run_json("block-pull", "json", "vda", "--no-wait")
        self.assertEqual(Shape(table["domain block-pull"]).check(job, "job"), "")
        for verb in ("wait", "info"):
            self.assertEqual(Shape(table[f"job {verb}"]).check(
                self.run_json("job", verb, job), verb), "")
        with subprocess.Popen(vireoctl("-c", "test", "--json", "watch", "json"), env=self.env,
                              text=True, stdout=subprocess.PIPE) as watch:
            def look():
                self.run_ok("desc", "json", f"text {os.urandom(2).hex()}")
                return select_ready(watch.stdout)
            vireotest.wait_until(look, 20, lambda: "a signal")
            line = json.loads(watch.stdout.readline())
            watch.terminate()
        self.assertEqual(Shape(table["service watch"]).check(line, "signal"), "")


def select_ready(file):
    import select
    return bool(select.select([file], [], [], 0.1)[0])


vireotest.main()
