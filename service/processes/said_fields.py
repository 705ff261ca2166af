"""Fields of the forms of steps as columns of cases: a condition and an order, as of any day (R2).

The column of a case is what each unit (each scope) that took the step said last, up to the end of the day. Today the
rows of done tasks tell it. Of a past day they do as well, but for cases in which somebody took a step back since then:
of these the journal is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    ScalarSelect,
    Select,
    String,
    Uuid,
    and_,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from service import clock
from service.errors import Finding, Invalid
from service.history import HistoryEvent
from service.people.models import Leader, Person, Unit
from service.people.past import unit_names_then
from service.processes.bundles import compiled
from service.processes.models import DONE, Definition, Instance, UserTask
from service.processes.past import is_past, taken_back_after
from service.processes.rules import NEED, one_line
from service.processes.wiring import Wiring, wiring

CONTAINS, EQUALS, EMPTY, FILLED = "contains", "equals", "empty", "filled"
HOW: Mapping[str, str] = {CONTAINS: "包含", EQUALS: "等于", EMPTY: "未填写", FILLED: "已填写"}
"""How a column is asked, in words."""
_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
_DAY = re.compile(r"(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})日)?)?")


@dataclass(frozen=True, slots=True)
class SaidColumn:
    """A field of a step's form: how the column is called, and the field's schema. Private fields are none."""

    key: str
    title: str
    schema: Mapping[str, Any] = field(hash=False, compare=False)


def said_columns(session: Session) -> dict[str, SaidColumn]:
    """The columns by key (``<step>.<field>``), those of the newest version first; one statement, and one for each
    version that this process has not read yet."""
    versions = select(Definition.digest).where(Definition.key == NEED).order_by(Definition.version.desc())
    private = wiring(session).private.fields
    found: dict[str, SaidColumn] = {}
    for digest in dict.fromkeys(session.scalars(versions)):
        made = compiled(session, digest, NEED)
        for (process, task), info in made.program.user_tasks.items():
            for name, schema in made.form_of(process, task).fields.items():
                if name not in private and name not in made.private:
                    title = f"{one_line(info.name)}·{schema.get('title') or name}"
                    found.setdefault(f"{task}.{name}", SaidColumn(f"{task}.{name}", title, schema))
    return found


def column_named(session: Session, key: str, place: str) -> SaidColumn:
    """The column of this key. Raises Invalid at ``place`` where no form has it, or the field is private."""
    found = said_columns(session).get(key)
    if found is None:
        raise Invalid("不能这样筛选", [Finding(f"/{place}", f"表单里没有“{key[:40]}”这一项，请在页面上选择")])
    return found


# --- The condition ---------------------------------------------------------------------------------------------------


def where_said(session: Session, key: str, how: str | None, text: str | None, on: date) -> list[ColumnElement[bool]]:
    """The cases in whose column ``key`` something stands at the end of a day: a text within it or alone in it (of
    several values one of them), something, or nothing. Without a text nothing is asked.

    Upper and lower case are alike where something is contained. Raises Invalid that names the part of the question.
    """
    column = column_named(session, key, "said")
    how, text = how or CONTAINS, (text or "").strip()
    if how not in HOW:
        raise Invalid("不能这样筛选", [Finding("/said_is", "可用：" + "、".join(HOW))])
    if how in (EMPTY, FILLED):
        some = _anywhere(column, on, _filled)
        return [some if how == FILLED else ~some]
    if not text:
        return []
    fits = _fitting(session, column, how, text, on)
    return [_anywhere(column, on, fits) if fits is not None else false()]


_Test = Callable[[Any], ColumnElement[bool]]


def _filled(value: Any) -> ColumnElement[bool]:
    return _text(value).not_in(("", "[]"))


def _text(value: Any) -> ColumnElement[str]:
    """A value as text, a number too, which SQLite else compares with no text."""
    return cast(value.as_string(), String)


def _fitting(session: Session, column: SaidColumn, how: str, text: str, on: date) -> _Test | None:
    """The test of a value, by the kind of the field; None: no value can pass."""
    schema, several = column.schema, column.schema.get("type") == "array"
    one = schema.get("items", {}) if several else schema
    words = _words(session, column, one, on)
    if "\x00" in text:
        return None
    if words is not None:
        codes = [code for code, word in words.items() if (text == word if how == EQUALS else _within(text, word))]
        if not codes:
            return None
        if several:
            return lambda value: or_(*(_text(value).contains(f'"{code}"', autoescape=True) for code in codes))
        return lambda value: _text(value).in_(codes)
    if several or one.get("type") == "object" or one.get("x-ref"):
        raise Invalid("不能这样筛选", [Finding("/said_is", f"“{column.title}”只能按“已填写”或“未填写”筛选")])
    if one.get("type") == "boolean":
        same = {"是": ("true", "1"), "否": ("false", "0")}.get(text, ())
        return lambda value: _text(value).in_(same)
    if one.get("type") in ("number", "integer"):
        try:
            number = float(text)
        except ValueError:
            raise Invalid("不能这样筛选", [Finding("/said_text", f"“{column.title}”应是数字")]) from None
        return lambda value: _text(value).in_((text, f"{number:g}", str(number)))
    if one.get("format") == "date":
        text = _DAY.sub(lambda found: "-".join(part.zfill(2) for part in found.groups() if part), text)
    if how == EQUALS:
        return lambda value: func.trim(_text(value)) == text
    return lambda value: func.lower(_text(value)).contains(text.lower(), autoescape=True)


def _within(text: str, word: str) -> bool:
    return text.lower() in word.lower()


def _words(session: Session, column: SaidColumn, one: Mapping[str, Any], on: date) -> Mapping[str, str] | None:
    """The words of the codes that a field takes; None where it takes no codes."""
    if options := [option for option in one.get("oneOf", ()) if isinstance(option.get("const"), str)]:
        return {option["const"]: str(option.get("title") or option["const"]) for option in options}
    if one.get("x-ref") == "units":
        return unit_names_then(session, on)
    if one.get("x-ref") == "leaders" and column.schema.get("type") != "array":
        people = select(Leader.id, Person.name).join(Person, Leader.person_id == Person.id)
        return {str(key): name for key, name in session.execute(people)}
    return None


def _anywhere(column: SaidColumn, on: date, test: _Test) -> ColumnElement[bool]:
    return or_(*(and_(asked, some.where(test(value)).exists()) for asked, some, value in _last_said(column, on)))


# --- The order -------------------------------------------------------------------------------------------------------


def order_said(session: Session, key: str, on: date, plan: Wiring) -> ColumnElement[Any]:
    """The value by which cases are sorted in the column ``key``: what was said last of all, a choice by its place on
    the list, a unit or a person by its pinyin, a text as it stands. Raises Invalid for a column that there is not."""
    column = column_named(session, key, "sort_said")
    return case(*((asked, _newest(some, value, column, plan)) for asked, some, value in _last_said(column, on)))


def _newest(some: Select[Any], value: Any, column: SaidColumn, plan: Wiring) -> ScalarSelect[Any]:
    seq = some.selected_columns[0]
    told = some.with_only_columns(_sorting(value, column.schema, plan), maintain_column_froms=True)
    return told.where(_filled(value)).order_by(seq.desc()).limit(1).scalar_subquery()


def _sorting(value: Any, schema: Mapping[str, Any], plan: Wiring) -> ColumnElement[Any]:
    text = _text(value)
    consts = [option.get("const") for option in schema.get("oneOf", ())]
    if consts and all(isinstance(one, str) for one in consts):
        return case({one: place for place, one in enumerate(consts)}, value=text, else_=len(consts))
    if schema.get("type") in ("number", "integer"):
        return case((_text(value).regexp_match(_NUMBER), cast(_text(value), Float)))
    of = {"units": of_unit, "leaders": of_leader, "talents": plan.spelled}.get(schema.get("x-ref", ""))
    return of(text) if of is not None else text


def of_unit(code: Any) -> ColumnElement[Any]:
    """The pinyin of a unit by its code."""
    return select(Unit.pinyin).where(Unit.code == code).scalar_subquery()


def of_leader(leader_id: Any) -> ColumnElement[Any]:
    """The pinyin of a leader by the id, which cases keep as text."""
    key = cast(func.replace(leader_id, "-", ""), Uuid)
    return select(Person.pinyin).join(Leader, Leader.person_id == Person.id).where(Leader.id == key).scalar_subquery()


# --- What was said last ----------------------------------------------------------------------------------------------


def _last_said(column: SaidColumn, on: date) -> Iterator[tuple[ColumnElement[bool], Select[Any], Any]]:
    """For the ``Instance`` of the statement around: the cases of which it is told, the answers that each scope gave
    last (seq), and their value."""
    step, _, name = column.key.partition(".")
    row, later = aliased(UserTask), aliased(UserTask)
    past = is_past(on)

    def done(task: Any) -> ColumnElement[bool]:
        told = and_(task.status == DONE, task.task == step, task.submitted[name].as_string().is_not(None))
        return and_(told, task.completed_at < clock.end_of(on)) if past else told

    again = and_(later.instance_id == row.instance_id, later.scope == row.scope, done(later))
    newer = select(later.id).where(again, later.completed_seq > row.completed_seq).exists()
    own = select(row.completed_seq).where(row.instance_id == Instance.id, done(row), ~newer).correlate(Instance)
    if not past:
        yield true(), own, row.submitted[name]
        return
    changed = _stream().in_(taken_back_after(clock.end_of(on)).correlate(None))
    yield ~changed, own, row.submitted[name]
    said, told_by = _journaled(step, name, on)
    after, others = _journaled(step, name, on)
    seq, scope, other = said.selected_columns[0], _scope(told_by), _scope(others)
    second = after.where(other == scope, after.selected_columns[0] > seq).correlate(Instance, *told_by)
    yield changed, said.where(~second.exists()).correlate(Instance), said.selected_columns[1]


def _journaled(step: str, name: str, on: date) -> tuple[Select[Any], tuple[Any, Any]]:
    """The answers of a step in the journal of the case that stood at the end of a day (seq, value), and of which event
    and task."""
    event, back, task = aliased(HistoryEvent), aliased(HistoryEvent), aliased(UserTask)
    end, value = clock.end_of(on), event.data[("data", name)]
    undone = select(back.seq).where(back.stream == event.stream, _kind(back) == "taken_back", back.at < end)
    undone = undone.where(back.data["input"].as_integer() == event.seq)
    told = select(event.seq, value).outerjoin(task, task.id == cast(func.replace(event.task, "-", ""), Uuid))
    told = told.where(event.stream == _stream(), _kind(event) == "completed", event.at < end)
    told = told.where(event.data["step"].as_string() == step, value.as_string().is_not(None), ~undone.exists())
    return told, (event, task)


def _scope(told_by: tuple[Any, Any]) -> ColumnElement[str]:
    found: ColumnElement[str] = func.coalesce(told_by[1].scope, "")
    return found


def _kind(event: Any) -> ColumnElement[str]:
    """The kind of an event of one stream: SQLite is kept from looking for it among all events of the kind."""
    found: ColumnElement[str] = event.kind.concat("")
    return found


def _stream() -> ColumnElement[str]:
    """The stream of the ``Instance`` around, as either database keeps ids."""
    digits = func.replace(cast(Instance.id, String), "-", "")
    parts = [func.substr(digits, at, long) for at, long in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
    found: ColumnElement[str] = literal_column("'instance:'")
    for place, part in enumerate(parts):
        found = found.concat(part) if not place else found.concat("-").concat(part)
    return found
