"""The registry of talents: found as people type, added, changed, confirmed, approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import clock
from service import talents as registry
from service.api.calls import Calls
from service.api.fields import Body, Choice, Count, Day, Flag, Form, Id, List, Moment, Nested, Query, Said, Schema, Text
from service.api.records import RecordHistory, Row, Search, journal, paged, whole
from service.api.shapes import answers, asks, page_of, takes, wanted
from service.api.versions import Tagged, seen, tagged
from service.db.stretches import Place, Stretch
from service.http.context import actor, db
from service.liaisons import leaders_of, served_ids
from service.rights import may
from service.talents import FIELDS, Talent, TalentFilter
from service.talents.edits import talent_edits
from service.talents.fields import SOURCE
from service.usecases.talent_file import KINDS, file_of
from service.usecases.talents import update_talent

TAG, TAG_SAYS = "talents", "高层次人才信息库: talents and teams"

calls = Calls(TAG, TAG_SAYS)


class ServingLeader(Schema):
    """A leader who serves a talent today."""

    id = Id(required=True)
    name = Said(required=True)
    klass = Choice("A", "B", required=True, data_key="class", attribute="class")
    post = Said(required=True)


@answers(FIELDS)
class TalentItem(Schema):
    """A talent of the registry. Contact data are masked (``138****0000``) for who may not see them.

    ``leaders`` serve the talent today (联系关系), class A first; ``leader_id`` and ``leader_name`` are the first's.
    ``ineligible`` says why leaders may not be asked to serve the talent today; empty where they may.
    """

    id = Said(required=True)
    pinyin = Said(required=True)
    initials = Said(required=True)
    type_approved_on = Day(required=True, allow_none=True)
    employer_unit_name = Said(required=True, allow_none=True)
    confirmed_on = Day(required=True, allow_none=True)
    ineligible = List(Said(), required=True)
    leader_id = Said(required=True, allow_none=True)
    leader_name = Said(required=True, allow_none=True)
    leaders = List(Nested(ServingLeader), required=True)


class DuplicateItem(Schema):
    """Somebody in the registry who may be the same person, and ``why``."""

    id = Said(required=True)
    name = Said(required=True)
    employer = Said(required=True)
    active = Flag(required=True)
    why = Said(required=True)


@asks(TalentFilter)
class TalentQuery(Search):
    """Filters of the list of talents."""

    leader_id = Text(data_key="leader")


class DuplicateQuery(Query):
    """The data of somebody who is to be registered."""

    name = Text(required=True)
    id_tail = Text(load_default=None)
    employer = Text(load_default="")


@takes((*FIELDS, SOURCE), new=False)
class TalentChange(Body):
    """Fields of a talent. ``source`` names the report they come from; ``confirm_duplicate``: it is nobody else."""

    confirm_duplicate = Flag(load_default=False)


@takes(FIELDS, new=True)
class NewTalent(Body):
    """A new talent. 409 where somebody like that is there and ``confirm_duplicate`` does not say it is another."""

    confirm_duplicate = Flag(load_default=False)


class FileEntry(Schema):
    """An entry of a talent's file. ``at`` is null where the day alone is known.

    ``record`` is what it is about, where the reader may see that: ``{kind, id}``; of a file that is the attachment.
    """

    kind = Choice(*KINDS, required=True)
    on = Day(required=True)
    at = Moment(required=True, allow_none=True)
    title = Said(required=True)
    text = Said(required=True)
    facts = List(Said(), required=True)
    who = Said(required=True)
    late = Flag(required=True)
    record = Form(required=True, allow_none=True)


class TalentFile(Schema):
    """A stretch of a talent's file, the newest first. ``next`` is sent as ``after`` for the following one."""

    items = List(Nested(FileEntry), required=True)
    next = Said(required=True, allow_none=True)


class FileQuery(Query):
    """The part of the file: a kind, a period (both days included), after which place."""

    kind = Choice(*KINDS)
    since = Day()
    until = Day()
    after = Text()
    limit = Count(low=1, high=200, load_default=50)


class OnDay(Body):
    """The day of the operation; without it today."""

    on = Day(load_default=None)


@calls.get("/talents", answer=page_of(TalentItem, "Talents"), query=TalentQuery, right="view_talents")
def talents(query: dict[str, Any]) -> Mapping[str, Any]:
    """Talents by name, pinyin, initials, id or employer."""
    reader, leader_id, today = actor(), query.pop("leader_id", None), clock.today()
    among = served_ids(leader_id=leader_id, reader=reader) if leader_id is not None else None
    found = registry.search_talents(db(), wanted(TalentFilter, query), **query, among=among, reader=reader)
    leaders = leaders_of(db(), [talent.id for talent in found.items], today, reader)
    return paged(
        found,
        lambda talent: {
            **registry.visible(reader, talent, leaders[talent.id]),
            "ineligible": registry.eligibility(talent, today),
        },
    )


@calls.get(
    "/talents/duplicates", answer=page_of(DuplicateItem, "Duplicates"), query=DuplicateQuery, right="view_talents"
)
def duplicates(query: dict[str, Any]) -> Mapping[str, Any]:
    """Finds talents who may be the same person; ``id_tail`` counts for readers who see documents' last characters."""
    if not may(actor(), "view_talent_identity"):
        query["id_tail"] = None  # trying them all would tell what they are
    units = registry.units_shown(actor())
    found = [one for one in registry.duplicates(db(), **query) if units is None or one.talent.employer_unit in units]
    items = [Row(one.talent, why=one.why) for one in found]
    return whole(items)


@calls.get("/talents/<talent_id>", answer=TalentItem, right="view_talents")
def talent(talent_id: str) -> Tagged:
    """One talent."""
    found = registry.get_talent(db(), talent_id, actor())
    return tagged(_talent(found), talent_edits(found))


@calls.get("/talents/<talent_id>/history", answer=RecordHistory, right="view_talents")
def talent_history(talent_id: str) -> Mapping[str, Any]:
    """Every change of a talent's file: who, when, from which report."""
    found = registry.get_talent(db(), talent_id, actor())
    leaders = leaders_of(db(), [found.id], clock.today(), actor())[found.id]
    return journal(registry.file_history(db(), found, actor(), leaders))


@calls.get("/talents/<talent_id>/file", answer=TalentFile, query=FileQuery, right="view_talents")
def talent_file(query: dict[str, Any], talent_id: str) -> Mapping[str, Any]:
    """一人一档: contacts, notes, opinions, activities, matters, needs, changes, links and files as one list by time.

    Each reader is told what the lists of these records would tell; there is no count of all.
    """
    found = registry.get_talent(db(), talent_id, actor())
    after = Place.read(query["after"]) if query.get("after") else None
    wanted_part = Stretch(query["limit"], after, query.get("since"), query.get("until"))
    part = file_of(db(), found, actor(), wanted_part, query.get("kind"), kinds=False)
    items = [
        Row(one, record=dict(zip(("kind", "id"), one.record, strict=True)) if one.record[0] else None)
        for one in part.entries
    ]
    return {"items": items, "next": str(part.next) if part.next is not None else None}


@calls.post("/talents", answer=TalentItem, status=201, body=NewTalent, right="edit_talents")
def add_talent(body: dict[str, Any]) -> Mapping[str, Any]:
    """A new talent; 409 naming those who may be the same person, unless ``confirm_duplicate`` is said."""
    return _talent(registry.add_talent(db(), **body, actor=actor(), now=clock.now()))


@calls.patch("/talents/<talent_id>", answer=TalentItem, body=TalentChange, right="edit_talents")
def change_talent(body: dict[str, Any], talent_id: str) -> Tagged:
    """Changes a talent's file; ``active: false`` takes the talent off the lists, not out of history."""
    confirmed, source = body.pop("confirm_duplicate"), body.pop("source", None)
    changed, _ = update_talent(
        db(),
        talent_id=talent_id,
        changes=body,
        source=source,
        version=seen(),
        confirm_duplicate=confirmed,
        actor=actor(),
        now=clock.now(),
    )
    return tagged(_talent(changed), talent_edits(changed))


@calls.post("/talents/<talent_id>/approve", answer=TalentItem, body=OnDay, right="edit_talents")
def approve_type(body: dict[str, Any], talent_id: str) -> Mapping[str, Any]:
    """The Talent Office agrees that somebody is of the open-ended fifth group."""
    day = body["on"] or clock.today()
    approved = registry.approve_type(db(), talent_id=talent_id, approved_on=day, actor=actor(), now=clock.now())
    return _talent(approved)


@calls.post("/talents/<talent_id>/confirm", answer=TalentItem, body=OnDay)
def confirm_talent(body: dict[str, Any], talent_id: str) -> Mapping[str, Any]:
    """The file is right as of the day (R4)."""
    day = body["on"] or clock.today()
    return _talent(registry.confirm_talent(db(), talent_id=talent_id, on=day, actor=actor(), now=clock.now()))


def _talent(row: Talent) -> Mapping[str, Any]:
    today = clock.today()
    leaders = leaders_of(db(), [row.id], today, actor())[row.id]
    return {**registry.visible(actor(), row, leaders), "ineligible": registry.eligibility(row, today)}
