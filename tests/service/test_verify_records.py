"""``liaison verify`` over records: changes are named as people call them; an upgrade launders nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from service import clock, contacts, history, talents
from service.audit import upgrade
from service.audit.tables.comparing import UNTOLD, Comparison, Told
from service.audit.tables.guards import GUARDED
from service.audit.tables.names import named
from service.audit.tables.registry import FAMILIES
from service.audit.tables.streams import verify_records
from service.audit.upgrade import write_baseline
from service.audit.verifying.runs import Verifier
from service.auth.accounts import ACCESS
from service.auth.queries import account_names
from service.canonical import dumps
from service.cli import liaison
from service.contacts.models import MissedInterviews
from service.notifications.models import MailAddress
from service.people.models import Leader
from service.processes import commands
from service.processes.incidents import CLOCK, open_incident
from service.processes.models import Instance
from service.processes.rules import STAGES
from service.rights import SYSTEM
from service.talents.models import Talent
from tests.factories.contacts import CALENDAR
from tests.factories.journal import delete, tamper
from tests.factories.versions import move, version
from tests.factories.world import LIAISON, World


def found(world: World) -> list[tuple[str | None, str | None, str | None]]:
    told = Verifier(world.database, "key", 1).verify(full=True).findings
    return [(one.table, one.row, one.column) for _, one in told]


def one_of(world: World, statement: str) -> object:
    with world.database.reading() as session:
        return session.execute(text(statement)).scalars().first()


CHANGES = {
    "text": ("talent", "UPDATE talent SET phone = '13800000000' WHERE id = 'T0001'", "phone"),
    "number": ("talent", "UPDATE talent SET category = 4 WHERE id = 'T0001'", "category"),
    "flag": ("unit", "UPDATE unit SET is_member_unit = NOT is_member_unit WHERE code = 'edu'", "is_member_unit"),
    "day": ("link", "UPDATE link SET starts_on = '2020-01-01' WHERE talent_id = 'T0001'", "starts_on"),
    "moment": ("account", "UPDATE account SET created_at = '2020-01-01' WHERE username = 'office'", "created_at"),
    "id": ("account", "UPDATE account SET person_id = NULL WHERE username = 'office'", "person_id"),
    "search": ("person", "UPDATE person SET pinyin = 'x' WHERE name = '陈砚秋'", "pinyin"),
}


@pytest.mark.parametrize("sort", CHANGES)
def test_a_changed_value_of_each_type_is_named(world: World, sort: str) -> None:
    table, statement, column = CHANGES[sort]
    tamper(world.database, statement)
    assert [(one[0], one[2]) for one in found(world) if one[0] not in GUARDED] == [(table, column)]


def test_a_row_that_is_gone_or_too_many_is_named(world: World) -> None:
    tamper(world.database, "DELETE FROM role_grant WHERE username = 'auditor'")
    assert [(one[0], one[2]) for one in found(world) if one[0] == "role_grant"] == [("role_grant", None)]


def test_what_is_changed_after_the_upgrade_is_not_taken_for_what_was_found(world: World) -> None:
    tamper(world.database, "UPDATE talent SET phone = '13800000000' WHERE id = 'T0001'")
    with world.transaction() as session:
        assert write_baseline(session, now=world.clock.now) is None
    with world.database.reading() as session:
        assert [one.column for one in verify_records(session)] == ["phone"]


def test_the_command_names_cases_by_number_and_counts(world: World) -> None:
    world.accepted()
    number = one_of(world, "SELECT number FROM instance")
    url = world.database.url.render_as_string(hide_password=False)
    environ = {"LIAISON_DATABASE_URL": url}
    tamper(world.database, "UPDATE instance SET stage = 'x'")
    one = CliRunner().invoke(liaison, ["verify", "--instance", str(number)], env=environ)
    assert one.exit_code == 1, one.output
    assert f"事项 {number}：事项的环节（stage）与历史不符" in one.output
    told = CliRunner().invoke(liaison, ["verify", "--json"], env=environ)
    report = json.loads(told.output)
    assert not report["ok"]
    assert report["tables"]["instance"] == {"rows": 1, "mismatches": 1}
    assert report["tables"]["talent"]["rows"] > 10
    assert {one["name"] for one in report["mismatches"] if one["table"] == "instance"} == {f"事项 {number}"}
    wrong = CliRunner().invoke(liaison, ["verify", "--instance", "2026-需-9999"], env=environ)
    assert wrong.exit_code == 1
    assert "没有编号为" in wrong.output


def test_a_change_by_command_leaves_nothing_to_say(world: World) -> None:
    with world.transaction() as session:
        actor, now = world.actor("office"), world.clock.now
        talents.update_talent(session, talent_id="T0001", changes={"post": "总工程师"}, actor=actor, now=now)
    assert found(world) == []


def test_an_address_of_before_the_upgrade_is_kept_as_a_salted_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "zhou@example.test"
    with world.transaction() as session:
        session.add(MailAddress(username="office", address=address))
        said = {"username": "office"}  # all that an earlier release told
        now = world.clock.now
        history.append(session, stream=ACCESS, kind="mail_address_set", actor="office", at=now, data=said)
    assert [(one[0], one[2]) for one in found(world)] == [("mail_address", "address")]
    monkeypatch.setattr(upgrade, "STREAM", "baseline-again")
    with world.transaction() as session:
        assert write_baseline(session, now=world.clock.now) == 1
    assert found(world) == []
    with world.database.reading() as session:
        assert all(address not in str(one.data) for one in history.stream_events(session, ACCESS))
    tamper(world.database, "UPDATE mail_address SET address = 'other@example.test'")
    assert [(one[0], one[2]) for one in found(world) if one[0] not in GUARDED] == [("mail_address", "address")]


def test_a_reason_that_an_earlier_release_journaled_is_read(world: World) -> None:
    with world.transaction() as session:
        leader = session.scalars(select(Leader).limit(1)).one()
        said = {"leader_id": str(leader.id), "talent_id": "T0001", "year": 2025, "reason": "来不及"}  # without its pair
        given = {"given_by": "office", "given_at": world.clock.now}
        session.add(MissedInterviews(**{**said, "leader_id": leader.id}, **given))
        stream, kind = f"person:{leader.person_id}", "missed_interviews_explained"
        history.append(session, stream=stream, kind=kind, actor="office", at=world.clock.now, data=said)
    assert found(world) == []


def test_a_column_that_no_event_tells_holds_nothing(world: World) -> None:
    """One that came after the row, as a field that a release adds."""
    held = next(one for one in FAMILIES["talent"].held if one.model is Talent)
    with world.database.reading() as session:
        comparison = Comparison(session, held)
        [(stream, row)] = comparison.stored(["talent:T0001"])
        full = {name: value for name, value in row.items() if value is not None}
        assert len(full) < len(row)
        assert list(comparison.compare([(stream, row)], [Told("talent:T0001", full, {}, frozenset())])) == []
        less = {name: value for name, value in full.items() if name != "name"}
        told = list(comparison.compare([(stream, row)], [Told("talent:T0001", less, {}, frozenset())]))
    assert [(one.column, one.sort) for one in told] == [("name", UNTOLD)]


def a_contact(world: World) -> tuple[str, str]:
    """A contact with a restricted note: its id, and leader, talent and day as people call it."""
    today = clock.today()
    with world.transaction() as session:
        leader = session.scalars(select(Leader).where(Leader.klass == "A", Leader.ends_on.is_(None))).first()
        assert leader is not None
        made = contacts.record_contact(
            session,
            leader_id=leader.id,
            talent_ids=["T0001"],
            form="phone",
            held_on=today,
            topics=[2],
            summary="了解近况",
            restricted="不宜外传",
            calendar=CALENDAR,
            actor=SYSTEM,
            now=clock.now(),
        )
        talent = session.get_one(Talent, "T0001").name
        return str(made.id), f"{leader.person.name}—{talent} {today.isoformat()}"


def test_a_contact_is_named_by_leader_talent_and_day(world: World) -> None:
    key, called = a_contact(world)
    tamper(world.database, "UPDATE restricted_note SET text = '另一句话'")
    tamper(world.database, "UPDATE contact SET summary = '另一句话'")
    told = {one.table: one for _, one in Verifier(world.database, "key", 1).verify(full=True).findings}
    assert told["restricted_note"].row == told["contact"].row == called
    assert f"「{called}」" in told["contact"].what
    with world.database.reading() as session:
        assert named(session, f"contact:{key}") == f"联系记录 {called}"
    delete(world.database, "contact_talent", "true")
    delete(world.database, "contact", "true")
    with world.database.reading() as session:  # by the entry that recorded it
        assert named(session, f"contact:{key}") == f"联系记录 {called}"


def test_a_case_of_which_nothing_is_left_is_named_by_the_number_that_lacks(world: World) -> None:
    cases = [world.accepted(title=title) for title in ("一", "二", "三")]
    gone = cases[1]
    with world.database.reading() as session:
        number = session.get_one(Instance, gone).number
    kept = gone.hex if world.database.is_sqlite else str(gone)
    delete(world.database, "history_event", f"stream = 'instance:{gone}'")
    delete(world.database, "instance", f"id = '{kept}'")
    with world.database.reading() as session:
        said = named(session, f"instance:{gone}")
    assert said == f"事项 {number}（日志里只缺这个编号，标识 {str(gone)[:8]}…）"


def test_a_case_without_number_and_title_is_named_by_who_began_it_and_when(world: World) -> None:
    with world.transaction() as session:
        actor, now = world.actor(LIAISON), clock.now()
        cases = [commands.start(session, process="request", data={}, actor=actor, now=now).id for _ in range(2)]
    with world.database.reading() as session:
        first, second = (named(session, f"instance:{one}") for one in cases)
        name, at = account_names(session, [LIAISON])[LIAISON], clock.local(now)
    assert first == f"事项 未编号（{name} {at:%Y-%m-%d %H:%M} 发起，标识 {str(cases[0])[:8]}…）"
    assert first != second


def test_an_incident_is_called_by_a_word(world: World) -> None:
    with world.transaction() as session:
        key = open_incident(session, kind=CLOCK, message="时钟跳变", now=clock.now()).id
    with world.database.reading() as session:
        assert named(session, f"incident:{key}").startswith("异常 服务器时钟跳变 ")


def _said_otherwise(world: World, table: str, where: str, column: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Writes a document of a row anew, past the service, as ``change`` leaves it."""
    kept = one_of(world, f"SELECT {column} FROM {table} WHERE {where}")  # noqa: S608 - who forges rows writes SQL
    data = json.loads(kept) if isinstance(kept, str) else kept
    assert isinstance(data, dict)
    change(data)
    literal = dumps(data).replace("'", "''")
    tamper(world.database, f"UPDATE {table} SET {column} = '{literal}' WHERE {where}")  # noqa: S608 - as above


def test_parts_of_a_cases_data_are_called_by_the_titles_of_the_forms_of_then(world: World) -> None:
    world.dispatched("edu")
    world.do("handler-edu", "handle", unit="edu")
    titled = {"forms/accept.json": [('"title": "审核意见"', '"title": "受理意见"')]}
    move(world, version(world, titled))

    def other(data: dict[str, Any]) -> None:
        data["category"] = "other"
        data["decision"] = "reject"
        [slot] = data["slots"].values()
        slot["reply"] = "改过的回复"

    _said_otherwise(world, "instance", "number IS NOT NULL", "data", other)
    _said_otherwise(world, "user_task", "task = 'handle'", "submitted", lambda data: data.update(reply="改过的回复"))
    told = {(one.table, one.column): one for _, one in Verifier(world.database, "key", 1).verify(full=True).findings}
    assert told["instance", "data"].have == (
        "3 项不同：事项类别（category）、审核意见（decision）、区教育局的办理情况（回复）（reply）"
    )
    assert told["user_task", "submitted"].have == "1 项不同：办理情况（回复）（reply）"
    assert told["user_task", "submitted"].what == "任务「办理（区教育局）」的提交的内容（submitted）与历史不符"


def test_what_stands_beside_a_case_is_called_by_words(world: World) -> None:
    world.dispatched("edu")
    tamper(world.database, "DELETE FROM case_reader WHERE reader LIKE 'role:%%@edu'")
    tamper(world.database, "DELETE FROM case_reader WHERE reader LIKE 'user:%%'")
    tamper(world.database, "UPDATE timer SET attempts = 7 WHERE status = 'waiting'")
    tamper(world.database, "UPDATE instance SET stage = 'supervision'")
    found = [one for _, one in Verifier(world.database, "key", 1).verify(full=True).findings]
    readers = {one.row for one in found if one.table == "case_reader"}
    assert {one for one in readers if one.endswith("（区教育局）")}
    assert {one for one in readers if one.startswith("账号 ")}
    assert not [one for one in readers if ":" in one or "@" in one]
    assert {one.row for one in found if one.table == "timer" and one.row.endswith("：区教育局）")}
    [stage] = [one for one in found if one.column == "stage" and one.table == "instance"]
    assert stage.have == f"{STAGES['supervision']}（“supervision”）"
    with world.database.reading() as session:
        year = clock.today().year
        assert named(session, f"counter:number:request:{year}") == f"受理编号 {year} 年（number:request:{year}）"
        assert named(session, f"counter:circular:{year}") == f"通报文号 {year} 年（circular:{year}）"
