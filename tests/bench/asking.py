"""The auditors' questions over a journal of a million entries: each with its filters, the slowest is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from service import clock
from service.access_log.models import AccessEntry, AccessSubject
from service.audit.questions.declared import CASE, CHOICE, DAY, PERSON, TALENT, UNIT, Asked, Question
from service.audit.questions.table import QUESTIONS
from service.history import HistoryEvent
from service.processes import commands, halting, operations
from service.processes.models import Instance
from service.rights import SYSTEM
from tests.bench.figures import Figure, Table
from tests.bench.volume import Series, hurry, multiply, original
from tests.bench.work import REDO, UNIT_STAFF, Bench
from tests.factories.world import OFFICE

MINUTES = 20
"""Between two copies of a case: 25,000 of them are spread over a year."""
LOOKS = 200_000
TIMES = 3


def filled(world: Bench, events: int, table: Table, column: str) -> None:
    """A journal of so many entries: most cases went straight to their end, some were returned by form, some by hand."""
    sources = [(original(world.database, made), share) for made, share in ((world.finished(), 7), (_redone(world), 2))]
    sources.append((original(world.database, _rough(world)), 1))
    each = sum(len(made.rows["history_event"]) * share for made, share in sources)
    rounds = max(1, events // each)
    copies, series = [(made, rounds * share) for made, share in sources], Series(world.database)
    multiply(world.database, copies, journals=rounds * 10, minutes=MINUTES, series=series)
    series.keep(world.database)
    _looked(world, min(LOOKS, events))
    with world.database.reading() as session:
        count = session.scalar(select(func.count()).select_from(HistoryEvent))
        cases = session.scalar(select(func.count()).select_from(Instance))
    table.put("entries of the journal", column, f"{count:,}, of {cases:,} cases")


def asking(world: Bench, table: Table, column: str) -> None:
    """Each question without and with each of its filters."""
    worst: list[tuple[float, str]] = []
    for one in QUESTIONS:
        found = [(world.meter.again(lambda: _ask(world, one, values), TIMES), values) for values in _asked(world, one)]  # noqa: B023 - used at once
        figure, values = max(found, key=lambda each: each[0].ms)
        told = "、".join(f"{name}={value}" for name, value in values.items()) or "all"
        table.put(f"question {one.name}", column, _Slowest(figure, told))
        worst.append((figure.ms, one.name))
    slow = [name for ms, name in worst if ms > 300]
    table.put("questions above 300 ms", column, ", ".join(slow) or "none")


class _Slowest:
    def __init__(self, figure: Figure, asked: str) -> None:
        self.figure, self.asked = figure, asked

    def __str__(self) -> str:
        return f"{self.figure}  ({self.asked})"


def _ask(world: Bench, one: Question, values: Mapping[str, Any]) -> None:
    reader = world.actor("auditor")
    with world.database.reading() as session:
        one.find(Asked(session, reader, world.organization, values, 50, 0))


def _asked(world: Bench, one: Question) -> Iterator[dict[str, Any]]:
    """The filters as people use them: those that must be there, each of the others beside them, some together."""
    with world.database.reading() as session:
        number = session.scalar(select(func.max(Instance.number)))
        last = session.scalar(select(func.max(HistoryEvent.at)))
    day = min(clock.today(), clock.local(last).date()) if last is not None else clock.today()
    usual: dict[str, Any] = {PERSON: OFFICE, CASE: number, TALENT: "T0001", UNIT: "edu"}
    must = {
        each.name: day - timedelta(days=60) if each.kind == DAY else OFFICE for each in one.filters if each.required
    }
    yield must
    names = {each.name for each in one.filters}
    month: dict[str, date] = {"since": day - timedelta(days=90), "until": day - timedelta(days=60)}
    if {"since", "until"} <= names:
        yield {**must, **month}
    for each in one.filters:
        if each.name in must or each.name in month:
            continue
        if each.kind == CHOICE:
            yield from ({**must, each.name: choice} for choice in each.choices)
            continue
        chosen = usual.get(each.kind) or ("公寓" if each.name == "q" else OFFICE)
        yield {**must, each.name: chosen}
        if {"since", "until"} <= names:
            yield {**must, **month, each.name: chosen}


# --- What is asked about ----------------------------------------------------------------------------------------------


def _redone(world: Bench) -> Any:
    case = world.dispatched()
    world.do(OFFICE, "feedback_accepted")
    world.do(UNIT_STAFF, "handle")
    world.do(OFFICE, "review_reply", REDO)
    _end(world)
    return case


def _rough(world: Bench) -> Any:
    """Returned by hand, claimed, reassigned, urged, held up, answered late, taken back."""
    case, office, staff = world.accepted(), world.actor(OFFICE), world.actor(UNIT_STAFF)
    with world.transaction() as session:
        task = world.task("dispatch").id
        commands.return_task(session, task_id=task, target="accept", reason="重核", actor=office, now=clock.now())
    world.do(OFFICE, "accept")
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": []})
    world.do(OFFICE, "feedback_accepted")
    task = world.task("handle").id
    with world.transaction() as session:
        operations.claim(session, task_id=task, actor=staff, now=clock.now())
        halting.suspend(session, instance_id=case, reason="等待材料", actor=office, now=clock.now())
        halting.resume(session, instance_id=case, reason="", actor=office, now=clock.now())
    world.clock.advance(days=90)
    with world.transaction() as session:
        operations.urge(session, instance_id=case, text="请抓紧", actor=office, now=clock.now(), task_id=task)
    world.do(UNIT_STAFF, "handle")
    with world.transaction() as session:
        operations.take_back(session, task_id=task, reason="填错了", actor=staff, now=clock.now())
    _end(world)
    return case


def _end(world: Bench) -> None:
    world.do(UNIT_STAFF, "handle")
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "feedback_result")


def _looked(world: Bench, count: int) -> None:
    """So many entries of the access log, each about a case and a talent."""
    with world.database.reading() as session:
        cases = [str(one) for one in session.scalars(select(Instance.id).limit(5000))]
    people = [OFFICE, UNIT_STAFF, "leader", SYSTEM.username]
    begun = clock.now()
    with world.database.engine.connect() as connection:
        hurry(connection)
        for first in range(0, count, 5000):
            entries, subjects = [], []
            for n in range(first, min(first + 5000, count)):
                about = [f"instance:{cases[n % len(cases)]}", f"talent:T{n % 900:04d}"]
                entries.append(
                    {
                        "id": n + 1_000_000,
                        "at": begun - timedelta(minutes=3 * (count - n)),
                        "username": people[n % len(people)],
                        "address": "10.0.0.1",
                        "way": "page",
                        "route": "/cases/<uuid:instance_id>",
                        "act": ("view", "search", "print", "export")[n % 4],
                        "restricted": 1 if n % 100 == 0 else 0,
                        "reasons": {"roles": ["talent_office"], "right": "view_case"},
                        "asked": {},
                        "subjects": about,
                        "request_id": f"bench-{n}",
                    }
                )
                subjects += [{"subject": one, "entry_id": n + 1_000_000} for one in about]
            connection.execute(insert(AccessEntry), entries)
            connection.execute(insert(AccessSubject), subjects)
            connection.commit()
        connection.invalidate()
