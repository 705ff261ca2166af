"""Clients that go on whatever happens: each operation has a key, and is sent again until somebody answers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import uuid4

CLIENTS = 4
ANSWER_WITHIN_SECONDS = 30
"""A client that has waited so long for one answer asks again, at the next web process."""
PAUSE = 0.3
GOOD = frozenset({200, 201})


@dataclass(frozen=True, slots=True)
class Operation:
    """``mark`` stands in what it writes to the journal, as an event of ``kind`` there."""

    kind: str
    mark: str


@dataclass
class Said:
    """The fate of the operations. ``at``: when each was acknowledged (``time.monotonic``)."""

    acknowledged: list[Operation] = field(default_factory=list)
    open: list[Operation] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    def longest_gap(self, since: float, until: float) -> float:
        """The longest time in which nobody's operation was acknowledged, in seconds."""
        moments = [since, *sorted(one for one in self.at if since < one < until), until]
        return max(after - before for before, after in pairwise(moments))


class Pressing:
    """Starts cases, accepts them and comments on them, as two people, until told to stop."""

    def __init__(self, ports: list[int], liaison: str, office: str) -> None:
        self.said = Said()
        self._ports, self._liaison, self._office = ports, liaison, office
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(CLIENTS)]
        self._talent, self._leader = "", ""

    def start(self) -> None:
        """Looks up whom the needs are about, and begins."""
        self._talent = self._known("/talents")
        self._leader = self._known("/leaders")
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Lets each client finish what it has begun."""
        self._stop.set()
        for one in self._threads:
            one.join()

    def _known(self, path: str) -> str:
        status, answer = _call(self._ports[0], "GET", f"/api/v1{path}", self._liaison)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {answer}")
        return str(answer["items"][0]["id"])

    def _work(self, n: int) -> None:
        try:
            self._go_on(n)
        except Exception as error:  # noqa: BLE001 - whatever ends a client is a fault of the run, and told as one
            self.said.odd.append(f"client {n} ended: {error!r}")

    def _go_on(self, n: int) -> None:
        while not self._stop.is_set():
            need = self._need(uuid4().hex)
            begun = Operation("started", need["title"])
            made = self._insist(n, begun, "/instances", {"process": "request", "data": need}, self._liaison)
            handed_in = made and self._complete(n, made, "record_need", need, self._liaison)
            if handed_in is None:
                continue
            path = f"/instances/{made['id']}/comment"
            for token in (self._liaison, self._office):
                mark = uuid4().hex
                self._insist(n, Operation("commented", mark), path, {"text": mark}, token)
            self._complete(n, handed_in, "accept", {"decision": "accept"}, self._office)

    def _complete(self, n: int, case: Any, step: str, data: Any, token: str) -> Any:
        task = next((one["id"] for one in case["open_tasks"] if one["task"] == step), None)
        if task is None:
            self.said.odd.append(f"no open {step}: {case}")
            return None
        return self._insist(n, Operation("completed", task), f"/tasks/{task}/complete", {"data": data}, token)

    def _need(self, mark: str) -> dict[str, Any]:
        return {
            "talent_id": self._talent,
            "leader_id": self._leader,
            "channel": "visit",
            "received_on": date.today().isoformat(),  # noqa: DTZ011 - of the machine on which the service runs too
            "title": mark,
            "description": "希望协调子女入读公办学校",
            "category": "education",
            "town": "guicheng",
            "on_the_spot": False,
        }

    def _insist(self, n: int, operation: Operation, path: str, body: Any, token: str) -> Any:
        """Sends until it is acknowledged, at one web process after the other; the answer, or None where it is refused
        for good, or nobody has answered when the time was over."""
        key, end, tries = uuid4().hex, 0.0, n
        while True:
            status, answer = _call(self._ports[tries % len(self._ports)], "POST", f"/api/v1{path}", token, body, key)
            if status in GOOD:
                with self._lock:
                    self.said.acknowledged.append(operation)
                    self.said.at.append(time.monotonic())
                return answer
            with self._lock:
                self.said.refused[str(status)] += 1
                if status not in (0, 503) and len(self.said.odd) < 20:
                    self.said.odd.append(f"{operation.kind}: {status} {answer}")
            if 400 <= status < 500 and status != 429:
                return None
            if self._stop.is_set():
                end = end or time.monotonic() + 60
                if time.monotonic() > end:
                    with self._lock:
                        self.said.open.append(operation)
                    return None
            tries += 1
            time.sleep(PAUSE)


def _call(port: int, method: str, path: str, token: str, body: Any = None, key: str = "") -> tuple[int, Any]:
    """The status and what was said; 0 where there was no answer."""
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    if body is not None:
        headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_WITHIN_SECONDS)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()
    with suppress(ValueError):
        return answer.status, json.loads(content)
    return answer.status, content[:200]
