"""Fields of the forms of steps as columns of cases: a condition and an order, as of any day (R2).

The column of a case is what each unit (each scope) that took the step said last, up to the end of the day. Today the
rows of done tasks tell it. Of a past day they do as well, but for cases in which somebody took a step back since then:
of these the journal is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from service import clock
from service.db.memory import remembered
from service.errors import Finding, Invalid
from service.history import HistoryEvent
from service.people.models import Leader, Person, Unit
from service.people.past import unit_names_then
from service.processes.bundles import compiled
from service.processes.models import DONE, Definition, Instance, UserTask
from service.processes.past import is_past, taken_back_after
from service.processes.rules import NEED, one_line
from service.processes.said_folding import LONG, MORE, number_key, text_key
from service.processes.wiring import Wiring, wiring

CONTAINS, EQUALS, EMPTY, FILLED = "contains", "equals", "empty", "filled"
HOW: Mapping[str, str] = {CONTAINS: "包含", EQUALS: "等于", EMPTY: "未填写", FILLED: "已填写"}
"""How a column is asked, in words."""
_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
_DAY = re.compile(r"(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})日)?)?")


@dataclass(frozen=True, slots=True)
class SaidColumn:
    """A field of a step's form: how the column is called, and the field's schema. Private fields are none; ``hidden``
    are the digests of versions in which it is private."""

    key: str
    title: str
    schema: Mapping[str, Any] = field(hash=False, compare=False)
    hidden: tuple[str, ...] = ()


def said_columns(session: Session) -> dict[str, SaidColumn]:
    """The columns by key (``<step>.<field>``), those of the newest version first; one statement a transaction, and one
    for each version that this process has not read yet."""
    return dict(remembered(session, said_columns, lambda: _columns(session)))


def _columns(session: Session) -> Mapping[str, SaidColumn]:
    versions = select(Definition.digest).where(Definition.key == NEED).order_by(Definition.version.desc())
    private = wiring(session).private.fields
    found: dict[str, SaidColumn] = {}
    every = {digest: compiled(session, digest, NEED) for digest in session.scalars(versions)}
    for made in every.values():
        for (process, task), info in made.program.user_tasks.items():
            for name, schema in made.form_of(process, task).fields.items():
                if name not in private and name not in made.private:
                    title = f"{one_line(info.name)}·{schema.get('title') or name}"
                    hidden = tuple(digest for digest, other in every.items() if name in other.private)
                    found.setdefault(f"{task}.{name}", SaidColumn(f"{task}.{name}", title, schema, hidden))
    return found


def column_named(session: Session, key: str, place: str) -> SaidColumn:
    """The column of this key. Raises Invalid at ``place`` where no form has it, or the field is private."""
    found = said_columns(session).get(key)
    if found is None:
        raise Invalid("不能这样筛选", [Finding(f"/{place}", f"表单里没有“{key[:40]}”这一项，请在页面上选择")])
    return found


# --- The condition ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a column: ``how`` it is asked, and what a value must be where a text is asked for."""

    column: SaidColumn
    how: str
    fits: Fit | None = None


def asked_of(session: Session, key: str, how: str | None, text: str | None, on: date) -> Asked | None:
    """The question whether in the column ``key`` something stands at the end of a day: a text within it or alone in it
    (of several values one of them), something, or nothing. None where nothing is asked, without a text.

    Upper and lower case are alike where something is contained. Raises Invalid that names the part of the question.
    """
    column = column_named(session, key, "said")
    how, text = how or CONTAINS, (text or "").strip()
    if how not in HOW:
        raise Invalid("不能这样筛选", [Finding("/said_is", "可用：" + "、".join(HOW))])
    if how in (EMPTY, FILLED):
        return Asked(column, how)
    return Asked(column, how, _fitting(session, column, how, text, on)) if text else None


def where_said(asked: Asked, on: date) -> ColumnElement[bool]:
    """The cases that a question finds, by what the rows of each one's tasks, or its journal, say."""
    if asked.how in (EMPTY, FILLED):
        some = _anywhere(asked.column, on, _filled)
        return some if asked.how == FILLED else ~some
    return _anywhere(asked.column, on, asked.fits.each) if asked.fits is not None else false()


@dataclass(frozen=True, slots=True)
class Fit:
    """The test of a value: one of ``codes``, one of ``texts`` that stand alone, or a text in which ``within`` stands.
    ``several``: the codes are asked of the members of a list. ``keys`` are those of the values that fit (``CaseSaid``),
    but for ``within``."""

    codes: Sequence[str] = ()
    texts: Sequence[str] = ()
    within: str | None = None
    several: bool = False
    keys: Sequence[str] = ()

    def each(self, value: Any) -> ColumnElement[bool]:
        """The condition of a value as forms said it."""
        text = _text(value)
        if self.within is not None:
            return func.lower(text).contains(self.within, autoescape=True)
        if self.several:
            return or_(*(text.contains(f'"{code}"', autoescape=True) for code in self.codes))
        return text.in_(self.codes) if self.codes else func.trim(text).in_(self.texts)


def _filled(value: Any) -> ColumnElement[bool]:
    return _text(value).not_in(("", "[]"))


def _text(value: Any) -> ColumnElement[str]:
    """A value as text, a number too, which SQLite else compares with no text."""
    return cast(value.as_string(), String)


def _fitting(session: Session, column: SaidColumn, how: str, text: str, on: date) -> Fit | None:
    """The test of a value, by the kind of the field; None: no value can pass."""
    schema, several = column.schema, column.schema.get("type") == "array"
    one = schema.get("items", {}) if several else schema
    words = _words(session, column, one, on)
    if "\x00" in text:
        return None
    if words is not None:
        codes = [code for code, word in words.items() if (text == word if how == EQUALS else _within(text, word))]
        return Fit(codes, several=several, keys=[text_key(code) for code in codes]) if codes else None
    if several or one.get("type") == "object" or one.get("x-ref"):
        raise Invalid("不能这样筛选", [Finding("/said_is", f"“{column.title}”只能按“已填写”或“未填写”筛选")])
    if one.get("type") == "boolean":
        same = {"是": ("true", "1"), "否": ("false", "0")}.get(text, ())
        return Fit(same, keys=same[:1]) if same else None
    if one.get("type") in ("number", "integer"):
        try:
            number = float(text)
        except ValueError:
            raise Invalid("不能这样筛选", [Finding("/said_text", f"“{column.title}”应是数字")]) from None
        ways = (text, f"{number:g}", str(number))
        return Fit(ways, keys=(number_key(number), *ways))
    if one.get("format") == "date":
        text = _DAY.sub(lambda found: "-".join(part.zfill(2) for part in found.groups() if part), text)
    if how == EQUALS:
        return Fit(texts=[text], keys=[text_key(text)])
    return Fit(within=text.lower())


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


def _anywhere(column: SaidColumn, on: date, test: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    return or_(*(and_(asked, some.where(test(value)).exists()) for asked, some, value in _last_said(column, on)))


# --- The order -------------------------------------------------------------------------------------------------------


def order_said(column: SaidColumn, on: date, plan: Wiring) -> ColumnElement[Any]:
    """The value by which cases are sorted in a column: what was said last of all, a choice by its place on the list, a
    unit or a person by its pinyin, a number as such, a text by how it begins; of a list its first member tells."""
    return case(*((asked, _newest(some, value, column, plan)) for asked, some, value in _last_said(column, on)))


def _newest(some: Select[Any], value: Any, column: SaidColumn, plan: Wiring) -> ScalarSelect[Any]:
    seq = some.selected_columns[0]
    first = _text(value[0]) if column.schema.get("type") == "array" else _text(value)
    told = some.with_only_columns(sorting(first, column.schema, plan), maintain_column_froms=True)
    return told.where(_filled(value)).order_by(seq.desc()).limit(1).scalar_subquery()


def sorting(text: ColumnElement[str], schema: Mapping[str, Any], plan: Wiring) -> ColumnElement[Any]:
    """The value by which a text that was said in a field is sorted."""
    one = schema.get("items", {}) if schema.get("type") == "array" else schema
    if one.get("type") == "object":
        return literal("")
    if choices := choices_of(schema):
        return case({choice: place for place, choice in enumerate(choices)}, value=text, else_=len(choices))
    if one.get("type") == "boolean":
        return case((text.in_(("true", "1")), 1), (text.in_(("false", "0")), 0))
    if one.get("type") in ("number", "integer"):
        return case((text.regexp_match(_NUMBER), cast(text, Float)))
    of = {"units": of_unit, "leaders": of_leader, "talents": plan.spelled}.get(one.get("x-ref", ""))
    if of is not None:
        return of(text)
    bare: ColumnElement[str] = func.trim(text, type_=String)
    return case((func.length(bare) > LONG, func.substr(bare, 1, LONG, type_=String).concat(MORE)), else_=bare)


def choices_of(schema: Mapping[str, Any]) -> list[str]:
    """The codes of a field that is chosen from a list, in its order; none of another."""
    one = schema.get("items", {}) if schema.get("type") == "array" else schema
    consts = [option.get("const") for option in one.get("oneOf", ())]
    return consts if all(isinstance(const, str) for const in consts) else []


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
    shown = Instance.digest.not_in(column.hidden) if column.hidden else true()
    if not past:
        yield shown, own, row.submitted[name]
        return
    changed = _stream().in_(taken_back_after(clock.end_of(on)).correlate(None))
    yield and_(shown, ~changed), own, row.submitted[name]
    said, told_by = _journaled(step, name, on)
    after, others = _journaled(step, name, on)
    seq, scope, other = said.selected_columns[0], _scope(told_by), _scope(others)
    second = after.where(other == scope, after.selected_columns[0] > seq).correlate(Instance, *told_by)
    yield and_(shown, changed), said.where(~second.exists()).correlate(Instance), said.selected_columns[1]


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
