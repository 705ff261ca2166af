"""回放 of records: a talent's file, a link, a roster as it stood after each entry of its journal, or on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, history, liaisons
from service import talents as registry
from service.audit.replay.records import RecordStep, link_steps, roster_steps, step_at, talent_steps
from service.contacts.access import readable
from service.errors import Finding, Invalid
from service.fields import DATE, NOTHING, Field
from service.http.context import actor, db
from service.ledger.reported import seen_entries
from service.liaisons import LINK, leaders_of
from service.liaisons.fields import COURSE, DECISION, FILING, ROSTER_NOTE
from service.liaisons.rules import REASONS, ROSTER_STATUSES
from service.talents.fields import APPROVED_ON, CONFIRMED_ON, FIELDS
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import argument, asked_day, asked_step
from service.web.changes import Change, ChangeLine, Reading, changes

blueprint = Blueprint("record_replays", __name__)

ROSTER: tuple[Field, ...] = (
    Field("version", "版次"),
    Field("status", "状态", choices=ROSTER_STATUSES),
    *DECISION,
    Field("filed_on", FILING[0].label, DATE),
    ROSTER_NOTE,
)


@dataclass(frozen=True, slots=True)
class Value:
    """A field of the record as it stood; ``new`` where the step set or changed it."""

    label: str
    text: str
    new: bool


@blueprint.get("/talents/<talent_id>/replay")
@requires(right="view_talents")
def talent(talent_id: str) -> ResponseReturnValue:
    """A talent's file as it stood; ``?at=`` an entry's number, or ``?on=`` a day."""
    found = registry.get_talent(db(), talent_id, actor())
    leaders = leaders_of(db(), [talent_id], clock.today(), actor())[talent_id]
    entries = registry.file_history(db(), found, actor(), leaders)
    seen = seen_entries(db(), actor(), readable(db(), actor(), entries))
    return _page(
        talent_steps(talent_id, seen),
        title=f"人才档案：{found.name}",
        back=url_for("web.talents.talent", talent_id=talent_id),
        here=lambda **at: url_for("web.record_replays.talent", talent_id=talent_id, **at),
        fields=(*FIELDS, APPROVED_ON, CONFIRMED_ON),
    )


@blueprint.get("/links/<uuid:link_id>/replay")
@requires(right="view_links")
def link(link_id: UUID) -> ResponseReturnValue:
    """A link as it stood."""
    found = liaisons.get_link(db(), link_id, actor())
    return _page(
        link_steps(found, history.stream_events(db(), f"talent:{found.talent_id}")),
        title=f"联系关系：{found.leader.person.name}联系{found.talent.name}",
        back=url_for("web.links.link", link_id=link_id),
        here=lambda **at: url_for("web.record_replays.link", link_id=link_id, **at),
        fields=(*LINK, *COURSE),
        own=True,
    )


@blueprint.get("/rosters/<uuid:roster_id>/replay")
@requires(right="view_links")
def roster(roster_id: UUID) -> ResponseReturnValue:
    """A version of a roster and its lines as they stood."""
    found = liaisons.get_roster(db(), roster_id, actor())
    name = liaisons.scope_names(db(), [found.scope])[found.scope]
    return _page(
        roster_steps(found, history.stream_events(db(), f"roster:{found.scope}")),
        title=f"{name}名单 第 {found.version} 版",
        back=url_for("web.rosters.roster", roster_id=roster_id),
        here=lambda **at: url_for("web.record_replays.roster", roster_id=roster_id, **at),
        fields=ROSTER,
        own=True,
    )


def _day_asked() -> date | None:
    """The day at whose end the record is to be shown; None where the address names none. Raises Invalid for what is no
    day, and for a day to come."""
    given, on = argument("on"), asked_day("on")
    if given is not None and (on is None or on > clock.today()):
        raise Invalid("不能这样查看", [Finding("/on", "请填写一个不晚于今天的日期，如 2026-01-31")])
    return on


def _page(
    steps: Sequence[RecordStep],
    *,
    title: str,
    back: str,
    here: Callable[..., str],
    fields: Sequence[Field],
    own: bool = False,
) -> str:
    """The page at the step that the address asks for; ``part=step`` answers what it says of that step alone.

    ``own``: an entry may be about other records beside this one, whose changes are read off the record itself.
    """
    on = _day_asked()
    shown = step_at(steps, seq=asked_step(), on=on)
    place = steps.index(shown)
    told = _own_lines(_told([shown])[0], shown, fields) if own else _told([shown])[0]
    about = {
        "number": place + 1,
        "total": len(steps),
        "previous": here(at=steps[place - 1].event.seq) if place else None,
        "following": here(at=steps[place + 1].event.seq) if place + 1 < len(steps) else None,
        "change": told,
        "values": _values(shown, fields),
        "lines": _lines(shown),
    }
    if request.args.get("part") == "step":
        return render_template("replay/_record.html", **about)
    return render_template(
        "replay/record.html",
        title=title,
        back=back,
        on=on,
        steps=[(here(at=one.event.seq), line) for one, line in zip(steps, _told(steps), strict=True)],
        place=place,
        player=_player(steps, place, here),
        **about,
    )


def _told(steps: Sequence[RecordStep]) -> list[Change]:
    """The entries in words, in order."""
    return list(reversed(changes((one.event, one.data) for one in steps)))


def _values(shown: RecordStep, fields: Sequence[Field]) -> list[Value]:
    """The fields of the record as it stood, in the names of that day; empty ones that nobody touched are left out."""
    if shown.row is None:
        return []
    reading = Reading(Names(db(), _day(shown)))
    found = []
    for one in fields:
        if one.name in shown.row:
            text = reading.text(one, shown.row[one.name])
            new = one.name in shown.changed
            if text or new:
                found.append(Value(one.label, text, new))
    return found


def _own_lines(told: Change, shown: RecordStep, fields: Sequence[Field]) -> Change:
    """The entry with what it changed of this record, where it tells of another one beside it."""
    reading = Reading(Names(db(), _day(shown)))
    row = shown.row or {}
    lines = []
    if said := _other(shown):
        lines.append(ChangeLine("另一条记录", None, said))
    for one in fields:
        before, after = (reading.text(one, each.get(one.name)) for each in (shown.before, row))
        if before != after:
            lines.append(ChangeLine(one.label, (before or NOTHING) if shown.before else None, after or NOTHING))
    return replace(told, lines=tuple(lines))


def _other(shown: RecordStep) -> str:
    """The words of the entry for the other record that it is about; '' where there is none."""
    data, row = shown.event.data, shown.row or {}
    if shown.event.kind == "link_handed_over":
        if row.get("id") == data["from_link_id"]:
            return f"移交给{data['leader_name']}，自 {data['starts_on']} 起"
        return f"由{data['from_leader_name']}移交，自 {data['starts_on']} 起"
    if shown.event.kind == "roster_decided" and row.get("id") != data["id"]:
        return f"被第 {data['version']} 版取代（文号 {data['document_no']}，{data['decided_on']} 确定）"
    return ""


def _lines(shown: RecordStep) -> list[tuple[str, str, str, str]]:
    """(leader, talent, reason, note) of each line of a roster."""
    names = Names(db(), _day(shown)).learn(
        talents=[str(line["talent_id"]) for line in shown.lines],
        leaders=[str(line["leader_id"]) for line in shown.lines],
    )
    return [
        (
            names.record("leaders", str(line["leader_id"])),
            names.talent(str(line["talent_id"])),
            REASONS.get(line["reason"], ""),
            line.get("note") or "",
        )
        for line in shown.lines
    ]


def _day(shown: RecordStep) -> date:
    return clock.local(shown.event.at).date()


def _player(steps: Sequence[RecordStep], place: int, here: Callable[..., str]) -> Mapping[str, Any]:
    """The JSON of the island; a record has no drawing."""
    listed: list[dict[str, Any]] = [
        {
            "seq": one.event.seq,
            "url": here(at=one.event.seq, part="step"),
            "version": 0,
            "active": [],
            "passed": [],
            "back": None,
        }
        for one in steps
    ]
    return {"at": place, "keys": [{}], "page": here(), "steps": listed}
