#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gen-reference.py --output FILE INTERFACE.xml...: reference of the D-Bus interfaces as Markdown.

Comments before a member are in the form that gdbus-codegen reads: a first line with the name, lines
"@argument: …", then text. What is not written in the XML is not in the reference.
"""
import argparse
import re
import sys

from interface_docs import annotation, documented, load

PREFIX = 'org.vireo.vireo1.'


def permissions(value):
    return ', '.join(f'`{PREFIX}{name}`' if not name.startswith('$') else f'`{name}`'
                     for name in (value or '').split())


def linked(text):
    return re.sub(r'#org\.vireo\.Vireo1\.(\w+):(\w+)', r'`\1.\2`', text)


def signature(args):
    return ', '.join(f'{a.get("type")} {a.get("name")}' for a in args)


def write_method(out, method, doc):
    args = method.findall('arg')
    ins = signature(a for a in args if a.get('direction') == 'in')
    outs = signature(a for a in args if a.get('direction') == 'out')
    out.append(f'### {method.get("name")} ({ins}) → ({outs})\n')
    if doc.text:
        out.append(linked(doc.text) + '\n')
    for arg in args:
        told = doc.arguments.get(arg.get('name'))
        if told:
            out.append(f'* `{arg.get("name")}`: {linked(told)}')
    options = annotation(method, 'Options')
    if options:
        keys = ', '.join(f'`{option.strip()}`' for option in options.split(','))
        out.append(f'* Keys of `options`: {keys}')
    out.append(f'* Permission: {permissions(annotation(method, "Action"))}')
    extra = annotation(method, 'ExtraAction')
    if extra:
        out.append(f'* With some arguments also: {permissions(extra)}')
    out.append('')


def write_signal(out, signal, doc):
    out.append(f'### {signal.get("name")} ({signature(signal.findall("arg"))})\n')
    if doc.text:
        out.append(linked(doc.text) + '\n')
    for name, told in doc.arguments.items():
        out.append(f'* `{name}`: {linked(told)}')
    out.append('')


def write_property(out, prop, doc):
    access = 'read and write' if prop.get('access') == 'readwrite' else 'read'
    text = ' '.join(part for part in (doc.summary, doc.text) if part)
    out.append(f'### {prop.get("name")} ({prop.get("type")}, {access})\n')
    out.append(linked(text) + '\n')
    out.append(f'* Permission to read: {permissions(annotation(prop, "Action"))}')
    if annotation(prop, 'WriteAction'):
        out.append(f'* Permission to write: {permissions(annotation(prop, "WriteAction"))}')
    out.append('')


def write_interface(out, interface, doc):
    out.append(f'# {interface.get("name")}\n')
    out.append(f'{doc.arguments.get("short_description", "")}. '
               f'Since {annotation(interface, "Since")}.\n')
    if doc.text:
        out.append(linked(doc.text) + '\n')
    for kind, title, write in (('method', 'Methods', write_method),
                               ('signal', 'Signals', write_signal),
                               ('property', 'Properties', write_property)):
        members = [(e, d) for e, d in documented(interface) if e.tag == kind]
        if members:
            out.append(f'## {title}\n')
        for element, told in members:
            if not (told.text or told.summary or told.arguments):
                sys.exit(f'{interface.get("name")}.{element.get("name")} is not documented')
            write(out, element, told)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', required=True)
    parser.add_argument('files', nargs='+')
    options = parser.parse_args()
    out = ['<!-- Made from introspection/*.xml by scripts/gen-reference.py. -->\n']
    for name in options.files:
        for interface, doc in documented(load(name)):
            if interface.tag == 'interface':
                write_interface(out, interface, doc)
    with open(options.output, 'w', encoding='utf-8') as f:
        f.write('\n'.join(out))


main()
