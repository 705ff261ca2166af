"""Lists, figures and papers as of a past day, where steps were taken back, corrected and ended since: each says what it
said in the evening of that day, and what the journal alone, read independently, knew by then."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from service import clock, people, talents
from service.config import load_organization
from service.history.models import HistoryEvent
from service.ledger import COLUMNS, Cell, ledger_rows
from service.ledger.counts import leader_answers, leader_needs, need_counts, unit_answers
from service.liaisons.filters import QuotaFilter
from service.liaisons.quotas import quotas
from service.people import search_leaders
from service.people.models import Leader
from service.processes import backfill, commands, extensions, halting, lateness, operations, queries
from service.processes.filters import CaseFilter
from service.processes.models import CaseSpan, Instance
from service.processes.speaking import unit_terms
from service.reports.facts import brief_facts, report_facts
from tests.factories.statements import Statements, counted
from tests.factories.steps import act
from tests.factories.workers import mismatches
from tests.factories.world import CONFIG, HOME, LIAISON, OFFICE, World

SINCE = date(2026, 9, 1)
UNITS = ("edu", "sci", "guicheng", "housing")


def own_fields() -> dict[str, frozenset[str]]:
    """Step → the fields of its form that are its own alone."""
    forms = {path.stem: json.loads(path.read_text("utf-8")) for path in (HOME / "forms/request").glob("*.json")}
    return {
        step: frozenset(name for name, said in form.get("properties", {}).items() if said.get("x-own"))
        for step, form in forms.items()
        if not step.endswith(".ui")
    }


OWN = own_fields()


# --- What happens ----------------------------------------------------------------------------------------------------


class Story:
    """Cases with their names, and a hand that goes on with each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cases: dict[str, UUID] = {}
        with world.database.reading() as session:
            self.leaders = [str(one.id) for one in search_leaders(session).items if str(one.id) != world.leader_id][:2]

    def on(self, name: str) -> World:
        self.world.case = self.cases[name]
        return self.world

    def begin(self, name: str, make: Callable[..., UUID], *units: str, **changes: Any) -> None:
        self.cases[name] = make(*units, **changes)

    def back(self, name: str, step: str, user: str = OFFICE) -> None:
        world = self.on(name)
        self.act(user, operations.take_back, task_id=world.done(step).id, reason="填错了")

    def act(self, user: str, operation: Callable[..., Any], **told: Any) -> None:
        with self.world.transaction() as session:
            operation(session, actor=self.world.actor(user), now=self.world.clock.now, **told)


def script(story: Story) -> dict[date, list[Callable[[], Any]]]:
    """The operations of each day."""
    world, first, second = story.world, story.leaders[0], story.leaders[1]

    def corrected(name: str, **changes: Any) -> None:
        story.on(name).do(LIAISON, "record_need", world.need(**changes))

    def on(name: str, user: str, step: str, data: Mapping[str, Any] | None = None, unit: str | None = None) -> None:
        story.on(name).do(user, step, data, unit=unit)

    def answered(name: str, outcome: str) -> None:
        told = {**world.sample("feedback_result"), "outcome": outcome}
        on(name, OFFICE, "feedback_result", told)

    return {
        date(2026, 9, 16): [
            lambda: story.begin("ends twice", world.dispatched, "edu"),
            lambda: on("ends twice", OFFICE, "feedback_accepted"),
            lambda: story.begin("other leader", world.recorded, leader_id=first, title="租房补贴", category="housing"),
            lambda: story.begin("other unit", world.dispatched, "edu", "guicheng", title="实验室用地"),
            lambda: story.begin("unanswered", world.dispatched, "housing", title="没有答复", talent_id="T0002"),
            lambda: story.begin("hidden", world.recorded, title="不该登记", leader_id=second),
            lambda: story.begin("returned", world.recorded, title="写得不全", town="dali"),
        ],
        date(2026, 9, 18): [
            lambda: on("returned", OFFICE, "accept", {"decision": "return", "reason": "请写明镇街"}),
            lambda: on("ends twice", "handler-edu", "handle"),
            lambda: story.act(OFFICE, operations.urge, instance_id=story.cases["other unit"], text="请抓紧"),
        ],
        date(2026, 9, 21): [
            lambda: story.back("other leader", "record_need", LIAISON),
            lambda: story.back("hidden", "record_need", LIAISON),
            lambda: story.back("other unit", "dispatch"),
            lambda: on("ends twice", OFFICE, "review_reply"),
            lambda: answered("ends twice", "partly"),
            lambda: corrected("returned", title="写全了", town="xiqiao", leader_id=second),
        ],
        date(2026, 9, 22): [
            lambda: corrected("other leader", leader_id=second, title="购房补贴", category="research"),
            lambda: on(
                "other unit",
                OFFICE,
                "dispatch",
                {**world.sample("dispatch"), "lead_unit": "sci", "assisting_units": []},
            ),
            lambda: on("returned", OFFICE, "accept", {"decision": "reject", "reason": "不属于受理范围"}),
        ],
        date(2026, 9, 23): [
            lambda: story.back("ends twice", "feedback_result"),
            lambda: story.act(OFFICE, halting.suspend, instance_id=story.cases["other unit"], reason="本人出国"),
            lambda: story.back("returned", "accept"),
        ],
        date(2026, 9, 28): [
            lambda: answered("ends twice", "solved"),
            lambda: story.act(OFFICE, halting.resume, instance_id=story.cases["other unit"], reason=""),
            lambda: on("returned", OFFICE, "accept"),
            lambda: story.act(OFFICE, operations.urge, instance_id=story.cases["other unit"], text="再催一次"),
        ],
        date(2026, 10, 9): [
            lambda: story.act(OFFICE, commands.terminate, instance_id=story.cases["other unit"], reason="本人放弃"),
            lambda: story.back("returned", "accept"),
            lambda: corrected("hidden", title="改为登记", leader_id=first),
        ],
    }


# --- What is seen ----------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """All that is shown as of a day."""

    requests: dict[str, Any] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)


def questions(story: Story) -> list[dict[str, str]]:
    """Every filter of the ledger with the values that cases have, or had."""
    numbers = [f"2026-需-{n:04}" for n in range(1, 5)]
    return [
        *({"status": one} for one in ("running", "suspended", "completed", "terminated")),
        *({"stage": one} for one in ("intake", "dispatch", "handling", "supervision", "feedback")),
        *({"late": one} for one in ("true", "false")),
        *({"late_steps": one} for one in ("true", "false")),
        *({"unit": one} for one in UNITS),
        *({"leader": one} for one in (*story.leaders, story.world.leader_id)),
        *({"talent": one} for one in ("T0001", "T0002")),
        *({"category": one} for one in ("education", "housing", "research")),
        *({"town": one} for one in ("guicheng", "dali", "xiqiao")),
        *({"end": one} for one in ("end_rejected", "terminated", "end_done")),
        *({"q": one} for one in ("租房", "购房", "登记", "写", "gfbt")),
        *({"number": one} for one in numbers),
        {"status": "running", "unit": "edu", "category": "education"},
        {"since": "2026-09-16", "until": "2026-09-16", "status": "running"},
    ]


def filter_of(asked: Mapping[str, str], on: date | None) -> queries.CaseFilter:
    """The filter as the API makes it of its parameters."""
    named = {"leader": "leader_id", "talent": "talent_id"}
    read: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(("late", "late_steps"), lambda said: said == "true"),
        **dict.fromkeys(("since", "until"), date.fromisoformat),
    }
    return queries.CaseFilter(
        as_of=on, **{named.get(name, name): read.get(name, str)(value) for name, value in asked.items()}
    )


def look(story: Story, on: date | None) -> Seen:
    """The figures shown as of a past day, or of today."""
    world, seen = story.world, Seen()
    day = on or clock.today()
    told = {"as_of": day.isoformat()} if on is not None else {}
    rows = world.api(OFFICE).get("/requests", limit=200, **told).json["items"]
    seen.requests = {row["id"]: row for row in rows}
    actor = world.actor(OFFICE)
    with world.database.reading() as session:
        for asked in [*questions(story), *({"sort": sort} for sort in ("started", "-number", "ended", "-urges"))]:
            found = queries.cases(session, actor, filters=filter_of(asked, on), limit=200)
            listed = [str(case.id) for case in found.items]
            assert found.total == len(listed)
            seen.found[str(asked)] = listed if "sort" in asked else sorted(listed)
    with world.database.reading() as session:
        cases = [session.get_one(Instance, case) for case in story.cases.values()]
        begun = [case for case in cases if clock.local(case.started_at).date() <= day]
        table = ledger_rows(session, begun, load_organization(CONFIG), day)
        seen.ledger = {
            str(case.id): dict(zip(COLUMNS, row, strict=True)) for case, row in zip(begun, table, strict=True)
        }
        seen.figures = {
            **{str(unit): need_counts(session, unit=unit, starts_on=SINCE, ends_on=day) for unit in (None, "hrss")},
            "units": unit_answers(session, starts_on=SINCE, ends_on=day),
            "leaders": leader_answers(session, starts_on=SINCE, ends_on=day),
            **{one: leader_needs(session, leader_id=UUID(one), starts_on=SINCE, ends_on=day) for one in story.leaders},
        }
    return seen


# --- What the journal knew -------------------------------------------------------------------------------------------


@dataclass
class Told:
    """A case as its journal tells of it, without a look at anything else."""

    inputs: dict[int, HistoryEvent] = field(default_factory=dict)
    slots: dict[str, str | None] = field(default_factory=dict)
    units: set[str] = field(default_factory=set)
    stages: dict[str, str | None] = field(default_factory=dict)
    number: str | None = None
    urges: int = 0
    status: str = "running"
    end: str | None = None

    def take(self, event: HistoryEvent) -> None:
        kind, data, task = event.kind, event.data, event.task or ""
        if kind in ("started", "completed"):
            self.inputs[event.seq] = event
        if kind == "entered":
            self.slots[task], self.stages[task] = data["slot"], data["stage"]
            self.units |= {data["unit"]} - {None}
        elif kind == "taken_back":
            self.inputs.pop(data["input"])
            if self.status == "completed":
                self.status, self.end = "running", None
        elif kind == "ended" and self.status == "running":
            self.status, self.end = "completed", data["end"]
        elif kind == "terminated":
            self.status, self.end = "terminated", "terminated"
        elif kind in ("suspended", "resumed"):
            self.status = "suspended" if kind == "suspended" else "running"
        elif kind == "urged":
            self.urges += 1
        elif kind == "action" and data["variable"] == "number":
            self.number = data["result"]

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self.inputs.values():
            if event.kind == "started":
                found |= event.data["data"]
            elif self.slots[event.task or ""] is None:
                own = OWN[event.data["step"]]
                for name in set(event.data["drop"]) - own:
                    found.pop(name, None)
                found |= {name: value for name, value in event.data["data"].items() if name not in own}
        return found


def known(session: Session, on: date) -> dict[str, Told]:
    events = select(HistoryEvent).where(HistoryEvent.stream.like("instance:%"), HistoryEvent.at < clock.end_of(on))
    found: dict[str, Told] = {}
    for event in session.scalars(events.order_by(HistoryEvent.id)):
        found.setdefault(event.stream.removeprefix("instance:"), Told()).take(event)
    return found


def fits(told: Told, data: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    """Whether a filter that asks neither for lateness, words nor the stage lets the case through."""
    of = {
        "status": told.status,
        "leader": data.get("leader_id"),
        "talent": data.get("talent_id"),
        "category": data.get("category"),
        "town": data.get("town"),
        "end": told.end,
        "number": told.number,
    }
    return all(
        value in told.units if name == "unit" else of[name] == value
        for name, value in asked.items()
        if name not in ("since", "until")
    )


# --- All agree -------------------------------------------------------------------------------------------------------


@pytest.fixture
def lived(world: World) -> tuple[Story, dict[date, Seen]]:
    """The story told to its end, and what was seen in the evening of each of its days."""
    story, seen = Story(world), {}
    for day, planned in script(story).items():
        world.clock.set(datetime.combine(day, time(10), clock.SHANGHAI))
        for operation in planned:
            operation()
            world.clock.advance(minutes=1)
        world.clock.set(datetime.combine(day, time(18), clock.SHANGHAI))
        seen[day] = look(story, None)
    world.clock.set(datetime(2026, 10, 20, 10, tzinfo=clock.SHANGHAI))
    assert mismatches(world) == []
    return story, seen


def test_every_list_and_figure_of_a_past_day_is_what_its_evening_saw(lived: tuple[Story, dict[date, Seen]]) -> None:
    story, seen = lived
    for day, then in seen.items():
        now = look(story, day)
        for case, row in then.requests.items():
            assert now.requests[case] == row, (day, row["title"])
        assert now.found == then.found, day
        assert now.ledger == then.ledger, day
        assert now.figures == then.figures, day


def test_every_filter_finds_what_the_journal_knew(lived: tuple[Story, dict[date, Seen]]) -> None:
    story, seen = lived
    names = {str(case): name for name, case in story.cases.items()}
    told_apart: Counter[str] = Counter()
    for day in [*seen, date(2026, 9, 17), date(2026, 9, 25), date(2026, 10, 1), date(2026, 10, 20)]:
        now = look(story, day)
        with story.world.database.reading() as session:
            facts = {case: (told, told.data) for case, told in known(session, day).items()}
            late = {steps: set(session.scalars(lateness.late_cases(day, steps=steps))) for steps in (True, False)}
        for asked in questions(story):
            if set(asked) & {"q", "stage"}:
                continue
            for name, steps in (("late", False), ("late_steps", True)):
                if name in asked:
                    expected = [case for case in facts if (UUID(case) in late[steps]) == (asked[name] == "true")]
                    break
            else:
                expected = [case for case, (told, data) in facts.items() if fits(told, data, asked)]
            assert {names[one] for one in now.found[str(asked)]} == {names[one] for one in expected}, (day, asked)
            told_apart[str(asked)] += bool(expected)
        for case, (told, data) in facts.items():
            row = now.requests[case]
            assert (row["status"], row["number"], row["end"], row["urges"]) == (
                told.status,
                told.number,
                told.end,
                told.urges,
            )
            assert (row["title"], row["category"], row["town"]) == (
                data.get("title", ""),
                data.get("category"),
                data.get("town"),
            )
    assert [asked for asked, times in told_apart.items() if not times] == []


def test_papers_of_a_past_day_call_people_and_units_as_that_day_did(world: World) -> None:
    world.dispatched("edu")
    talent_id, leader_id = "T0001", UUID(world.leader_id)
    day = clock.today()
    office = world.actor(OFFICE)

    def told() -> dict[str, Any]:
        with world.database.reading() as session:
            [case] = queries.cases(session, office, filters=queries.CaseFilter(as_of=day)).items
            [row] = ledger_rows(session, [case], load_organization(CONFIG), day)
            leader = session.get_one(Leader, leader_id)
            unit = str(served[0])
            needs = leader_needs(session, leader_id=leader_id, starts_on=SINCE, ends_on=day)
            report = report_facts(session, unit=unit, year=2026, half=2, needs={}, now=evening)
            # rows are in the order of the names that people have now
            report["quotas"]["rows"].sort(key=str)
            return {
                "ledger": dict(zip(COLUMNS, row, strict=True)),
                "needs": needs["items"],
                "of unit": need_counts(session, unit=unit, starts_on=SINCE, ends_on=day),
                "report": report,
                "brief": brief_facts(session, leader=leader, year=2026, month=9, needs={}, now=evening),
                "quota": sorted(str(row.leader.id) for row in quotas(session, QuotaFilter(on=day, unit=unit)).items),
            }

    def shown() -> dict[str, Any]:
        api = world.api(OFFICE)
        [row] = api.get("/requests", as_of=day.isoformat()).json["items"]
        sheet = api.get("/assessment", on=day.isoformat()).json
        names = [(one["name"], one["unit"]) for part in ("leaders", "units") for one in sheet[part]]
        return {"row": [row["talent"], row["leader"], row["initiator_unit_name"]], "sheet": sorted(map(str, names))}

    with world.database.reading() as session:
        leader = session.get_one(Leader, leader_id)
        served = [leader.unit_code, leader.klass]
        person_id = leader.person_id
        other = next(code for code in ("district_office", "npc_office") if code != served[0])
    evening = world.clock.now
    then = told() | shown()
    world.clock.advance(days=2)
    now = {"actor": office, "now": world.clock.now}
    with world.transaction() as session:
        people.update_person(session, person_id=person_id, changes={"name": "新名字"}, **now)
        people.update_leader(session, leader_id=leader_id, changes={"unit_code": other, "post": "新职务"}, **now)
        for code, name in {"edu": "区教育和体育局", "hrss": "区人社局"}.items():
            changes = {"name": name}
            people.update_unit(session, code=code, changes=changes, organization=world.organization, **now)
        talents.update_talent(session, talent_id=talent_id, changes={"name": "沈改名"}, **now)
    for part, said in (told() | shown()).items():
        assert said == then[part], part
    with world.database.reading() as session:
        [case] = queries.cases(session, office).items
        [row] = ledger_rows(session, [case], load_organization(CONFIG))
    today = dict(zip(COLUMNS, row, strict=True))
    assert [today[name] for name in ("联系对象", "联系领导", "登记单位", "责任单位")] == [
        "沈改名",
        "新名字",
        "区人社局",
        "区教育和体育局",
    ]
    assert all(then["ledger"][name] != today[name] for name in ("联系对象", "联系领导", "登记单位", "责任单位"))


def test_cases_of_before_an_upgrade_get_the_same_days_by_replay(lived: tuple[Story, dict[date, Seen]]) -> None:
    story, _ = lived
    days = [column for column in CaseSpan.__table__.columns if column.name != "id"]

    def told(session: Session) -> list[str]:
        return sorted(map(str, session.execute(select(*days)).all()))

    with story.world.transaction() as session:
        before = told(session)
        session.execute(delete(CaseSpan))
        assert backfill.fill_spans(session) == len(story.cases)
        assert backfill.fill_spans(session) == 0
        assert told(session) == before
    assert mismatches(story.world) == []


def test_a_day_that_was_tampered_with_is_found(world: World) -> None:
    world.recorded()
    assert mismatches(world) == []
    with world.transaction() as session:
        session.execute(text("UPDATE case_span SET title = '另一件事'"))
    [told] = mismatches(world)
    assert re.search(r": 自 \d{4}-\d\d-\d\d 起的各日状态的标题（title）与历史不符$", told)


def test_a_list_of_a_past_day_costs_as_many_statements_for_many_cases(world: World) -> None:
    def asked() -> int:
        actor = world.actor(OFFICE)
        with world.database.reading() as session:
            sent = Statements(session)
            found = queries.cases(session, actor, filters=queries.CaseFilter(as_of=day, unit="edu"))
            list(ledger_rows(session, found.items, load_organization(CONFIG), day))
            return sent.since()

    day = date(2026, 9, 16)
    world.dispatched("edu")
    world.clock.advance(days=3)
    few = asked()
    world.clock.advance(days=-3)
    for _ in range(3):
        world.dispatched("edu")
    world.clock.advance(days=3)
    assert asked() == few


# --- The dates of units ----------------------------------------------------------------------------------------------


def dates_of(world: World, on: date) -> dict[str, Cell]:
    """The ledger's row of the case as of a day."""
    with world.database.reading() as session:
        [case] = queries.instances_by_id(session, [world.case]).values()
        [row] = ledger_rows(session, [case], world.organization, on)
    return dict(zip(COLUMNS, row, strict=True))


def extended(world: World, unit: str, until: str) -> None:
    """The Talent Office agrees to a later date of a unit."""
    key = world.task("handle", unit).id
    act(world, OFFICE, extensions.extend, task_id=key, due_on=until, reason="须等上级批复", asked_by="来电")


def test_a_later_date_stands_beside_the_first_from_the_day_on_which_it_was_agreed(world: World) -> None:
    world.dispatched("edu")
    world.pass_days(2)
    extended(world, "edu", "2026-10-14")
    before, after = dates_of(world, date(2026, 9, 17)), dates_of(world, date(2026, 9, 18))
    assert (before["期限"], before["原定期限"]) == (date(2026, 9, 24), date(2026, 9, 24))
    assert (after["期限"], after["原定期限"]) == (date(2026, 10, 14), date(2026, 9, 24))
    assert after["各单位期限"] == "区教育局（主办） 2026-10-14，原定 2026-09-24"


def test_the_date_is_named_by_its_unit_and_each_unit_has_its_own(world: World) -> None:
    world.dispatched("edu", "housing")
    extended(world, "edu", "2026-10-14")
    row = dates_of(world, date(2026, 9, 16))
    assert (row["主办"], row["期限单位"], row["期限"]) == ("区教育局", "区住房城乡建设和水利局", date(2026, 9, 24))
    world.do("handler-housing", "handle", unit="housing")
    row = dates_of(world, date(2026, 9, 16))
    assert (row["期限单位"], row["期限"]) == ("区教育局", date(2026, 10, 14))
    assert row["各单位期限"] == (
        "区教育局（主办） 2026-10-14，原定 2026-09-24；区住房城乡建设和水利局 2026-09-24，已答复"
    )


def test_the_ledger_sorts_by_first_date_and_unit_and_reads_all_units_at_once(world: World) -> None:
    late = world.dispatched("edu")
    world.pass_days(1)
    extended(world, "edu", "2026-10-14")
    second = world.dispatched("housing")
    none = world.recorded()
    with world.database.reading() as session:

        def order(sort: str) -> list[object]:
            wanted = CaseFilter(sort=sort)
            return [one.id for one in queries.cases(session, world.actor(OFFICE), filters=wanted).items]

        assert order("due") == [second, late, none]
        assert order("first_due") == [late, second, none]
        assert order("-first_due") == [second, late, none]
        assert order("due_unit") == [late, second, none]  # 教育 before 住房
        with counted(world) as said:
            found = unit_terms(session, [late, second, none], date(2026, 9, 17))
        assert len(said) == 1
    assert {key: [one.unit for one in terms] for key, terms in found.items()} == {late: ["edu"], second: ["housing"]}
