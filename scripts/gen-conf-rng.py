#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The schema as RELAX NG: gen-conf-rng.py KIND OUT SCHEMA…

One self-contained grammar a kind of document. What hangs on the type of an element further out
(when=^…) is allowed with any type, for RELAX NG cannot look up.
"""
import os
import sys
from xml.sax.saxutils import escape, quoteattr

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import conf_schema  # noqa: E402
from conf_schema import Enum, NUMBERS, SCALED, Struct, TRISTATES  # noqa: E402

UNITS = "b byte bytes k KiB KB m MiB MB g GiB GB t TiB TB p PiB PB e EiB EB".split()
PATTERNS = {
    "name": "[^/\\n\\r\\t\x7f]{1,255}",
    "uuid": r"\s*([0-9a-fA-F][\s\-]*){32}",
    "mac": r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}",
    "cpuset": r"[0-9,\^\-\s]*[0-9][0-9,\^\-\s]*",
    "ip": r"[0-9a-fA-F:.]+",
}


class Group:
    """A wrapper element: rows, and groups among them."""

    def __init__(self, tag, ns):
        self.tag, self.ns, self.rows = tag, ns, []


def plan(struct):
    root = Group(struct.tag, struct.ns)
    for field in struct.fields:
        at = root
        for tag in field.path:
            found = [r for r in at.rows if isinstance(r, Group) and r.tag == tag]
            if not found:
                found = [Group(tag, struct.ns)]
                at.rows.append(found[0])
            at = found[0]
        at.rows.append(field)
    return root


def choice(parts):
    return parts[0] if len(parts) == 1 else "<choice>" + "".join(parts) + "</choice>"


def values(words):
    return choice([f"<value>{escape(w)}</value>" for w in words])


def string(field):
    pattern = PATTERNS.get(field.type)
    low, high = field.options.get("min"), field.options.get("max")
    params = f'<param name="pattern">{escape(pattern)}</param>' if pattern else ""
    if not pattern and not low and not high:
        return "<text/>"
    if low:
        params += f'<param name="minLength">{low}</param>'
    if high:
        params += f'<param name="maxLength">{high}</param>'
    if field.type == "name":
        params += "<except><value>.</value><value>..</value></except>"
    return f'<data type="string">{params}</data>'


def octal(high):
    """Numbers up to one, with octal digits, after all zeroes."""
    digits, out = f"{high:o}", []
    for i, digit in enumerate(digits):
        rest = len(digits) - i - 1
        tail = f"[0-7]{{{rest}}}" if rest else ""
        if i == 0 and rest:
            out.append(f"[0-7]{{1,{rest}}}")
        if int(digit) > (i == 0):
            out.append(f"{digits[:i]}[{int(i == 0)}-{int(digit) - 1}]{tail}")
    return "(" + "|".join([*out, digits]) + ")"


def number(field):
    if field.type == "octal":
        return '<data type="string"><param name="pattern">\\s*[0-7]{1,5}\\s*</param></data>'
    low, high = NUMBERS[field.type][2:] if field.type in NUMBERS else (0, 2**64 - 1)
    low = max(low, int(field.options.get("min", low)))
    high = min(high, int(field.options.get("max", high)))
    digits = len(f"{high:x}")
    if field.bases() == "base16":
        return ('<data type="string"><param name="pattern">'
                f'\\s*(0[xX])?0*[0-9a-fA-F]{{1,{digits}}}\\s*</param></data>')
    kind = "integer" if low < 0 else "nonNegativeInteger"
    decimal = (f'<data type="{kind}"><param name="minInclusive">{low}</param>'
               f'<param name="maxInclusive">{high}</param></data>')
    if field.bases() == "base10":
        return decimal
    decimal = decimal.replace('</data>', '<param name="pattern">-?(0|[1-9][0-9]*)</param></data>')
    return choice([
        decimal,
        f'<data type="string"><param name="pattern">\\s*0([xX]0*[0-9a-fA-F]{{1,{digits}}}'
        f'|0*{octal(high)})\\s*</param></data>'])


def content(field):
    """What the text of a value may be."""
    if isinstance(field.target, Enum):
        return values(field.target.values)
    if field.type in TRISTATES:
        return values(["yes", "no"] if field.type == "yesno" else ["on", "off"])
    if field.number():
        return number(field)
    return string(field)


def unit():
    # Whatever the case of its letters.
    words = sorted({w for u in UNITS for w in (u, u.lower(), u.upper())})
    return f'<optional><attribute name="unit">{values(words)}</attribute></optional>'


def named(field_or_group, name):
    space = conf_ns.get(field_or_group.ns or "", "")
    return f"name={quoteattr(name)} ns={quoteattr(space)}"


conf_ns = {}


class Grammar:
    def __init__(self, schema):
        self.schema, self.wanted, self.done = schema, [], {}

    def ref(self, struct, stub=False):
        name = struct.name + (".stub" if stub else "")
        if name not in self.done:
            self.done[name] = (struct, stub)
            self.wanted.append(name)
        return f'<ref name="{name}"/>'

    def element(self, field):
        if field.type == "verbatim":
            inner = '<ref name="anything"/>'
        elif field.type == "flag":
            inner = "<empty/>"
        elif isinstance(field.target, Struct):
            inner = self.ref(field.target, "stub" in field.flags)
        else:
            inner = content(field)
            if field.type in SCALED:
                inner = unit() + inner
        return f"<element {named(field, field.xml)}>{inner}</element>"

    def attribute(self, field):
        text = f"<attribute name={quoteattr(field.xml)}>{content(field)}</attribute>"
        return text + (unit() if field.type in SCALED else "")

    def child(self, row):
        if isinstance(row, Group):
            return f"<optional><element {named(row, row.tag)}>{self.body(row)}</element></optional>"
        if row.type == "foreign":
            return '<zeroOrMore><ref name="foreign"/></zeroOrMore>'
        if row.is_list:
            return f"<zeroOrMore>{self.element(row)}</zeroOrMore>"
        if {"required", "wanted"} & row.flags:
            return self.element(row)
        return f"<optional>{self.element(row)}</optional>"

    def merged(self, rows):
        """Children of one name in one optional choice."""
        out, by_name = [], {}
        for row in rows:
            if isinstance(row, Group) or row.type == "foreign" or "when" not in row.options:
                out.append(self.child(row))
            else:
                by_name.setdefault((row.ns, row.xml), []).append(row)
        for same in by_name.values():
            many = any(r.is_list for r in same)
            inner = choice(list(dict.fromkeys(self.element(r) for r in same)))
            out.append(f"<zeroOrMore>{inner}</zeroOrMore>" if many
                       else f"<optional>{inner}</optional>")
        return out

    def plain(self, rows):
        """Attributes and children, without regard to conditions."""
        attrs, by_name = [], {}
        for row in rows:
            if not isinstance(row, Group) and row.place == "attr":
                by_name.setdefault(row.xml, []).append(row)
        for same in by_name.values():
            inner = choice(list(dict.fromkeys(self.attribute(r) for r in same)))
            needed = {"required", "wanted"} & same[0].flags and len(same) == 1
            attrs.append(inner if needed else f"<optional>{inner}</optional>")
        children = self.merged([r for r in rows if isinstance(r, Group) or r.place == "elem"])
        text = [r for r in rows if not isinstance(r, Group) and r.place == "text"]
        if text and children:
            return "".join(attrs) + "<mixed><interleave>" + "".join(children) + \
                "</interleave></mixed>"
        if text:
            inner = content(text[0])
            inner = inner if inner == "<text/>" else choice([inner, "<empty/>"])
            return "".join(attrs) + (unit() if text[0].type in SCALED else "") + inner
        if len(children) > 1:
            return "".join(attrs) + "<interleave>" + "".join(children) + "</interleave>"
        return "".join(attrs) + "".join(children) or "<empty/>"

    def body(self, group):
        """Where rows hang on one attribute of the same element: a choice over its values."""
        rows = group.rows
        own = [r for r in rows if not isinstance(r, Group) and "when" in r.options
               and not r.options["when"].startswith("^")]
        switches = {r.options["when"].partition(":")[0] for r in own}
        switch = next((r for r in rows if not isinstance(r, Group) and r.place == "attr"
                       and switches == {r.c}), None)
        if not switch:
            return self.plain(rows)
        cases = {}
        for value in switch.target.values + ([] if "required" in switch.flags else ["-"]):
            held = tuple(i for i, r in enumerate(rows) if r not in own
                         or value in r.options["when"].partition(":")[2].split(","))
            cases.setdefault(held, []).append(value)
        return choice([self.case(rows, switch, held, words) for held, words in cases.items()])

    def case(self, rows, switch, held, words):
        kept = [self.unconditional(rows[i]) for i in held if rows[i] is not switch]
        written = [w for w in words if w != "-"]
        head = ""
        if written:
            head = f"<attribute name={quoteattr(switch.xml)}>{values(written)}</attribute>"
            head = f"<optional>{head}</optional>" if "-" in words else head
        body = self.plain(kept)
        return f"<group>{head}{body}</group>"

    @staticmethod
    def unconditional(row):
        if isinstance(row, Group) or "when" not in row.options \
                or row.options["when"].startswith("^"):
            return row
        copy = conf_schema.Reader.clone(row)
        del copy.options["when"]
        return copy

    @staticmethod
    def without(row, flag):
        if isinstance(row, Group):
            return row
        copy = conf_schema.Reader.clone(row)
        copy.flags.discard(flag)
        return copy

    def write(self, document):
        out = [f"<start><element {named(document, document.tag)}>{self.ref(document)}"
               "</element></start>"]
        while self.wanted:
            name = self.wanted.pop(0)
            struct, stub = self.done[name]
            group = plan(struct)
            if stub:
                group.rows = [self.without(row, "required") for row in group.rows]
            out.append(f'<define name="{name}">{self.body(group)}</define>')
        known = "".join(f'<nsName ns={quoteattr(uri)}/>' for uri in conf_ns.values())
        out.append('<define name="anything"><zeroOrMore><choice><attribute><anyName/></attribute>'
                   '<text/><element><anyName/><ref name="anything"/></element></choice>'
                   '</zeroOrMore></define>')
        out.append('<define name="foreign"><element><anyName><except><nsName ns=""/>'
                   f'{known}</except></anyName><ref name="anything"/></element></define>')
        return out


def main(argv):
    try:
        schema = conf_schema.load(argv[3:])
    except conf_schema.SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    conf_ns.update(schema.namespaces)
    document = next((d for d in schema.documents() if d.document == argv[1]), None)
    if not document:
        print(f'no kind "{argv[1]}"', file=sys.stderr)
        return 1
    parts = Grammar(schema).write(document)
    with open(argv[2], "w", encoding="utf-8") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n'
                     "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
                     '<grammar xmlns="http://relaxng.org/ns/structure/1.0"\n'
                     '         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">\n')
        stream.write("".join(f"  {part}\n" for part in parts) + "</grammar>\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
