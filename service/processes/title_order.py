"""The order of cases by their matter (需求): by its pinyin, whatever their numbers are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, case, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _Blank(FunctionElement[int]):
    """The place of the first blank in a text, 0 where it has none."""

    type = Integer()
    inherit_cache = True


@compiles(_Blank, "postgresql")
def _postgresql(element: _Blank, compiler: Any, **more: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **more)}, ' ')"


@compiles(_Blank, "sqlite")
def _sqlite(element: _Blank, compiler: Any, **more: Any) -> str:
    return f"instr({compiler.process(element.clauses, **more)}, ' ')"


LONG = 120
"""Characters of a matter's pinyin by which it is sorted: so many of any script has an index room for."""


def title_order(number: str | None, search_key: str) -> str:
    """The value of ``of_title``, of a row at hand."""
    matter = search_key.partition(" ")[2] if number is not None else search_key
    first, _, spelled = matter.partition(" ")
    return (spelled if " " in spelled else first)[:LONG]


def of_title(number: Any, search_key: Any) -> ColumnElement[str]:
    """The pinyin of a matter, as it begins, out of a search key: the number where there is one, the matter, its pinyin,
    its initials, each without blanks within. A matter in Latin letters is its own pinyin."""
    matter = case((number.is_not(None), _after(search_key)), else_=search_key)
    spelled = _after(matter)
    first: ColumnElement[str] = func.substr(matter, 1, _Blank(matter) - 1, type_=Text)
    whole = case((_Blank(spelled) > 0, spelled), (_Blank(matter) > 0, first), else_=matter)
    return func.substr(whole, 1, LONG, type_=Text)


def _after(text: Any) -> ColumnElement[str]:
    """The text after its first blank."""
    found: ColumnElement[str] = case(
        (_Blank(text) > 0, func.substr(text, _Blank(text) + 1, type_=Text)), else_=literal("", Text)
    )
    return found
