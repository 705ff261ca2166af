"""Half-year reports, briefs, the roll-up and the assessment sheet, on both databases."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from pypdf import PdfReader

from service import clock, contacts, history, people, reports, talents
from service.clock import SHANGHAI
from service.demonstration.organization import derived
from service.errors import Conflict, Incident, Invalid, NotAllowed, NotFound
from service.ledger.counts import leader_needs, need_counts, open_matters_of, unit_answers
from service.liaisons.models import Link
from service.reports import ReportFilter
from service.reports.papers import report_paper, roll_up_paper
from service.reports.rules import Figure, late_of_both, score
from service.rights import SYSTEM, Permission
from service.workdays import Calendar
from tests.factories.people import EARLY, actor, leader, organization, person, unit
from tests.factories.world import HOME, World

CALENDAR = Calendar.from_config()
OFFICE = actor(("talent_office", None), username="office")
LIAISON = actor(("liaison", "hrss"), username="liaison-hrss")
STRANGER = actor(("liaison", "edu"), username="liaison-edu")
AUDITOR = actor(("auditor", None), username="auditor")
NOW = datetime(2027, 1, 8, 9, 0, tzinfo=SHANGHAI)
DUE = date(2027, 1, 15)
TEMPLATES, TYPE = HOME / "forms" / "print", HOME / "service" / "web" / "static" / "dist" / "print"
NEEDS = {
    "on": "2026-12-31",
    "started": 2,
    "late": 1,
    "late_steps": 0,
    "late_both": 0,
    "urges": 1,
    "outcomes": {"solved": 1, "running": 1},
    "names": {"solved": "已解决", "running": "在办"},
}
SECRET = "近期情绪低落"


@pytest.fixture
def chief(session):
    """A leader of class B of hrss, with a talent, a contact in the half-year and a liaison."""
    unit(session)
    unit(session, "edu", "区教育局")
    officer = person(session, "何静怡")
    people.name_liaison(
        session, unit_code="hrss", person_id=officer.id, starts_on=date(2026, 9, 1), actor=SYSTEM, now=EARLY
    )
    chief = leader(session, person(session), klass="B", body=None, unit_code="hrss", duty="principal", post="局长")
    talent = talents.add_talent(session, name="梁思远", employer="精密仪器公司", category=2, actor=OFFICE, now=EARLY)
    session.add(
        Link(
            id=uuid4(),
            leader_id=chief.id,
            talent_id=talent.id,
            reason="related",
            status="active",
            starts_on=date(2026, 9, 1),
            created_at=EARLY,
        )
    )
    contacts.record_contact(
        session,
        leader_id=chief.id,
        talent_ids=[talent.id],
        form="visit",
        held_on=date(2026, 9, 15),
        topics=[3, 4],
        summary="到企业走访，了解研发进展。",
        restricted=SECRET,
        opinions=[{"text": "希望增加中试用地\n并简化审批 {{ 7*7 }} <b>"}],
        calendar=CALENDAR,
        actor=LIAISON,
        now=datetime(2026, 9, 16, 9, 0, tzinfo=SHANGHAI),
    )
    return chief


def compiled(session, **fields):
    fields = {"year": 2026, "half": 2, "needs": NEEDS, "due_on": DUE, "actor": LIAISON, "now": NOW, **fields}
    return reports.compile_report(session, **{"unit_code": "hrss", **fields})


def submitted(session, now=NOW):
    report = compiled(session)
    reports.edit_report(session, report_id=report.id, sections={"plans": "继续走访。"}, actor=LIAISON, now=NOW)
    return reports.submit_report(session, report_id=report.id, needs=NEEDS, actor=LIAISON, now=now)


def paths(refused):
    return [finding.path for finding in refused.value.findings]


class TestReport:
    def test_it_is_filled_in_from_the_data(self, session, chief):
        report = compiled(session)
        facts = report.facts
        assert (facts["contacts"]["total"], facts["contacts"]["opinions"]["open"]) == (1, 1)
        assert facts["interviews"]["short"] == [
            {
                "leader": "陈志明",
                "talent": "梁思远",
                "talent_id": "T0001",
                "count": 1,
                "required": 2,
                "reason": None,
            }
        ]
        assert facts["quotas"]["rows"] == [{"leader": "陈志明", "post": "局长", "count": 1, "required": 3}]
        assert "走访约见 1 次" in report.sections["work"]
        assert "登记需求 2 件，其中已解决 1 件、在办 1 件" in report.sections["opinions"]
        assert SECRET not in str(facts) + str(report.sections)

    def test_counted_anew_it_keeps_the_offices_words(self, session, chief):
        report = compiled(session)
        reports.edit_report(session, report_id=report.id, sections={"work": "我们的话。"}, actor=LIAISON, now=NOW)
        again = compiled(session, needs={**NEEDS, "started": 5})
        assert (again.id, again.sections["work"], again.facts["needs"]["started"]) == (report.id, "我们的话。", 5)

    def test_counted_anew_the_sentences_that_nobody_touched_say_the_new_figures(self, session, chief):
        report = compiled(session)
        again = compiled(session, needs={**NEEDS, "started": 5})
        assert "登记需求 5 件" in again.sections["opinions"]
        assert report.id == again.id

    def test_it_is_sent_with_the_figures_of_that_moment(self, session, chief):
        report = compiled(session)
        reports.edit_report(session, report_id=report.id, sections={"plans": "继续走访。"}, actor=LIAISON, now=NOW)
        later = {**NEEDS, "started": 7}
        made = reports.submit_report(session, report_id=report.id, needs=later, actor=LIAISON, now=NOW)
        assert (made.facts["needs"]["started"], made.sections["plans"]) == (7, "继续走访。")
        assert "登记需求 7 件" in made.sections["opinions"]
        sent = list(history.stream_events(session, f"report:{report.id}"))[-1]
        assert (sent.kind, sent.data["facts"]["needs"]["started"]) == ("report_submitted", 7)

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"year": 2027, "half": 2}, "/half"),
            ({"year": 2028, "half": 1}, "/half"),
            ({"half": 3}, "/half"),
            ({"year": 12, "half": 1}, "/year"),
            ({"unit_code": "guicheng", "actor": OFFICE}, "/unit"),
            ({"unit_code": "nowhere", "actor": OFFICE}, "/unit"),
        ],
    )
    def test_what_is_wrong_is_named(self, session, chief, fields, path):
        with pytest.raises(Invalid) as refused:
            compiled(session, **fields)
        assert paths(refused) == [path]
        assert reports.search_reports(session, reader=OFFICE).total == 0

    def test_one_that_runs_on_cannot_be_sent_yet(self, session, chief):
        report = compiled(session, year=2027, half=1)
        reports.edit_report(session, report_id=report.id, sections={"plans": "。"}, actor=LIAISON, now=NOW)
        with pytest.raises(Invalid, match="2027-06-30 才结束"):
            reports.submit_report(session, report_id=report.id, needs=NEEDS, actor=LIAISON, now=NOW)

    def test_one_that_is_past_its_date_and_not_sent_is_late_in_lists_and_sum(self, session, chief):
        report = compiled(session)
        for now, overdue in ((report.due_on, 0), (report.due_on + timedelta(days=1), 1)):
            with clock.simulated(datetime.combine(now, time(9), SHANGHAI)):
                assert reports.search_reports(session, ReportFilter(late=True), reader=OFFICE).total == overdue
                assert reports.search_reports(session, ReportFilter(late=False), reader=OFFICE).total == 1 - overdue
                summed = reports.roll_up(session, year=2026, half=2, needs=NEEDS)
                assert (summed["late"], summed["overdue"]) == (0, overdue * len(summed["missing"]))
                assert ("已过期限仍未报送 2 个" in roll_up_paper(summed, "")["state"]) == bool(overdue)

    def test_one_that_is_returned_is_owed_past_its_date_and_was_sent_in_time(self, session, chief):
        report = submitted(session)
        assert report.late is False
        with clock.simulated(datetime.combine(report.due_on, time(9), SHANGHAI)):
            reports.return_report(session, report_id=report.id, reason="请补充", actor=OFFICE, now=clock.now())
            assert not report.overdue(clock.today())
        with clock.simulated(datetime.combine(report.due_on + timedelta(days=1), time(9), SHANGHAI)):
            assert report.overdue(clock.today())
            assert reports.search_reports(session, ReportFilter(late=True), reader=OFFICE).total == 1
            summed = reports.roll_up(session, year=2026, half=2, needs=NEEDS)
            assert (summed["returned"], summed["late"], summed["overdue"]) == (1, 0, 2)
            assert {row["unit"]: row["overdue"] for row in summed["units"]} == {"edu": True, "hrss": True}
            assert len(summed["missing"]) == summed["overdue"]

    def test_who_has_not_begun_one_owes_it_past_the_date_of_all(self, session, chief):
        due = date(2027, 1, 15)
        with clock.simulated(datetime(2027, 1, 18, 9, 0, tzinfo=SHANGHAI)):
            for on, owed in ((due, 0), (due + timedelta(days=1), 1)):
                summed = reports.roll_up(session, year=2026, half=2, needs=NEEDS, on=on, due_on=due)
                assert len(summed["missing"]) > 0
                assert summed["overdue"] == len(summed["missing"]) * owed

    def test_the_paper_says_whose_figures_the_sum_leaves_out(self, session, chief):
        def told(status):
            summed = reports.roll_up(session, year=2026, half=2, needs=NEEDS)
            row = next(one for one in summed["units"] if one["status"] == status)
            [paper] = [one for one in roll_up_paper(summed, "")["units"] if one["name"] == row["name"]]
            return paper["status"]

        report = compiled(session)
        assert told("draft") == "编制中，未计入合计"
        reports.edit_report(session, report_id=report.id, sections={"plans": "继续走访。"}, actor=LIAISON, now=NOW)
        reports.submit_report(session, report_id=report.id, needs=NEEDS, actor=LIAISON, now=NOW)
        assert told("submitted") == "已报送"

    def test_papers_say_how_many_needs_are_late_in_both_ways_as_briefs_do(self, session, chief):
        needs = NEEDS | {"late": 2, "late_steps": 3, "late_both": 1}
        report = compiled(session, needs=needs)
        [own] = [one["value"] for one in report_paper(report)["figures"] if one["name"] == "需求"]
        assert own.endswith("曾超期 2 件，环节超期 3 件（其中 1 件责任单位也曾超期）")
        summed = reports.roll_up(session, year=2026, half=2, needs=needs)
        [all_in_all] = [one["value"] for one in roll_up_paper(summed, "")["figures"] if one["name"] == "全区需求"]
        assert "曾超期 2 件，环节超期 3 件（其中 1 件责任单位也曾超期）；" in all_in_all
        assert late_of_both({"items": [{"late": True, "late_steps": True}]}) == "（其中 1 件责任单位也曾超期）"
        del report.facts["needs"]["late_both"]  # a paper of before
        assert "（其中" not in report_paper(report)["figures"][6]["value"].partition("环节超期")[2]

    def test_lateness_is_fixed_at_the_first_sending(self, session, chief):
        report = submitted(session)
        assert (report.status, report.late) == ("submitted", False)
        reports.return_report(session, report_id=report.id, reason="请补充做法", actor=OFFICE, now=NOW)
        assert (report.status, report.return_reason) == ("returned", "请补充做法")
        later = datetime(2027, 2, 1, 9, 0, tzinfo=SHANGHAI)
        reports.submit_report(session, report_id=report.id, needs=NEEDS, actor=LIAISON, now=later)
        assert (report.late, report.return_reason) == (False, None)
        reports.accept_report(session, report_id=report.id, actor=OFFICE, now=later)
        for operation in (reports.accept_report, partial(reports.submit_report, needs=NEEDS)):
            with pytest.raises(Conflict):
                operation(session, report_id=report.id, actor=SYSTEM, now=later)
        with pytest.raises(Conflict, match="退回"):
            compiled(session)

    def test_sent_after_the_day_it_is_late(self, session, chief):
        assert submitted(session, now=datetime(2027, 1, 18, 9, 0, tzinfo=SHANGHAI)).late is True

    def test_what_must_be_there(self, session, chief):
        report = compiled(session)
        with pytest.raises(Invalid) as refused:
            reports.submit_report(session, report_id=report.id, needs=NEEDS, actor=LIAISON, now=NOW)
        assert paths(refused) == ["/sections/plans"]

    def test_each_office_keeps_to_its_own(self, session, chief):
        report = compiled(session)
        for reader in (OFFICE, LIAISON, AUDITOR):
            assert reports.get_report(session, report.id, reader).id == report.id
        with pytest.raises(NotFound):
            reports.get_report(session, report.id, STRANGER)
        for operation, refused in (
            (partial(reports.submit_report, needs=NEEDS), NotFound),
            (reports.accept_report, NotAllowed),
        ):
            with pytest.raises(refused):
                operation(session, report_id=report.id, actor=STRANGER, now=NOW)
        with pytest.raises(NotAllowed):
            reports.edit_report(session, report_id=report.id, sections={}, actor=OFFICE, now=NOW)

    def test_the_offices_add_up(self, session, chief):
        submitted(session)
        people.name_liaison(
            session, unit_code="edu", person_id=chief.person_id, starts_on=EARLY.date(), actor=SYSTEM, now=EARLY
        )
        summed = reports.roll_up(session, year=2026, half=2, needs=NEEDS)
        assert (summed["expected"], summed["submitted"], summed["complete"]) == (2, 1, False)
        assert summed["missing"] == [{"unit": "edu", "name": "区教育局"}]
        assert (summed["totals"]["contacts"], summed["totals"]["needs"]) == (1, 2)
        assert summed["totals"]["forms"]["visit"] == 1
        assert reports.roll_up(session, year=2020, half=1, needs=NEEDS)["totals"]["contacts"] == 0

    def test_a_past_day_counts_the_reports_as_they_stood_then(self, session, chief):
        """Each evening of a report's way says the same when it is asked for later, whatever has happened since."""

        def told(on: date | None = None) -> dict[str, object]:
            summed = reports.roll_up(session, year=2026, half=2, needs=NEEDS, on=on)
            return {**summed, "paper": roll_up_paper(summed, "")["state"]}

        evenings = {}

        def evening(day: date, step: Callable[[datetime], object] | None) -> None:
            now = datetime.combine(day, time(9), SHANGHAI)
            if step is not None:
                step(now)
            with clock.simulated(now + timedelta(hours=8)):
                evenings[day] = told()

        evening(date(2027, 1, 4), None)
        report = compiled(session, now=datetime(2027, 1, 5, 9, 0, tzinfo=SHANGHAI))
        edit = {"report_id": report.id, "sections": {"plans": "继续走访。"}, "actor": LIAISON}
        evening(date(2027, 1, 5), lambda now: reports.edit_report(session, **edit, now=now))
        office, liaison = {"report_id": report.id, "actor": OFFICE}, {"report_id": report.id, "actor": LIAISON}
        evening(report.due_on + timedelta(days=1), None)
        evening(date(2027, 1, 20), lambda now: reports.submit_report(session, **liaison, needs=NEEDS, now=now))
        evening(date(2027, 1, 21), lambda now: reports.return_report(session, **office, reason="请补充", now=now))
        evening(date(2027, 1, 22), lambda now: reports.submit_report(session, **liaison, needs=NEEDS, now=now))
        evening(date(2027, 1, 25), lambda now: reports.accept_report(session, **office, now=now))
        evening(
            date(2027, 1, 26),
            lambda now: people.update_unit(
                session, code="hrss", changes={"name": "区人社局"}, organization=organization(), actor=SYSTEM, now=now
            ),
        )
        film = {"code": "film", "name": "区电影局", "kind": "bureau", "is_member_unit": True}
        evening(
            date(2027, 1, 27),
            lambda now: people.add_unit(session, **film, organization=organization(), actor=SYSTEM, now=now),
        )
        evening(
            date(2027, 1, 28),
            lambda now: people.update_unit(
                session,
                code="edu",
                changes={"is_member_unit": False},
                organization=organization(),
                actor=SYSTEM,
                now=now,
            ),
        )
        expected = {day.day: one["expected"] for day, one in evenings.items()}
        assert (expected[26], expected[27], expected[28]) == (2, 3, 2)
        counts = [(one["submitted"], one["accepted"], one["returned"], one["late"]) for one in evenings.values()][:8]
        assert counts == [(0,) * 4] * 3 + [(1, 0, 0, 1), (0, 0, 1, 0), (1, 0, 0, 1), (1, 1, 0, 1), (1, 1, 0, 1)]
        # returned past its date it is owed again, though it was sent in between
        owed = [len(one["missing"]) if day > report.due_on else 0 for day, one in evenings.items()]
        assert [one["overdue"] for one in evenings.values()] == owed
        assert owed[2:6] == [2, 1, 2, 1]
        with clock.simulated(datetime(2027, 2, 1, 9, 0, tzinfo=SHANGHAI)):
            for day, said in evenings.items():
                assert told(day) == said, day
        names = [
            {row["unit"]: row["name"] for row in evenings[date(2027, 1, day)]["units"]}["hrss"] for day in (25, 26)
        ]
        assert names == ["区人力资源和社会保障局", "区人社局"]


class TestPaper:
    def made(self, report, kind):
        document = reports.report_document(report, kind, templates=TEMPLATES, type_folder=TYPE, submitted_by="何静怡")
        return document.content

    def test_word_holds_what_was_typed_as_text(self, session, chief):
        with zipfile.ZipFile(BytesIO(self.made(submitted(session), "docx"))) as book:
            text = book.read("word/document.xml").decode()
        for words in (
            "2026年下半年直接联系服务高层次人才工作情况报告",
            "继续走访。",
            "{{ 7*7 }}",
            "&lt;b&gt;",
            "附表四",
        ):
            assert words in text
        assert "{%" not in text
        assert "section." not in text

    def test_pdf_holds_the_same(self, session, chief):
        pages = PdfReader(BytesIO(self.made(submitted(session), "pdf"))).pages
        text = "".join(page.extract_text() for page in pages)
        for words in ("继续走访", "附表一", "希望增加中试用地", "何静怡"):
            assert words in text

    @pytest.mark.parametrize("kind", ["pdf", "docx"])
    def test_the_roll_up_goes_on_paper(self, session, chief, kind):
        submitted(session)
        summed = reports.roll_up(session, year=2026, half=2, needs={**NEEDS, "started": 1})
        paper = roll_up_paper(summed, "全区开展顺利。\n下一步继续走访。")
        made = reports.roll_up_document(paper, kind, made_at=NOW, templates=TEMPLATES, type_folder=TYPE)
        if kind == "pdf":
            text = "".join(page.extract_text() for page in PdfReader(BytesIO(made.content)).pages)
        else:
            text = zipfile.ZipFile(BytesIO(made.content)).read("word/document.xml").decode()
        for words in ("全区开展顺利", "区人力资源和社会保障局", "1 件", "合计 2 件"):
            assert words.replace(" ", "") in text.replace(" ", "")

    def test_a_broken_template_is_an_incident(self, session, chief, tmp_path: Path):
        report = compiled(session)
        (tmp_path / "half_year_report.docx").write_bytes(b"no file of Word")
        with pytest.raises(Incident, match="Word 模板"):
            reports.report_document(report, "docx", templates=tmp_path, type_folder=TYPE)
        with pytest.raises(NotFound):
            reports.report_document(report, "docx", templates=tmp_path / "none", type_folder=TYPE)
        with pytest.raises(Invalid, match="PDF 或 Word"):
            reports.report_document(report, "odt", templates=tmp_path, type_folder=TYPE)
        assert report_paper(report)["late"] == ""


class TestBrief:
    def drafted(self, session, chief, **fields):
        needs = leader_needs(session, leader_id=chief.id, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30))
        fields = {"year": 2026, "month": 9, "needs": needs, "actor": OFFICE, "now": NOW, **fields}
        return reports.draft_brief(session, leader_id=chief.id, **fields)

    def test_the_leader_reads_it_once_it_is_released(self, session, chief):
        brief = self.drafted(session, chief)
        own = actor(("leader", None), username="chief", person_id=chief.person_id)
        assert "梁思远" in str(brief.facts["talents"])
        assert SECRET not in str(brief.facts)
        for reader in (own, AUDITOR, STRANGER):
            assert reports.search_briefs(session, reader=reader).total == 0
        reports.edit_brief(session, brief_id=brief.id, text="本月情况。", actor=OFFICE, now=NOW)
        reports.release_brief(session, brief_id=brief.id, actor=OFFICE, now=NOW)
        assert reports.get_brief(session, brief.id, own).text == "本月情况。"
        [told] = [event.data for event in history.stream_events(session, f"brief:{brief.id}") if event.kind == "notice"]
        assert (told["template"], told["to"]["leader"]) == ("brief", str(chief.id))
        assert reports.read_brief(session, brief_id=brief.id, actor=OFFICE, now=NOW).read_at is None
        assert reports.read_brief(session, brief_id=brief.id, actor=own, now=NOW).read_at == NOW
        for operation in (reports.release_brief, lambda *a, **k: reports.edit_brief(*a, text="改", **k)):
            with pytest.raises(Conflict, match="已签发"):
                operation(session, brief_id=brief.id, actor=OFFICE, now=NOW)
        with pytest.raises(NotFound):
            reports.get_brief(session, brief.id, STRANGER)
        for kind in ("pdf", "docx"):
            assert reports.brief_document(brief, kind, templates=TEMPLATES, type_folder=TYPE).content

    @pytest.mark.parametrize(
        ("fields", "path"),
        [({"year": 2027, "month": 2}, "/month"), ({"month": 13}, "/month"), ({"month": 8}, "/leader_id")],
    )
    def test_what_is_wrong_is_named(self, session, chief, fields, path):
        with pytest.raises(Invalid) as refused:
            self.drafted(session, chief, **fields)
        assert paths(refused) == [path]


class TestAssessment:
    def sheet(self, session, weights=None, **fields):
        fields = {"year": 2026, "on": date(2026, 12, 31), "reader": OFFICE, **fields}
        return reports.assessment_sheet(
            session,
            calendar=CALENDAR,
            needs_by_leader={},
            answers_by_unit={"edu": (4, 3)},
            weights=weights or {},
            **fields,
        )

    def test_figures_without_an_invented_score(self, session, chief):
        sheet = self.sheet(session)
        [row] = sheet.leaders
        assert row.score is None
        assert row.figures["quota"] == Figure(1, 3)
        assert row.figures["contacts"] == Figure(1, 1)
        assert row.figures["interviews"] == Figure(1, 2)
        assert row.figures["opinions_handled"] == Figure(0, 1)
        units = {one.unit.code: one.figures for one in sheet.units}
        assert units["edu"]["answers_in_time"] == Figure(3, 4)
        assert units["hrss"]["reports_in_time"] == Figure(0, 0)  # its liaison began in the second half
        assert units["hrss"]["quota"] == Figure(1, 3)

    def test_with_weights_the_score_shows_its_working(self, session, chief):
        [row] = self.sheet(session, weights={"quota": 40, "interviews": 20, "needs_in_time": 40}).leaders
        assert row.score is not None
        assert row.score.working == "（1/3×40＋1/2×20）÷60×100＝38.9"
        assert score({"quota": Figure(0, 0)}, {"quota": 40}) is None

    def test_each_sees_the_own_part(self, session, chief):
        mine = self.sheet(session, reader=LIAISON)
        assert (len(mine.leaders), [row.unit.code for row in mine.units]) == (1, ["hrss"])
        assert self.sheet(session, reader=STRANGER).leaders == ()
        assert len(self.sheet(session, reader=actor(("leader", None), person_id=chief.person_id)).leaders) == 1

    def test_a_role_of_an_office_with_the_right_sees_all(self, session, chief):
        inspector = replace(
            actor(("inspector", None), username="inspector"),
            permissions=frozenset(
                Permission("inspector", right, "all") for right in ("view_assessment", "view_briefs")
            ),
        )
        theirs, all_of_it = self.sheet(session, reader=inspector), self.sheet(session)
        assert [(row.unit.code, row.figures) for row in theirs.units] == [
            (row.unit.code, row.figures) for row in all_of_it.units
        ]
        assert [row.figures for row in theirs.leaders] == [row.figures for row in all_of_it.leaders] != []
        brief = TestBrief().drafted(session, chief)
        assert reports.search_briefs(session, reader=inspector).total == 0
        reports.edit_brief(session, brief_id=brief.id, text="本月情况。", actor=OFFICE, now=NOW)
        reports.release_brief(session, brief_id=brief.id, actor=OFFICE, now=NOW)
        assert reports.search_briefs(session, reader=inspector).total == 1

    def test_a_report_is_asked_for_only_once_it_is_due(self, session, chief):
        due = {one.unit.code: one.figures["reports_in_time"] for one in self.sheet(session, on=date(2027, 1, 20)).units}
        assert due["hrss"] == Figure(0, 1)
        submitted(session)
        for on, figure in ((date(2027, 1, 20), Figure(1, 1)), (date(2026, 12, 31), Figure(0, 0))):
            due = {one.unit.code: one.figures["reports_in_time"] for one in self.sheet(session, on=on).units}
            assert due["hrss"] == figure, on


def test_needs_in_figures(world: World) -> None:
    first = world.finished()
    world.recorded(title="人才公寓续租", category="housing")
    with world.database.reading() as session:
        counts = need_counts(session, unit=None, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30))
        assert (counts["started"], counts["outcomes"]["solved"], counts["outcomes"]["running"]) == (2, 1, 1)
        assert counts["categories"] == {"education": 1, "housing": 1}
        assert need_counts(session, unit="hrss", starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30))["started"] == 2
        assert need_counts(session, unit="sci", starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30))["started"] == 0
        told = leader_needs(
            session, leader_id=derived("leader", "leader"), starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30)
        )
        assert {item["title"] for item in told["items"]} == {"子女入学", "人才公寓续租"}
        assert str(first) in {item["id"] for item in told["items"]}
        assert [title for _, title, _ in open_matters_of(session, "T0001")] == ["人才公寓续租"]
        assert unit_answers(session, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30)) == {"edu": (1, 1)}
