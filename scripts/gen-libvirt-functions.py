#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gen-libvirt-functions.py --functions FOLDER --output FILE INTERFACE.xml...

Makes the page that says for each libvirt function which member of ours does the same, from the
tables in FOLDER. Refuses tables that do not have every function of all.txt once, and rows that name
a member or option that is not in the interface XML.

A row is "FUNCTION<TAB>WHAT", or an event or a flag in place of the function, and WHAT one of

    Interface.Member, Interface.Member(option)   separated by commas
    client-library only: what does it there
    none: why there is nothing
    todo
"""
import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

MEMBER = re.compile(r'^(\w+\.\w+)(?:\(([a-z0-9-]+)\))?$')
REASON = re.compile(r'^(client-library only|none): \S')
OPTIONS = 'org.vireo.Options'


def load_members(files):
    """{"Interface.Member": its options}"""
    members = {}
    for name in files:
        for interface in ET.parse(name).getroot().findall('interface'):
            short = interface.get('name').rsplit('.', 1)[1]
            for element in interface:
                if element.tag not in ('method', 'signal', 'property'):
                    continue
                notes = {a.get('name'): a.get('value') for a in element.findall('annotation')}
                options = (notes.get(OPTIONS) or '').split(',')
                members[f'{short}.{element.get("name")}'] = {o.split()[0] for o in options if o}
    return members


def check_what(what, members):
    """What is wrong with the second column; None when nothing is."""
    if what == 'todo' or REASON.match(what):
        return None
    for part in what.split(', '):
        match = MEMBER.match(part)
        if not match:
            return f'{part!r} is neither a member nor a reason'
        name, option = match.groups()
        if name not in members:
            return f'there is no member {name}'
        if option and option not in members[name]:
            return f'{name} has no option {option}'
    return None


def load_table(path, members, problems):
    rows = []
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        cells = line.split('\t')
        if len(cells) != 2:
            problems.append(f'{path}:{number}: a row is a function, a tab, and what does the same')
            continue
        wrong = check_what(cells[1], members)
        if wrong:
            problems.append(f'{path}:{number}: {wrong}')
        rows.append(tuple(cells))
    return rows


def load(folder, members):
    """({table: rows}, problems)"""
    folder = pathlib.Path(folder)
    problems, tables, seen = [], {}, {}
    known = [line for line in (folder / 'all.txt').read_text(encoding='utf-8').splitlines()
             if line and not line.startswith('#')]
    for path in sorted(folder.glob('*.tsv')):
        tables[path.stem] = load_table(path, members, problems)
        for function, _ in tables[path.stem]:
            if function in seen:
                problems.append(f'{path}: {function} is in {seen[function]} too')
            seen[function] = path.name
    problems += [f'no table has {function}' for function in known if function not in seen]
    problems += [f'{table}: {function} is not in all.txt' for function, table in seen.items()
                 if function not in set(known)]
    return tables, problems


def shown(what):
    if what == 'todo':
        return 'not yet'
    if REASON.match(what):
        kind, _, reason = what.partition(': ')
        return f'client library: {reason}' if kind != 'none' else f'nothing: {reason}'
    return ', '.join(f'`{part}`' for part in what.split(', '))


def page(tables):
    out = ['<!-- Made from docs/libvirt-functions/ by scripts/gen-libvirt-functions.py. -->', '',
           '# libvirt functions and what does the same', '',
           'Every function of libvirt 9.0, its qemu, lxc and admin libraries included, every event '
           'and every flag. Members are described in `interfaces.md`; in parentheses stands the '
           'option that makes the difference.', '']
    for table, rows in sorted(tables.items()):
        out += [f'## {table}', '', '| libvirt | Vireo |', '|---|---|']
        out += [f'| `{function}` | {shown(what)} |' for function, what in rows]
        out += ['']
    return '\n'.join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--functions', required=True)
    parser.add_argument('--output', required=True)
    parser.add_argument('files', nargs='+')
    options = parser.parse_args()
    # The build hands over the tables too, to make the page anew when one changes.
    files = [name for name in options.files if name.endswith('.xml')]
    tables, problems = load(options.functions, load_members(files))
    if problems:
        sys.exit('\n'.join(problems))
    pathlib.Path(options.output).write_text(page(tables), encoding='utf-8')


if __name__ == '__main__':
    main()
