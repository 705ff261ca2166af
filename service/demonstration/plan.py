"""The common ground of the themes of the demonstration's year: its working days, who is in it, and hands that do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, liaisons, people
from service.auth import actor_of
from service.demonstration import cast
from service.demonstration.cast import CLASS_A, CLASS_B, HELD, LEAVER, NEWCOMER, SUCCESSOR, Post
from service.demonstration.form_data import Case
from service.demonstration.organization import derived, served
from service.processes import commands
from service.processes.advance import open_tasks
from service.rights import SYSTEM, Actor
from service.workdays import Calendar

Act = Callable[[Session], object]
DAYS = 365
"""How long before the end the people side begins."""


@dataclass(frozen=True, slots=True)
class PlannedAct:
    """Something that somebody does at a moment (aware)."""

    moment: datetime
    act: Act


@dataclass(frozen=True, slots=True)
class Served:
    """A talent as the operations need it."""

    id: str
    name: str
    employer: str
    fields: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A leader serves a talent, from the ``since``-th working day of the year to the ``until``-th."""

    post: Post
    talent: Served
    since: int
    until: int


def first_day(until: datetime, calendar: Calendar) -> date:
    """The working day on which the demonstration's people side begins."""
    return calendar.add(clock.local(until).date() - timedelta(days=DAYS), 1).due


class Plan:
    """The year as its themes plan it; each draws from ``chance`` and ``names`` in turn: their order is the story's."""

    def __init__(self, cases: Sequence[Case], seed: int, until: datetime, calendar: Calendar) -> None:
        self.cases, self.seed, self.calendar = cases, seed, calendar
        self.chance = Random(f"liaison:people:{seed}")
        self.names = iter(cast.names(self.chance))
        first, last = first_day(until, calendar), clock.local(until).date()
        every = (first + timedelta(days=n) for n in range((last - first).days + 1))
        self.days = [day for day in every if calendar.is_working_day(day)]
        self.last = len(self.days) - 1
        self.served = {one.id: Served(one.id, one.name, one.employer, "本专业") for one in served()}
        self.posts = (*first_posts(), *CLASS_A, *CLASS_B)
        self.ends = {LEAVER: self.last - 110, HELD: self.last - 8}
        self.begins = {SUCCESSOR: self.last - 108, NEWCOMER: self.last - 20}
        self.pairs: list[Pair] = []
        self.others: list[Served] = []
        """Talents whom nobody serves."""

    # --- When and who ------------------------------------------------------------------------------------------------

    def at(self, day: int, hour: float = 10.0) -> datetime:
        """The moment of the ``day``-th working day of the year, at that hour."""
        return self.on(self.days[max(0, min(day, self.last))], hour)

    @staticmethod
    def on(day: date, hour: float) -> datetime:
        """The moment of ``day`` at that hour."""
        return datetime.combine(day, time(0), tzinfo=clock.SHANGHAI) + timedelta(hours=hour)

    def hour(self) -> float:
        """Some hour at which offices work."""
        return 9.2 + self.chance.randrange(80) / 10


def first_posts() -> tuple[Post, ...]:
    """The posts of the organization's three leaders."""
    offices = {"leader": "district_office", "程望津": "district_office", "温如故": "cppcc_office"}
    return tuple(Post(key, "A", unit, "", cast.PORTFOLIOS[key]) for key, unit in offices.items())


def late_posts() -> dict[str, Post]:
    """The posts that begin in the course of the year."""
    return {
        SUCCESSOR: Post(SUCCESSOR, "B", "edu", "副局长", "职业教育、院校合作、人才工作", duty="talent"),
        NEWCOMER: Post(NEWCOMER, "B", "finance", "副局长", "财政金融、产业基金", duty="talent"),
    }


def post_of(key: str) -> Post:
    """The post with that key."""
    known = {post.key: post for post in (*CLASS_A, *CLASS_B)} | late_posts()
    return known[key]


def office(session: Session) -> Actor:
    """The Talent Office's officer."""
    return actor_of(session, "office")


def officer(post: Post) -> str:
    """The account of the liaison officer of the post's unit."""
    return f"liaison-{post.unit}"


def say(text: str, who: Served) -> str:
    """The text, of that talent."""
    return text.format(who=who.name, employer=who.employer, fields=who.fields)


def add_leader(session: Session, post: Post, name: str, since: date) -> None:
    """A leader's post, with a person unless it is a second post of one who is there."""
    person_id = derived("person", post.person or post.key)
    if not post.person:
        people.add_person(
            session,
            person_id=person_id,
            name=name,
            unit_code=post.unit,
            post=post.post,
            actor=SYSTEM,
            now=clock.now(),
        )
    people.add_leader(
        session,
        person_id=person_id,
        klass=post.klass,
        body=post.body,
        unit_code=post.unit,
        duty=post.duty,
        post=post.post,
        portfolio=post.portfolio,
        starts_on=since,
        leader_id=derived("leader", post.key),
        actor=office(session),
        now=clock.now(),
    )


def set_service_team(session: Session, *, post: Post) -> None:
    """The leader heads it; of class A heads of departments work in it, of class B the unit's heads of sections."""
    if post.klass == "A":
        members = [derived("person", "b-hrss-1"), derived("person", "b-sci-1"), derived("person", "office")]
    else:
        members = [derived("person", f"{post.unit}:{section}") for section in ("人才科科长", "办公室主任")]
    liaisons.set_service_team(
        session,
        leader_id=derived("leader", post.key),
        head_id=derived("person", post.person or post.key),
        liaison_id=derived("person", officer(post)),
        members=[{"person_id": str(member)} for member in members],
        starts_on=clock.today(),
        actor=office(session),
        now=clock.now(),
    )


def begin(session: Session, *, process: str, case: UUID) -> None:
    """The Talent Office starts a round by hand."""
    commands.start(session, process=process, data={}, actor=office(session), now=clock.now(), instance_id=case)


def do(session: Session, *, case: UUID, step: str, who: str, data: Mapping[str, Any], unit: str | None = None) -> None:
    """``who`` completes the open step of the case; for ``unit`` where each has its own."""
    rows = [row for row in open_tasks(session, case) if row.task == step and unit in (None, row.unit, row.slot)]
    commands.complete(session, task_id=rows[0].id, data=data, actor=actor_of(session, who), now=clock.now())
