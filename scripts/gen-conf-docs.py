#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The schema for people: gen-conf-docs.py KIND OUT SCHEMA…

KIND is a kind of document, of which OUT becomes the reference in Markdown, or "summary": then OUT
has every struct, row and enum of the schema, a line each, for a test to notice what changed.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import conf_schema  # noqa: E402
from conf_schema import Enum, NUMBERS, Struct  # noqa: E402

UNITS = {
    "kib": "size, in KiB", "bytes": "size, in bytes", "b": "size, in bytes",
    "mib": "size, in MiB",
    "pretty": "size, in the unit that fits", "pretty_kib": "size, in KiB without a unit",
}
WORDS = {
    "string": "text", "path": "path", "name": "name", "uuid": "UUID", "mac": "MAC address",
    "ip": "IP address", "cpuset": "set of numbers, such as `0-3,^2`", "alias": "name of the device",
    "yesno": "`yes` or `no`", "onoff": "`on` or `off`", "flag": "nothing: it is there or not",
    "octal": "octal number", "verbatim": "anything, kept as written",
    "foreign": "elements of other namespaces, kept as written",
}
NOTES = {
    "required": "required", "wanted": "required when checked strictly",
    "live": "only of a running guest",
    "secret": "shown only to those who may see secrets", "nomigrate": "not sent to another host",
    "abi": "the guest sees it",
}


def place(field):
    """Where a row is, from its struct's element: driver/@iommu, <serial>, text."""
    wrappers = "".join(f"<{tag}>/" for tag in field.path)
    if field.place == "text":
        return f"{wrappers}text"
    if field.type == "foreign":
        return f"{wrappers}*"
    name = f"{field.ns}:{field.xml}" if field.ns else field.xml
    return wrappers + (f"@{name}" if field.place == "attr" else f"<{name}>")


def bounds(field):
    low, high = field.options.get("min"), field.options.get("max")
    unit = "" if field.number() else " bytes"
    if low and high:
        return f", {low} to {high}{unit}"
    return f", at least {low}{unit}" if low else f", at most {high}{unit}" if high else ""


def number(field):
    sign = "number, may be negative" if NUMBERS[field.type][2] < 0 else "number"
    words = {"base10": "", "base16": ", in hexadecimal with or without 0x",
             "any": ", decimal, with 0x or, in octal, with 0"}[field.bases()]
    hexadecimal = {"hex", "HEX"} & set(field.options)
    return sign + words + (", printed in hexadecimal" if hexadecimal else "")


def heading(struct):
    return f"<{struct.ns + ':' if struct.ns else ''}{struct.tag or struct.name}>"


def anchor(struct):
    return struct.name.lower()


def kind_of(field):
    if isinstance(field.target, Enum):
        return ", ".join(f"`{value}`" for value in field.target.values)
    if isinstance(field.target, Struct):
        return f"[element](#{anchor(field.target)})"
    if field.type in UNITS:
        return UNITS[field.type] + bounds(field)
    if field.type in NUMBERS and field.type != "octal":
        return number(field) + bounds(field)
    return WORDS[field.type] + bounds(field)


def condition(field):
    if "when" not in field.options:
        return []
    name, _, values = field.options["when"].lstrip("^").partition(":")
    words = ["none" if v == "-" else f"`{v}`" for v in values.split(",")]
    return [f"only with {name.replace('.', ' ')} {' or '.join(words)}"]


def notes(field):
    out = [NOTES[flag] for flag in conf_schema.FLAGS if flag in field.flags and flag in NOTES]
    if field.is_list and field.type != "foreign":
        out.insert(0, "any number of them")
    return "; ".join(out + condition(field))


def meaning(field):
    """What a row is for: its own text, or that of what it is made of."""
    return " ".join(field.doc or (field.target.doc if field.target else []))


def section(struct, users):
    out = [f'## <a id="{anchor(struct)}"></a>`{heading(struct)}`', "", " ".join(struct.doc), ""]
    if users:
        links = ", ".join(f"[`{heading(u)}`](#{anchor(u)})" for u in users)
        out += [f"Stands in {links}.", ""]
    if not struct.fields:
        return out
    out += ["| where | what it says | value | default | notes |", "|---|---|---|---|---|"]
    for field in struct.fields:
        default = f"`{field.default}`" if field.default is not None else ""
        out.append(f"| `{place(field)}` | {meaning(field)} | {kind_of(field)} | {default} "
                   f"| {notes(field)} |")
    return out + [""] + rules(struct)


def rules(struct):
    """What is refused, and why."""
    each = [rule for row in struct.rules for rule in row.each(struct)]
    out = []
    for rule in each:
        message = rule.message.replace('\\"', '"')
        out.append((f"* `{rule.place}`" if rule.place else "* The element") +
                   f" is refused if `{rule.condition}`: {message} (`{rule.code}`)")
    return out + ([""] if out else [])


def targets(struct):
    return list(dict.fromkeys(f.target for f in struct.fields if isinstance(f.target, Struct)))


def reachable(document):
    order, wanted = [], [document]
    while wanted:
        struct = wanted.pop(0)
        if struct not in order:
            order.append(struct)
            wanted += targets(struct)
    return order


def reference(document):
    structs = reachable(document)
    out = [f"# {document.document}: `{heading(document)}`", "", " ".join(document.doc), "",
           "All elements and attributes of this kind of document, since 0.1 where nothing else is "
           "said. An element is described where its name leads; `in/@attribute` is an attribute of "
           "an element that has no section of its own. Sizes can be written with any unit from "
           "`bytes` to `EiB` (or `EB`, which counts by thousands) and are printed in the one that "
           "is named.", "",
           "Elements: " + ", ".join(f"[`{heading(s)}`](#{anchor(s)})" for s in structs) + ".", ""]
    for struct in structs:
        out += section(struct, [s for s in structs if struct in targets(s) and s is not struct])
    return out


def undocumented(schema):
    """A line for each struct, enum and row that says nothing about itself."""
    for owner in [*schema.enums.values(), *schema.structs.values()]:
        if not owner.doc:
            yield conf_schema.SchemaError(owner.where, f'"{owner.name}" has no text')
    for struct in schema.structs.values():
        for field in struct.fields:
            if not meaning(field):
                yield conf_schema.SchemaError(field.where,
                                              f'"{struct.name}.{field.name}" has no text')


def summary(schema):
    out = [f"namespace {name} {uri}" for name, uri in sorted(schema.namespaces.items())]
    for enum in sorted(schema.enums.values(), key=lambda e: e.name):
        out.append(f"enum {enum.name}: {' '.join(enum.values)}")
    for struct in sorted(schema.structs.values(), key=lambda s: s.name):
        document = f" kind={struct.document}" if struct.document else ""
        out.append(f"struct {struct.name} {heading(struct)}{document}")
        for field in struct.fields:
            many = "[]" if field.is_list else ""
            words = [f"  {struct.name} {place(field)}", field.type + many]
            words += [f"= {field.default}"] if field.default is not None else []
            words += sorted(field.flags)
            words += [f"{k}={v}" for k, v in sorted(field.options.items()) if k not in ("c", "in")]
            out.append(" ".join(words))
    return out + [""]


def main(argv):
    try:
        schema = conf_schema.load(argv[3:])
    except conf_schema.SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    problems = [str(error) for error in undocumented(schema)]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    document = next((d for d in schema.documents() if d.document == argv[1]), None)
    if argv[1] != "summary" and not document:
        print(f'no kind "{argv[1]}"', file=sys.stderr)
        return 1
    lines = reference(document) if document else summary(schema)
    with open(argv[2], "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
