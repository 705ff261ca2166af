"""The first values of a form that the service works out (``x-fill``): a text in which expressions stand in braces.

Beside the data of the case an expression may name ``facts`` (the units, their dates, their answers), ``talent``
(whom the form picks, or whose the case is) and ``filler`` (who fills it in). The values are worked out when the page
is shown; what is sent is what a person has read and left, or changed, and the journal keeps both (ADR 0090). A field
on which a flow decides is never filled (``form-default``).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from service import clock, engine
from service.engine.comparing import as_text
from service.engine.expressions import readable
from service.people.queries import leader_posts
from service.processes.calendars import DayFunctions, current
from service.processes.facts import form_facts
from service.processes.forms import Form
from service.processes.models import UserTask
from service.processes.terms import FACTS, FILL, FILLER, TALENT
from service.processes.told_texts import expressions_in, is_single, told_text
from service.processes.wiring import wiring
from service.rights import Actor

TALENTS = "talents"

Functions = Mapping[str, Callable[..., Any]]


def proposed(
    session: Session, form: Form, data: Mapping[str, Any], actor: Actor, *, task: UserTask | None = None
) -> dict[str, Any]:
    """Field → its first value, of those that are known: from ``data`` of the case or of the form, and the facts.

    ``task`` is the open step whose form it is; None before a case has begun. Without a field that is filled no
    statement; each picked record in the values is one that there is and that the actor may know of.
    """
    texts = templates(form)
    if not texts:
        return {}
    asked = {name for text in texts.values() for one in expressions_in(text) for name in _names(one)}
    names = dict(data)
    if FACTS in asked:
        names[FACTS] = form_facts(session, task, actor, today=clock.today()) if task is not None else {}
    if TALENT in asked:
        names[TALENT] = _talent(session, form, data, actor)
    if FILLER in asked:
        names[FILLER] = _filler(session, actor)
    functions = DayFunctions(current(session), clock.now()).table()
    found = {}
    for name, text in texts.items():
        value = _value(text, form.fields[name], names, functions)
        if value not in (None, "", []):
            found[name] = value
    plan = wiring(session)
    for path, kind, key in list(form.references(found)):
        label = plan.references.get(kind)
        if label is None or label(session, key) is None or not plan.shown(session, kind, key, actor):
            found.pop(path.split("/")[2], None)
    return found


def templates(form: Form) -> dict[str, str]:
    """Field → what it is filled with."""
    return {name: text for name, schema in form.fields.items() if isinstance(text := schema.get(FILL), str)}


def _names(expression: str) -> set[str]:
    tree = readable(expression)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree is not None else set()


def _talent(session: Session, form: Form, data: Mapping[str, Any], actor: Actor) -> Mapping[str, Any]:
    """The facts about the talent whom the form picks, else of the case's."""
    picked = next((key for _, kind, key in form.references(data) if kind == TALENTS), data.get("talent_id"))
    told = wiring(session).told.get(TALENTS)
    return told(session, picked, actor) if told is not None and isinstance(picked, str) else {}


def _filler(session: Session, actor: Actor) -> Mapping[str, Any]:
    """The facts about who fills the form in."""
    posts = leader_posts(session, actor.person_id) if actor.person_id is not None else []
    leader = str(posts[0].id) if len(posts) == 1 else None
    return {"name": actor.name, "unit": actor.unit, "leader": leader}


def _value(text: str, schema: Mapping[str, Any], names: Mapping[str, Any], functions: Functions) -> Any:
    """A value of the field's type. One expression alone gives its own value; a text of which nothing is known, none."""
    inside = expressions_in(text)
    if is_single(text):
        value = _evaluated(inside[0], names, functions)
        if schema.get("type") == "array":
            return list(value) if isinstance(value, list | tuple) else None
        return _fitting(as_text(value), schema) if value is not None else None
    if inside and all(_evaluated(one, names, functions) in (None, "") for one in inside):
        return None
    return _fitting(told_text(text, names, functions), schema)


def _evaluated(expression: str, names: Mapping[str, Any], functions: Functions) -> Any:
    try:
        return engine.evaluate(expression, names, functions)
    except engine.ExpressionError:
        return None


def _fitting(text: str, schema: Mapping[str, Any]) -> str | None:
    """The text, where the field takes it; one that is too long is cut."""
    choices = [one.get("const") for one in schema.get("oneOf", ()) if isinstance(one, Mapping)]
    if choices and text not in choices:
        return None
    longest = schema.get("maxLength")
    if isinstance(longest, int) and len(text) > longest:
        return text[: longest - 1] + "…"
    return text
