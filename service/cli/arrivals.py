"""Requests on their way: what has come of one, and whether that is all of it.

Only where a request ends is found out here, so that a thread gets it whole. gunicorn's parser judges the request:
whatever looks odd is handed on as far as it has come, and no more of it is read.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any

HEAD_SECONDS = 10.0
"""From the first byte that may come to the end of the headers."""
BODY_SECONDS, BYTES_A_SECOND, LONGEST_SECONDS = 20.0, 10_000, 300.0
"""For a body: so long, more for a longer one, but never longer than that."""
SILENT_SECONDS = 20.0
"""A client that sends nothing of a body for so long has gone."""
LARGEST_HEAD, LARGEST_UNKNOWN, LARGEST_BODY = 65_536, 1_048_576, 32_000_000
"""Bytes of headers; of a body from who shows neither session nor token; of any, if the application names no limit."""
IN_MEMORY = 32_768
"""Bytes of a body beyond which it stands in a file, for as long as it is needed."""

_FIELD = re.compile(rb"\r\n(content-length|transfer-encoding):[ \t]*([^\r\n]*)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_PLAIN_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_LONGEST_LINE = 8192


@dataclass(slots=True, eq=False)
class Arrival:
    """A request on its way over ``connection``. ``known`` finds in its headers the mark of a session or a token.

    ``complete``: a thread may have it. ``cut``: it has not come whole, and the rest is not waited for: the parser, or
    the application by its size or for want of a session, refuses it. ``rest``: what came after its end.
    """

    connection: Any
    largest: int = LARGEST_BODY
    known: re.Pattern[bytes] | None = None
    complete: bool = False
    cut: bool = False
    size: int = 0
    head: bytearray = field(default_factory=bytearray)
    body: SpooledTemporaryFile[bytes] | None = None
    rest: bytes = b""
    wants_word: bool = False
    """Whether the client waits to be told that it may send the body (``Expect: 100-continue``)."""
    ends_at: float = 0.0
    heard_at: float = 0.0
    _headed: bool = False
    _left: int = 0
    _chunks: _Chunks | None = None
    _most: int = 0

    def __post_init__(self) -> None:
        self.heard_at = time.monotonic()
        self.ends_at = self.heard_at + HEAD_SECONDS

    def is_late(self, now: float) -> bool:
        """Whether it is not waited for any longer."""
        return self.ends_at <= now or (self._headed and self.heard_at + SILENT_SECONDS <= now)

    def add(self, data: bytes) -> None:
        """Takes what has come. Raises OSError when there is no room for it."""
        self.size += len(data)
        self.heard_at = time.monotonic()
        if not self._headed:
            since = max(0, len(self.head) - 3)
            self.head += data
            end = self.head.find(b"\r\n\r\n", since)
            if end < 0:
                if len(self.head) > LARGEST_HEAD:
                    self._give_up_waiting()
                return
            data = bytes(self.head[end + 4 :])
            del self.head[end + 4 :]
            self._headed = True
            self._read_head()
            without = _EXPECT.sub(b"", self.head)  # whether to go on is said here, and not by the parser again
            self.wants_word = len(without) < len(self.head) and not self.complete
            self.head = bytearray(without)
        if data and not self.complete:
            data = data[self._take(data) :]
        self.rest += data

    def drop(self) -> None:
        """Forgets what has come."""
        if self.body is not None:
            self.body.close()
            self.body = None
        self.head.clear()
        self.rest = b""

    def _read_head(self) -> None:
        said: dict[bytes, bytes] = {}
        for found in _FIELD.finditer(self.head):
            name = found[1].lower()
            if name in said:
                self._give_up_waiting()
                return
            said[name] = found[2].strip().lower()
        length, coding = said.get(b"content-length"), said.get(b"transfer-encoding")
        stranger = self.known is not None and self.known.search(self.head) is None
        self._most = min(self.largest, LARGEST_UNKNOWN) if stranger else self.largest
        if coding is not None:
            if coding != b"chunked" or length is not None:
                self._give_up_waiting()
                return
            self._chunks = _Chunks()
            self._until(self._most)
        else:
            if length is not None and not _PLAIN_LENGTH.fullmatch(length):
                self._give_up_waiting()
                return
            self._left = int(length or 0)
            if self._left > self._most:
                self._give_up_waiting()
                return
            self.complete = self._left == 0
            self._until(self._left)

    def _until(self, body: int) -> None:
        self.ends_at = time.monotonic() + min(BODY_SECONDS + body / BYTES_A_SECOND, LONGEST_SECONDS)

    def _take(self, data: bytes) -> int:
        """Takes what belongs to the body; gives how much of ``data`` that was."""
        if self._chunks is not None:
            try:
                taken = self._chunks.feed(data)
            except ValueError:
                self._keep(data)
                self._give_up_waiting()
                return len(data)
            self.complete = self._chunks.ended
        else:
            taken = min(self._left, len(data))
            self._left -= taken
            self.complete = self._left == 0
        self._keep(data[:taken])
        if not self.complete and self.size > self._most + LARGEST_HEAD:
            self._give_up_waiting()
        return taken

    def _keep(self, data: bytes) -> None:
        if self.body is None:
            self.body = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - dropped with the request
        self.body.write(data)

    def _give_up_waiting(self) -> None:
        self.complete = self.cut = True


class _Chunks:
    """Finds the end of a body in chunks (RFC 9112 section 7.1)."""

    def __init__(self) -> None:
        self.ended = False
        self._skip = 0
        self._line = bytearray()
        self._trailers = False

    def feed(self, data: bytes) -> int:
        """Looks at what has come; gives how much of it belongs to the body. Raises ValueError for what is none."""
        at = 0
        while at < len(data) and not self.ended:
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or len(data)]
            at = end or len(data)
            if len(self._line) > _LONGEST_LINE:
                raise ValueError("a line without an end")
            if end:
                self._ended_line(bytes(self._line).rstrip(b"\r\n"))
                self._line.clear()
        return at

    def _ended_line(self, line: bytes) -> None:
        if self._trailers:
            self.ended = not line
            return
        size = line.partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            raise ValueError("no size of a chunk")
        length = int(size, 16)
        self._trailers = length == 0
        self._skip = length + 2 if length else 0
