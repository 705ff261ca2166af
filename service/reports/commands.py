"""Half-year reports and briefs: filled in from the data, worded by people, sent, returned, accepted, released.

The journal of each is ``report:<id>`` or ``brief:<id>``. None commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids
from service.contacts.access import acting_for_unit, selves
from service.contacts.rules import period_of
from service.db.failures import conflicts
from service.errors import Conflict, NotFound
from service.fields import FIRST_YEAR, LAST_YEAR, Checks, take
from service.history import require_version
from service.history.records import owe_notice, record
from service.ids import as_id
from service.people.queries import find_liaison, find_unit, get_leader
from service.reports.edits import brief_edits, report_edits
from service.reports.facts import brief_facts, report_facts
from service.reports.fields import BRIEF_TEXT, HOLD_REASON, RETURN_REASON, TEXT_LENGTH
from service.reports.models import Brief, HalfYearReport
from service.reports.queries import reporting_units, visible_briefs, visible_reports
from service.reports.rules import (
    ACCEPTED,
    DRAFT,
    EDITABLE,
    HALVES,
    REQUIRED,
    RETURNED,
    SECTIONS,
    SUBMITTED,
    brief_text,
    brief_title,
    month_of,
    renewed_texts,
)
from service.rights import Actor, may, require


def compile_report(
    session: Session,
    *,
    unit_code: str,
    year: int,
    half: int,
    needs: Mapping[str, Any],
    due_on: date | None,
    instance_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> HalfYearReport:
    """The report of a liaison office for a half-year, filled in from the data as it stands now (T6).

    The first time it is made, with sentences to go on from; later its figures are counted anew, and so are the
    sentences that nobody touched, but no word of the office. ``needs`` are ``ledger.counts.need_counts``. Raises
    ``NotAllowed``, ``Invalid`` for a half-year that has not begun or a unit that neither owes nor has a liaison,
    ``Conflict`` where it was submitted already.
    """
    entering = acting_for_unit(session, actor, "compile_reports", unit_code, now)
    checks = Checks()
    unit = find_unit(session, unit_code)
    if unit is None:
        checks.refuse("/unit", "没有这个单位，请从单位名录中选择")
    starts_on = _half_begun(checks, year, half, clock.local(now).date())
    checks.done()
    assert unit is not None  # noqa: S101 - refused above otherwise
    assert starts_on is not None  # noqa: S101 - refused above otherwise
    report = _find(session, unit_code, year, half)
    if report is None and not _reports(session, unit_code, year, half, clock.local(now).date()):
        checks.refuse("/unit", f"{unit.name}没有联络员，半年报告由三办和成员单位的联络员编制")
        checks.done()
    facts = report_facts(session, unit=unit_code, year=year, half=half, needs=needs, now=now)
    before: dict[str, str] = {}
    if report is None:
        report = HalfYearReport(
            id=ids.new(), unit=unit, year=year, half=half, status=DRAFT, sections=dict(facts["drafted"]), updated_at=now
        )
        session.add(report)
    elif report.status not in EDITABLE:
        raise Conflict(f"{year} 年{HALVES[half]}报告已报送，不能重新取数；需要修改请由区人才办退回")
    else:
        before = dict(report.sections)
        report.sections = renewed_texts(report.sections, report.facts.get("drafted", {}), facts["drafted"])
    report.facts, report.updated_at = facts, now
    of_step = report.due_on if instance_id is None and report.instance_id is not None else None
    report.due_on = of_step or due_on or report.due_on  # a round's step says when, whoever counts anew meanwhile
    report.instance_id = instance_id or report.instance_id
    with conflicts("该报告刚被他人建立，请刷新后重试"):
        session.flush()
    data = {"unit": unit_code, "year": year, "half": half, "due_on": report.due_on, "facts": facts}
    data["instance_id"] = report.instance_id
    record(session, _stream(report), "report_compiled", {**data, **_reworded(report, before)}, actor=entering, now=now)
    return report


def _reports(session: Session, unit_code: str, year: int, half: int, today: date) -> bool:
    """Whether a report of the unit is expected, or somebody is there who writes one all the same (T4)."""
    expected = {unit.code for unit in reporting_units(session, year=year, half=half)}
    return unit_code in expected or find_liaison(session, unit_code, today) is not None


def edit_report(
    session: Session,
    *,
    report_id: UUID | str,
    sections: Mapping[str, str],
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> HalfYearReport:
    """Rewords sections (``SECTIONS``) of a report that is not submitted.

    Raises ``Conflict``, ``Invalid``, and ``Stale`` where somebody reworded the report since ``version`` was read.
    """
    report = locked_report(session, report_id, actor)
    entering = acting_for_unit(session, actor, "submit_reports", report.unit_code, now)
    _require_editable(report)
    require_version(session, report_edits(report), version)
    checks = Checks()
    if unknown := sorted(set(sections) - set(SECTIONS)):
        checks.refuse("/sections", f"报告没有这些部分：{'、'.join(unknown)}")
    said = {
        name: checks.optional_passage(f"/sections/{name}", SECTIONS[name], text, TEXT_LENGTH) or ""
        for name, text in sections.items()
        if name in SECTIONS
    }
    checks.done()
    changed = {name: text for name, text in said.items() if text != report.sections.get(name)}
    if changed:
        before = dict(report.sections)
        report.sections = {**report.sections, **changed}
        report.updated_at = now
        session.flush()
        record(session, _stream(report), "report_edited", _reworded(report, before), actor=entering, now=now)
    return report


def submit_report(
    session: Session,
    *,
    report_id: UUID | str,
    needs: Mapping[str, Any],
    due_on: date | None = None,
    actor: Actor,
    now: datetime,
) -> HalfYearReport:
    """Sends a report to the Talent Office (T6); whether it is late is fixed at the first time, by ``due_on`` where a
    later date was agreed since it was begun.

    The report speaks as of this moment: figures and untouched sentences are counted anew with ``needs``
    (``ledger.counts.need_counts``), so that nothing entered since they were first filled in is left out. Raises
    ``Invalid`` where a section of ``REQUIRED`` is empty or the half-year has not ended.
    """
    report = locked_report(session, report_id, actor)
    entering = acting_for_unit(session, actor, "submit_reports", report.unit_code, now)
    _require_editable(report)
    facts = report_facts(session, unit=report.unit_code, year=report.year, half=report.half, needs=needs, now=now)
    before = dict(report.sections)
    report.sections = renewed_texts(report.sections, report.facts.get("drafted", {}), facts["drafted"])
    report.facts = facts
    today = clock.local(now).date()
    checks = Checks()
    for name in REQUIRED:
        if not report.sections.get(name):
            checks.refuse(f"/sections/{name}", f"“{SECTIONS[name]}”还没有填写")
    ends_on = period_of(report.year, report.half)[1]
    if today <= ends_on:
        checks.refuse("/half", f"{report.year} 年{HALVES[report.half]}到 {ends_on.isoformat()} 才结束，结束后再报送")
    checks.done()
    report.due_on = due_on or report.due_on
    if report.late is None:
        report.late = report.due_on is not None and today > report.due_on
    report.status, report.return_reason = SUBMITTED, None
    report.submitted_by, report.submitted_at, report.updated_at = entering.username, now, now
    session.flush()
    said = {**_reworded(report, before), "sections": dict(report.sections)}
    data = {"late": report.late, "due_on": report.due_on, **said, "facts": facts}
    record(session, _stream(report), "report_submitted", data, actor=entering, now=now)
    return report


def return_report(
    session: Session, *, report_id: UUID | str, reason: str, actor: Actor, now: datetime
) -> HalfYearReport:
    """Sends a submitted report back with what to mend."""
    report, entering = _under_review(session, report_id, actor, now)
    checks = Checks()
    why = str(take((RETURN_REASON,), {"reason": reason}, checks)["reason"])
    checks.done()
    report.status, report.return_reason, report.updated_at = RETURNED, why, now
    session.flush()
    record(session, _stream(report), "report_returned", {"reason": why}, actor=entering, now=now)
    return report


def accept_report(session: Session, *, report_id: UUID | str, actor: Actor, now: datetime) -> HalfYearReport:
    """Accepts a submitted report; from now on it counts in the roll-up as accepted."""
    report, entering = _under_review(session, report_id, actor, now)
    report.status, report.accepted_at, report.updated_at = ACCEPTED, now, now
    session.flush()
    record(session, _stream(report), "report_accepted", {}, actor=entering, now=now)
    return report


def draft_brief(
    session: Session,
    *,
    leader_id: UUID | str,
    year: int,
    month: int,
    needs: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Brief:
    """The brief to a leader for a month (专报, R3): the leader's own talents only.

    ``needs`` are ``ledger.counts.leader_needs`` of that leader and month. Drawn up again before its release the figures
    are counted anew and the words stay. Raises ``Invalid`` for a month that has not begun, ``Conflict`` once released.
    """
    require(actor, "release_briefs")
    leader = get_leader(session, leader_id)
    checks = Checks()
    today = clock.local(now).date()
    if not 1 <= month <= 12:
        checks.refuse("/month", "月份须是 1 至 12")
    elif not FIRST_YEAR <= year <= LAST_YEAR or date(year, month, 1) > today:
        checks.refuse("/month", f"{year} 年 {month} 月尚未开始，不能编制专报")
    elif not _held(leader.starts_on, leader.ends_on, *month_of(year, month)):
        checks.refuse("/leader_id", f"{leader.person.name}在 {year} 年 {month} 月不任该职")
    checks.done()
    query = select(Brief).where(Brief.leader_id == leader.id, Brief.year == year, Brief.month == month)
    brief = session.scalar(query.with_for_update(of=Brief))
    if brief is not None and brief.released_at is not None:
        raise Conflict(f"{leader.person.name} {year} 年 {month} 月的专报已签发")
    facts = brief_facts(session, leader=leader, year=year, month=month, needs=needs, now=now)
    if brief is None:
        brief = Brief(id=ids.new(), leader=leader, year=year, month=month, text=brief_text(facts), created_at=now)
        session.add(brief)
    brief.facts = facts
    with conflicts("该专报刚被他人建立，请刷新后重试"):
        session.flush()
    data = {"leader_id": leader.id, "year": year, "month": month, "facts": facts, "text": brief.text}
    record(session, f"brief:{brief.id}", "brief_drafted", data, actor=actor, now=now)
    return brief


def edit_brief(
    session: Session, *, brief_id: UUID | str, text: str, version: int | None = None, actor: Actor, now: datetime
) -> Brief:
    """Rewords a brief that is not released. Raises ``Stale`` where somebody reworded it since ``version`` was read."""
    require(actor, "release_briefs")
    brief = locked_brief(session, brief_id, actor)
    require_version(session, brief_edits(brief), version)
    checks = Checks()
    said = str(take((BRIEF_TEXT,), {"text": text}, checks)["text"])
    checks.done()
    if brief.released_at is not None:
        raise Conflict("该专报已签发，不能修改")
    if said != brief.text:
        data = {"text": said, "before": brief.text}
        brief.text = said
        session.flush()
        record(session, f"brief:{brief.id}", "brief_edited", data, actor=actor, now=now)
    return brief


def release_brief(session: Session, *, brief_id: UUID | str, actor: Actor, now: datetime) -> Brief:
    """Releases a brief to its leader, who is told of it (R3). Raises ``Conflict`` where it is released already."""
    require(actor, "release_briefs")
    brief = locked_brief(session, brief_id, actor)
    if brief.released_at is not None:
        raise Conflict("该专报已签发")
    brief.released_by, brief.released_at = actor.username, now
    session.flush()
    stream = f"brief:{brief.id}"
    record(session, stream, "brief_released", {"text": brief.text}, actor=actor, now=now)
    title = brief_title(brief.year, brief.month)
    owe_notice(session, stream, "brief", title=title, text="", leader=brief.leader_id, actor=actor, now=now)
    return brief


def hold_brief(session: Session, *, brief_id: UUID | str, reason: str, actor: Actor, now: datetime) -> Brief:
    """Notes why a brief is not released (R3); it stays a draft. Raises ``Conflict`` where it is released already."""
    require(actor, "release_briefs")
    brief = locked_brief(session, brief_id, actor)
    checks = Checks()
    why = str(take((HOLD_REASON,), {"reason": reason}, checks)["reason"])
    checks.done()
    if brief.released_at is not None:
        raise Conflict("该专报已签发")
    record(session, f"brief:{brief.id}", "brief_held", {"reason": why}, actor=actor, now=now)
    return brief


def read_brief(session: Session, *, brief_id: UUID | str, actor: Actor, now: datetime) -> Brief:
    """Notes that the leader has read the brief; the first time counts. Raises ``NotAllowed`` for anybody else."""
    brief = locked_brief(session, brief_id, actor)
    if brief.released_at is None:
        raise NotFound("没有这份专报，或尚未签发")
    mine = [one for one in selves(session, actor, now) if one.person_id == brief.leader.person_id]
    if not mine:
        require(actor, "view_briefs", person_id=brief.leader.person_id)
        return brief
    if brief.read_at is None:
        brief.read_at = now
        session.flush()
        record(session, f"brief:{brief.id}", "brief_read", {}, actor=mine[0], now=now)
    return brief


def _reworded(report: HalfYearReport, before: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The sections that read otherwise than ``before``, as they are and as they were."""
    changed = {name: text for name, text in report.sections.items() if text != before.get(name, "")}
    return {"sections": changed, "before": {name: before.get(name, "") for name in changed}}


def _half_begun(checks: Checks, year: int, half: int, today: date) -> date | None:
    if half not in HALVES:
        checks.refuse("/half", "请选择上半年或下半年")
        return None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        checks.refuse("/year", f"年份须在 {FIRST_YEAR} 至 {LAST_YEAR} 之间")
        return None
    starts_on = period_of(year, half)[0]
    if starts_on > today:
        checks.refuse("/half", f"{year} 年{HALVES[half]}（{starts_on.isoformat()} 起）尚未开始，不能编制报告")
        return None
    return starts_on


def _held(starts_on: date, ends_on: date | None, first: date, last: date) -> bool:
    return starts_on <= last and (ends_on is None or ends_on >= first)


def _find(session: Session, unit_code: str, year: int, half: int) -> HalfYearReport | None:
    query = select(HalfYearReport).where(
        HalfYearReport.unit_code == unit_code, HalfYearReport.year == year, HalfYearReport.half == half
    )
    return session.scalar(query.with_for_update(of=HalfYearReport).execution_options(populate_existing=True))


def locked_report(session: Session, report_id: UUID | str, actor: Actor) -> HalfYearReport:
    """As ``get_report``, kept by this transaction until it ends."""
    key = as_id(report_id)
    mine = visible_reports(session, actor)
    query = select(HalfYearReport).where(HalfYearReport.id == key, mine).with_for_update(of=HalfYearReport)
    found = session.scalar(query.execution_options(populate_existing=True)) if key is not None else None
    if found is None:
        raise NotFound("没有这份报告，或您无权查看")
    return found


def locked_brief(session: Session, brief_id: UUID | str, actor: Actor) -> Brief:
    """As ``get_brief``, kept by this transaction until it ends."""
    key = as_id(brief_id)
    query = select(Brief).where(Brief.id == key, visible_briefs(session, actor)).with_for_update(of=Brief)
    found = session.scalar(query.execution_options(populate_existing=True)) if key is not None else None
    if found is None:
        raise NotFound("没有这份专报，或尚未签发")
    return found


def _require_editable(report: HalfYearReport) -> None:
    if report.status not in EDITABLE:
        raise Conflict("该报告已报送，不能修改；需要修改请由区人才办退回")


def _under_review(session: Session, report_id: UUID | str, actor: Actor, now: datetime) -> tuple[HalfYearReport, Actor]:
    entering = next((one for one in selves(session, actor, now) if may(one, "review_reports")), None)
    if entering is None:
        require(actor, "review_reports")
    report = locked_report(session, report_id, actor)
    if report.status != SUBMITTED:
        raise Conflict("该报告不在待审核状态，请刷新后查看")
    return report, entering or actor


def _stream(report: HalfYearReport) -> str:
    return f"report:{report.id}"
