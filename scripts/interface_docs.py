# SPDX-License-Identifier: LGPL-2.1-or-later
"""The comments in the interface XML, in the form that gdbus-codegen reads: a first line with the
name, lines "@argument: …", then text."""
import re
import xml.etree.ElementTree as ET

ANNOTATION = 'org.vireo.'


class Doc:
    """A comment, taken apart."""

    def __init__(self, comment):
        lines = [line.strip() for line in (comment or '').strip().splitlines()]
        self.arguments = {}
        self.summary = ''
        self.text = ''
        if not lines:
            return
        self.summary = lines[0].partition(':')[2].strip()
        body, current = [], None
        for line in lines[1:]:
            match = re.match(r'@([A-Za-z_-]+):\s*(.*)', line)
            if match:
                current = match.group(1)
                self.arguments[current] = match.group(2)
            elif current and line:
                self.arguments[current] += ' ' + line
            else:
                current = None
                body.append(line)
        paragraphs = '\n'.join(body).strip()
        # Of a property the text goes on from the first line.
        self.text = paragraphs if self.arguments or not self.summary else ' '.join(body).strip()


def annotation(element, name):
    for note in element.findall('annotation'):
        if note.get('name') == ANNOTATION + name:
            return note.get('value')
    return None


def documented(parent):
    """The children that are elements, each with the comment before it."""
    comment = None
    for child in parent:
        if child.tag is ET.Comment:
            comment = child.text
        else:
            yield child, Doc(comment)
            comment = None


def load(file):
    """The root element of a file, comments among its children."""
    return ET.parse(file, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))).getroot()
