# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the source, the build folder and a test's own folder are."""

import os
import pathlib
import shutil
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("VIREO_SOURCE_DIR")
                      or pathlib.Path(__file__).resolve().parents[3])
BUILD = pathlib.Path(os.environ.get("VIREO_BUILD_DIR") or SOURCE / "build")


def built(relative):
    """The path of something that the build makes; an error that says so when it is not there."""
    path = BUILD / relative
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built; run: ninja -C {BUILD}")
    return path


def built_glob(pattern):
    """All that the build made by that pattern, in a stable order."""
    return sorted(BUILD.glob(pattern))


# In isolation: memory that only this mount namespace has, so that it goes away with it.
PRIVATE = pathlib.Path("/mnt")
PRIVATE_SOURCE = PRIVATE / "source"


def work_folder(name):
    """A folder for one test's files, which goes away unless VIREO_TEST_KEEP is set.

    Everybody may look into it, for parts of a test run as other users; what must not be seen is
    in folders of its own, as on a real host.
    """
    # A folder that is kept, or whose disk is part of the test, is on the machine's.
    keep = os.environ.get("VIREO_TEST_KEEP") or os.environ.get("VIREO_TEST_DISK")
    parent = PRIVATE if PRIVATE_SOURCE.exists() and not keep else None
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"vireo-{name}-", dir=parent))
    path.chmod(0o755)
    return path


def readable_source():
    """The source where any user can read it, wherever the tree itself is."""
    return PRIVATE_SOURCE if PRIVATE_SOURCE.exists() else SOURCE


def remove_folder(path):
    """Removes a test's folder, or says where it was kept."""
    if os.environ.get("VIREO_TEST_KEEP"):
        print(f"# kept: {path}", file=sys.stderr)
        return
    shutil.rmtree(path, ignore_errors=True)
