"""How journals make links, service teams and rosters: verification folds and compares them. Pure.

Links stand in the stream of their talent, service teams in that of their leader.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from service.history.folding import Event, Family, Held, Rows
from service.liaisons.models import Link, Roster, RosterItem, ServiceTeam, ServiceTeamMember
from service.liaisons.rules import DECIDED, DRAFT, ENDED, FILED, SUPERSEDED
from service.people.models import Leader

_A_DAY = timedelta(days=1)


def _link(rows: Rows, event: Event) -> None:
    data, key = event.data, str(event.data.get("link_id"))
    if not event.kind.startswith("link_"):
        return
    if rows.get(Link, key) is None:
        rows.put(Link, key, id=key, talent_id=rows.name, created_at=event.at, ends_on=None, end_reason=None)
    rows.set(Link, key, {name: value for name, value in data.items() if name not in ("ends_on", "end_reason")})
    if event.kind == "link_ended":
        rows.set(Link, key, ends_on=data["ends_on"], end_reason=data["end_reason"])
    elif event.kind == "link_handed_over":
        rows.set(Link, key, previous_id=data["from_link_id"])
        rows.learn(Link, key, "held_from", data, "own_held_from")  # the plain field tells of the former link
        said = f"移交给{data['leader_name']}"
        former = {"status": ENDED, "ends_on": data["ends_on"], "held_from": data["held_from"], "end_reason": said}
        rows.set(Link, str(data["from_link_id"]), former)


def _service_team(rows: Rows, event: Event) -> None:
    data, key = event.data, str(event.data.get("id"))
    if event.kind == "service_team_set":
        former = rows.get(ServiceTeam, str(data.get("former_id")))
        starts_on = date.fromisoformat(data["starts_on"])
        if former is not None:
            former["ends_on"] = max(date.fromisoformat(former["starts_on"]), starts_on - _A_DAY)
        rows.put(ServiceTeam, key, data, created_at=event.at)
        for place, one in enumerate(data["members"]):
            member = rows.put(ServiceTeamMember, (key, place), one, team_id=key, position=place)
            if "unit" in one:
                member["unit_code"] = one["unit"]
    elif event.kind in ("service_team_ended", "service_team_resumed", "service_team_end_updated"):
        rows.set(ServiceTeam, key, ends_on=data["ends_on"])


def _roster(rows: Rows, event: Event) -> None:
    data, key = event.data, str(event.data.get("id"))
    if event.kind == "roster_drafted":
        if rows.get(Roster, key) is None:
            first = {"scope": rows.name, "status": DRAFT, "document_no": None, "decided_on": None, "filed_on": None}
            rows.put(Roster, key, data, first, created_by=event.actor, created_at=event.at)
        rows.set(Roster, key, data)
        rows.clear(RosterItem, roster_id=key)
        for place, one in enumerate(data["items"]):
            rows.put(RosterItem, (key, place), one, roster_id=key, position=place)
    elif event.kind == "roster_taken_up":
        rows.set(Roster, key, instance_id=data["instance_id"])
    elif event.kind == "roster_decided":
        for former in data["superseded"]:
            rows.set(Roster, str(former), status=SUPERSEDED)
        rows.set(Roster, key, status=DECIDED, document_no=data["document_no"], decided_on=data["decided_on"])
    elif event.kind == "roster_filed":
        rows.set(Roster, key, status=FILED, filed_on=data["filed_on"])


def _roster_title(row: dict[str, Any]) -> str:
    return f"{row['scope']} 第 {row['version']} 版"


FAMILIES = (
    Family(
        "talent",
        (Held(Link, Link.talent_id, "联系关系", lambda row: f"{row['talent_id']} {row['starts_on']}"),),
        _link,
    ),
    Family(
        "person",
        (
            Held(
                ServiceTeam,
                Leader.person_id,
                "工作团队",
                lambda row: f"{row['starts_on']} 起",
                through=((Leader, Leader.id == ServiceTeam.leader_id),),
            ),
            Held(
                ServiceTeamMember,
                Leader.person_id,
                "工作团队成员",
                lambda row: f"第 {row['position']} 位",
                through=(
                    (ServiceTeam, ServiceTeam.id == ServiceTeamMember.team_id),
                    (Leader, Leader.id == ServiceTeam.leader_id),
                ),
            ),
        ),
        _service_team,
    ),
    Family(
        "roster",
        (
            Held(Roster, Roster.scope, "名单", _roster_title),
            Held(
                RosterItem,
                Roster.scope,
                "名单条目",
                lambda row: f"{row['talent_id']}（第 {row['position']} 条）",
                through=((Roster, Roster.id == RosterItem.roster_id),),
            ),
        ),
        _roster,
    ),
)
