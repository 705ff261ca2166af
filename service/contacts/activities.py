"""Activities and consultations: who was invited, who came (C2). The journal of each is ``activity:<id>``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids
from service.contacts.access import acting_for_unit, require_sight
from service.contacts.edits import attendance_edits
from service.contacts.fields import ACTIVITY, CANCELLATION
from service.contacts.models import Activity, Invitation
from service.db.failures import conflicts
from service.errors import Conflict, NotFound
from service.fields import Checks, held, picked, take
from service.history import require_version
from service.history.records import record
from service.ids import as_id
from service.people.queries import find_unit
from service.rights import Actor
from service.talents.models import Talent

MOST_INVITED = 500


def add_activity(
    session: Session,
    *,
    name: str,
    kind: str,
    held_on: date,
    organizer_unit: str,
    place: str | None = None,
    note: str | None = None,
    talent_ids: Sequence[str] = (),
    activity_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Activity:
    """An activity that ``organizer_unit`` holds, perhaps in the future, with its first invitations.

    ``kind`` is a key of ``ACTIVITY_KINDS``. Raises ``NotAllowed``, ``Invalid``.
    """
    entering = acting_for_unit(session, actor, "manage_activities", organizer_unit, now)
    checks = Checks()
    unit = find_unit(session, organizer_unit)
    if unit is None:
        checks.refuse("/organizer_unit", "没有这个单位，请从单位名录中选择")
    given = {"name": name, "kind": kind, "held_on": held_on, "place": place, "note": note}
    activity = Activity(
        id=activity_id or ids.new(),
        **take(picked(ACTIVITY, *given), given, checks),
        organizer=unit,
        cancelled_at=None,
        created_by=entering.username,
        created_at=now,
    )
    invited = _talents(session, checks, talent_ids)
    checks.done()
    session.add(activity)
    with conflicts("该活动已经登记过，请刷新后查看"):
        session.flush()
    data = {"id": activity.id, **held(activity, ACTIVITY)}
    record(session, _stream(activity.id), "activity_added", data, actor=entering, now=now)
    if invited:
        _invite(session, activity, invited, clock.local(now).date(), entering, now)
    return activity


def cancel_activity(session: Session, *, activity_id: UUID | str, reason: str, actor: Actor, now: datetime) -> Activity:
    """Cancels an activity. Raises ``Conflict`` where it was cancelled already or somebody's attendance is recorded."""
    activity = _locked(session, activity_id, actor)
    entering = acting_for_unit(session, actor, "manage_activities", activity.organizer_unit, now)
    checks = Checks()
    why = take([CANCELLATION], {"reason": reason}, checks)
    checks.done()
    _require_alive(activity)
    came = select(Invitation.talent_id).where(Invitation.activity_id == activity.id, Invitation.attended.is_not(None))
    if session.scalar(came.limit(1)) is not None:
        raise Conflict("该活动已登记出席情况，不能取消")
    activity.cancelled_at = now
    session.flush()
    record(session, _stream(activity.id), "activity_cancelled", why, actor=entering, now=now)
    return activity


def invite(
    session: Session,
    *,
    activity_id: UUID | str,
    talent_ids: Sequence[str],
    invited_on: date | None = None,
    actor: Actor,
    now: datetime,
) -> list[Invitation]:
    """Invites talents to an activity (default: on the day of ``now``); who was invited before stays so."""
    activity = _locked(session, activity_id, actor)
    entering = acting_for_unit(session, actor, "manage_activities", activity.organizer_unit, now)
    _require_alive(activity)
    day = invited_on or clock.local(now).date()
    checks = Checks()
    if not talent_ids:
        checks.refuse("/talent_ids", "请至少选择一位要邀请的人才")
    if day > activity.held_on:
        checks.refuse("/invited_on", f"活动已于 {activity.held_on.isoformat()} 举行，邀请日期不能更晚")
    talents = _talents(session, checks, talent_ids)
    checks.done()
    there = set(session.scalars(select(Invitation.talent_id).where(Invitation.activity_id == activity.id)))
    fresh = [talent for talent in talents if talent.id not in there]
    return _invite(session, activity, fresh, day, entering, now) if fresh else []


def record_attendance(
    session: Session,
    *,
    activity_id: UUID | str,
    attended: Mapping[str, bool | None],
    notes: Mapping[str, str] | None = None,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> list[Invitation]:
    """Enters which of those invited came: talent id → yes, no, or ``None`` for unknown again. Gives what changed.

    Raises ``Stale`` where somebody said so of one of them since ``version`` was read.
    """
    activity = _locked(session, activity_id, actor)
    entering = acting_for_unit(session, actor, "manage_activities", activity.organizer_unit, now)
    _require_alive(activity)
    require_version(session, attendance_edits(activity), version)
    checks = Checks()
    if activity.held_on > clock.local(now).date():
        checks.refuse("/attended", f"活动将于 {activity.held_on.isoformat()} 举行，举行后再登记出席情况")
    rows = {
        row.talent_id: row for row in session.scalars(select(Invitation).where(Invitation.activity_id == activity.id))
    }
    if unknown := sorted(set(attended) - set(rows)):
        checks.refuse("/attended", f"{'、'.join(unknown[:5])} 不在邀请名单上，请先邀请")
    said = {
        talent_id: checks.optional_text(f"/notes/{talent_id}", "备注", text, 200)
        for talent_id, text in (notes or {}).items()
        if talent_id in rows
    }
    checks.done()
    changed, before = [], {}
    for talent_id, came in attended.items():
        row = rows[talent_id]
        note = said.get(talent_id, row.note)
        if (row.attended, row.note) != (came, note):
            before[talent_id] = row.attended
            row.attended, row.note = came, note
            changed.append(row)
    if changed:
        session.flush()
        data = {
            "attended": {row.talent_id: row.attended for row in changed},
            "before": before,
            "notes": {row.talent_id: row.note for row in changed if row.talent_id in said},
        }
        record(session, _stream(activity.id), "attendance_recorded", data, actor=entering, now=now)
    return changed


def _invite(
    session: Session, activity: Activity, talents: Sequence[Talent], day: date, actor: Actor, now: datetime
) -> list[Invitation]:
    rows = [
        Invitation(activity_id=activity.id, talent_id=talent.id, talent=talent, invited_on=day, attended=None)
        for talent in talents
    ]
    session.add_all(rows)
    with conflicts("邀请名单刚被他人修改，请刷新后重试"):
        session.flush()
    session.expire(activity, ["invitations"])
    data = {"talents": [talent.id for talent in talents], "invited_on": day}
    record(session, _stream(activity.id), "talents_invited", data, actor=actor, now=now)
    return rows


def _talents(session: Session, checks: Checks, talent_ids: Sequence[str]) -> list[Talent]:
    wanted = list(dict.fromkeys(talent_ids))
    if len(wanted) > MOST_INVITED:
        checks.refuse("/talent_ids", f"一项活动一次最多邀请 {MOST_INVITED} 人，请分次邀请")
        return []
    found = {one.id: one for one in session.scalars(select(Talent).where(Talent.id.in_(wanted)))} if wanted else {}
    if unknown := [one for one in wanted if one not in found or not found[one].active]:
        checks.refuse("/talent_ids", f"人才信息库中没有 {'、'.join(unknown[:5])}，或已移出名单，请从名单中选择")
    return [found[one] for one in wanted if one in found]


def _locked(session: Session, activity_id: UUID | str, actor: Actor) -> Activity:
    """The activity, for who may see activities: to all others none is told of, there or not."""
    require_sight(session, actor, "view_activities")
    key = as_id(activity_id)
    query = select(Activity).where(Activity.id == key).with_for_update(of=Activity)
    found = session.scalar(query.execution_options(populate_existing=True)) if key is not None else None
    if found is None:
        raise NotFound("没有这项活动，请从活动列表中选择")
    return found


def _require_alive(activity: Activity) -> None:
    if activity.cancelled_at is not None:
        raise Conflict(f"活动“{activity.name}”已取消")


def _stream(activity_id: UUID) -> str:
    return f"activity:{activity_id}"
