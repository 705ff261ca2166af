"""Texts of diagrams and forms that show what was counted: ``请在 {due_on} 前回复，共 {due_days} 个工作日``. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from service import engine
from service.engine.comparing import as_text
from service.engine.expressions import readable
from service.processes.forms import Form
from service.processes.told_fields import day_words
from service.workdays import Calendar

DUE_ON, DUE_DAYS = "due_on", "due_days"
"""The names that stand for a task's due date, and for the working days that it has from the day of entry."""
UNKNOWN = "——"
_BRACES = re.compile(r"\{([^{}\n]{1,200})\}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SHOWN = ("description", "ui:description", "ui:help", "ui:placeholder")
"""The words of a form whose texts may show values."""


def expressions_in(text: str) -> list[str]:
    """The expressions that a text shows; braces around anything else are braces."""
    return [found.strip() for found in _BRACES.findall(text) if _is_expression(found)]


def is_single(text: str) -> bool:
    """Whether a text is one expression in braces and nothing else."""
    bare = text.strip()
    return len(expressions_in(text)) == 1 and bare.startswith("{") and bare.find("}") == len(bare) - 1


def told_text(text: str, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> str:
    """The text with each expression in braces replaced by its value; —— for a value that there is not."""

    def said(found: re.Match[str]) -> str:
        return _value(found[1], names, functions) if _is_expression(found[1]) else found[0]

    return _BRACES.sub(said, text)


def day_facts(due_on: date | None, entered_on: date, calendar: Calendar) -> dict[str, Any]:
    """``due_on`` (ISO text) and ``due_days`` of a task that was entered on a day; nothing without a due date."""
    if due_on is None:
        return {}
    return {DUE_ON: due_on.isoformat(), DUE_DAYS: calendar.between(entered_on, due_on)}


def told_form(
    form: Form, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The form's schema and ui schema with the values in their help texts."""
    schemas = form.schema, form.ui_schema
    if form.undrawable or not any(_BRACES.search(text) for part in schemas for _, text in texts_of(part)):
        return schemas
    return _told(form.schema, names, functions), _told(form.ui_schema, names, functions)


def texts_of(part: Any) -> Iterator[tuple[str, str]]:
    """(word, text) of each help text in a schema."""
    if isinstance(part, Mapping):
        for word, value in part.items():
            if word in _SHOWN and isinstance(value, str):
                yield word, value
            else:
                yield from texts_of(value)
    elif isinstance(part, list):
        for value in part:
            yield from texts_of(value)


def _told(part: Any, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    if isinstance(part, Mapping):
        return {
            word: told_text(value, names, functions)
            if word in _SHOWN and isinstance(value, str)
            else _told(value, names, functions)
            for word, value in part.items()
        }
    return [_told(value, names, functions) for value in part] if isinstance(part, list) else part


@lru_cache(maxsize=1024)
def _is_expression(text: str) -> bool:
    return readable(text) is not None


def _value(expression: str, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> str:
    try:
        said = as_text(engine.evaluate(expression, names, functions))
    except engine.ExpressionError:
        return UNKNOWN
    return (day_words(said) if _DAY.fullmatch(said) else said) or UNKNOWN
