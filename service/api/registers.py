"""The registers of supervision (W10): every urge (催办) with its receipt, every circular (通报)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.calls import Calls
from service.api.fields import Choice, Day, Flag, Id, List, Moment, Said, Schema, Whole
from service.api.records import Pages, Row, paged
from service.api.shapes import asks, page_of, wanted
from service.http.context import actor, db
from service.ledger.board import PAGE_RIGHT, scope_of
from service.ledger.circular_register import CircularFilter, Issued, search_circulars
from service.ledger.registers import RECEIPTS, Entry, UrgeFilter, search_urges
from service.processes.rules import one_line
from service.usecases.names import Names

calls = Calls("board", "The board (督办台): open steps by unit, stage and light; many at once", noun="registers")


class UrgeEntry(Schema):
    """An urge. ``number`` is null of those before urges were numbered; ``to`` is who had claimed the task, if anybody.

    ``receipt``: received, waiting, or answered before it was received.
    """

    number = Said(required=True, allow_none=True, attribute="urge.number")
    instance = Id(required=True, attribute="case.id")
    instance_number = Said(required=True, allow_none=True, attribute="case.number")
    title = Said(required=True, attribute="case.title")
    task = Id(required=True, attribute="urge.task_id")
    step = Said(required=True)
    n = Whole(required=True, attribute="urge.n")
    unit = Said(required=True, allow_none=True, attribute="urge.unit")
    unit_name = Said(required=True, allow_none=True)
    role = Said(required=True, allow_none=True, attribute="urge.role")
    to = Said(required=True, allow_none=True, attribute="urge.assignee")
    due_on = Day(required=True, allow_none=True, attribute="urge.due_on")
    channel = Said(required=True, attribute="urge.channel")
    by_hand = Flag(required=True, attribute="urge.by_hand")
    text = Said(required=True, attribute="urge.text")
    urged_at = Moment(required=True, attribute="urge.urged_at")
    urged_by = Said(required=True, attribute="urge.urged_by")
    receipt = Choice(*RECEIPTS, required=True)
    received_at = Moment(required=True, allow_none=True, attribute="urge.received_at")
    received_by = Said(required=True, allow_none=True, attribute="urge.received_by")


class CircularEntry(Schema):
    """A circular that was issued, the ``n``-th of its case. ``proposed_by`` is null where the clock proposed it."""

    number = Said(required=True)
    instance = Id(required=True, attribute="case.id")
    instance_number = Said(required=True, allow_none=True, attribute="case.number")
    title = Said(required=True, attribute="case.title")
    n = Whole(required=True)
    unit = Said(required=True)
    unit_name = Said(required=True, allow_none=True)
    text = Said(required=True)
    scope = Said(required=True, metadata={"description": "to whom it goes, in words"})
    proposed_by = Said(required=True, allow_none=True)
    reason = Said(required=True)
    approved_by = Said(required=True)
    issued_at = Moment(required=True)
    stands = Flag(required=True, metadata={"description": "whether its approval was not taken back"})
    prints = List(Moment(), required=True)
    perhaps = List(
        Moment(),
        required=True,
        metadata={"description": "prints in a batch that does not tell which of the case's circulars it was of"},
    )


@asks(UrgeFilter)
class UrgeQuery(Pages):
    """Filters of the register of urges."""


@asks(CircularFilter)
class CircularQuery(Pages):
    """Filters of the register of circulars."""


@calls.get("/urges", answer=page_of(UrgeEntry, "Urges"), query=UrgeQuery, right=PAGE_RIGHT)
def urges(query: dict[str, Any]) -> Mapping[str, Any]:
    """催办登记: the urges that I may see, the latest first."""
    page = search_urges(db(), scope_of(db(), actor()), wanted(UrgeFilter, query), **query)
    names = Names(db()).learn(units=[one.urge.unit for one in page.items])

    def row(one: Entry) -> Row:
        return Row(one, step=one_line(one.task.name), unit_name=names.known_unit(one.urge.unit))

    return paged(page, row)


@calls.get("/circulars", answer=page_of(CircularEntry, "Circulars"), query=CircularQuery, right=PAGE_RIGHT)
def circulars(query: dict[str, Any]) -> Mapping[str, Any]:
    """通报登记: the circulars that I may see, the latest first."""
    page = search_circulars(db(), scope_of(db(), actor()), wanted(CircularFilter, query), **query)
    names = Names(db()).learn(units=[one.unit for one in page.items])

    def row(one: Issued) -> Row:
        return Row(one, unit_name=names.known_unit(one.unit))

    return paged(page, row)
