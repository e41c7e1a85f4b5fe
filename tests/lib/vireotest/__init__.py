# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of the whole service are made of.

A test file is a unittest module that ends with ``vireotest.main()``: it runs in namespaces of its
own, prints TAP, and each test method counts. See README.md beside this package.
"""

from .agent import Agent
from .caller import Caller
from .client import BusError, Client, NAME, ROOT
from .daemon import Daemon
from .hang import hang
from .host import Host
from .isolate import is_isolated, isolation_missing
from . import leftovers
from .leftovers import Leftovers
from .paths import BUILD, SOURCE, built, work_folder
from . import samples
from .privatebus import Bus, Polkit
from .tap import main
from .wait import TimedOut, wait_until

__all__ = [
    "Agent", "BUILD", "Bus", "BusError", "Caller", "Client", "Daemon", "Host", "Leftovers", "NAME",
    "Polkit", "ROOT", "SOURCE", "TimedOut", "built", "hang", "is_isolated",
    "isolation_missing", "leftovers", "main", "samples", "wait_until", "work_folder",
]
