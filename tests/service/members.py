# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of this folder share: members found by introspection, and calls of them."""

import xml.etree.ElementTree as ElementTree

from gi.repository import GLib
from vireotest.client import NAME, ROOT

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
CONNECTION = f"{ROOT}/connections/test"
ABSENT = f"{CONNECTION}/domains/_00000000_0000_4000_8000_00000000dead"



def uuid_of(number):
    return f"aaaaaaaa-0000-4000-8000-{number:012x}"


def domain_path(uuid):
    return f"{CONNECTION}/domains/_{uuid.replace('-', '_')}"


def domain_xml(name, number, metadata=""):
    return ("<domain type='test' xmlns:t='https://vireo.org/xmlns/domain/test/1.0'>"
            f"<name>{name}</name><uuid>{uuid_of(number)}</uuid><metadata>{metadata}</metadata>"
            "<memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>")


def define(client, name, number, metadata=""):
    return client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                       domain_xml(name, number, metadata), {})


def text(signature, *values):
    """Arguments as Caller wants them."""
    return GLib.Variant(signature, values).print_(True)


class Member:
    """A method, or a writable property, of an object."""

    def __init__(self, path, interface, element):
        self.path = path
        self.interface = interface
        self.name = element.get("name")
        self.is_property = element.tag == "property"
        self.type = element.get("type")
        self.arguments = [a.get("type") for a in element.findall("arg")
                          if a.get("direction", "in") == "in"]

    def __repr__(self):
        return f"{self.interface.rsplit('.', 1)[1]}.{self.name}"

    @property
    def key(self):
        return repr(self)

    def call(self):
        """(path, interface, method, parameters): a call with arguments of the right types."""
        if self.is_property:
            value = GLib.Variant(self.type, EXAMPLES[self.type])
            return (self.path, "org.freedesktop.DBus.Properties", "Set",
                    text("(ssv)", self.interface, self.name, value))
        signature = "(" + "".join(self.arguments) + ")"
        return (self.path, self.interface, self.name,
                text(signature, *[EXAMPLES[t] for t in self.arguments]))

    def probe(self):
        """The same of a method with options, with one that there is not."""
        path, interface, name, _ = self.call()
        values = [EXAMPLES[t] for t in self.arguments[:-1]]
        return (path, interface, name, text("(" + "".join(self.arguments) + ")", *values,
                                            {"no-such": GLib.Variant("b", True)}))


EXAMPLES = {"s": "example", "o": ROOT, "u": 1, "b": True, "a{sv}": {}, "as": [], "ay": b"example",
            "t": 1, "i": 0, "x": 1, "au": [1], "h": 0, "ah": [], "a{ut}": {}}


def find_members(client, path):
    """All methods and writable properties that the object says it has."""
    xml = client.call(path, INTROSPECTABLE, "Introspect")
    members = []
    for interface in ElementTree.fromstring(xml).findall("interface"):
        if not interface.get("name").startswith(NAME):
            continue
        members += [Member(path, interface.get("name"), e) for e in interface.findall("method")]
        members += [Member(path, interface.get("name"), e) for e in interface.findall("property")
                    if e.get("access") != "read"]
    return members


def hide(what, permission="getattr"):
    """A rule: nobody may not read what has this detail, as (key, value)."""
    key, value = what
    return ("polkit.addRule(function(action, subject) {"
            f"if (subject.user == 'nobody' && action.id.indexOf('.{permission}') > 0 && "
            f"action.lookup('{key}') == '{value}') return polkit.Result.NO; }});")


def permit(test):
    """A rule: yes to nobody where a JavaScript condition is true."""
    return ("polkit.addRule(function(action, subject) {"
            f"if (subject.user == 'nobody' && ({test})) return polkit.Result.YES; }});")
