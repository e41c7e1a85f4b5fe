#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gen-client.py {class|interfaces} --output FILE... INTERFACE.xml...

From the interface XML, makes the client library's classes: `class` one header and one source for
one interface, with every property, signal and method and the documentation in the XML's comments;
`interfaces` the table of all of them.
"""
import argparse
import re
import sys
import xml.etree.ElementTree as ET

BUS = 'org.vireo.Vireo1.'
SINCE = 'org.vireo.Since'
VIREO_CAST = 'VIREO_OBJECT'
# D-Bus type: C type of an argument, its format for g_variant_new(), how to make a variant of it.
IN_TYPES = {
    's': ('const char *', 's', 'g_variant_new_string'),
    'o': ('const char *', '*', 'vireo_path_to_variant'),
    'b': ('gboolean ', 'b', 'g_variant_new_boolean'),
    'u': ('guint ', 'u', 'g_variant_new_uint32'),
    'i': ('int ', 'i', 'g_variant_new_int32'),
    't': ('guint64 ', 't', 'g_variant_new_uint64'),
    'x': ('gint64 ', 'x', 'g_variant_new_int64'),
    'd': ('double ', 'd', 'g_variant_new_double'),
    'h': ('int ', 'h', None),
    'ah': ('GUnixFDList *', '@ah', None),
    'as': ('const char *const *', '^as', None),
    'ao': ('const char *const *', '^ao', None),
}
# D-Bus type: C type of a result, its format for g_variant_get(), annotations.
OUT_TYPES = {
    's': ('char *', 's', '(transfer full)'),
    'o': ('char *', 'o', '(transfer full)'),
    'b': ('gboolean ', 'b', ''),
    'u': ('guint ', 'u', ''),
    'i': ('int ', 'i', ''),
    't': ('guint64 ', 't', ''),
    'x': ('gint64 ', 'x', ''),
    'd': ('double ', 'd', ''),
    'as': ('char **', '^as', '(transfer full) (array zero-terminated=1)'),
    'ao': ('char **', '^ao', '(transfer full) (array zero-terminated=1)'),
}
# D-Bus type: C type that a getter returns, function that reads it, annotations.
GETTERS = {
    's': ('const char *', 'string', '(transfer none) (nullable)'),
    'o': ('const char *', 'string', '(transfer none) (nullable)'),
    'b': ('gboolean', 'boolean', None),
    'u': ('guint', 'uint', None),
    'i': ('int', 'int', None),
    't': ('guint64', 'uint64', None),
    'x': ('gint64', 'int64', None),
    'd': ('double', 'double', None),
    'as': ('char **', 'strv', '(transfer full) (nullable) (array zero-terminated=1)'),
    'ao': ('char **', 'strv', '(transfer full) (nullable) (array zero-terminated=1)'),
}


def die(message):
    sys.exit(f'gen-client.py: {message}')


def split(name, by):
    return re.sub(r'(?<=[a-z0-9])(?=[A-Z])', by, name).lower()


def snake(name):
    return split(name, '_').replace('-', '_')


def kebab(name):
    return split(name, '-')


# What results are called whose kind has a longer name.
KINDS = {'Snapshot': 'DomainSnapshot', 'Checkpoint': 'DomainCheckpoint', 'Port': 'NetworkPort',
         'Filter': 'NetworkFilter', 'Binding': 'NetworkFilterBinding', 'Device': 'NodeDevice',
         'Interface': 'HostInterface'}
# "Interface.Signal" of all interfaces: the comments write both kinds with a colon.
SIGNALS = set()


def link(match):
    kind, mark, member = match.group(1), match.group(2), match.group(3)
    if mark == '::' or f'{kind}.{member}' in SIGNALS:
        return f'[signal@Vireo.{kind}::{kebab(member)}]'
    return f'[property@Vireo.{kind}:{kebab(member)}]'


def to_gtk_doc(text):
    text = re.sub(r'#org\.vireo\.Vireo1\.(\w+)(::?)(\w+)', link, text)
    text = re.sub(r'(?<![\w`.])([A-Z]\w+\(\))', r'`\1`', text)
    return text.replace('*/', '* /')


class Doc:
    """A comment as gdbus-codegen reads it: `Name:`, lines `@arg: text`, paragraphs."""

    def __init__(self, comment):
        lines = [line.strip() for line in (comment or '').strip().splitlines()]
        self.arguments = {}
        self.text = ''
        if not lines:
            return
        first = lines[0].split(':', 1)
        rest = [first[1].strip()] if len(first) > 1 and first[1].strip() else []
        current = None
        for line in lines[1:]:
            found = re.match(r'@([\w-]+):\s*(.*)', line)
            if found:
                current = found.group(1)
                self.arguments[current] = found.group(2)
            elif current and line:
                self.arguments[current] += ' ' + line
            else:
                current = None
                rest.append(line)
        self.text = to_gtk_doc('\n'.join(rest).strip())
        self.arguments = {k: to_gtk_doc(v) for k, v in self.arguments.items()}


def comment_block(symbol, arguments, text, returns, since, indent=''):
    lines = ['/**', f' * {symbol}:']
    lines += [f' * @{name}: {words}' for name, words in arguments]
    lines += [' *'] + [f' * {line}'.rstrip() for line in text.splitlines()] + [' *']
    if returns:
        lines.append(f' * Returns: {returns}')
    lines += [f' * Since: {since}', ' */']
    return '\n'.join(indent + line for line in lines) + '\n'


class Argument:
    def __init__(self, where, element, docs):
        self.name = element.get('name').replace('-', '_')
        self.type = element.get('type')
        self.doc = docs.arguments.get(element.get('name'), 'see above')
        self.where = where
        self.is_options = self.type == 'a{sv}' and self.name == 'options'

    def declare_in(self):
        if 'h' in self.type and self.type not in ('h', 'ah'):
            die(f'{self.where}: no way to pass file descriptors inside of other types')
        return IN_TYPES.get(self.type, ('GVariant *',))[0] + self.name

    def format_in(self):
        # The type of what the application gives is checked with the others.
        return IN_TYPES[self.type][1] if self.type in IN_TYPES else '*'

    def value_in(self):
        if self.type == 'o':
            return f'vireo_path_to_variant ({self.name})'
        if self.type == 'ah':
            return f'vireo_fds_to_variant ({self.name})'
        return f'vireo_options_or_empty ({self.name})' if self.is_options else self.name

    def typed(self, doc):
        """What a #GVariant has to be, which no signature of C says, is in its comment."""
        return f'{doc.rstrip(".")}; of the type `{self.type}`'

    def annotated_in(self):
        if self.declare_in().startswith('GVariant *'):
            nullable = '(nullable): ' if self.is_options else ''
            return nullable + self.typed(self.doc)
        if self.is_options:
            return f'(nullable): {self.doc}'
        if self.type == 'ah':
            return f'(nullable): {self.doc}'
        if self.type in ('as', 'ao'):
            return f'(array zero-terminated=1): {self.doc}'
        return self.doc

    def described(self):
        return self.typed(self.doc) if self.out()[0] == 'GVariant *' else self.doc

    def out(self):
        return OUT_TYPES.get(self.type, ('GVariant *', '@' + self.type, '(transfer full)'))


class Method:
    def __init__(self, interface, element, doc):
        where = f'{interface.name}.{element.get("name")}'
        self.name = element.get('name')
        self.doc = doc
        notes = {a.get('name'): a.get('value') for a in element.findall('annotation')}
        self.since = notes.get(SINCE, interface.since)
        self.actions = notes.get('org.vireo.Action', '').split()
        args = [(a.get('direction'), Argument(where, a, doc)) for a in element.findall('arg')]
        self.ins = [a for direction, a in args if direction == 'in']
        self.outs = [a for direction, a in args if direction == 'out']
        self.reply = '(' + ''.join(a.type for a in self.outs) + ')'
        self.call_interface = f'{BUS}{interface.name}'
        self.symbol = f'{interface.prefix}_{snake(self.name)}'
        self.info = f'{snake(self.name)}_method'
        self.args_type = '(' + ''.join(a.type for a in self.ins) + ')'
        self.args_new = self.make_args()
        self.kind, self.result = self.classify(interface)
        if not doc.text:
            doc.text = f'Gives {self.outs[0].doc}.' if self.outs else f'Calls `{self.name}`.'

    def make_args(self):
        formats = ''.join(a.format_in() for a in self.ins)
        return ', '.join([f'g_variant_new ("({formats})"'] + [a.value_in() for a in self.ins]) + ')'

    def classify(self, interface):
        """The kind of reply, and what the finish function returns: (C type, annotations)."""
        if len(self.outs) == 1:
            out = self.outs[0]
            kind = out.name.title().replace('_', '')
            kind = KINDS.get(kind, kind)
            if out.type == 'h':
                return 'STREAM', ('GIOStream *', '(transfer full)')
            if out.type == 'o' and kind in interface.known:
                self.result_interface = f'"{BUS}{kind}"'
                return 'OBJECT', (f'Vireo{kind} *', '(transfer full)')
            if out.type not in 'buitxd':
                return 'VALUES', (out.out()[0], out.out()[2])
        if any('h' in a.type for a in self.outs):
            die(f'{self.symbol}: a file descriptor among other results')
        return 'VALUES', None

    def describe(self):
        needs = ' and '.join(f'`{a}`' for a in self.actions)
        return ('of the domain %VIREO_ERROR; %VIREO_ERROR_NOT_AUTHORIZED without the permission '
                f'{needs}, %VIREO_ERROR_UNKNOWN_OBJECT when the object is gone')

    def returned(self):
        if self.result is None:
            return 'gboolean ', '%TRUE on success'
        text = self.outs[0].described()
        return self.result[0], f'{self.result[1]}: {text}'

    def out_parameters(self):
        """Declarations and documentation of results that are not returned."""
        if self.result is not None or not self.outs:
            return [], []
        return ([f'{a.out()[0]}*ret_{a.name}' for a in self.outs],
                [(f'ret_{a.name}', f'(out) (optional) {a.out()[2]}: {a.described()}'
                  .replace(' :', ':')) for a in self.outs])

    def take_reply(self, call):
        """Statements that turn the reply of @call into what is returned."""
        if self.kind != 'VALUES' or not self.outs:
            tail = f'vireo_object_done ({call})' if not self.outs else call
            return f'  return {tail};\n'
        out = f'  g_autoptr (GVariant) reply = {call};\n'
        if self.result is not None:
            ctype, form, _ = self.outs[0].out()
            return (out + f'  {ctype}value = NULL;\n\n  if (reply != NULL)\n'
                    f'    g_variant_get (reply, "({form})", &value);\n  return value;\n')
        locals_, copies = '', ''
        for a in self.outs:
            ctype = a.out()[0]
            pointer = ctype.endswith('*')
            owned = {'char *': 'g_autofree char *', 'char **': 'g_auto (GStrv) ',
                     'GVariant *': 'g_autoptr (GVariant) '}.get(ctype)
            if pointer and owned is None:
                die(f'{self.symbol}: {ctype}as one of several results; say how it is freed')
            locals_ += f'  {owned or ctype}{a.name}{" = NULL" if pointer else ""};\n'
            value = f'g_steal_pointer (&{a.name})' if pointer else a.name
            copies += f'  if (ret_{a.name} != NULL)\n    *ret_{a.name} = {value};\n'
        forms = ''.join(a.out()[1] for a in self.outs)
        refs = ', '.join('&' + a.name for a in self.outs)
        return (out + locals_ + '\n  if (reply == NULL)\n    return FALSE;\n'
                f'  g_variant_get (reply, "({forms})", {refs});\n' + copies + '  return TRUE;\n')


class Property:
    def __init__(self, interface, element, doc):
        self.name = element.get('name')
        self.type = element.get('type')
        self.doc = doc
        self.writable = 'write' in element.get('access', 'read').replace('read', '', 1)
        self.symbol = snake(self.name)
        notes = {a.get('name'): a.get('value') for a in element.findall('annotation')}
        self.since = notes.get(SINCE, interface.since)
        self.write_actions = notes.get('org.vireo.WriteAction', '')


class Signal:
    def __init__(self, interface, element, doc):
        self.name = element.get('name')
        self.doc = doc
        doc.text = doc.text or 'Tells what happened, which the arguments say.'
        self.args = [Argument(self.name, a, doc) for a in element.findall('arg')]
        self.type = '(' + ''.join(a.type for a in self.args) + ')'
        notes = {a.get('name'): a.get('value') for a in element.findall('annotation')}
        self.since = notes.get(SINCE, interface.since)


class Setter(Method):
    """Writing a property, as a method."""

    def __init__(self, interface, prop):
        self.name = f'Set{prop.name}'
        self.doc = Doc(f'{self.name}:\n\nSets [property@Vireo.{interface.name}:'
                       f'{kebab(prop.name)}]: {prop.doc.text}')
        self.since = prop.since
        self.actions = prop.write_actions.split()
        element = ET.Element('arg', {'name': 'value', 'type': prop.type})
        argument = Argument(self.name, element, Doc('x:\n@value: the new value'))
        self.ins, self.outs, self.reply = [argument], [], '()'
        self.call_interface = 'org.freedesktop.DBus.Properties'
        self.symbol = f'{interface.prefix}_set_{prop.symbol}'
        self.info = f'set_{prop.symbol}_method'
        make = IN_TYPES[prop.type][2]
        self.args_new = (f'g_variant_new ("(ssv)", "{BUS}{interface.name}", "{prop.name}", '
                         f'{make} (value))')
        self.args_type = '(ssv)'
        self.kind, self.result = 'VALUES', None

    @property
    def bus_name(self):
        return 'Set'


class Interface:
    def __init__(self, path, known):
        parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        root = ET.parse(path, parser).getroot()
        comment = None
        for child in root:
            if child.tag is ET.Comment:
                comment = child.text
            elif child.tag == 'interface':
                break
        else:
            die(f'{path}: no interface')
        self.name = child.get('name').removeprefix(BUS)
        self.known = known
        self.prefix = f'vireo_{snake(self.name)}'
        self.type = f'Vireo{self.name}'
        self.upper = snake(self.name).upper()
        notes = {a.get('name'): a.get('value') for a in child.findall('annotation')}
        self.since = notes.get(SINCE) or die(f'{path}: no {SINCE}')
        self.doc = Doc(comment)
        self.read_members(child)

    def read_members(self, element):
        made = {'method': [], 'property': [], 'signal': []}
        makers = {'method': Method, 'property': Property, 'signal': Signal}
        comment = None
        for child in element:
            if child.tag is ET.Comment:
                comment = child.text
            elif child.tag in makers:
                if not comment:
                    die(f'{self.name}.{child.get("name")}: no documentation')
                made[child.tag].append(makers[child.tag](self, child, Doc(comment)))
                comment = None
        self.properties, self.signals = made['property'], made['signal']
        self.methods = made['method'] + [Setter(self, p) for p in self.properties if p.writable]


def declaration(returns, name, parameters):
    return f'{returns.strip()}\n{name} ({", ".join(parameters)})'


def method_functions(interface, method):
    """(documentation, returned type, name, parameters, body) of the three functions."""
    self_parameter = f'{interface.type} *self'
    base = VIREO_CAST + ' (self)'
    ins = [a.declare_in() for a in method.ins]
    in_docs = [(a.name, a.annotated_in()) for a in method.ins]
    outs, out_docs = method.out_parameters()
    returns, return_doc = method.returned()
    check = f'VIREO_IS_{interface.upper} (self)'
    failed = 'NULL' if returns.endswith('*') else 'FALSE'
    symbol = method.symbol
    self_doc = [('self', f'a {interface.name.lower()}')]
    link_to = f'[method@Vireo.{interface.name}.{symbol.removeprefix(interface.prefix + "_")}'
    text = method.doc.text
    yield (comment_block(f'{symbol}_async', self_doc + in_docs + [
        ('cancellable', '(nullable): cancels the waiting, not what the service does'),
        ('callback', '(scope async): called when the reply is there'),
        ('user_data', 'for @callback')], text, None, method.since), 'void', f'{symbol}_async',
        [self_parameter, *ins, 'GCancellable *cancellable', 'GAsyncReadyCallback callback',
         'gpointer user_data'],
        f'  g_return_if_fail ({check});\n'
        f'  vireo_object_call_async ({base}, &{method.info}, {method.args_new},\n'
        f'                           {symbol}_async, cancellable, callback, user_data);\n')
    error = [('error', method.describe())]
    call = f'vireo_object_call_finish ({base}, result, {symbol}_async, error)'
    yield (comment_block(f'{symbol}_finish', self_doc + [('result', 'what the callback got')]
                         + out_docs + error, f'Ends what {link_to}_async] began.', return_doc,
                         method.since), returns, f'{symbol}_finish',
           [self_parameter, 'GAsyncResult *result', *outs, 'GError **error'],
           method.take_reply(call))
    call = (f'vireo_object_call_sync ({base}, &{method.info}, {method.args_new}, cancellable,'
            ' error)')
    taken = method.take_reply(call)
    yield (comment_block(f'{symbol}_sync', self_doc + in_docs + [
        ('cancellable', '(nullable): cancels the waiting, not what the service does')] + out_docs
        + error, text + f'\n\nWaits for the reply; what has windows takes {link_to}_async].',
        return_doc, method.since), returns, f'{symbol}_sync',
        [self_parameter, *ins, 'GCancellable *cancellable', *outs, 'GError **error'],
        taken.replace('\n\n', f'\n\n  g_return_val_if_fail ({check}, {failed});\n', 1)
        if '\n\n' in taken else f'  g_return_val_if_fail ({check}, {failed});\n{taken}')


def getter_function(interface, index, prop):
    ctype, reader, notes = GETTERS.get(
        prop.type, ('GVariant *', 'variant', '(transfer none) (nullable)'))
    unknown = 'when it is not known'
    returns = f'{notes}: the value; %NULL {unknown}' if notes else f'the value; 0 {unknown}'
    name = f'{interface.prefix}_get_{prop.symbol}'
    return (comment_block(name, [('self', f'a {interface.name.lower()}')],
                          f'Gets {prop.doc.text}.', returns, prop.since),
            ctype, name, [f'{interface.type} *self'],
            f'  g_return_val_if_fail (VIREO_IS_{interface.upper} (self), '
            f'{"NULL" if ctype.endswith("*") else "0"});\n'
            f'  return vireo_object_get_{reader}_value ({VIREO_CAST} (self), {index});\n')


def functions(interface):
    for index, prop in enumerate(interface.properties):
        yield getter_function(interface, index, prop)
    for method in interface.methods:
        yield from method_functions(interface, method)


HEADER = '''/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Made by gen-client.py from org.vireo.Vireo1.{name}.xml. */
#pragma once

#include "vireo-object.h"

G_BEGIN_DECLS

#define VIREO_TYPE_{upper} ({prefix}_get_type ())

{forward}typedef struct _{type}Class {type}Class;

GType {prefix}_get_type (void) G_GNUC_CONST;

static inline {type} *
VIREO_{upper} (gpointer object)
{{
  return G_TYPE_CHECK_INSTANCE_CAST (object, {prefix}_get_type (), {type});
}}

static inline gboolean
VIREO_IS_{upper} (gpointer object)
{{
  return G_TYPE_CHECK_INSTANCE_TYPE (object, {prefix}_get_type ());
}}

G_DEFINE_AUTOPTR_CLEANUP_FUNC ({type}, g_object_unref)

{functions}
G_END_DECLS
'''


def write_header(interface):
    forward = ''.join(f'typedef struct _Vireo{k} Vireo{k};\n' for k in interface.known)
    lines = ''.join(declaration(returns, name, parameters).replace('\n', ' ', 1) + ';\n'
                    for _doc, returns, name, parameters, _body in functions(interface))
    return HEADER.format(name=interface.name, upper=interface.upper, prefix=interface.prefix,
                         type=interface.type, forward=forward, functions=lines)


def table(name, members, interface, mark):
    rows = ''
    for member in members:
        nick = kebab(member.name)
        arguments = []
        if mark == '::':
            arguments = [('self', f'the {interface.name.lower()}')]
            arguments += [(a.name, a.doc) for a in member.args]
        rows += comment_block(f'{interface.type}{mark}{nick}', arguments,
                              member.doc.text, None, member.since, '  ')
        rows += f'  {{ "{member.name}", "{nick}", "{member.type}" }},\n'
    # C has no empty tables.
    rows = rows or '  { NULL, NULL, NULL },\n'
    return f'static const VireoMemberInfo {name}[] = {{\n{rows}}};\n\n'


def write_source(interface):
    doc = interface.doc
    short = doc.arguments.get('short_description', interface.name)
    out = ['/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'
           f'/* Made by gen-client.py from org.vireo.Vireo1.{interface.name}.xml. */\n'
           f'#include "vireo-{kebab(interface.name)}.h"\n\n#include "vireo-object-private.h"\n\n'
           f'struct _{interface.type}\n{{\n  VireoObject parent_instance;\n}};\n\n'
           f'struct _{interface.type}Class\n{{\n  VireoObjectClass parent_class;\n}};\n\n']
    out.append(comment_block(interface.type, [], f'{short}.\n\n{doc.text}', None, interface.since))
    out.append(f'G_DEFINE_FINAL_TYPE ({interface.type}, {interface.prefix}, VIREO_TYPE_OBJECT)\n\n')
    out.append(table('property_table', interface.properties, interface, ':'))
    out.append(table('signal_table', interface.signals, interface, '::'))
    out.append(f'static const VireoInterfaceInfo interface_info = {{ "{BUS}{interface.name}", '
               f'property_table,\n  {len(interface.properties)}, signal_table, '
               f'{len(interface.signals)} }};\n\n')
    for method in interface.methods:
        out.append(f'static const VireoMethodInfo {method.info} = {{ "{method.call_interface}", '
                   f'"{getattr(method, "bus_name", method.name)}",\n  '
                   f'"{method.args_type}", "{method.reply}", '
                   f'VIREO_REPLY_{method.kind}, '
                   f'{getattr(method, "result_interface", "NULL")} }};\n\n')
    for text, returns, name, parameters, body in functions(interface):
        out.append(f'{text}{declaration(returns, name, parameters)}\n{{\n{body}}}\n\n')
    out.append(f'static void\n{interface.prefix}_class_init ({interface.type}Class *klass)\n{{\n'
               '  vireo_object_class_install (&klass->parent_class, &interface_info);\n}\n\n'
               f'static void\n{interface.prefix}_init ({interface.type} *self)\n{{\n}}\n')
    return ''.join(out)


def write_interfaces(interfaces):
    includes = ''.join(f'#include "vireo-{kebab(i.name)}.h"\n' for i in interfaces)
    rows = ''.join(f'  {{ "{BUS}{i.name}", {i.prefix}_get_type }},\n' for i in interfaces)
    return ('/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* Made by gen-client.py. */\n'
            f'{includes}#include "vireo-object-private.h"\n\n'
            'const VireoKnownInterface vireo_known_interfaces[] = {\n'
            f'{rows}  {{ NULL, NULL }},\n}};\n')


def name_in(path):
    found = re.search(r'org\.vireo\.Vireo1\.(\w+)\.xml$', path)
    return found.group(1) if found else die(f'{path}: not named after an interface')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('what', choices=['class', 'interfaces'])
    parser.add_argument('--output', nargs='+', required=True)
    parser.add_argument('--only', help='with class: which interface to write')
    parser.add_argument('xml', nargs='+')
    args = parser.parse_args()
    known = [name_in(path) for path in args.xml]
    for path, name in zip(args.xml, known, strict=True):
        SIGNALS.update(f'{name}.{s.get("name")}' for s in ET.parse(path).iter('signal'))
    interfaces = [Interface(path, known) for path in args.xml]
    if args.what == 'interfaces':
        texts = [write_interfaces(interfaces)]
    else:
        chosen = next(i for i in interfaces if i.name == args.only)
        texts = [write_header(chosen), write_source(chosen)]
    for path, text in zip(args.output, texts, strict=True):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)


main()
