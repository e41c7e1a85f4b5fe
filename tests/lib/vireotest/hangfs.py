# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file system that does not answer, as one of a server that is gone. Only root can mount it."""

import ctypes
import errno
import os
import stat
import struct
import threading
import unittest

# Of linux/fuse.h, version 7.31.
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, \
    INTERRUPT = 1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 28, 29, 36
HEADER = struct.Struct("<IIQQIIII")
SIZE = 1 << 20
LIBC = ctypes.CDLL(None, use_errno=True)


class HangFs:
    """Files and folders (those with "dir" in the name) of a user, of any name. hang: the requests
    that are not answered, until release()."""

    def __init__(self, path, uid):
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise unittest.SkipTest("there is no /dev/fuse")
        self.path = path
        self.uid = uid
        self.hang = frozenset()
        self.unanswered = []
        self.names = {}
        self.fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.fuse},rootmode=40000,user_id={uid},group_id={uid},allow_other"
        path.mkdir(exist_ok=True)
        if LIBC.mount(b"hang", os.fsencode(path), b"fuse.hang", 0, options.encode()) != 0:
            raise unittest.SkipTest(f"FUSE cannot be mounted: {os.strerror(ctypes.get_errno())}")
        threading.Thread(target=self._serve, daemon=True).start()

    def release(self):
        """What waited fails; from now on everything is answered."""
        self.hang = frozenset()
        while self.unanswered:
            self._reply(self.unanswered.pop(), error=errno.EIO)

    def go_on(self):
        """Who looked for the folder "dir" gets the answer, and so does all that comes."""
        self.hang = frozenset()
        while self.unanswered:
            self._reply(self.unanswered.pop(), self._look_up("dir"))

    def close(self):
        self.release()
        LIBC.umount2(os.fsencode(self.path), 2)

    def _reply(self, unique, data=b"", error=0):
        try:
            os.write(self.fuse, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)
        except OSError:
            pass  # who asked is gone

    def _attributes(self, node):
        folder = node == 1 or "dir" in self.names[node]
        mode = stat.S_IFDIR | 0o755 if folder else stat.S_IFREG | 0o600
        return struct.pack("<6Q10I", node, SIZE, SIZE // 512, 0, 0, 0, 0, 0, 0, mode, 1, self.uid,
                           self.uid, 0, 4096, 0)

    def _look_up(self, name):
        node = next((n for n, known in self.names.items() if known == name), len(self.names) + 2)
        self.names[node] = name
        return struct.pack("<4Q2I", node, 0, 0, 0, 0, 0) + self._attributes(node)

    def _answer(self, operation, node, body):
        """The answer, or None where there is nothing of the kind."""
        if operation == INIT:
            return struct.pack("<4I2H2I2H8I", 7, 31, 65536, 0, 12, 12, 65536, 1, 0, 0, *[0] * 8)
        if operation == LOOKUP:
            return self._look_up(body.split(b"\0")[0].decode())
        if operation == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self._attributes(node)
        if operation in (OPEN, OPENDIR):
            return struct.pack("<QII", 1, 1, 0)
        if operation == READ:
            return bytes(struct.unpack_from("<QQI", body)[2])
        if operation == STATFS:
            return struct.pack("<5Q4I6I", 1000, 900, 900, 1000, 900, 4096, 255, 4096, 0, *[0] * 6)
        return b"" if operation in (READDIR, RELEASE, RELEASEDIR, FLUSH) else None

    def _serve(self):
        while True:
            try:
                message = os.read(self.fuse, 1 << 20)
            except OSError:
                return
            length, operation, unique, node = HEADER.unpack_from(message)[:4]
            if operation in self.hang:
                self.unanswered.append(unique)
            elif operation not in (FORGET, INTERRUPT):
                answer = self._answer(operation, node, message[HEADER.size:length])
                self._reply(unique, answer or b"", errno.ENOSYS if answer is None else 0)
