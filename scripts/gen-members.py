#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gen-members.py {c|policy} --texts actions.conf --output FILE INTERFACE.xml...
gen-members.py other --symbol NAME --output FILE INTERFACE.xml...

From the interface XML, makes the table of members that the service joins with its handlers, and the
polkit policy. Refuses whatever is incomplete: a member without an action, an action without texts,
texts without a member, options that are not declared.

`other` makes the table of interfaces that are not ours, and that are served by way of ours: their
members have no actions, and where ours have options they may have an argument `flags`.
"""
import argparse
import configparser
import re
import sys
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

PREFIX = 'org.vireo.vireo1.'
ANNOTATION = 'org.vireo.'
EMITS = 'org.freedesktop.DBus.Property.EmitsChangedSignal'
EMITS_VALUES = {'true': 'VIREO_EMITS_VALUE', 'invalidates': 'VIREO_EMITS_INVALIDATED',
                'const': 'VIREO_EMITS_NOTHING', 'false': 'VIREO_EMITS_NOTHING'}
ACTION = re.compile(r'^(\$object|[a-z]+(?:-[a-z]+)*)\.([a-z]+(?:-[a-z]+)*)$')
READING = re.compile(r'^(getattr|read|search(-[a-z]+)*)$')
OPTION = re.compile(r'^([a-z]+(?:-[a-z0-9]+)*) (\S+)$')


def die(message):
    sys.exit(f'gen-members.py: {message}')


def annotations(element):
    return {a.get('name'): a.get('value') for a in element.findall('annotation')}


def quote(text):
    if text is None:
        return 'NULL'
    out = text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')
    return f'"{out}"'


def kebab(name):
    return re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '-', name).lower()


class Member:
    """What a method or property needs, whichever of them it is."""

    def __init__(self, where, element):
        self.where = f'{where}.{element.get("name")}'
        self.element = element
        self.name = element.get('name')
        self.notes = annotations(element)

    def actions(self, annotation):
        value = self.notes.get(ANNOTATION + annotation)
        names = (value or '').split()
        if not names:
            die(f'{self.where}: no {ANNOTATION}{annotation}')
        for name in names:
            if not ACTION.match(name):
                die(f'{self.where}: {name!r} is not the name of an action')
        return names


class Method(Member):
    def __init__(self, where, element):
        super().__init__(where, element)
        self.action_names = self.actions('Action')
        ins = [a for a in element.findall('arg') if a.get('direction', 'in') == 'in']
        outs = [a for a in element.findall('arg') if a.get('direction') == 'out']
        self.in_type = '(' + ''.join(a.get('type') for a in ins) + ')'
        self.out_type = '(' + ''.join(a.get('type') for a in outs) + ')'
        self.options_index = next((i for i, a in enumerate(ins) if a.get('name') == 'options'), -1)
        if self.options_index >= 0 and ins[self.options_index].get('type') != 'a{sv}':
            die(f'{self.where}: options are a{{sv}}')
        self.options = self.parse_options()

    def parse_options(self):
        value = self.notes.get(ANNOTATION + 'Options')
        if (value is not None) != (self.options_index >= 0):
            die(f'{self.where}: {ANNOTATION}Options and an argument "options" go together')
        options = []
        for part in filter(None, (p.strip() for p in (value or '').split(','))):
            match = OPTION.match(part)
            if not match:
                die(f'{self.where}: option {part!r} is not "name type"')
            options.append(match.groups())
        return sorted(options)


class OtherMethod(Method):
    """Of an interface that is not ours."""

    def actions(self, annotation):
        return []

    def parse_options(self):
        ins = [a for a in self.element.findall('arg') if a.get('direction', 'in') == 'in']
        self.options_index = next((i for i, a in enumerate(ins) if a.get('name') == 'flags'), -1)
        if self.options_index >= 0 and ins[self.options_index].get('type') != 'u':
            die(f'{self.where}: flags are u')
        return []


class Property(Member):
    def __init__(self, where, element):
        super().__init__(where, element)
        self.type = element.get('type')
        access = element.get('access')
        if access not in ('read', 'readwrite'):
            die(f'{self.where}: access {access!r}')
        self.action_names = self.actions('Action')
        self.write_names = self.actions('WriteAction') if access == 'readwrite' else []
        emits = self.notes.get(EMITS, 'true')
        if emits not in EMITS_VALUES:
            die(f'{self.where}: {EMITS} {emits!r}')
        self.emits = EMITS_VALUES[emits]


class OtherProperty(Property):
    def actions(self, annotation):
        return []

    @property
    def is_writable(self):
        return self.element.get('access') == 'readwrite'


class Interface:
    def __init__(self, element, method=Method, prop=Property):
        self.element = element
        self.name = element.get('name')
        self.methods = self.members('method', method)
        self.properties = self.members('property', prop)
        self.signals = sorted(element.findall('signal'), key=lambda s: s.get('name'))

    def members(self, tag, kind):
        found = sorted((kind(self.name, e) for e in self.element.findall(tag)),
                       key=lambda m: m.name)
        for one, two in zip(found, found[1:]):
            if one.name == two.name:
                die(f'{one.where} is there twice')
        return found

    def symbol(self):
        return self.name.rsplit('.', 1)[1].lower()

    def xml(self):
        ET.indent(self.element, '  ', 1)
        return '  ' + ET.tostring(self.element, encoding='unicode').rstrip() + '\n'


def load_interfaces(files, *kinds):
    found = []
    for name in files:
        found += [Interface(e, *kinds) for e in ET.parse(name).getroot().findall('interface')]
    return sorted(found, key=lambda i: i.name)


def used_actions(interfaces):
    """All actions, with `$object` spelled out for each kind of object that has jobs."""
    names = set()
    job_kinds = {action.split('.')[0] for i in interfaces for p in i.properties
                 if p.name == 'CurrentJob' for action in p.action_names}
    for interface in interfaces:
        for member in interface.methods + interface.properties:
            names.update(member.action_names + getattr(member, 'write_names', []))
            names.update(member.notes.get(ANNOTATION + 'ExtraAction', '').split())
    for name in [n for n in names if n.startswith('$object.')]:
        names.update(name.replace('$object', kind) for kind in job_kinds)
    return sorted(names)


def load_texts(file, actions):
    texts = configparser.ConfigParser(interpolation=None, delimiters=('=',))
    texts.optionxform = str
    with open(file, encoding='utf-8') as stream:
        texts.read_file(stream)
    wanted = {a for a in actions if not a.startswith('$object.')}
    missing, extra = wanted - set(texts.sections()), set(texts.sections()) - wanted
    if missing:
        die(f'{file}: no texts for {", ".join(sorted(missing))}')
    if extra:
        die(f'{file}: texts for what no member uses: {", ".join(sorted(extra))}')
    for name in wanted:
        section = texts[name]
        if set(section) != {'description', 'message', 'default'}:
            die(f'{file}: [{name}] needs description, message and default')
        if section['default'] not in ('open', 'admin'):
            die(f'{file}: [{name}] default is open or admin')
        permission = name.split('.')[1]
        if (section['default'] == 'open') != bool(READING.match(permission)):
            die(f'{file}: [{name}]: what reads is open, all else is for administrators')
    return texts


class CWriter:
    def __init__(self, actions):
        self.actions = actions
        self.lists = {}
        self.lines = []

    def action_list(self, names):
        if not names:
            return 'NULL'
        return self.lists.setdefault(tuple(names), f'actions_{len(self.lists)}')

    def write_list(self, prop):
        if getattr(prop, 'is_writable', False):
            return 'no_actions'
        return self.action_list(prop.write_names)

    def table(self, kind, symbol, rows):
        self.lines += [f'static const {kind} {symbol}[] = {{', *rows, '  { NULL },', '};', '']

    def interface(self, interface):
        symbol = interface.symbol()
        methods = []
        for m in interface.methods:
            rows = [f'  {{ {quote(n)}, {quote(t)} }},' for n, t in m.options]
            options = 'no_options'
            if rows:
                options = f'{symbol}_{kebab(m.name)}_options'.replace('-', '_')
                self.table('VireoOptionInfo', options, rows)
            methods.append(f'  {{ {quote(m.name)}, {quote(m.in_type)}, {quote(m.out_type)}, '
                           f'{self.action_list(m.action_names)}, {options}, {m.options_index} }},')
        properties = [f'  {{ {quote(p.name)}, {quote(kebab(p.name))}, {quote(p.type)}, {p.emits}, '
                      f'{self.action_list(p.action_names)}, {self.write_list(p)} }},'
                      for p in interface.properties]
        signals = []
        for s in interface.signals:
            kinds = ''.join(a.get('type') for a in s.findall('arg'))
            on_request = annotations(s).get(ANNOTATION + 'OnRequest') == 'true'
            signals.append(f'  {{ {quote(s.get("name"))}, {quote("(" + kinds + ")")}, '
                           f'{"TRUE" if on_request else "FALSE"} }},')
        self.table('VireoMethodInfo', f'{symbol}_methods', methods)
        self.table('VireoPropertyInfo', f'{symbol}_properties', properties)
        self.table('VireoSignalInfo', f'{symbol}_signals', signals)
        text = '\n'.join(f'  {quote(line + chr(10))}' for line in interface.xml().splitlines())
        self.lines += [f'static const char {symbol}_xml[] =', text + ';', '']

    def text(self, interfaces, symbol='vireo_interfaces'):
        for interface in interfaces:
            self.interface(interface)
        head = ['/* Made by scripts/gen-members.py. Do not edit. */',
                '#include "service/vireo-members.h"', '']
        head += self.action_table() if self.actions else [
            f'extern const VireoInterfaceInfo {symbol}[];', '',
            'static const VireoAction *const no_actions[] = { NULL };']
        head += ['', 'static const VireoOptionInfo no_options[] = { { NULL } };', '']
        for names, name in self.lists.items():
            refs = ', '.join(f'&vireo_actions[{self.actions.index(n)}]' for n in names)
            head.append(f'static const VireoAction *const {name}[] = {{ {refs}, NULL }};')
        tail = [f'const VireoInterfaceInfo {symbol}[] = {{']
        tail += [f'  {{ {quote(i.name)}, {i.symbol()}_methods, {i.symbol()}_properties, '
                 f'{i.symbol()}_signals, {i.symbol()}_xml }},' for i in interfaces]
        tail += ['  { NULL },', '};']
        return '\n'.join(head + [''] + self.lines + tail) + '\n'

    def action_table(self):
        head = ['const VireoAction vireo_actions[] = {']
        for name in self.actions:
            kind, permission = name.split('.')
            reading = 'TRUE' if READING.match(permission) else 'FALSE'
            head.append(f'  {{ {quote(PREFIX + name)}, {quote(kind)}, {quote(permission)}, '
                        f'{reading} }},')
        return head + ['  { NULL },', '};']


def policy_text(texts):
    out = ['<?xml version="1.0" encoding="UTF-8"?>',
           '<!DOCTYPE policyconfig PUBLIC '
           '"-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"',
           '  "http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd">',
           '<!-- Made by scripts/gen-members.py from data/polkit/actions.conf. -->',
           '<policyconfig>', '  <vendor>Vireo</vendor>', '  <icon_name>computer</icon_name>']
    for name in sorted(texts.sections()):
        section = texts[name]
        is_open = section['default'] == 'open'
        values = ('yes',) * 3 if is_open else ('auth_admin', 'auth_admin', 'auth_admin_keep')
        out += [f'  <action id="{PREFIX}{name}">',
                f'    <description>{escape(section["description"])}</description>',
                f'    <message>{escape(section["message"])}</message>', '    <defaults>']
        out += [f'      <allow_{who}>{value}</allow_{who}>'
                for who, value in zip(('any', 'inactive', 'active'), values)]
        out += ['    </defaults>', '  </action>']
    return '\n'.join(out + ['</policyconfig>', ''])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('what', choices=('c', 'policy', 'other'))
    parser.add_argument('--texts')
    parser.add_argument('--symbol')
    parser.add_argument('--output', required=True)
    parser.add_argument('files', nargs='+')
    args = parser.parse_args()
    if args.what == 'other':
        text = CWriter([]).text(load_interfaces(args.files, OtherMethod, OtherProperty),
                                args.symbol)
    else:
        interfaces = load_interfaces(args.files)
        actions = used_actions(interfaces)
        texts = load_texts(args.texts, actions)
        text = CWriter(actions).text(interfaces) if args.what == 'c' else policy_text(texts)
    with open(args.output, 'w', encoding='utf-8') as stream:
        stream.write(text)


if __name__ == '__main__':
    main()
