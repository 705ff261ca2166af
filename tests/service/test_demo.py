"""The demonstration: the same for the same number, seed and end; every branch; nothing real; never in production."""

from __future__ import annotations

import fcntl
import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, contacts, liaisons
from service.cli import liaison
from service.contacts.models import Contact, ContactTopic, Invitation, MissedInterviews, Opinion, RestrictedNote
from service.db import Database
from service.demonstration import build
from service.demonstration.matters import FIELDS, MATTERS
from service.demonstration.organization import PASSWORD
from service.demonstration.scenarios import FINISHED, STOPPED
from service.demonstration.year import acts_of_year
from service.errors import Conflict, Invalid
from service.history.models import HistoryEvent
from service.liaisons.models import Link, Roster
from service.people.models import Leader
from service.processes import replay
from service.processes.calendars import current
from service.processes.lateness import late_cases
from service.processes.models import DONE, OPEN, Instance, UserTask
from service.processes.queries import light_of
from service.reports.models import Brief, HalfYearReport
from service.storage import Attachment
from service.talents.models import Talent
from service.usecases import wire
from service.workdays import Calendar, load_notices
from tests.factories.databases import copy_of
from tests.factories.demonstrations import UNTIL, fresh
from tests.factories.world import CONFIG, read_config

WRITTEN = ("carry_out_office", "carry_out_unit", "read_answer")
ALL = len(FINISHED) + len(STOPPED)


def built(url: str, cases: int, seed: int = 1, *, people_side: bool = False) -> Database:
    """The same with a demonstration."""
    database = fresh(url)
    build(database, cases=cases, seed=seed, until=UNTIL, people_side=people_side)
    return database


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Every scenario once; built by the first worker of the test run that needs it, only read by all."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    path = shared / "demo.db"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            built(f"sqlite:///{shared / 'demo.made.db'}", ALL).dispose()
            copy_of(shared / "demo.made.db", shared / "demo.partial.db").rename(path)
    database = Database(f"sqlite:///{path}")
    wire(database, *read_config(f"sqlite:///{path}"))
    yield database
    database.dispose()


def told(database: Database) -> list[Any]:
    """All that matters of the cases, without what is random by nature."""
    with database.reading() as session:
        events = session.scalars(
            select(HistoryEvent)
            .where(HistoryEvent.stream.like("instance:%"))
            .order_by(HistoryEvent.stream, HistoryEvent.seq)
        )
        return [
            (one.stream, one.seq, one.at, one.actor, one.on_behalf_of, one.kind, one.task, one.data) for one in events
        ]


def test_two_runs_tell_the_same_story(tmp_path: Path) -> None:
    stories = []
    for name in ("one", "two"):
        database = built(f"sqlite:///{tmp_path / name}.db", 12, seed=7)
        stories.append(told(database))
        database.dispose()
    assert len(stories[0]) > 100
    assert stories[0] == stories[1]


@pytest.mark.databases("postgresql")
def test_both_databases_tell_the_same_story(database_url: str, tmp_path: Path) -> None:
    here, there = built(database_url, 6), built(f"sqlite:///{tmp_path / 'other.db'}", 6)
    assert told(here) == told(there)
    here.dispose()
    there.dispose()


def test_another_seed_tells_another_story(tmp_path: Path) -> None:
    texts = []
    for seed in (1, 2):
        database = built(f"sqlite:///{tmp_path / str(seed)}.db", 6, seed=seed)
        with database.reading() as session:
            texts.append(sorted(session.scalars(select(Instance.title))))
        database.dispose()
    assert texts[0] != texts[1]


class TestEveryScenarioOnce:
    def test_units_hand_in_files_with_their_answers(self, demo: Database) -> None:
        """Somebody new sees how a form with files looks."""
        with demo.reading() as session:
            rows = session.scalars(select(Attachment)).all()
            assert {row.field for row in rows} == {"attachments"}
            assert {session.get_one(UserTask, row.task_id).task for row in rows} == {"handle"}
            assert all(row.name.endswith("的办理情况说明.pdf") for row in rows)
            assert all(row.media_type == "application/pdf" and row.size > 10_000 for row in rows)

    def test_journal_replays_to_what_is_stored(self, demo: Database) -> None:
        with demo.reading() as session:
            assert list(replay.verify(session)) == []

    def test_every_way_to_end(self, demo: Database) -> None:
        with demo.reading() as session:
            ends = Counter(session.scalars(select(Instance.end_name).where(Instance.end_name.is_not(None))))
        assert set(ends) == {"办结", "现场解答", "不予受理", "终止"}
        assert sum(ends.values()) == len(FINISHED)

    def test_every_outcome_of_every_step(self, demo: Database) -> None:
        chosen: dict[str, set[str]] = {}
        with demo.reading() as session:
            for task, data in session.execute(select(UserTask.task, UserTask.submitted).where(UserTask.status == DONE)):
                for name in ("decision", "result", "route", "outcome", "body", "basis"):
                    if name in data:
                        chosen.setdefault(f"{task}.{name}", set()).add(data[name])
        assert chosen == {
            "accept.decision": {"accept", "return", "reject"},
            "dispatch.basis": {"territorial", "competent"},
            "handle.result": {"done", "interim", "not_ours"},
            "redispatch.decision": {"redispatch", "drop"},
            "confirm_interim.decision": {"agree", "redo", "refer"},
            "review_reply.decision": {"accept", "redo", "refer"},
            "approve_circular.decision": {"issue", "hold"},
            "assess.route": {"meeting", "escalate", "redispatch", "explain"},
            "record_minutes.decision": {"settled", "redispatch", "escalate"},
            "submit_topic.body": {"government", "committee"},
            "record_decision.decision": {"settled", "redispatch"},
            "feedback_result.outcome": {"solved", "partly", "policy_limited"},
        }

    def test_every_operation(self, demo: Database) -> None:
        with demo.reading() as session:
            kinds = set(session.scalars(select(HistoryEvent.kind).where(HistoryEvent.stream.like("instance:%"))))
            query = select(UserTask.completed_by, UserTask.on_behalf_of).where(UserTask.on_behalf_of.is_not(None))
            substituted = [tuple(row) for row in session.execute(query)]
        assert kinds >= {
            "acknowledged", "circular_issued", "claimed", "commented", "copied", "reassigned", "released", "returned",
            "resumed", "suspended", "taken_back", "terminated", "urged",
        }  # fmt: skip
        assert substituted == [("deputy-edu", "handler-edu")]

    def test_an_open_task_at_every_step_with_every_light(self, demo: Database) -> None:
        found: dict[str, set[str]] = {}
        with demo.reading() as session:
            query = select(UserTask, Instance.status).join(UserTask.instance).where(UserTask.status == OPEN)
            for task, status in session.execute(query):
                shown = light_of(task, UNTIL.date(), suspended=status == "suspended")
                found.setdefault(task.task, set()).add(shown)
        assert len(found) == 16
        assert found["handle"] == {"green", "yellow", "red", "grey"}
        assert found["record_decision"] == {"grey"}
        for step in ("record_need", "accept", "review_reply", "feedback_result"):
            assert "red" in found[step], step
            assert found[step] & {"green", "yellow"}, step

    def test_in_time_and_late(self, demo: Database) -> None:
        with demo.reading() as session:
            ended = set(session.scalars(select(Instance.id).where(Instance.end_name == "办结")))
            late = set(session.scalars(late_cases(UNTIL.date())))
        assert ended & late
        assert ended - late

    def test_all_categories_and_towns(self, demo: Database) -> None:
        with demo.reading() as session:
            data = session.scalars(select(Instance.data)).all()
        assert {one["category"] for one in data if "category" in one} == set(MATTERS) == set(FIELDS)
        assert len({one["town"] for one in data if "town" in one}) == 7

    def test_nothing_happens_after_the_end_or_out_of_order(self, demo: Database) -> None:
        with demo.reading() as session:
            query = select(HistoryEvent.stream, HistoryEvent.at).where(HistoryEvent.stream.like("instance:%"))
            last: dict[str, datetime] = {}
            for stream, at in session.execute(query.order_by(HistoryEvent.stream, HistoryEvent.seq)):
                assert last.get(stream, at) <= at <= UNTIL
                last[stream] = at

    def test_numbers_follow_the_dates(self, demo: Database) -> None:
        with demo.reading() as session:
            query = select(HistoryEvent).where(HistoryEvent.kind == "action").order_by(HistoryEvent.at, HistoryEvent.id)
            given = [one.data["result"] for one in session.scalars(query) if one.data["name"] == "issue_number"]
        first = list(dict.fromkeys(given))
        assert first == sorted(first)
        assert first[0] == "2026-需-0001"

    def test_people_work_in_office_hours_of_working_days(self, demo: Database) -> None:
        with demo.reading() as session:
            calendar = current(session)
            moments = session.scalars(select(HistoryEvent.at).where(HistoryEvent.kind == "completed")).all()
        for moment in map(clock.local, moments):
            assert calendar.is_working_day(moment.date()), moment
            assert 9 <= moment.hour < 18, moment

    def test_no_number_that_a_subscriber_could_have(self, demo: Database) -> None:
        with demo.reading() as session:
            phones = session.scalars(select(Talent.phone)).all()
            texts = " ".join(str(data) for data in session.scalars(select(Instance.data)))
        assert any(phones)
        assert all(phone is None or phone.startswith("0757-0") for phone in phones)
        assert not re.search(r"1[3-9]\d{9}", texts)

    def test_no_placeholder_is_left_in_a_text(self, demo: Database) -> None:
        with demo.reading() as session:
            texts = [str(data) for data in session.scalars(select(UserTask.submitted)) if data]
        assert not [text for text in texts if re.search(r"\{(who|town|employer)\}", text)]


def count(session: Session, column: Any) -> Counter[Any]:
    """How many rows have which value."""
    return Counter(session.scalars(select(column)))


@pytest.mark.databases("postgresql")  # against one on SQLite: two runs of twenty seconds each
def test_a_year_of_the_people_side(database_url: str, tmp_path: Path) -> None:
    """The same on both databases and at every run, down to the hashes; all that a district has to show is there."""
    database = built(database_url, 4, people_side=True)
    other = built(f"sqlite:///{tmp_path / 'other.db'}", 4, people_side=True)
    hashes = select(HistoryEvent.stream, HistoryEvent.seq, HistoryEvent.hash).order_by(
        HistoryEvent.stream, HistoryEvent.seq
    )
    hashes = hashes.where(~HistoryEvent.stream.startswith("definition:"))  # a version has an id of its own
    with database.reading() as session, other.reading() as twin:
        assert [*map(tuple, session.execute(hashes))] == [*map(tuple, twin.execute(hashes))]
    other.dispose()
    with database.reading() as session:
        assert list(replay.verify(session)) == []
        assert count(session, Leader.klass) == {"A": 12, "B": 22}
        assert session.query(Talent).count() == 96
        assert set(count(session, Link.status)) == {"active", "ended", "held", "proposed"}
        rosters = session.scalars(select(Roster)).all()
        assert Counter(one.status for one in rosters) == {"decided": 1, "filed": 8}
        assert all(one.document_no for one in rosters)
        assert set(count(session, Contact.form)) == set(contacts.FORMS)
        assert set(count(session, ContactTopic.topic)) == set(contacts.TOPICS)
        assert set(count(session, Contact.late)) == {True, False}
        assert set(count(session, Opinion.status)) == set(contacts.OPINION_STATUSES)
        assert session.query(RestrictedNote).count() > 5
        assert set(count(session, Invitation.attended)) == {True, False, None}
        reports = select(HalfYearReport.status).order_by(HalfYearReport.year, HalfYearReport.half)
        assert Counter(session.scalars(reports)) == {"accepted": 20, "returned": 1, "draft": 1}
        assert set(count(session, HalfYearReport.late)) == {True, False, None}
        assert count(session, Brief.released_by) == {"office": 33, None: 3}
        rounds = select(Instance.process, Instance.status, Instance.end_name).where(
            Instance.process.in_(("change_report", "registry_review", "interview_check"))
        )
        assert Counter(map(tuple, session.execute(rounds))) == {
            ("change_report", "completed", "已更新信息库"): 2,
            ("change_report", "completed", "已终止联系"): 1,
            ("change_report", "running", None): 1,
            ("registry_review", "completed", "核对完成"): 1,
            ("registry_review", "running", None): 1,
            ("interview_check", "completed", "原因已收齐"): 1,
            ("interview_check", "completed", "已提醒"): 2,
        }
        told = select(Instance.status).where(Instance.process == "instruction")
        assert Counter(session.scalars(told)) == {"completed": 1, "running": 2}
        open_now = select(UserTask.task).where(UserTask.status == OPEN, UserTask.task.in_(WRITTEN))
        assert sorted(session.scalars(open_now)) == ["carry_out_office", "read_answer"]
        done = select(UserTask.task, UserTask.completed_by).where(UserTask.status == DONE).distinct()
        doers = {*map(tuple, session.execute(done))}
        assert {
            ("acknowledge_change", "leader"),
            ("approve_correction", "office"),
            ("review_eligibility", "office"),
        } <= doers
        found = select(HistoryEvent.data).where(HistoryEvent.kind == "action")
        late = [one["result"]["late_days"] for one in session.scalars(found) if one["name"] == "change_facts"]
        assert sorted(bool(days) for days in late) == [False, False, False, True]
        assert session.query(MissedInterviews).count() > 20
        handovers = select(Instance.status).where(Instance.process == "liaison_change").order_by(Instance.status)
        assert session.scalars(handovers).all() == ["completed", "running"]
        links = session.scalars(select(Link)).all()
        warnings = {why for some in liaisons.link_warnings(session, links, UNTIL.date()).values() for why in some}
        for word in ("另由", "同为区领导", "到期", "不在我区工作", "代管", "尚未组建", "尚待区人才办审核"):
            assert any(word in why for why in warnings), word
        assert [
            row
            for row in liaisons.quotas(session, liaisons.QuotaFilter(on=UNTIL.date(), short_only=True)).items
            if row.count
        ]
        pairs = contacts.interview_counts(session, year=UNTIL.year, on=UNTIL.date())
        assert {bool(pair.short) for pair in pairs} == {True, False}
        phones = {*session.scalars(select(Talent.phone)), *session.scalars(select(Talent.contact_phone))}
        assert phones - {None}
        assert all(phone is None or phone.startswith("0757-0") for phone in phones)
    database.dispose()


@pytest.mark.parametrize("day", ["2026-01-06", "2026-07-03", "2027-01-08", "2027-01-12"])
def test_no_contact_is_told_twice_however_young_the_year_is(day: str) -> None:
    until = datetime.fromisoformat(f"{day}T17:30:00").replace(tzinfo=clock.SHANGHAI)
    told = [
        (
            act.keywords["post"].key,
            *act.keywords["talent_ids"],
            act.keywords["told"]["form"],
            act.keywords["told"]["held_on"],
        )
        for operation in acts_of_year([], 1, until, Calendar.from_config(load_notices(CONFIG)))
        if isinstance(act := operation.act, partial) and "post" in act.keywords and "told" in act.keywords
    ]
    assert len(told) > 50
    assert [one for one, n in Counter(told).items() if n > 1] == []


class TestRefusals:
    def test_second_demonstration(self, demo: Database) -> None:
        with pytest.raises(Conflict, match="已经存在"):
            build(demo, cases=3, seed=1, until=UNTIL)

    @pytest.mark.parametrize("cases", [-1, 20_001])
    def test_number_of_cases(self, demo: Database, cases: int) -> None:
        with pytest.raises(Invalid):
            build(demo, cases=cases, seed=1, until=UNTIL)


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setenv("LIAISON_DATABASE_URL", f"sqlite:///{tmp_path / 'demo.db'}")

        def run(*arguments: str) -> Any:
            return CliRunner().invoke(liaison, ["--config", str(CONFIG), *arguments])

        assert run("migrate").exit_code == 0
        return run

    def test_builds_and_says_who_signs_in(self, run: Any) -> None:
        done = run("demo", "--cases", "2", "--until", "2026-11-20")
        assert done.exit_code == 0, done.output
        assert "已生成 2 件需求" in done.output
        assert "handler-guicheng" in done.output
        assert PASSWORD in done.output
        again = run("demo", "--cases", "2")
        assert again.exit_code == 1
        assert "演示数据已经存在" in again.output
        assert run("demo", "--if-empty").exit_code == 0
        assert run("verify").exit_code == 0

    def test_never_in_production(self, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIAISON_ENV", "production")
        monkeypatch.setenv("LIAISON_SECRET_KEY", "x" * 40)
        monkeypatch.setenv("LIAISON_DEMO", "false")
        refused = run("demo", "--cases", "1")
        assert refused.exit_code == 1
        assert "正式环境" in refused.output
