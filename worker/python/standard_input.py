"""The session's sys.stdin."""

import _operator
import io
import sys


def size_limit(size):
    """How much a read of that size reads at most."""
    size = -1 if size is None else _operator.index(size)
    return sys.maxsize if size < 0 else size


class StandardInput(io.TextIOBase):
    """sys.stdin: each line of it is asked of the host, without a prompt. A declined one is the end of the file, for that read."""

    encoding = "utf-8"
    errors = "strict"
    name = "<stdin>"
    mode = "r"

    def __init__(self, ask):
        self._ask = ask
        self._rest = ""
        self._buffer = None

    def readable(self):
        return True

    def fileno(self):
        return 0

    def _fill(self):
        if not self._rest:
            try:
                self._rest = self._ask() + "\n"
            except EOFError:
                pass
        return self._rest

    def _take(self, size):
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def readline(self, size=-1, /):
        size = size_limit(size)
        if size == 0:
            return ""
        end = self._fill().find("\n") + 1 or len(self._rest)
        return self._take(min(size, end))

    def read(self, size=-1, /):
        left = size_limit(size)
        pieces = []
        while left and self._fill():
            pieces.append(self._take(left))
            left -= len(pieces[-1])
        return "".join(pieces)

    @property
    def buffer(self):
        if self._buffer is None:
            self._buffer = io.BufferedReader(InputBytes(self))
        return self._buffer


class InputBytes(io.RawIOBase):
    """What is below sys.stdin: the bytes of the lines."""

    def __init__(self, text):
        self._text = text
        self._rest = b""

    def readable(self):
        return True

    def fileno(self):
        return 0

    def readinto(self, into):
        self._rest = self._rest or self._text.readline().encode()
        size = min(len(into), len(self._rest))
        into[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
