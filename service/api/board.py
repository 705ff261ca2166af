"""The board (督办台, R1): all open steps by unit, stage and light, the steps behind the figures, operations on many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.records import Pages, Row, paged
from service.api.shapes import asks, page_of, wanted
from service.api.tasks import Task, task_rows
from service.config.supervision import SYSTEM
from service.http.context import actor, db, settings
from service.ledger import board as ledger
from service.ledger.board import LIGHTS, BoardFilter, board_rows, cells, parts, scope_of
from service.processes.stages import StageNames
from service.processes.wiring import wiring
from service.usecases import supervision
from service.usecases.case_papers import SHEET
from service.usecases.names import Names
from service.usecases.supervision import OPERATIONS, Batch, Order

calls = Calls(
    "board", "The board (督办台) of open steps by unit, stage and light; 催办 提请通报 签发 受理 领办 打印 of many"
)


class BoardCell(Schema):
    """How many open steps of a unit (of none: of a role) at a stage of a process show a light."""

    unit = Said(required=True, allow_none=True)
    unit_name = Said(required=True, allow_none=True)
    role = Said(required=True, allow_none=True, metadata={"description": "of steps that are of no unit"})
    role_name = Said(required=True, allow_none=True)
    process = Said(required=True)
    stage = Said(required=True, allow_none=True)
    stage_name = Said(required=True, allow_none=True)
    light = Choice(*LIGHTS, required=True)
    count = Whole(required=True)


class BoardLights(Schema):
    """All open steps by light."""

    red = Whole(required=True)
    yellow = Whole(required=True)
    green = Whole(required=True)
    grey = Whole(required=True)


class Board(Schema):
    """The figures as of today; ``cells`` add up to ``lights``."""

    on = Day(required=True)
    lights = Nested(BoardLights, required=True)
    cells = List(Nested(BoardCell), required=True)


class BoardTask(Task):
    """An open step. ``part`` is 主办 or 协办 of a unit in a round, ``days_left`` working days, negative when late."""

    part = Said(required=True, allow_none=True)
    days_left = Whole(required=True, allow_none=True)
    urges = Whole(required=True)


@asks(BoardFilter)
class BoardQuery(Pages):
    """Filters of the rows of the board."""


class BatchOrder(Body):
    """One operation on many steps. ``text``: the urge, the reason or the circular, with facts in braces."""

    operation = Choice(*OPERATIONS, required=True)
    tasks = List(Text(), required=True)
    text = Text(load_default="", longest=1000)
    channel = Text(load_default=SYSTEM, longest=16)
    paper = Text(load_default=SHEET, longest=60, metadata={"description": "the print template of what is printed"})


class BatchRow(Schema):
    """The outcome of one step: what was done with it, or why nothing was."""

    task = Id(required=True, allow_none=True)
    instance = Id(required=True, allow_none=True, attribute="case")
    done = Flag(required=True)
    said = Said(required=True)


class BatchResult(Schema):
    """An operation that was done, row by row in the order of asking."""

    id = Id(required=True)
    operation = Choice(*OPERATIONS, required=True)
    text = Said(required=True)
    channel = Said(required=True)
    by = Said(required=True)
    at = Moment(required=True)
    done = Whole(required=True, attribute="went")
    rows = List(Nested(BatchRow), required=True, attribute="outcomes")


@calls.get("/board", answer=Board, right=ledger.PAGE_RIGHT)
def board() -> Mapping[str, Any]:
    """The figures: of all units for who may see all, else of the caller's own."""
    today = clock.today()
    found = cells(db(), scope_of(db(), actor()), today)
    names, stages = Names(db()).learn(units=[one.unit for one in found]), StageNames(db())
    lights = dict.fromkeys(LIGHTS, 0)
    for one in found:
        lights[one.light] += one.count
    called = wiring(db()).role_name
    return {
        "on": today,
        "lights": lights,
        "cells": [
            Row(
                one,
                unit_name=names.known_unit(one.unit),
                role_name=called(one.role) or None,
                stage_name=stages.of(one.process, one.stage) or None,
            )
            for one in found
        ],
    }


@calls.get("/board/tasks", answer=page_of(BoardTask, "BoardTasks"), query=BoardQuery, right=ledger.PAGE_RIGHT)
def board_tasks(query: dict[str, Any]) -> Mapping[str, Any]:
    """The steps behind the figures, the most urgent first."""
    today, asked, scope = clock.today(), wanted(BoardFilter, query), scope_of(db(), actor())
    page = board_rows(db(), scope, cells(db(), scope, today), asked, today=today, **query)
    part, days = parts(db(), page.items), ledger.days_left(db(), page.items, today)
    rows = task_rows(db(), [(row, row.instance) for row in page.items])
    items = [
        Row(row, part=part.get(task.id), days_left=days[task.id], urges=task.urges)
        for row, task in zip(rows, page.items, strict=True)
    ]
    return {**paged(page), "items": items}


@calls.post("/board/operations", answer=BatchResult, body=BatchOrder, right=ledger.PAGE_RIGHT)
def carry_out(body: dict[str, Any]) -> Batch:
    """Does an operation with each of the steps, as it is done with one alone.

    A step that is refused keeps no other back: its row says why.
    """
    order = Order(body["operation"], body["tasks"], body["text"], body["channel"])
    return supervision.carry_out(db(), order, supervision=settings().supervision, actor=actor(), now=clock.now())


@calls.get("/board/results/<uuid:batch_id>", answer=BatchResult, right=ledger.PAGE_RIGHT)
def result(batch_id: UUID) -> Batch:
    """The outcome of an operation on many steps, for who did it."""
    return supervision.find_batch(db(), batch_id, actor())
