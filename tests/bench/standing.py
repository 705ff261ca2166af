"""An incremental verification of many cases, all of which stand as they stood when they were marked.

Copies have ids of their own, so none of them comes out by replay: they are marked as if they had. The timed work is the
same: every byte is read and digested. Their notices are told here, with chains and rows that verify, and all is sealed.
"""

from __future__ import annotations

import os
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select

from service import clock
from service.audit.verifying.marks import Marks, key_of
from service.audit.verifying.pieces import NOTICES, Hands
from service.audit.verifying.runs import Verifier
from service.history import HistoryEvent, HistoryHead, OutboxEntry
from service.history.chain import FIRST, seal
from service.notifications.fields import TOLD
from service.notifications.models import Notification
from service.processes import replay
from tests.bench.figures import Table
from tests.bench.verifying import sealing
from tests.bench.volume import hurry
from tests.bench.work import Bench
from tests.factories.world import OFFICE

SECRET = "bench"
AT_ONCE = 5000


def incremental(world: Bench, table: Table, column: str) -> None:
    """Everything that there is, by one process and by as many as there are cores."""
    told = _told(world)
    sealing(world, table, column)
    _marked(world, told, table, column)
    for jobs in sorted({1, os.cpu_count() or 1}):
        busy = process_time()
        outcome = Verifier(world.database, SECRET, jobs).verify(full=False)
        worked = f", work {process_time() - busy:.1f} s" if jobs == 1 else ""
        done = f"{outcome.told.kept:,} kept, {outcome.told.executed} executed, {outcome.found} found"
        table.put(
            f"verify everything, incremental, {jobs} processes", column, f"{outcome.seconds:7.1f} s{worked}, {done}"
        )
    sizes = (getrusage(who).ru_maxrss // 1024 for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    table.put("memory, this process and the largest child", column, " / ".join(f"{size:,} MB" for size in sizes))


def _marked(world: Bench, told: int, table: Table, column: str) -> None:
    """Marks for all cases as they stand; the notices are checked in full, which is timed."""
    marks, after = Marks(key_of(SECRET)), None
    while True:
        with world.transaction() as session:
            _, some, after = replay.page(session, after, 1000)
            if some:
                marks.keep(session, marks.now(session, some), clock.now())
        if after is None:
            break
    began = perf_counter()
    answer = Hands(world.database, marks, full=True).do({"do": NOTICES})
    taken = perf_counter() - began
    if answer.wrong:
        raise RuntimeError(f"the bench's own notices do not verify: {answer.wrong[0]}")
    table.put("verify notices, full", column, f"{taken:7.1f} s, {told:,} notices")


def _told(world: Bench) -> int:
    """Each notice is told to one account: a stream, a head and a row in its inbox. Gives how many there are."""
    count, after = 0, 0
    with world.database.engine.connect() as connection:
        hurry(connection)
        connection.execute(delete(OutboxEntry))
        last = connection.scalar(select(func.max(HistoryEvent.id))) or 0
        while some := _some(connection, after, last):
            after = some[-1].id
            rows = [_row(one) for one in some]
            connection.execute(insert(Notification), [inbox for inbox, _ in rows])
            connection.execute(insert(HistoryEvent), [event for _, event in rows])
            heads = [{"stream": event["stream"], "seq": 1, "hash": event["hash"]} for _, event in rows]
            connection.execute(insert(HistoryHead), heads)
            connection.commit()
            count += len(some)
        connection.invalidate()
    return count


def _some(connection: Connection, after: int, last: int) -> list[Any]:
    one = HistoryEvent
    wanted = select(one.id, one.stream, one.at, one.task, one.data)
    wanted = wanted.where(one.kind == "notice", one.id > after, one.id <= last)
    return list(connection.execute(wanted.order_by(one.id).limit(AT_ONCE)))


def _row(one: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row of an inbox, and the event that tells of it."""
    key, said = UUID(int=one.id), {"username": OFFICE, "title": "提醒", "text": "请办理"}
    inbox = {
        **said,
        "id": key,
        "event_id": one.id,
        "template": one.data["template"],
        "instance_id": UUID(one.stream.partition(":")[2]),
        "task_id": UUID(one.task) if one.task else None,
        "receipt": False,
        "created_at": one.at,
    }
    event: dict[str, Any] = {
        "stream": f"notice:{one.id}",
        "seq": 1,
        "at": one.at,
        "actor": "system",
        "on_behalf_of": None,
        "kind": TOLD,
        "task": None,
        "data": {"letters": [], "receipt": False, "to": {str(key): said}},
        "prev_hash": FIRST,
    }
    return inbox, {**event, "hash": seal(**event)}
