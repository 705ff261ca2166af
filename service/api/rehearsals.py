"""Rehearsals 试办: steps in, the state that they lead to out; nothing is kept between two calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.calls import Calls
from service.api.fields import Body, Day, Flag, Form, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.records import Row
from service.http.context import actor, settings, wired
from service.studio.trying import Tried, asked, tried
from service.usecases.studio import house_of, ready_to_try

calls = Calls("rehearsals", "Rehearsals 试办: a draft or a version run in memory, by its steps alone")


class Rehearsed(Body):
    """``draft``, or ``process`` with ``version`` (default: the newest). The rest is said as scenarios say it.

    A step is ``{do, unit?, by?, data?, fill?}``, ``{wait}``, ``{until}``, ``{message, data?}``, ``{answers}`` or
    ``{give_back, reason, from?, unit?, by?}``.
    """

    draft = Id(load_default=None, allow_none=True)
    process = Text(longest=64, load_default="")
    version = Whole(load_default=None, allow_none=True)
    starts = Text(longest=40, required=True)
    by = Text(longest=100)
    event = Text(longest=100)
    data = Form()
    answers = Form()
    fill = Flag()
    steps = List(Form(), load_default=list)


class RehearsedTask(Schema):
    """An open step of a rehearsal. ``label`` is how scenarios name it (``handle/edu``), ``unit`` the slot's or task's.

    ``explanation`` counts the days until it is due; ``prefill`` is what the form begins with.
    """

    task = Said(required=True)
    label = Said(required=True)
    name = Said(required=True)
    process = Said(required=True)
    stage = Said(required=True, allow_none=True)
    unit = Said(required=True, allow_none=True)
    slot = Said(required=True, allow_none=True)
    role = Said(required=True, allow_none=True)
    leader = Said(required=True, allow_none=True)
    due_on = Day(required=True, allow_none=True)
    warn_on = Day(required=True, allow_none=True)
    basis = Said(required=True, allow_none=True)
    explanation = Form(required=True, allow_none=True)
    light = Said(required=True)
    late_days = Whole(required=True)
    schema = Form(required=True)
    ui_schema = Form(required=True)
    prefill = Form(required=True)


class RehearsedStep(Schema):
    """A step that was done."""

    task = Said(required=True)
    label = Said(required=True)
    by = Said(required=True)
    at = Moment(required=True)
    due_on = Day(required=True, allow_none=True)
    late_days = Whole(required=True)


class RehearsedPlace(Schema):
    """A node that holds a token, or was passed (``source``: from where)."""

    process = Said(required=True)
    scope = Said(required=True)
    node = Said(required=True)
    source = Said(allow_none=True)


class RehearsedTimer(Schema):
    """A timer to come; ``of`` is the label of the task that it watches."""

    event = Said(required=True)
    name = Said(required=True)
    fire_at = Moment(required=True)
    of = Said(required=True, allow_none=True)


class RehearsedNotice(Schema):
    """A notice that would go out."""

    at = Moment(required=True)
    kind = Said(required=True)
    role = Said(required=True, allow_none=True)
    unit = Said(required=True, allow_none=True)
    of = Said(required=True, allow_none=True)
    text = Said(required=True)


class RehearsedRule(Schema):
    """A rule of a decision table that answered."""

    table = Said(required=True)
    rule = Said(required=True)


class RehearsedState(Schema):
    """Where the steps lead. ``end`` is the id of the end event, empty while the case runs."""

    now = Moment(required=True)
    open_tasks = List(Nested(RehearsedTask), required=True)
    done = List(Nested(RehearsedStep), required=True)
    marking = List(Nested(RehearsedPlace), required=True)
    path = List(Nested(RehearsedPlace), required=True)
    fired = List(Said(), required=True)
    timers = List(Nested(RehearsedTimer), required=True)
    messages = List(Said(), required=True)
    notices = List(Nested(RehearsedNotice), required=True)
    decided = List(Nested(RehearsedRule), required=True)
    data = Form(required=True)
    results = Form(required=True)
    end = Said(required=True)
    end_name = Said(required=True)


@calls.post("/rehearsals", answer=RehearsedState, body=Rehearsed, right="edit_definitions", apart=True)
def rehearse(body: dict[str, Any]) -> Mapping[str, Any]:
    """Takes the steps on a draft or a version and tells where they lead; 422 names the step that does not fit."""
    house = house_of(settings(), wired().organization)
    where = {name: body.pop(name) for name in ("draft", "process", "version")}
    made, calendar = ready_to_try(wired().database, house, **where, actor=actor())
    return state_of(tried(made, asked(body), house.plan, calendar))


def state_of(found: Tried) -> Mapping[str, Any]:
    """Where a rehearsal stands, as an answer."""
    state = found.state
    return {
        "now": state.now,
        "open_tasks": [
            Row(
                one.step,
                schema=one.schema,
                ui_schema=one.ui_schema,
                prefill=one.prefill,
                light=one.light,
                late_days=one.late_days,
            )
            for one in found.offered
        ],
        "done": state.done,
        "marking": [{"process": process, "scope": scope, "node": node} for process, scope, node in state.marking],
        "path": state.path,
        "fired": state.fired,
        "timers": state.timers,
        "messages": state.messages,
        "notices": state.notices,
        "decided": [{"table": table, "rule": rule} for table, rule in state.decided],
        "data": state.data,
        "results": state.results,
        "end": state.end,
        "end_name": state.end_name,
    }
