# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules across the fields of a struct, as rows of the schema, and the C that they become.

    rule CODE PLACE for FIELD… if CONDITION
      "MESSAGE with {field}"

src/conf/README.md describes the language.
"""
import copy
import re

from conf_schema import Enum, NUMBERS, SCALED, SchemaError, STRINGS, Struct, TRISTATES

TOKEN = re.compile(r'\s*(?:(!=|<=|>=|[=<>()|,])|(\^?[A-Za-z0-9_][A-Za-z0-9_.:+-]*\*?|-))')
# Questions that C answers (vireo-rule.h), and whether they are about texts or numbers.
QUESTIONS = {'wwn': str, 'disk_name': str, 'volume_name': str, 'one_line': str, 'one_word': str,
             'multicast': str, 'absolute': str, 'slash': str, 'filled': str, 'visible': str,
             'filter_6_bits': str, 'filter_8_bits': str, 'filter_12_bits': str,
             'filter_16_bits': str, 'filter_32_bits': str, 'filter_mac': str, 'filter_ip': str,
             'filter_mask': str, 'power_of_two': int, 'whole_mib': int}
NUMBER_OF = ('count', 'last')
COMPARE = ('<', '<=', '>', '>=')


class Rule:
    def __init__(self, words, where):
        if len(words) < 4 or words[1] in ('for', 'if'):
            raise SchemaError(where, 'a rule is: rule CODE [PLACE] [for FIELD…] if CONDITION')
        self.where, self.code, self.message = where, words[1], ''
        self.place = words.pop(2) if words[2] not in ('for', 'if') else ''
        self.rest = ' '.join(words[2:])

    def each(self, struct):
        """The rule itself, or the same for each of its fields, which stand for $."""
        xml = {field.c: field.xml for field in struct.fields}
        fields, _, condition = self.rest.partition('if ')
        for name in fields.split()[1:] or ['']:
            one = copy.copy(self)
            one.place = self.place.replace('$', xml.get(name, name)) if name else self.place
            one.condition, one.message = (text.replace('$', name) if name else text
                                          for text in (condition, self.message))
            yield one

    def go_on(self, text, where):
        """The line below: more of the condition, or of the message in quotes."""
        if text[0] == '"':
            if len(text) < 2 or text[-1] != '"' or '"' in text[1:-1].replace('\\"', ''):
                raise SchemaError(where, 'a message stands in quotes')
            self.message += text[1:-1]
        elif self.message:
            raise SchemaError(where, 'the condition goes on behind the message')
        else:
            self.rest += ' ' + text


def walk_place(schema, struct, rule):
    """A place that there is not would never get a line."""
    fields, path = struct.fields, []
    for word in rule.place.split('/') if rule.place else []:
        name, attr = re.sub(r'^@|\[\d+\]$', '', word), word.startswith('@')
        rows = [f for f in fields if f.path[:len(path)] == path]
        found = [f for f in rows if f.path == path and f.xml == name
                 and (f.place == 'attr') == attr]
        if found and isinstance(found[0].target, Struct):
            fields, path = found[0].target.fields, []
        elif found:
            fields, path = [], [name]
        elif not attr and any(f.path[:len(path) + 1] == path + [name] for f in rows):
            path = path + [name]
        else:
            raise SchemaError(rule.where, f'no "{word}" in "{rule.place}" of {struct.name}')


class Value:
    """A field that a rule names: how C reads it, and what has to be there before."""

    def __init__(self, struct, field, expression, guards):
        self.struct, self.field, self.c, self.guards = struct, field, expression, guards

    def guarded(self, *more):
        return '(' + ' && '.join([*self.guards, *more]) + ')' if self.guards or more else '1'


class Compiler:
    """One rule: recursive descent over its condition."""

    def __init__(self, schema, struct, rule, number, switch_of):
        self.schema, self.struct, self.rule, self.number = schema, struct, rule, number
        self.switch_of, self.around, self.tokens, self.states = switch_of, {}, [], 0
        text = rule.condition
        while text.strip():
            match = TOKEN.match(text)
            if not match:
                raise SchemaError(rule.where, f'no condition: "{text.strip()}"')
            self.tokens.append(match.group(1) or match.group(2))
            text = text[match.end():]

    def error(self, message):
        return SchemaError(self.rule.where, message)

    def peek(self):
        return self.tokens[0] if self.tokens else ''

    def take(self, *wanted):
        if not self.tokens or wanted and self.tokens[0] not in wanted:
            raise self.error(f'expected {" or ".join(wanted) or "more"}, not "{self.peek()}"')
        return self.tokens.pop(0)

    def compile(self):
        walk_place(self.schema, self.struct, self.rule)
        condition = self.either()
        if self.tokens:
            raise self.error(f'"{self.peek()}" after the end of the condition')
        if not self.rule.message:
            raise self.error('a rule without a message')
        return condition

    def either(self):
        parts = [self.both()]
        while self.peek() == 'or':
            self.take()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else '(' + ' || '.join(parts) + ')'

    def both(self):
        parts = [self.single()]
        while self.peek() == 'and':
            self.take()
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else '(' + ' && '.join(parts) + ')'

    def single(self):
        word = self.take()
        if word == 'not':
            return '!' + self.single()
        if word == '(':
            inner = self.either()
            self.take(')')
            return f'({inner})'
        if word in NUMBER_OF:
            return self.compares(word)
        if self.peek() == '(':
            return self.call(word)
        if word.startswith('^') and '.' not in word:
            return f'({self.up_to(word[1:])} != NULL)'
        if self.peek() in COMPARE:
            return self.compares(word)
        value = self.value(word)
        if self.peek() in ('=', '!='):
            return self.equals(value, self.take() == '!=')
        return value.guarded(self.present(value))

    def call(self, name):
        self.take('(')
        if name == 'again':
            inner = self.either()
            self.take(')')
            return f'({inner} && vireo_rule_repeats (frame, {self.state()}, 0, NULL))'
        value = self.value(self.take())
        self.take(')')
        if name == 'repeats':
            number = self.is_number(value.field) or isinstance(value.field.target, Enum)
            what = f'{value.c}, NULL' if number else f'0, {value.c}'
            return value.guarded(self.present(value),
                                 f'vireo_rule_repeats (frame, {self.state()}, {what})')
        if name not in QUESTIONS:
            raise self.error(f'no question "{name}"')
        if self.is_number(value.field) != (QUESTIONS[name] is int) or value.field.is_list:
            raise self.error(f'{name} is not asked about "{value.field.name}"')
        return value.guarded(self.present(value), f'vireo_rule_{name} ({value.c})')

    def state(self):
        self.states += 1
        return self.number * 4 + self.states - 1

    @staticmethod
    def is_number(field):
        return field.type in NUMBERS or field.type in SCALED

    @staticmethod
    def count(value):
        owner, _, name = value.c.rpartition('->')
        return f'{owner}->n_{name}'

    def up_to(self, name):
        """The struct around, by its name."""
        if name not in self.schema.structs:
            raise self.error(f'no struct "{name}"')
        return self.around.setdefault(name, f'around{len(self.around)}')

    def value(self, text):
        at, struct, guards = 'def', self.struct, []
        words = text.split('.')
        if words[0].startswith('^'):
            at = self.up_to(words[0][1:])
            struct = self.schema.structs[words.pop(0)[1:]]
            guards.append(f'{at} != NULL')
        for i, word in enumerate(words):
            field = next((f for f in struct.fields if f.c == word), None)
            if not field:
                raise self.error(f'no field "{word}" in {struct.name}')
            switch = self.switch_of(struct, field)
            if switch:
                owner = next(f for f in struct.fields if f.c == switch[0])
                values = [v for v in sorted(switch[1])]
                guards.append(self.one_of(f'{at}->{switch[0]}', owner, values))
            at = f'{at}->{field.c}'
            if i == len(words) - 1:
                return Value(struct, field, at, guards)
            if not isinstance(field.target, Struct) or field.is_list:
                raise self.error(f'there is nothing below "{word}"')
            guards.append(f'{at} != NULL')
            struct = field.target
        raise self.error(f'no field "{text}"')

    def present(self, value):
        field, (owner, _, _) = value.field, value.c.rpartition('->')
        if field.is_list:
            return f'{self.count(value)} > 0'
        if field.has_bit():
            return f'{owner}->{field.bit_name()}'
        if field.type in TRISTATES or isinstance(field.target, Enum):
            return f'{value.c} != 0'
        return f'{value.c} != NULL'

    def one_of(self, c, field, words):
        return '(' + ' || '.join(f'{c} == {self.constant(field, w)}' for w in words) + ')'

    def constant(self, field, word):
        if word == '-':
            return '0'
        if field.type in TRISTATES:
            if word not in ('yes', 'no', 'on', 'off'):
                raise self.error(f'"{word}" is neither yes, no, on nor off')
            return 'VIREO_TRISTATE_YES' if word in ('yes', 'on') else 'VIREO_TRISTATE_NO'
        if isinstance(field.target, Enum):
            if word not in field.target.values:
                raise self.error(f'{field.target.name} has no "{word}"')
            return field.target.constant(word)
        raise self.error(f'"{field.name}" is compared with no word')

    def equals(self, value, unequal):
        words, field = [self.take()], value.field
        while self.peek() == '|':
            self.take()
            words.append(self.take())
        sign = '!' if unequal else ''
        if self.is_number(field):
            same = '(' + ' || '.join(self.in_range(value.c, w) for w in words) + ')'
            return value.guarded(self.present(value), sign + same)
        if field.type in STRINGS and not field.is_list:
            same = '(' + ' || '.join(f'g_str_has_prefix ({value.c}, "{w[:-1]}")' if w[-1] == '*'
                                     else f'g_str_equal ({value.c}, "{w}")' for w in words) + ')'
            return value.guarded(self.present(value), sign + same)
        return value.guarded(sign + self.one_of(value.c, field, words))

    def in_range(self, c, word):
        low, _, high = word.partition('..')
        if not low.isdigit() or not (high or low).isdigit():
            raise self.error(f'"{word}" is neither a number nor numbers from .. to')
        return f'({c} >= {low} && {c} <= {high})' if high else f'{c} == {low}'

    def number_of(self, word):
        """A number: its C, what has to be there before, and whether it may be negative."""
        if re.fullmatch(r'-?\d+', word):
            return word, [], word.startswith('-')
        if word in NUMBER_OF:
            self.take('(')
            value = self.value(self.take())
            self.take(')')
            if word == 'count' and value.field.is_list:
                return self.count(value), value.guards, False
            if word == 'last' and value.field.type == 'cpuset':
                return (f'vireo_rule_last ({value.c})', [*value.guards, self.present(value)], True)
            raise self.error(f'no {word} of "{value.field.name}"')
        value = self.value(word)
        if not self.is_number(value.field) or value.field.is_list:
            raise self.error(f'"{word}" is no number')
        return value.c, [*value.guards, self.present(value)], value.field.type in ('s32', 's64')

    def compares(self, word):
        left, before, negative = self.number_of(word)
        sign = self.take(*COMPARE)
        right, more, signed = self.number_of(self.take())
        kind = 'gint64' if negative or signed else 'guint64'
        right = (f'G_{kind.upper()}_CONSTANT ({right})' if re.fullmatch(r'-?\d+', right)
                 else f'({kind}) {right}')
        return '(' + ' && '.join([*before, *more, f'({kind}) {left} {sign} {right}']) + ')'

    def message(self):
        """The format of the message, and what is put in."""
        arguments = []

        def put(match):
            value = self.value(match.group(1))
            field = value.field
            if self.is_number(field):
                arguments.append(f'{value.guarded()} ? (guint64) {value.c} : 0')
                return '%" G_GUINT64_FORMAT "'
            if isinstance(field.target, Enum):
                owner = value.c.rpartition('->')[0]
                own = value.c if field.default is None else \
                    f'{value.struct.func}_get_{field.c} ({owner})'
                there = value.guarded(*([] if field.default else [self.present(value)]))
                arguments.append(f'{there} ? {field.target.func}_to_string ({own}) : "nothing"')
            elif field.type in STRINGS and not field.is_list:
                arguments.append(f'{value.guarded(self.present(value))} ? {value.c} : "nothing"')
            else:
                raise self.error(f'"{field.name}" cannot be put into a message')
            return '%s'
        text = self.rule.message.replace('%', '%%')
        text = re.sub(r'\{([^}]*)\}', put, text)
        return text, arguments


def check_source(schema, numbers, struct, first, switch_of):
    body, around = [], {}
    for i, rule in enumerate(r for row in struct.rules for r in row.each(struct)):
        compiler = Compiler(schema, struct, rule, first + i, switch_of)
        compiler.around = around
        condition = compiler.compile()
        text, arguments = compiler.message()
        tail = ''.join(f',\n                       {a}' for a in arguments)
        body += [f'  if ({condition})',
                 f'    vireo_rule_broken (frame, "{rule.place}", "{rule.code}", "{text}"{tail});']
    body += [f'  {name} (frame);' for name in struct.checks]
    out = ['static void', f'check_{struct.func} (const VireoRuleFrame *frame)', '{',
           f'  const {struct.ctype} *def G_GNUC_UNUSED = frame->def;']
    out += [f'  const {schema.structs[name].ctype} *{c} = vireo_rule_around (frame, '
            f'{numbers[name]});' for name, c in around.items()]
    return out + [''] + body + ['}', '']


def reaches(schema):
    """The structs that have rules, or have others inside that do."""
    found = {s.name for s in schema.structs.values() if s.rules or s.checks}
    while True:
        more = {s.name for s in schema.structs.values() for f in s.fields
                if isinstance(f.target, Struct) and f.target.name in found} - found
        if not more:
            return found
        found |= more


def source(tables, switch_of):
    """The functions that check structs, and by which rows those are found: for each number of a
    struct or group its function, and the rows that lead to more."""
    schema, checks, first = tables.schema, [], 0
    found, out, rows, structs = reaches(schema), ['#include "conf/vireo-validate.h"', ''], [], []
    for struct in schema.structs.values():
        if struct.rules or struct.checks:
            out += check_source(schema, tables.numbers, struct, first, switch_of)
            checks.append(struct.name)
            first += sum(1 for row in struct.rules for _ in row.each(struct))

    def leads(row):
        if hasattr(row, 'rows'):
            return any(leads(r) for r in row.rows)
        return isinstance(row.target, Struct) and row.target.name in found
    for group in tables.order:
        ways = [i for i, row in enumerate(group.rows) if leads(row)]
        own = not group.path and group.base.name in checks
        structs.append(f'{{ {len(rows)}, {len(ways)}, '
                       f'{checks.index(group.base.name) + 1 if own else 0} }}')
        rows += ways
    out += ['const VireoRuleCheck vireo_rule_checks[] = {', '  NULL,']
    out += [f'  check_{schema.structs[name].func},' for name in checks] + ['};', '']
    out += ['const VireoRuleStruct vireo_rule_structs[] = {']
    out += [f'  {s},' for s in structs] + ['};', '']
    out += ['const guint8 vireo_rule_ways[] = {', '  ' + ', '.join(map(str, rows or [0])), '};', '']
    for i, document in enumerate(schema.documents()):
        out += ['void',
                f'{document.func}_validate (const {document.ctype} *def, GPtrArray *problems)', '{',
                f'  vireo_rule_check (&vireo_schema_documents[{i}], def, problems);', '}', '']
    return out
