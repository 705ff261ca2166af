"""Papers of single steps of a case (W8 W9 W10): 会议通知, 会议纪要, 上会请示, 反馈函 of a step, 催办通知书 of an urge.

A template says in its head which steps or entries it is made of; a new paper or field needs no Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service.documents import About, about
from service.errors import NotFound
from service.history import HistoryEvent
from service.ledger.case_record import Paper, Record, day
from service.ledger.clock_facts import facts_of_clock
from service.ledger.own_papers import given, templates_of, told_step
from service.ledger.stamped import stamped
from service.rights import Actor
from service.talents.past import told_then
from service.talents.queries import find_talent
from service.workdays import Calendar

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepPaperRef:
    """A paper that can be printed: its template, the entry of the journal that it is made of, its title, its day."""

    name: str
    seq: int
    title: str
    unit: str
    at: datetime


def step_papers(record: Record, templates: Mapping[str, bytes]) -> list[StepPaperRef]:
    """The papers that steps and entries of the case give by ``templates`` (by the name of the file), in order.

    A step that was taken back gives none.
    """
    course = _Course(record)
    found = [
        StepPaperRef(name, event.seq, told.title or name, record.unit(course.unit(event)), event.at)
        for name, told in step_templates(templates).items()
        for event in course.events(told)
    ]
    return sorted(found, key=lambda one: (one.seq, one.name))


def step_templates(templates: Mapping[str, bytes]) -> dict[str, About]:
    """The templates that make a paper of each step or entry, by their names."""
    typst = {file.removesuffix(".typ"): about(content) for file, content in templates.items() if file.endswith(".typ")}
    return {name: told for name, told in typst.items() if told.each}


def step_paper(session: Session, instance_id: UUID, name: str, seq: int, actor: Actor) -> Paper:
    """The paper ``name`` of the entry ``seq`` of a case, with what was known then.

    Raises NotFound where there is none, or ``actor`` may not see the case.
    """
    return step_paper_of(Record(session, instance_id, actor), templates_of(session, instance_id), name, seq, actor)


def step_paper_of(record: Record, templates: Mapping[str, bytes], name: str, seq: int, actor: Actor) -> Paper:
    """The same of a record that has been read."""
    course = _Course(record)
    told = about(templates.get(f"{name}.typ", b""))
    event = next((one for one in course.events(told) if one.seq == seq), None)
    if event is None:
        raise NotFound("没有这份文书；所依据的步骤可能已经撤回")
    unit = course.unit(event)
    stamps = stamped(record, name, seq)
    data = {
        **given(record, actor, until=seq),
        "of": (of := course.told(event, actor)),
        "said": course.unsaid(event) | {str(one["id"]): str(one["words"]) for one in of["fields"]},
        "stamps": stamps.names,
        "number": number_of(record, name, seq) or str(event.data.get("number") or ""),
        "unit": record.unit(unit),
        "person": _person(record),
        "on": day(event.at),
        "n": event.data.get("n") or 1,
        "facts": facts_of_clock(record, event.task, seq, event, course.calendar(seq)) if unit else [],
    }
    where = f"{record.instance.number or record.instance.title or ''} {record.unit(unit)}".strip()
    return Paper(data, event.at, f"{told.title or name} {where}", stamps.files)


def number_of(record: Record, name: str, seq: int) -> str:
    """The number that the paper ``name`` of the entry ``seq`` was given; '' while it has none."""
    given_to = {"paper": name, "of": seq}
    found = (one.data for one in record.events if one.kind == "numbered" and given_to.items() <= one.data.items())
    return next((str(data["number"]) for data in found), "")


class _Course:
    """The steps of a case that count, by their entry of the journal."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._done = {one.event.seq: one for one in record.done()}

    def events(self, told: About) -> Iterator[HistoryEvent]:
        """The entries of the journal of which a template makes a paper each."""
        if told.steps:
            yield from (one.event for one in self._done.values() if one.step in told.steps)
        if told.entries:
            yield from (event for event in self._record.events if event.kind in told.entries)

    def unit(self, event: HistoryEvent) -> str:
        """The code of the unit that the entry is about, which it says itself or by its step; '' for none."""
        done = self._done.get(event.seq)
        return str((done.entered.data["unit"] if done is not None else event.data.get("unit")) or "")

    def unsaid(self, event: HistoryEvent) -> dict[str, str]:
        """Every field of the step's form, empty: a template may name those that were not filled in."""
        done = self._done.get(event.seq)
        return dict.fromkeys(self._record.form_of(done).fields, "") if done is not None else {}

    def calendar(self, seq: int) -> Calendar:
        """The calendar by which the last input up to an entry was counted."""
        steps = [step for step in self._record.all_steps if step.event.seq <= seq]
        return self._record.calendar_of(steps[-1].event)

    def told(self, event: HistoryEvent, actor: Actor) -> Json:
        """The step as ``given`` tells steps; an entry that is none in the same shape."""
        if (done := self._done.get(event.seq)) is not None:
            return told_step(self._record, actor, done)
        said = {name: value for name, value in event.data.items() if isinstance(value, str)}
        return {
            "id": event.kind,
            "name": "",
            "stage": "",
            "slot": "",
            "unit": self.unit(event),
            "unit_name": self._record.unit(self.unit(event)),
            "sign": self._record.sign(event),
            "on": day(event.at),
            "due": "",
            "late_days": 0,
            "fields": [{"id": name, "title": name, "value": value, "words": value} for name, value in said.items()],
        }


def _person(record: Record) -> dict[str, str]:
    """The talent's name and work as of the day that the papers stand for; never the telephone: letters need none."""
    key = record.instance.talent_id
    talent = find_talent(record.session, key) if key else None
    if talent is None:
        return {"name": "", "work": ""}
    told = told_then(record.session, [talent], record.stands_on)[talent.id]
    return {"name": told["name"] or "", "work": "　".join(one for one in (told["employer"], told["post"]) if one)}
