# SPDX-License-Identifier: LGPL-2.1-or-later
"""The schema language of src/conf/schema: reading it, and the model that the generators use.

src/conf/README.md describes the language. Whatever is wrong in a schema is a SchemaError that
names file and line.
"""
import re

NUMBERS = {
    'u8': ('guint8', 1, 0, 0xff), 'u16': ('guint16', 2, 0, 0xffff),
    'u32': ('guint', 4, 0, 0xffffffff), 'u64': ('guint64', 8, 0, 2**64 - 1),
    'octal': ('guint', 4, 0, 0o7777),
    's32': ('int', 4, -2**31, 2**31 - 1), 's64': ('gint64', 8, -2**63, 2**63 - 1),
}
# Sizes with a unit: all are guint64, in the unit that the name says (README.md).
SCALED = ['kib', 'bytes', 'b', 'mib', 'pretty', 'pretty_kib']
STRINGS = ['string', 'name', 'uuid', 'alias', 'mac', 'cpuset', 'path', 'ip']
TRISTATES = ['yesno', 'onoff']
RAW = ['verbatim', 'foreign']
PLACES = ('attr', 'elem', 'text')
FLAGS = ('required', 'secret', 'live', 'abi', 'nomigrate', 'wanted', 'stub')
# Those that are no bit of a row: of a list in the domain, of a struct, and of how a number is
# written.
MARKS = ('device', 'inside', 'base16', 'anybase')
OPTIONS = ('c', 'in', 'when', 'min', 'max', 'hex', 'HEX')
C_WORDS = {'default', 'auto', 'register', 'switch', 'static', 'const', 'int', 'char', 'case',
           'volatile', 'inline', 'union', 'struct', 'enum', 'signed', 'unsigned', 'restrict'}


class SchemaError(Exception):
    def __init__(self, where, message):
        super().__init__(f'{where[0]}:{where[1]}: error: {message}')


def snake(name):
    name = name.split(':')[-1]
    name = re.sub(r'([a-z0-9])([A-Z])', r'\1_\2', name)
    name = re.sub(r'([A-Z])([A-Z][a-z])', r'\1_\2', name)
    name = re.sub(r'[^A-Za-z0-9]', '_', name).lower()
    return name + '_' if name in C_WORDS else name


class Enum:
    def __init__(self, name, where, doc):
        self.name, self.where, self.doc, self.values = name, where, doc, []
        self.ctype = 'Vireo' + name
        self.func = 'vireo_' + snake(name)

    def constant(self, value):
        return self.func.upper() + '_' + re.sub(r'[^A-Za-z0-9]', '_', value).upper()


class Field:
    """A row of a struct. After resolution `target` is the Struct or Enum that it refers to."""

    def __init__(self, name, where, doc):
        self.name, self.where, self.doc = name, where, doc
        self.type, self.is_list, self.default = None, False, None
        self.place, self.xml, self.options, self.flags = None, None, {}, set()
        self.c, self.target, self.bit, self.ns = None, None, None, None

    @property
    def path(self):
        return self.options['in'].split('/') if 'in' in self.options else []

    def number(self):
        return self.type in NUMBERS or self.type in SCALED

    def bases(self):
        """In what a number may be written: 10, 16, or both, with 0x to tell them apart."""
        if 'base16' in self.flags:
            return 'base16'
        return 'any' if {'hex', 'HEX'} & set(self.options) or 'anybase' in self.flags else 'base10'

    def has_bit(self):
        return not self.is_list and (self.number() or self.type == 'flag')

    def bit_name(self):
        return self.c if self.type == 'flag' else 'has_' + self.c

    def ctype(self):
        if self.type in NUMBERS:
            return NUMBERS[self.type][0] + ' '
        if self.type in SCALED:
            return 'guint64 '
        if self.type in TRISTATES:
            return 'VireoTristate '
        if isinstance(self.target, Enum):
            return self.target.ctype + ' '
        if isinstance(self.target, Struct):
            return self.target.ctype + ' *'
        return 'char *'

    def size(self):
        if self.type in NUMBERS:
            return NUMBERS[self.type][1]
        if self.type in TRISTATES or isinstance(self.target, Enum):
            return 1
        return 8


class Struct:
    def __init__(self, name, tag, where, doc, document=None):
        self.name, self.where, self.doc, self.document = name, where, doc, document
        self.ns, _, self.tag = (tag or '').rpartition(':')
        self.fields, self.rules, self.checks = [], [], []
        self.ctype = f'Vireo{name}Def'
        self.func = f'vireo_{snake(name)}_def'

    def members(self):
        """The fields by their C member: rows that share one are variants of it."""
        seen = {}
        for field in self.fields:
            seen.setdefault(field.c, field)
        return list(seen.values())

    def wrappers(self):
        """The elements without a struct of their own, as lists of tags."""
        return list({tuple(f.path[:n]): f.path[:n]
                     for f in self.fields for n in range(1, len(f.path) + 1)}.values())


class Schema:
    def __init__(self):
        self.enums, self.structs, self.mixins, self.namespaces = {}, {}, {}, {}

    def documents(self):
        return [s for s in self.structs.values() if s.document]


class Reader:
    def __init__(self, schema):
        self.schema = schema

    def read(self, path):
        current, doc, rule = None, [], None
        with open(path, encoding='utf-8') as stream:
            for number, line in enumerate(stream, 1):
                where = (path, number)
                text = line.rstrip()
                if text.lstrip().startswith('///'):
                    doc.append(text.lstrip()[3:].strip())
                    continue
                text, _, trailing = text.partition(' /// ')
                doc += [trailing.strip()] if trailing else []
                text = re.sub(r'(^|\s)#.*', '', text).rstrip()
                if not text:
                    doc = []
                    continue
                if rule and text.startswith('    '):
                    rule.go_on(text.strip(), where)
                    continue
                rule = None
                if text[0].isspace():
                    if current is None:
                        raise SchemaError(where, 'a row outside of an enum, a struct or a mixin')
                    rule = self.row(current, text.split(), where, doc)
                else:
                    current = self.head(text.split(), where, doc)
                doc = []

    def head(self, words, where, doc):
        kind, rest = words[0], words[1:]
        if kind == 'namespace' and len(rest) == 2:
            self.schema.namespaces[rest[0]] = rest[1]
            return None
        if kind not in ('enum', 'struct', 'document', 'mixin') or not rest:
            raise SchemaError(where, 'expected enum, struct, document, mixin or namespace, '
                                     f'not "{" ".join(words)}"')
        name = rest[0]
        if not re.fullmatch(r'[A-Z][A-Za-z0-9]*', name):
            raise SchemaError(where, f'"{name}" is no CamelCase name')
        if name in self.schema.enums or name in self.schema.structs or name in self.schema.mixins:
            raise SchemaError(where, f'"{name}" is defined twice')
        if kind == 'enum':
            enum = Enum(name, where, doc)
            self.schema.enums[name] = enum
            self.row(enum, rest[1:], where, doc)
            return enum
        return self.struct_head(kind, name, rest[1:], where, doc)

    def struct_head(self, kind, name, words, where, doc):
        tag, document = None, None
        for word in words:
            if re.fullmatch(r'<[A-Za-z0-9:_-]+>', word):
                tag = word[1:-1]
            elif word.startswith('kind=') and kind == 'document':
                document = word[5:]
            else:
                raise SchemaError(where, f'"{word}" makes no sense here')
        if kind == 'document':
            document = document or name.lower()
            if not tag:
                raise SchemaError(where, 'a document needs the <name> of its element')
        struct = Struct(name, tag, where, doc, document)
        (self.schema.mixins if kind == 'mixin' else self.schema.structs)[name] = struct
        return struct

    def row(self, owner, words, where, doc):
        """Returns a rule, which goes on in the next lines."""
        if isinstance(owner, Enum):
            for value in words:
                if owner.constant(value) in [owner.constant(v) for v in owner.values]:
                    raise SchemaError(where, f'value "{value}" of {owner.name} stands twice')
                owner.values.append(value)
            return None
        if words[0] == 'rule':
            # Imported here, for it imports the model from here.
            from conf_rules import Rule
            owner.rules.append(Rule(words, where))
            return owner.rules[-1]
        if words[0] == 'check' and len(words) == 2:
            owner.checks.append(words[1])
            return None
        if words[0] == 'use' and len(words) == 2:
            if words[1] not in self.schema.mixins:
                raise SchemaError(where, f'no mixin "{words[1]}" (it must stand before its use)')
            for field in self.schema.mixins[words[1]].fields:
                owner.fields.append(self.clone(field))
            owner.rules += self.schema.mixins[words[1]].rules
            owner.checks += self.schema.mixins[words[1]].checks
            return None
        owner.fields.append(self.field(words, where, doc))
        return None

    @staticmethod
    def clone(field):
        copy = Field(field.name, field.where, field.doc)
        copy.__dict__.update(field.__dict__)
        copy.options, copy.flags = dict(field.options), set(field.flags)
        return copy

    def field(self, words, where, doc):
        if len(words) < 3:
            raise SchemaError(where, 'a row is: name type [= value] attr|elem|text option…')
        field = Field(words[0], where, doc)
        field.type = words[1]
        if field.type.endswith('[]'):
            field.type, field.is_list = field.type[:-2], True
        field.is_list |= field.type == 'foreign'
        rest = words[2:]
        if rest[0] == '=':
            if len(rest) < 2:
                raise SchemaError(where, 'no value after "="')
            field.default, rest = rest[1], rest[2:]
        for word in rest:
            self.option(field, word, where)
        if not field.place:
            raise SchemaError(where, f'"{field.name}" says none of attr, elem and text')
        field.c = field.options.get('c') or snake(field.name)
        return field

    @staticmethod
    def option(field, word, where):
        key, has_value, value = word.partition('=')
        if key in PLACES:
            if field.place:
                raise SchemaError(where, f'"{key}" after "{field.place}"')
            field.place = key
            field.xml = value or None
        elif key in OPTIONS and has_value and value:
            field.options[key] = value
        elif key in FLAGS + MARKS and not has_value:
            field.flags.add(key)
        else:
            raise SchemaError(where, f'no option "{word}"')


def check_field(schema, struct, field):
    where, kind = field.where, field.type
    builtin = kind in NUMBERS or kind in SCALED or kind in STRINGS or kind in TRISTATES \
        or kind in RAW or kind == 'flag'
    if not builtin:
        field.target = schema.structs.get(kind) or schema.enums.get(kind)
        if not field.target:
            raise SchemaError(where, f'no type "{kind}"')
    if isinstance(field.target, Struct) and field.place != 'elem':
        raise SchemaError(where, f'"{field.name}" is a struct, thus an element')
    if field.is_list and field.place != 'elem':
        raise SchemaError(where, f'"{field.name}" is a list, thus of elements')
    if 'inside' in field.flags and (field.is_list or not isinstance(field.target, Struct)):
        raise SchemaError(where, f'"{field.name}" has no inside: that is for one struct')
    if kind == 'flag' and (field.place != 'elem' or field.is_list):
        raise SchemaError(where, f'"{field.name}" is a flag, thus one element')
    if field.is_list and (field.number() or kind in TRISTATES or isinstance(field.target, Enum)):
        raise SchemaError(where, f'"{field.name}": lists are of structs or strings')
    if not field.xml:
        tag = field.target.tag if isinstance(field.target, Struct) else None
        field.xml = tag or field.name
    field.ns = (isinstance(field.target, Struct) and field.target.ns) or struct.ns or None
    for option in ('min', 'max'):
        if option in field.options and not re.fullmatch(r'-?\d+', field.options[option]):
            raise SchemaError(where, f'{option} is no number')
    if field.default is not None:
        check_default(field)


def check_default(field):
    where, value = field.where, field.default
    if isinstance(field.target, Enum) and value not in field.target.values:
        raise SchemaError(where, f'{field.target.name} has no value "{value}"')
    if field.type in TRISTATES and value not in ('yes', 'no', 'on', 'off'):
        raise SchemaError(where, f'"{value}" is neither yes, no, on nor off')
    if field.number() and not re.fullmatch(r'-?\d+', value):
        raise SchemaError(where, f'"{value}" is no number')
    if isinstance(field.target, Struct) or field.is_list or field.type == 'flag':
        raise SchemaError(where, 'such a field has no default')


def check_struct(struct):
    members, spots = {}, {}
    for field in struct.fields:
        first = members.setdefault(field.c, field)
        if first is not field:
            if 'when' not in field.options or 'when' not in first.options:
                raise SchemaError(field.where, f'member "{field.c}" stands twice without when=')
            if (first.ctype(), first.is_list) != (field.ctype(), field.is_list):
                raise SchemaError(field.where, f'the variants of "{field.c}" differ in type')
        spot = (tuple(field.path), field.place, field.xml, field.ns)
        other = spots.setdefault(spot, field)
        if other is not field and ('when' not in field.options or 'when' not in other.options):
            raise SchemaError(field.where,
                              f'{field.place} "{field.xml}" stands twice without when=')


def load(paths):
    schema = Schema()
    reader = Reader(schema)
    for path in paths:
        reader.read(path)
    for struct in schema.structs.values():
        if struct.ns and struct.ns not in schema.namespaces:
            raise SchemaError(struct.where, f'no namespace "{struct.ns}"')
        for field in struct.fields:
            check_field(schema, struct, field)
        check_struct(struct)
    return schema
