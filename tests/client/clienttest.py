# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client library from the build folder, on a private bus."""

import os

from vireotest import BUILD, Host

LIBRARY = BUILD / "src/client"


def library_environment(base=None):
    """The environment in which programs find the library that was built."""
    env = dict(os.environ if base is None else base)
    for name in ("LD_LIBRARY_PATH", "GI_TYPELIB_PATH"):
        env[name] = ":".join(filter(None, [str(LIBRARY), env.get(name)]))
    # A warning of the library is a failure of the test.
    env["G_DEBUG"] = "fatal-warnings"
    return env


def start_host(case, name="client", drivers="test"):
    """A host for one test."""
    host = Host(name, arguments=[f"--drivers={drivers}"]).start()
    case.addCleanup(host.stop)
    return host


def program_environment(host):
    return library_environment(host.bus.environment())
