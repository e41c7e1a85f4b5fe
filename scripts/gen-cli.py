#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gen-cli.py --output FILE INTERFACE.xml...

From the interface XML, makes the table of members that the command's verbs stand on: of each method
the arguments, results and options with their types and what the comments say of them, so that a
verb is little more than its name and its member's.
"""
import argparse
import re
import sys

from interface_docs import annotation, documented, load

# A key in a comment: `name` type.
KEY = r'`([A-Za-z0-9_.-]+)` ([bdiostux]|a[yos]|a\{s[a-z]\})(?![\w-])'
REFERENCE = re.compile(r'(?:#org\.vireo\.Vireo1\.)?(?:([A-Z]\w+)\.)?([A-Z]\w+)(?:\(\)| gives)')
UNITS = (('KiB', re.compile(r'\bin KiB\b|\bKiB\)')), ('bytes', re.compile(r'\bbytes\b', re.I)),
         ('time', re.compile(r'\bmicroseconds since 1970')),
         ('seconds', re.compile(r'\bseconds since 1970')))


def quote(text):
    out = text.replace('\\', '\\\\').replace('"', '\\"')
    return f'"{out}"'


def plain(text):
    """A comment as a terminal shows it: one sentence, without marks."""
    text = re.sub(r'#org\.vireo\.Vireo1\.(?:\w+[.:]+)?(\w+)(?:\(\))?', r'\1', text)
    text = re.split(r'\. (?=[A-Z])|,? which (?:takes|take) the permission', text)[0]
    text = re.sub(r',? which (?:takes|take) `[^`]*`(?:, too)?', '', text)
    text = text.replace('`', '').strip(' ;:,.')
    text = re.sub(r'[;,]? (?:and|or)$', '', text)
    return text[:1].upper() + text[1:]


def unit(kind, text):
    if kind not in ('t', 'u', 'x', 'i'):
        return None
    return next((name for name, pattern in UNITS if pattern.search(text)), None)


class Field:
    def __init__(self, name, kind, text='', keys=(), unit_from=None):
        self.name = name
        self.type = kind
        self.unit = unit(kind, text if unit_from is None else unit_from)
        self.text = plain(text)
        self.keys = list(keys)


def keys_of(text, names=None):
    """The keys that a comment tells of: {name: (type, what it says)}. Keys that stand together,
    "`a` b, `c` b: words", share the words."""
    found = [m for m in re.finditer(KEY, text) if names is None or m.group(1) in names]
    told, group = {}, []
    for i, match in enumerate(found):
        end = found[i + 1].start() if i + 1 < len(found) else len(text)
        between = text[match.end():end]
        group.append(match)
        if i + 1 < len(found) and re.fullmatch(r'\s*(,|and|, and|or)\s*', between):
            continue
        words = between.strip()
        words = words[1:] if words.startswith(':') else words
        for member in group:
            told.setdefault(member.group(1), (member.group(2), words.strip(' ;,')))
        group = []
    return told


class Method:
    def __init__(self, interface, element, doc):
        self.interface = interface
        self.name = element.get('name')
        self.full = f'{interface}.{self.name}'
        self.doc = doc
        self.args = element.findall('arg')
        options = annotation(element, 'Options')
        self.options = None
        if options is not None:
            self.options = [o.strip().split(' ', 1) for o in options.split(',') if o.strip()]
        names = [a.get('name') for a in self.args if a.get('direction') == 'in']
        if 'options' in names and names[-1] != 'options':
            sys.exit(f'gen-cli.py: {self.full}: options are the last argument')

    def told(self, methods, argument, key, depth=0):
        """What is said of a key here, or where this says that it is told."""
        text = self.doc.arguments.get(argument, '')
        words = keys_of(text).get(key, (None, ''))[1]
        if words and not words.startswith('as '):
            return words
        for part in (words, text):
            for where, name in REFERENCE.findall(part):
                other = methods.get(f'{where or self.interface}.{name}')
                if other is not None and other is not self and depth < 3:
                    found = other.told(methods, argument, key, depth + 1)
                    if found:
                        return found
        return ''

    def keys(self, methods, argument):
        """The documented keys of an a{sv}."""
        text = self.doc.arguments.get(argument, '')
        found = keys_of(text)
        for where, name in REFERENCE.findall(text):
            other = methods.get(f'{where or self.interface}.{name}')
            if other is not None and other is not self:
                for arg in other.args:
                    if arg.get('type') == 'a{sv}':
                        found = {**keys_of(other.doc.arguments.get(arg.get('name'), '')), **found}
        return [Field(name, kind, words) for name, (kind, words) in found.items()]

    def fields(self, methods, direction):
        for arg in self.args:
            name, kind = arg.get('name'), arg.get('type')
            if arg.get('direction') != direction or name == 'options':
                continue
            keys = self.keys(methods, name) if kind in ('a{sv}', 'aa{sv}') else ()
            yield Field(name.replace('_', '-'), kind, self.doc.arguments.get(name, ''), keys)

    def option_fields(self, methods, common):
        for name, kind in self.options:
            words = self.told(methods, 'options', name) or common.get(name, '')
            yield Field(name, kind, words, unit_from=words + ' ' + common.get(name, ''))


class Writer:
    def __init__(self):
        self.lines = []
        self.known = {}

    def table(self, fields):
        """The name of a table of fields; equal ones are written once."""
        rows = []
        for field in fields:
            keys = self.table(field.keys) if field.keys else 'NULL'
            unit_text = quote(field.unit) if field.unit else 'NULL'
            rows.append(f'  {{ {quote(field.name)}, {quote(field.type)}, {unit_text}, '
                        f'{quote(field.text)}, {keys} }},')
        if not rows:
            return 'no_fields'
        name = self.known.get(tuple(rows))
        if name is None:
            name = self.known[tuple(rows)] = f'fields_{len(self.known)}'
            self.lines += [f'static const CliField {name}[] = {{', *rows, '  { NULL },', '};', '']
        return name


def read(files):
    methods, signals, properties = {}, [], {}
    for name in files:
        for interface, _ in documented(load(name)):
            if interface.tag != 'interface':
                continue
            short = interface.get('name').rsplit('.', 1)[1]
            properties[short] = []
            for element, doc in documented(interface):
                if element.tag == 'method':
                    method = Method(short, element, doc)
                    methods[method.full] = method
                elif element.tag == 'signal':
                    signals.append((f'{short}.{element.get("name")}', [
                        Field(a.get('name').replace('_', '-'), a.get('type'),
                              doc.arguments.get(a.get('name'), '')) for a in
                        element.findall('arg')]))
                elif element.tag == 'property':
                    text = ' '.join(part for part in (doc.summary, doc.text) if part)
                    properties[short].append(Field(element.get('name'), element.get('type'), text))
    return methods, signals, properties


def common_words(methods):
    """What is first said of an option anywhere, for those members that say nothing of it."""
    common = {}
    for _, method in sorted(methods.items()):
        for name, (_, words) in keys_of(method.doc.arguments.get('options', '')).items():
            if words and not words.startswith('as '):
                common.setdefault(name, words)
    return common


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', required=True)
    parser.add_argument('files', nargs='+')
    options = parser.parse_args()
    methods, signals, properties = read(options.files)
    common = common_words(methods)
    writer = Writer()
    rows = {'CliMember cli_members': [], 'CliSignal cli_signals': [],
            'CliSignal cli_properties': []}
    for name, method in sorted(methods.items()):
        ins = writer.table(method.fields(methods, 'in'))
        outs = writer.table(method.fields(methods, 'out'))
        opts = 'NULL'
        if method.options is not None:
            opts = writer.table(method.option_fields(methods, common))
        rows['CliMember cli_members'].append(f'  {{ {quote(name)}, {ins}, {outs}, {opts} }},')
    for name, fields in sorted(signals):
        rows['CliSignal cli_signals'].append(f'  {{ {quote(name)}, {writer.table(fields)} }},')
    for name, fields in sorted(properties.items()):
        rows['CliSignal cli_properties'].append(f'  {{ {quote(name)}, {writer.table(fields)} }},')
    out = ['/* Made from introspection/ by scripts/gen-cli.py. Do not edit. */',
           '#include "cli/cli-members.h"', '', 'static const CliField no_fields[] = { { NULL } };',
           '', *writer.lines]
    for symbol, lines in rows.items():
        out += [f'const {symbol}[] = {{', *lines, '  { NULL },', '};', '']
    with open(options.output, 'w', encoding='utf-8') as f:
        f.write('\n'.join(out))


main()
