"""Teams (创新创业人才团队, P1): served through their lead. Every change enters the journal of ``team:<id>``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service import ids
from service.db.failures import conflicts
from service.fields import Checks, defaults, held, merged, take
from service.history import require_version
from service.history.records import difference, record
from service.rights import Actor, require
from service.talents.edits import team_edits
from service.talents.fields import TEAM_FIELDS
from service.talents.models import Talent, TalentTeam, TalentTeamMember
from service.talents.queries import find_talent, get_team
from service.talents.rules import team_keys

MOST_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class Member:
    """A member as it is written: a talent of the registry (whose name counts), or a name only."""

    talent_id: str | None
    name: str
    post: str | None


def add_team(
    session: Session,
    *,
    name: str,
    lead_id: str,
    team_id: UUID | None = None,
    actor: Actor,
    now: datetime,
    **fields: object,
) -> TalentTeam:
    """A new team; ``fields`` are others of ``TEAM_FIELDS``.

    ``members`` is a list of ``{"talent_id" or "name", "post"?}`` without the lead. Raises ``NotAllowed``, ``Invalid``,
    and ``Conflict`` where the name is taken.
    """
    require(actor, "edit_talents")
    checks = Checks()
    empty: dict[str, object] = {**defaults(TEAM_FIELDS), "members": []}
    values, members = _checked(session, checks, merged(checks, empty, {**fields, "name": name, "lead_id": lead_id}))
    checks.done()
    team = TalentTeam(id=team_id or ids.new())
    _fill(team, values, now)
    session.add(team)
    with conflicts("已有同名的团队，请改用别的名称或修改原有团队"):
        session.flush()
    _keep(session, team, members)
    data = {"id": team.id, **values, "members": _told(members)}
    record(session, f"team:{team.id}", "team_added", data, actor=actor, now=now)
    return team


def update_team(
    session: Session,
    *,
    team_id: UUID | str,
    changes: Mapping[str, object],
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> TalentTeam:
    """Changes fields (``TEAM_FIELDS``) of a team; ``members`` replaces all of them.

    Nothing is journaled when nothing differs. Raises ``NotAllowed``, ``NotFound``, ``Invalid``, ``Conflict``, and
    ``Stale`` where somebody changed the team since ``version`` was read.
    """
    require(actor, "edit_talents")
    team = get_team(session, team_id)
    session.refresh(team, with_for_update={"of": TalentTeam})
    require_version(session, team_edits(team), version)
    before = held(team, TEAM_FIELDS)
    before["members"] = _told([Member(one.talent_id, one.name, one.post) for one in team.members])
    checks = Checks()
    values, members = _checked(session, checks, merged(checks, before, changes), lead=team.lead_id)
    checks.done()
    changed = difference(before, {**values, "members": _told(members)})
    if changed:
        _fill(team, values, now)
        with conflicts("已有同名的团队，请改用别的名称"):
            session.flush()
        if "members" in changed:
            _keep(session, team, members)
        session.expire(team, ["lead"])
        record(session, f"team:{team.id}", "team_updated", changed, actor=actor, now=now)
    return team


def _checked(
    session: Session, checks: Checks, given: Mapping[str, object], *, lead: str | None = None
) -> tuple[dict[str, object], list[Member]]:
    """The cleaned fields and members; ``lead`` is who leads the team so far."""
    values = take(TEAM_FIELDS, given, checks)
    found = find_talent(session, str(given["lead_id"] or ""))
    if found is None:
        checks.refuse("/lead_id", "请从人才信息库中选择团队带头人")
    elif not found.active and found.id != lead:
        checks.refuse("/lead_id", f"{found.name}已移出人才信息库，不能担任团队带头人")
    return values, _members(session, checks, given["members"], found.id if found else None)


def _members(session: Session, checks: Checks, given: object, lead: str | None) -> list[Member]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_MEMBERS:
        checks.refuse("/members", f"团队成员须是名单，最多 {MOST_MEMBERS} 人")
        return []
    rows = [row if isinstance(row, Mapping) else {} for row in given]
    wanted = {str(row["talent_id"]) for row in rows if row.get("talent_id")}
    names = dict(session.execute(select(Talent.id, Talent.name).where(Talent.id.in_(wanted))).all()) if wanted else {}
    members: list[Member] = []
    seen: set[str] = set()
    for place, row in enumerate(rows):
        path = f"/members/{place}"
        talent_id = str(row["talent_id"]) if row.get("talent_id") else None
        if talent_id is not None and talent_id not in names:
            checks.refuse(f"{path}/talent_id", "人才信息库中没有这位成员，请从名单中选择")
        elif talent_id is not None and talent_id == lead:
            checks.refuse(f"{path}/talent_id", "带头人不必再列为成员")
        elif talent_id in seen:
            checks.refuse(f"{path}/talent_id", f"{names[str(talent_id)]}重复列出，请删去一行")
        by_name = checks.name(f"{path}/name", "成员姓名", row.get("name")) if talent_id is None else ""
        name = names.get(talent_id or "", by_name)
        members.append(Member(talent_id, name, checks.optional_text(f"{path}/post", "成员职务", row.get("post"))))
        seen |= {talent_id} if talent_id else set()
    return members


def _fill(team: TalentTeam, values: Mapping[str, object], now: datetime) -> None:
    for field, value in values.items():
        setattr(team, field, value)
    team.updated_at = now
    for field, key in team_keys(team.name).items():
        setattr(team, field, key)


def _keep(session: Session, team: TalentTeam, members: list[Member]) -> None:
    session.execute(delete(TalentTeamMember).where(TalentTeamMember.team_id == team.id))
    rows = [
        TalentTeamMember(team_id=team.id, position=place, talent_id=one.talent_id, name=one.name, post=one.post)
        for place, one in enumerate(members)
    ]
    session.add_all(rows)
    session.flush()
    session.expire(team, ["members"])


def _told(members: list[Member]) -> list[dict[str, str | None]]:
    """The members as the journal keeps them."""
    return [{"talent_id": one.talent_id, "name": one.name, "post": one.post} for one in members]
