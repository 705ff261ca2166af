"""How the journals of units and persons make their rows: verification folds and compares them. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from service.history.folding import Digest, Event, Family, Held, Row, Rows
from service.people.models import Leader, Liaison, Person, Phrase, Stamp, StampUse, Substitute, Unit, UnitHead
from service.people.rules import ASKED, DECLINED, RECALLED, STATUS, USED, person_keys, unit_keys


def _unit(rows: Rows, event: Event) -> None:
    data = event.data
    if event.kind == "unit_added":
        rows.put(Unit, rows.name, data)
    elif event.kind == "unit_updated":
        rows.change(Unit, rows.name, data)
    elif event.kind == "liaison_named":
        _ends(rows, date.fromisoformat(data["starts_on"]) - timedelta(days=1))
        told = {"id": data["id"]} if "id" in data else {}
        named = {"unit_code": rows.name, "person_id": data["person_id"], "starts_on": data["starts_on"]}
        rows.put(Liaison, event.seq, named, told, ends_on=None, named_at=event.at)
    elif event.kind == "liaison_ended":
        _ends(rows, date.fromisoformat(data["ends_on"]))
    elif event.kind == "head_named":
        rows.drop(UnitHead, rows.name)
        if data["person_id"] is not None:
            rows.put(UnitHead, rows.name, unit_code=rows.name, person_id=data["person_id"])


def _ends(rows: Rows, last: date) -> None:
    """The one liaison that has no end gets it; who is replaced on the first day keeps that day."""
    for row in rows.of(Liaison):
        if row["ends_on"] is None:
            row["ends_on"] = max(date.fromisoformat(row["starts_on"]), last)


def _person(rows: Rows, event: Event) -> None:
    data, key = event.data, str(event.data.get("id"))
    if event.kind == "person_added":
        rows.put(Person, rows.name, data)
    elif event.kind == "person_updated":
        rows.change(Person, rows.name, data)
    elif event.kind == "leader_added":
        rows.put(Leader, key, data, person_id=rows.name)
    elif event.kind in ("leader_updated", "leader_end_updated"):
        rows.change(Leader, key, data)
    elif event.kind == "leader_ended":
        rows.set(Leader, key, ends_on=data["ends_on"])
    elif event.kind == "substitute_declared":
        rows.put(Substitute, key, data, person_id=rows.name, withdrawn_at=None)
    elif event.kind == "substitute_withdrawn":
        rows.set(Substitute, key, withdrawn_at=event.at)


def _phrase(rows: Rows, event: Event) -> None:
    if event.kind == "phrase_added":
        rows.put(Phrase, rows.name, event.data, added_by=event.actor, added_at=event.at)
    elif event.kind == "phrase_changed":
        rows.change(Phrase, rows.name, event.data)
    elif event.kind == "phrase_removed":
        rows.drop(Phrase, rows.name)


def _stamp(rows: Rows, event: Event) -> None:
    data, made = event.data, {"added_by": event.actor, "added_at": event.at, "withdrawn_at": None}
    if event.kind == "stamp_added":
        rows.put(Stamp, rows.name, data, made, content=Digest(data["sha256"]))
    elif event.kind == "stamp_changed":
        rows.change(Stamp, rows.name, data)
    elif event.kind == "stamp_withdrawn":
        rows.set(Stamp, rows.name, withdrawn_at=event.at)
    elif event.kind in (ASKED, USED, DECLINED, RECALLED):
        _stamp_use(rows, event)


def _stamp_use(rows: Rows, event: Event) -> None:
    data, key = event.data, str(event.data["id"])
    if rows.get(StampUse, key) is None:
        asked = {"asked_by": event.actor, "asked_at": event.at, "refusal": None, "paper_sha256": None}
        undecided = {"decided_by": None, "decided_at": None}
        rows.put(StampUse, key, asked, undecided, data, stamp_id=rows.name, status=STATUS[event.kind])
    if event.kind != ASKED:
        said = {name: value for name, value in data.items() if name in ("refusal", "paper_sha256")}
        rows.set(StampUse, key, said, status=STATUS[event.kind], decided_by=event.actor, decided_at=event.at)


def _unit_derived(row: Row) -> dict[str, Any]:
    return unit_keys(row["code"], row["name"])


def _person_derived(row: Row) -> dict[str, Any]:
    return person_keys(row["name"], row["post"])


UNITS = Family(
    "unit",
    (
        Held(Unit, Unit.code, "单位", lambda row: row["name"], derived=_unit_derived),
        Held(
            Liaison,
            Liaison.unit_code,
            "联络员任职",
            lambda row: f"{row['unit_code']} {row['starts_on']}",
            alike=("unit_code", "named_at"),
        ),
        Held(UnitHead, UnitHead.unit_code, "单位负责人", lambda row: row["unit_code"]),
    ),
    _unit,
)
PERSONS = Family(
    "person",
    (
        Held(Person, Person.id, "人员", lambda row: row["name"], derived=_person_derived),
        Held(Leader, Leader.person_id, "领导任职", lambda row: f"{row['post']} {row['starts_on']}"),
        Held(Substitute, Substitute.person_id, "代理", lambda row: f"{row['starts_on']} 至 {row['ends_on']}"),
    ),
    _person,
)
PHRASES = Family(
    "phrase",
    (Held(Phrase, Phrase.id, "常用语", lambda row: row["text"][:20], key=lambda row: row["id"]),),
    _phrase,
)
STAMPS = Family(
    "stamp",
    (
        Held(Stamp, Stamp.id, "印章和签名", lambda row: row["name"]),
        Held(StampUse, StampUse.stamp_id, "用印登记", lambda row: row["title"], key=lambda row: row["id"]),
    ),
    _stamp,
)
FAMILIES = (UNITS, PERSONS, PHRASES, STAMPS)
