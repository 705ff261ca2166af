"""The part of the page 回测 in which an owner supposes answers to new steps and fields: shown, and read as sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.errors import Finding, Invalid
from service.processes.rules import one_line
from service.studio.supposing import DAYS, MOST, Fresh, Suppositions

USE, AFTER, FIELD, AS_MOST = "suppose:", "days:", "answer:", "most:"
"""The beginnings of the names of inputs, before ``process/step`` (and ``/field``)."""
CHOICE, NUMBER, DATE, TEXT, OTHER = "choice", "number", "date", "text", "other"
USUAL_DAYS = 1


@dataclass(frozen=True, slots=True)
class Question:
    """A new field as the page asks for it: ``kind`` of input, ``options`` (value as sent, words) of a choice, the
    ``value`` that stands in it, and whether it is to be as most people answered (``most``)."""

    name: str
    title: str
    kind: str
    must: bool
    options: Sequence[tuple[str, str]]
    value: str
    most: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A new step, or a form of before with new fields: ``key`` is ``process/step``, ``days`` None for the latter."""

    key: str
    name: str
    step: bool
    used: bool
    days: int | None
    questions: Sequence[Question]


def asked(found: Iterable[Fresh], supposing: Suppositions) -> Iterator[Asked]:
    """The questions of the page, with what was answered to them last."""
    for one in found:
        told = supposing.steps.get(one.task)
        data = told.data if told is not None else {}
        questions = [_question(*each, data) for each in one.fields]
        days = (told.days if told is not None and told.days is not None else USUAL_DAYS) if one.step else None
        yield Asked("/".join(one.task), one.name, one.step, told is not None, days, questions)


def read(fields: Mapping[str, Any], found: Iterable[Fresh]) -> Suppositions:
    """The suppositions that a page has sent. Raises Invalid, naming the step and the field."""
    said: dict[str, Any] = {}
    findings: list[Finding] = []
    for one in found:
        key = "/".join(one.task)
        if fields.get(f"{USE}{key}") != "yes":
            continue
        said[key] = {"data": _answers(fields, one, key, findings)}
        if one.step:
            days = str(fields.get(f"{AFTER}{key}") or "0").strip()
            if days.isdecimal():
                said[key]["days"] = int(days)
            else:
                findings.append(Finding(f"/{AFTER}{key}", f"「{one.name}」几个工作日后办，应填整数"))
    if findings:
        raise Invalid(f"设想有 {len(findings)} 处需要修改", findings)
    return Suppositions.read(said)


def _answers(fields: Mapping[str, Any], one: Fresh, key: str, findings: list[Finding]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, schema, _must in one.fields:
        text = str(fields.get(f"{FIELD}{key}/{name}") or "").strip()
        if fields.get(f"{AS_MOST}{key}/{name}") == "yes" or text == MOST:
            data[name] = MOST
        elif text:
            try:
                data[name] = _value(schema, text)
            except ValueError:
                title = one_line(schema.get("title") or name)
                findings.append(Finding(f"/{FIELD}{key}/{name}", f"「{one.name}」的「{title}」应填数字"))
    return data


def _question(name: str, schema: Mapping[str, Any], must: bool, data: Mapping[str, Any]) -> Question:
    kind, options = _kind(schema), tuple(_options(schema))
    given = data.get(name)
    most = given == MOST
    if given is None:
        value = options[0][0] if options and must else ""
    elif isinstance(given, Mapping):
        value = str(given.get(DAYS, ""))
    elif isinstance(given, bool):
        value = "true" if given else "false"
    else:
        value = "" if most else str(given)
    return Question(name, one_line(schema.get("title") or name), kind, must, options, value, most)


def _kind(schema: Mapping[str, Any]) -> str:
    if schema.get("oneOf") or schema.get("enum") or schema.get("type") == "boolean":
        return CHOICE
    if schema.get("type") in ("integer", "number"):
        return NUMBER
    if schema.get("type") in ("array", "object") or schema.get("x-ref"):
        return OTHER
    return DATE if schema.get("format") == "date" else TEXT


def _options(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if schema.get("type") == "boolean":
        yield from (("true", "是"), ("false", "否"))
    for one in schema.get("oneOf") or ():
        if isinstance(one, Mapping) and "const" in one:
            yield str(one["const"]), str(one.get("title") or one["const"])
    yield from ((str(one), str(one)) for one in schema.get("enum") or ())


def _value(schema: Mapping[str, Any], text: str) -> Any:
    """The value for which a text of the page stands. Raises ValueError."""
    kind = _kind(schema)
    if schema.get("type") == "boolean":
        return text == "true"
    if kind == DATE:
        return {DAYS: int(text)}
    if kind == NUMBER:
        return int(text) if schema.get("type") == "integer" else float(text)
    if kind == CHOICE:
        known = [one.get("const") for one in schema.get("oneOf") or () if isinstance(one, Mapping)]
        return next((one for one in (*known, *(schema.get("enum") or ())) if str(one) == text), text)
    return text
