# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arguments that nobody in their right mind would send, and some that somebody would.

All of it comes from a random.Random, so that a seed gives the same again.
"""

import re
import xml.etree.ElementTree as ElementTree

import gi
gi.require_version("Gio", "2.0")
from gi.repository import GLib  # noqa: E402

from . import samples  # noqa: E402
from .paths import readable_source  # noqa: E402

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
STANDARD = "org.freedesktop.DBus."
# Containers in each other: more are for the guard, which tests/service/test_bus.py tries.
DEEPEST = 38
MAX_MEMBERS = 5000

INTEGERS = {
    "y": (0, 255), "n": (-2**15, 2**15 - 1), "q": (0, 2**16 - 1), "i": (-2**31, 2**31 - 1),
    "u": (0, 2**32 - 1), "x": (-2**63, 2**63 - 1), "t": (0, 2**64 - 1),
}
DOUBLES = [0.0, -0.0, 1.5, -1.0, 1e308, 5e-324, float("inf"), float("-inf"), float("nan")]
SIGNATURES = ["", "s", "a{sv}", "(ii)", "a" * 30 + "y", "(" * 20 + "i" + ")" * 20]
TYPES = ["s", "b", "y", "n", "q", "i", "u", "x", "t", "d", "o", "g", "v", "h", "as", "ay", "a{sv}",
         "a{ss}", "(ssssa{sv})", "aav", "a(so)", "aaaay"]
TEXTS = ["", " ", "/", ".", "..", "a/b", "../../../../../../etc/passwd", "/etc/shadow", "/dev/null",
         "/proc/self/mem", "/proc/1/root", "%s%n%n%n%n", "$(id)", "'; --", "\"", "\x01\x02\x7f",
         "line\nfeed", "\r\n", "\u202e\u0000".replace("\u0000", ""), "\ufffd\U0001f600",
         "-1", "0", "1e9", "18446744073709551616", "0x7fffffff", "true", "NaN", "nan", "*",
         "test:///default", "test:///", "qemu:///system", "file:///etc/passwd", "test://[::1]/%zz",
         "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "vnc",
         "<domain/>", "<a>" * 300, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]


class Method:
    """A member to call: of an interface in the introspection of a path."""

    def __init__(self, path, interface, name, arguments, options=()):
        self.path = path
        self.interface = interface
        self.name = name
        self.arguments = arguments
        self.options = options


def options_of(element):
    """(name, type) of the options that the introspection tells."""
    for annotation in element.findall("annotation"):
        if annotation.get("name") == "org.vireo.Options":
            return re.findall(r"([A-Za-z0-9_.-]+) ([a-z(){}]+)", annotation.get("value"))
    return []


def methods_of(path, interface):
    """The methods of an <interface>; its properties as calls of Set."""
    name = interface.get("name")
    for method in interface.findall("method"):
        arguments = [(a.get("name") or "", a.get("type")) for a in method.findall("arg")
                     if a.get("direction", "in") == "in"]
        yield Method(path, name, method.get("name"), arguments, options_of(method))
    for prop in interface.findall("property"):
        yield Method(path, "org.freedesktop.DBus.Properties", "Set",
                     [("=" + name, "s"), ("=" + prop.get("name"), "s"),
                      (":" + prop.get("type"), "v")])


class Surface:
    """All that can be called, by introspection from the root on, and the words in it."""

    def __init__(self, introspect, random, most_children=6, describe=lambda _path: None):
        self.methods = []
        self.paths = []
        self.words = set()
        # What is there: definitions of objects, their devices, and the words in them.
        self.documents = []
        self.elements = []
        self.names = set()
        self._introspect = introspect
        self._describe = describe
        self._random = random
        self._most_children = most_children
        self._walk("/")
        self.words = sorted(self.words)
        self.names = sorted(self.names)

    def _learn(self, path):
        """Of an object's definition, what makes calls about it valid, or nearly so."""
        text = self._describe(path)
        if not text:
            return
        try:
            tree = ElementTree.fromstring(text)
        except ElementTree.ParseError:
            return
        self.documents.append(text)
        for element in tree.iter():
            values = [*element.attrib.values(), (element.text or "").strip()]
            self.names |= {value for value in values if 0 < len(value) < 200}
        for parent in (tree.find("devices"), tree):
            for element in parent if parent is not None else ():
                self.elements.append(ElementTree.tostring(element, encoding="unicode"))

    def _walk(self, path):
        text = self._introspect(path)
        if text is None or len(self.methods) > MAX_MEMBERS:
            return
        self.paths.append(path)
        if self._random.random() < 0.3:
            self._learn(path)
        tree = ElementTree.fromstring(text)
        for interface in tree.findall("interface"):
            self.words.add(interface.get("name"))
            for element in interface.iter():
                self.words.add(element.get("name") or "")
                self.words |= {name for name, _type in options_of(element)}
            self.methods += methods_of(path, interface)
        nodes = sorted(node.get("name") for node in tree.findall("node"))
        if len(nodes) > self._most_children:
            nodes = self._random.sample(nodes, self._most_children)
        for node in nodes:
            self.words.add(node)
            self.words.add(node.strip("_").replace("_", "-"))
            self._walk(f"{path.rstrip('/')}/{node}")


def documents():
    """Definitions to start from."""
    folder = readable_source() / "tests/conf/data"
    texts = [file.read_text() for file in sorted(folder.glob("*.xml"))]
    for n in range(8):
        texts.append(samples.minimal_domain(f"fuzz{n}"))
        texts.append(samples.nat_network(f"fuzz{n}", f"fuzzbr{n}", f"192.168.{n}"))
    return texts


class Values:
    """Makes values of any type; fds gets one for each handle that exists."""

    def __init__(self, random, surface, texts):
        self.random = random
        self.surface = surface
        self.texts = texts
        self.n_handles = 0

    def origin(self):
        choose = self.random.random()
        if choose < 0.25 and self.surface.documents:
            return self.random.choice(self.surface.documents)
        if choose < 0.5 and self.surface.elements:
            return self.random.choice(self.surface.elements)
        return self.random.choice(self.texts)

    def document(self):
        text = self.origin()
        for _ in range(self.random.choice([0, 0, 1, 3, 20])):
            at = self.random.randrange(len(text))
            end = min(len(text), at + self.random.choice([1, 5, 40]))
            text = self.random.choice([
                text[:at] + text[end:], text[:end] + text[at:end] * 3 + text[end:],
                text[:at] + self.random.choice(TEXTS) + text[at:],
                re.sub(r"\d+", lambda m: str(self.random.choice([m[0], 0, 2**32, 2**64])), text)])
            text = text[:100000] or "x"
        return text

    def text(self, name=""):
        choose = self.random.random()
        if name == "xml" or name.endswith("_xml"):
            return self.document() if choose < 0.9 else self.random.choice(TEXTS)
        if choose < 0.25 and self.surface.names:
            return self.random.choice(self.surface.names)
        if choose < 0.45 and self.surface.words:
            return self.random.choice(self.surface.words)
        if choose < 0.55:
            return f"fuzz{self.random.randrange(8)}"
        if choose < 0.60:
            return self.document()
        if choose < 0.98:
            return self.random.choice(TEXTS)
        size = self.random.choice([256, 4096, 70000, 300000, 2000000])
        return self.random.choice(["x", "/a", "\u20ac", "<a>", "%n"]) * size

    def path(self):
        choose = self.random.random()
        if choose < 0.7 and self.surface.paths:
            return self.random.choice(self.surface.paths)
        return self.random.choice(["/", "/org", "/org/vireo/Vireo1/none", "/a" * 1000,
                                   "/org/freedesktop/DBus",
                                   self.random.choice(self.surface.paths or ["/"]).rstrip("/")
                                   + "/_00"])

    def integer(self, kind):
        low, high = INTEGERS[kind]
        return self.random.choice([low, high, 0, 1, high // 2, high // 2 + 1,
                                   self.random.randint(low, high), self.random.randrange(200),
                                   self.random.randrange(4), min(high, 64 << 20)])

    def basic(self, kind, name):
        if kind == "s":
            return GLib.Variant("s", self.text(name))
        if kind == "b":
            return GLib.Variant("b", self.random.random() < 0.5)
        if kind in INTEGERS:
            return GLib.Variant(kind, self.integer(kind))
        if kind == "d":
            return GLib.Variant("d", self.random.choice(DOUBLES))
        if kind == "o":
            return GLib.Variant("o", self.path())
        if kind == "g":
            return GLib.Variant("g", self.random.choice(SIGNATURES))
        if kind == "h":
            # Most are there; some are not.
            self.n_handles += 1
            handle = self.random.choice([self.n_handles - 1] * 4 + [7, -1, 2**31 - 1])
            return GLib.Variant("h", handle)
        raise ValueError(kind)

    def variant(self, depth):
        if depth >= DEEPEST:
            return GLib.Variant.new_variant(self.basic(self.random.choice("sbiuto"), ""))
        wraps = 0
        if self.random.random() < 0.1:
            wraps = self.random.randrange(DEEPEST - depth)
        inner = self.make(self.random.choice(TYPES), depth + wraps + 6)
        for _ in range(wraps):
            inner = GLib.Variant.new_variant(inner)
        return GLib.Variant.new_variant(inner)

    def length(self, depth):
        if depth > 4:
            return self.random.randrange(2)
        return self.random.choice([0, 1, 1, 2, 3, 10] + [300] * (self.random.random() < 0.02))

    def make(self, kind, depth=0, name="", options=()):
        """A value of a complete type; options are what a{sv} may well have in it."""
        if kind == "v":
            return self.variant(depth)
        if len(kind) == 1:
            return self.basic(kind, name)
        if kind == "a{sv}":
            return self.dictionary(depth, options)
        builder = GLib.VariantBuilder.new(GLib.VariantType.new(kind))
        if kind.startswith("a"):
            for _ in range(self.length(depth)):
                builder.add_value(self.make(kind[1:], depth + 1, name))
        else:
            for part in items_of(kind):
                builder.add_value(self.make(part, depth + 1))
        return builder.end()

    def dictionary(self, depth, options):
        builder = GLib.VariantBuilder.new(GLib.VariantType.new("a{sv}"))
        for name, kind in options:
            if self.random.random() < 0.4:
                wrong = self.random.random() < 0.15
                value = self.make(self.random.choice(TYPES) if wrong else kind, depth + 4, name)
                builder.add_value(entry(name, value))
        if not options or self.random.random() < 0.1:
            for _ in range(self.random.choice([0, 0, 0, 1, 2, 40])):
                builder.add_value(entry(self.text()[:10000],
                                        self.make(self.random.choice(TYPES), depth + 4)))
        return builder.end()

    def arguments(self, method):
        """The body of a call, most often of the right types."""
        self.n_handles = 0
        kinds = list(method.arguments)
        if self.random.random() < 0.06:
            kinds = [("", self.random.choice(TYPES)) for _ in range(self.random.randrange(5))]
        values = []
        for name, kind in kinds:
            if name.startswith("=") and self.random.random() < 0.95:
                values.append(GLib.Variant("s", name[1:]))
            elif name.startswith(":") and self.random.random() < 0.8:
                values.append(GLib.Variant.new_variant(self.make(name[1:], 1)))
            else:
                values.append(self.make(kind, 0, name, method.options))
        return GLib.Variant.new_tuple(*values)


def items_of(kind):
    """The types in a tuple or dictionary entry."""
    at = 1
    while at < len(kind) - 1:
        end = at
        while kind[end] == "a":
            end += 1
        depth = 0
        while True:
            depth += (kind[end] in "({") - (kind[end] in ")}")
            end += 1
            if depth == 0:
                break
        yield kind[at:end]
        at = end


def entry(name, value):
    return GLib.Variant.new_dict_entry(GLib.Variant("s", name), GLib.Variant.new_variant(value))
