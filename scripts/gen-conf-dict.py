#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The schema as a dictionary for fuzzers: gen-conf-dict.py OUT SCHEMA…

One token a line, as libFuzzer and AFL read them: elements, attributes, values of enums.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import conf_schema  # noqa: E402


def tokens(schema):
    out = {"0x", "-1", "4294967296", "18446744073709551616", "&amp;", "<![CDATA[", "]]>", "<!--",
           "-->", "yes", "no", "on", "off", " unit='KiB'", " xmlns:qemu='"}
    out |= set(schema.namespaces.values())
    for enum in schema.enums.values():
        out |= set(enum.values)
    for struct in schema.structs.values():
        for field in struct.fields:
            for tag in field.path:
                out |= {f"<{tag}>", f"</{tag}>"}
            if field.place == "attr":
                out.add(f" {field.xml}='")
            elif field.place == "elem":
                name = f"{field.ns}:{field.xml}" if field.ns else field.xml
                out |= {f"<{name}>", f"<{name}/>", f"<{name} ", f"</{name}>"}
    return sorted(out)


def main(argv):
    try:
        schema = conf_schema.load(argv[2:])
    except conf_schema.SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    with open(argv[1], "w", encoding="utf-8") as stream:
        for token in tokens(schema):
            quoted = token.replace("\\", "\\\\").replace('"', '\\"')
            stream.write(f'"{quoted}"\n')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
