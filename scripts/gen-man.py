#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gen-man.py TEMPLATE OUTPUT VERSION VIREOCTL: puts the version and the command's list of its own
verbs into a manual page."""
import subprocess
import sys


def main():
    template, output, version, vireoctl = sys.argv[1:]
    verbs = subprocess.run([vireoctl, '__complete', '--man'], check=True, capture_output=True,
                           text=True).stdout
    with open(template, encoding='utf-8') as f:
        page = f.read()
    with open(output, 'w', encoding='utf-8') as f:
        f.write(page.replace('@VERSION@', version).replace('@VERBS@\n', verbs))


main()
