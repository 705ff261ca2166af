"""The ledger finds cases by all that people remember of them, on any day, and shows nobody what is not theirs."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from service.audit.verifying.runs import Verifier
from service.config import load_organization
from service.db.full_text import index_differs
from service.ledger import COLUMNS, ledger_rows
from service.processes import queries
from service.processes.filters import CASE_SORTS
from service.processes.models import CaseText, ClockRun, Instance
from service.processes.rebuilding import Rebuilt, begin, rebuild_index, rebuild_some
from service.processes.upkeep import Rebuilding
from service.spelling import grams
from tests.factories.workers import mismatches
from tests.factories.world import CONFIG, LIAISON, OFFICE, World

ORGANIZATION = load_organization(CONFIG)


def found(world: World, q: str, user: str = OFFICE, on: date | None = None) -> list[UUID]:
    with world.database.reading() as session:
        wanted = queries.CaseFilter(q=q, as_of=on)
        return [case.id for case in queries.cases(session, world.actor(user), filters=wanted).items]


def test_a_case_is_found_by_number_matter_text_talent_and_unit(world: World) -> None:
    school = world.dispatched("edu", title="子女入学", description="孩子九月上小学，希望安排學位")
    rent = world.dispatched("housing", title="租房补贴", description="在喆园租房，已提交材料", talent_id="T0002")
    with world.database.reading() as session:
        number = session.get_one(queries.Instance, school).number
    assert number is not None
    for q in (number, number[-4:], "子女入学", "znrx", "zinv", "学位", "學位", "九月上小学", "女 位"):
        assert found(world, q) == [school], q
    for q in ("租房", "租 材料", "哲园", "T0002", "住建", "住房城乡", "zfbt"):
        assert found(world, q) == [rent], q
    assert found(world, "没有这样的事") == found(world, "。，") == []
    assert set(found(world, "学")) >= {school}  # a single character has no index


def test_what_begins_with_the_word_comes_first(world: World) -> None:
    inside = world.recorded(title="购房咨询", description="顺便问租房")
    middle = world.recorded(title="申请租房")
    first = world.recorded(title="租房补贴")
    world.clock.advance(minutes=1)
    assert found(world, "租房") == [first, middle, inside]


def test_nobody_finds_what_is_not_shown_to_them(world: World) -> None:
    school = world.dispatched("edu", description="孩子九月上小学")
    assert found(world, "九月", "handler-edu") == [school]
    assert found(world, "九月", "handler-housing") == []


def test_a_past_day_is_searched_by_the_words_of_that_day(world: World) -> None:
    case = world.recorded(title="租房补贴", description="在桂城租房")
    then = world.clock.now.date()
    world.clock.advance(days=2)
    world.do(OFFICE, "accept", {"decision": "return", "reason": "请写明"})
    world.do(LIAISON, "record_need", world.need(title="购房补贴", description="在大沥买了房"))
    assert (found(world, "大沥买"), found(world, "桂城租")) == ([case], [])
    assert (found(world, "大沥买", on=then), found(world, "桂城租", on=then)) == ([], [case])
    assert mismatches(world) == []


def test_words_that_stay_the_same_are_not_written_again(world: World) -> None:
    def rows() -> list[tuple[UUID, date, str]]:
        with world.database.reading() as session:
            found = session.execute(select(CaseText.instance_id, CaseText.from_on, CaseText.words))
            return [(key, first, words) for key, first, words in found]

    world.accepted()
    before = rows()
    world.clock.advance(days=1)
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": []})
    assert rows() == before


def test_words_and_clocks_that_were_changed_by_hand_are_found_and_rebuilt(world: World) -> None:
    case = world.dispatched("edu", description="孩子九月上小学")
    other = world.recorded(title="租房补贴")
    with world.transaction() as session:
        session.execute(update(CaseText).where(CaseText.instance_id == case).values(words="别的事"))
        session.execute(update(ClockRun).where(ClockRun.instance_id == case).values(due_on=date(2030, 1, 1)))
    assert {one.split(": ")[1][:4] for one in mismatches(world)} == {"检索用的", "计时记录"}
    told = Rebuilt()
    with world.transaction() as session:
        assert begin(session, again=False) == (0, 2)
        assert rebuild_some(session, told, at_once=1)
    with world.transaction() as session:  # cut short: the next call goes on
        assert begin(session, again=False) == (1, 2)
        while rebuild_some(session, told, at_once=1):
            pass
        rebuild_index(session)
        assert session.scalar(select(Rebuilding)) is None
    assert (told.cases, told.mended, told.damaged) == (2, {"检索内容": 1, "计时记录": 1}, 0)
    assert mismatches(world) == []
    assert (found(world, "九月"), found(world, "租房")) == ([case], [other])


@pytest.mark.databases("sqlite")
def test_an_index_that_differs_from_the_words_is_found_and_made_anew(world: World) -> None:
    case = world.recorded(description="孩子九月上小学")
    assert index_differs(world.database) is False
    with world.transaction() as session:
        session.execute(text("INSERT INTO case_text_index(case_text_index) VALUES ('delete-all')"))
    assert found(world, "九月") == []
    outcome = Verifier(world.database, "", 1).verify(full=False)
    assert [one.what for _, one in outcome.findings] == ["检索用的索引与检索内容不符，请运行 liaison rebuild"]
    with world.transaction() as session:
        rebuild_index(session)
    assert found(world, "九月") == [case]


@pytest.mark.databases("postgresql")
def test_postgresql_makes_the_same_grams(world: World) -> None:
    words = "2026需0001 子女入学 zinvruxue znrx 孩子𬱖𫇭上学"
    with world.database.reading() as session:
        made = session.scalar(text("SELECT case_grams(:words)"), {"words": words})
    assert sorted(made) == sorted(grams(words))


@pytest.mark.databases("postgresql")
def test_postgresql_makes_the_same_grams_of_what_forms_said(world: World) -> None:
    texts = ("孩子 Abc12 上学，ÀB  x y", "é", "", " ", "0f8fad5b-d9cb-469f-a165-70867728950e", "a1b2", "𬱖𫇭abcd")
    with world.database.reading() as session:
        for words in texts:
            made = session.scalar(text("SELECT said_grams('handle.reply', :words)"), {"words": words})
            pieces = grams(words.lower()) if len(words) < 32 else []
            must = {session.scalar(text("SELECT hashtext('handle.reply ' || :one)"), {"one": one}) for one in pieces}
            assert set(made) == must, words
        assert session.scalar(text("SELECT said_grams('handle.reply', NULL)")) == []


def test_every_column_sorts_and_narrows_today_and_on_a_past_day(world: World) -> None:
    edu = world.dispatched("edu", title="子女入学", received_on="2026-09-15")
    both = world.dispatched("housing", "sci", title="租房补贴", talent_id="T0002")
    plain = world.recorded(title="申请")
    then = world.clock.now.date()
    world.clock.advance(days=16)
    world.do(OFFICE, "accept")
    today = world.clock.now.date()

    def asked(**told: Any) -> list[UUID]:
        with world.database.reading() as session:
            wanted = queries.CaseFilter(**told)
            return [case.id for case in queries.cases(session, world.actor(OFFICE), filters=wanted).items]

    for on in (None, then):
        for sort in CASE_SORTS:
            assert set(asked(sort=sort, as_of=on)) == {edu, both, plain}, sort
        assert asked(sort="due", as_of=on)[-1] == plain  # what has no value comes last, whichever way
        assert asked(sort="-due", as_of=on)[-1] == plain
        assert asked(lead="housing", as_of=on) == asked(assisting="sci", as_of=on) == [both]
        assert asked(assisting="edu", as_of=on) == []
        assert set(asked(received_since=then, received_until=then, as_of=on)) == {edu, both}
        assert asked(received_since=date(2026, 9, 30), as_of=on) == []
        assert set(asked(due_until=date(2026, 9, 25), rounds=1, as_of=on)) == {edu, both}
        assert set(asked(first_due_since=date(2026, 9, 24), first_due_until=date(2026, 9, 24), as_of=on)) == {edu, both}
        assert asked(first_due_since=date(2026, 9, 25), as_of=on) == asked(due_unit="nobody", as_of=on) == []
        assert asked(due_unit="edu", as_of=on) == [edu]
        assert asked(rounds=2, as_of=on) == asked(urges=1, as_of=on) == asked(outcome="solved", as_of=on) == []
        assert asked(ended_since=then, as_of=on) == asked(ended_until=today, as_of=on) == []
    assert asked(step_due_since=then, as_of=then) != []
    rows, past = _rows(world, today), _rows(world, then)
    assert (rows["租房补贴"]["主办"], rows["租房补贴"]["协办"]) == ("区住房城乡建设和水利局", "区经济促进局（科技）")
    school = rows["子女入学"]
    assert (school["收到"], school["期限"], school["轮次"]) == (then, date(2026, 9, 24), 1)
    assert str(school["剩余/超期"]).startswith("超期 ")
    assert past["子女入学"]["剩余/超期"] == "还剩 7 个工作日"


def _rows(world: World, on: date) -> dict[object, dict[str, object]]:
    with world.database.reading() as session:
        cases = session.scalars(select(Instance)).all()
        table = ledger_rows(session, cases, ORGANIZATION, on)
        return {row[1]: dict(zip(COLUMNS, row, strict=True)) for row in table}
