"""Children that do pieces of a verification side by side, each with a connection of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from queue import SimpleQueue
from threading import Lock

from service.audit.verifying.pieces import Answer, Hands, Piece
from service.errors import Incident
from service.processes.wiring import KEY, Wiring

_LOST = "核验的子进程没有正常结束，核验没有做完；请联系系统管理员查看日志（多半是内存不足），或减少并行数再试"


@contextmanager
def several(hands: Hands, count: int) -> Iterator[Children]:
    """So many children that do what ``hands`` would; they are gone at the end of the block."""
    made = Children(hands, count)
    try:
        yield made
    finally:
        made.close()


class Children:
    """Children at work. They begin with their first pieces."""

    def __init__(self, hands: Hands, count: int) -> None:
        timeouts = asdict(hands.database.timeouts)
        url, aside = hands.database.url.render_as_string(hide_password=False), hands.database.read_url
        wired: Wiring | None = hands.database.session_info.get(KEY)
        self._begin = json.dumps(
            {
                "url": url,
                "read_url": aside,
                "timeouts": timeouts,
                "key": hands.marks.key,
                "full": hands.full,
                "roles": dict(wired.role_names) if wired is not None else {},
                "private": dict(wired.private.fields) if wired is not None else {},
            }
        )
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="verify")
        self._count = count
        self._idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        self._all: list[subprocess.Popen[str]] = []
        self._lock = Lock()
        self._closed = False

    def answers(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Answer]]:
        """The pieces with their answers, in their order; no more are begun than can be done soon."""
        waiting: deque[tuple[Piece, Future[Answer]]] = deque()
        for piece in pieces:
            waiting.append((piece, self._pool.submit(self._ask, piece)))
            while len(waiting) > 2 * self._count:
                first, answer = waiting.popleft()
                yield first, answer.result()
        for first, answer in waiting:
            yield first, answer.result()

    def close(self) -> None:
        """Ends the children, whatever they do."""
        with self._lock:  # none begins from here on
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in self._all:
            child.kill()
            child.wait()
        self._pool.shutdown()
        for child in self._all:
            for end in (child.stdin, child.stdout):
                if end is not None:
                    with suppress(OSError):  # what was not read any more
                        end.close()

    def _ask(self, piece: Piece) -> Answer:
        try:
            child = self._child()
            assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
            child.stdin.write(json.dumps(piece) + "\n")
            child.stdin.flush()
            said = child.stdout.readline()
        except (OSError, ValueError) as error:
            raise Incident(_LOST) from error
        if not said:
            raise Incident(_LOST)
        self._idle.put(child)
        return Answer.of(said)

    def _child(self) -> subprocess.Popen[str]:
        with self._lock:
            if not self._idle.empty():
                return self._idle.get()
            if self._closed:
                raise Incident(_LOST)
            child = subprocess.Popen(
                [sys.executable, "-m", "service.audit.verifying.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
                text=True,
                encoding="utf-8",
            )
            self._all.append(child)
        assert child.stdin is not None  # noqa: S101 - a pipe
        child.stdin.write(self._begin + "\n")
        return child
