"""The message on a page where somebody else changed the record meanwhile: who, what, and that nothing typed is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from service.errors import Finding
from service.history import Later, Stale
from service.http.context import db
from service.usecases.names import Names
from service.web.present import moment

FIELD = "version"
"""The hidden field of every form that edits a record."""
LONGEST = 60


def version(fields: Mapping[str, Any]) -> int | None:
    """The version that a sent form was filled in on; ``None`` where it names none."""
    given = fields.get(FIELD)
    return int(given) if isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) < 10 else None


def findings(error: Stale, kept: Collection[str], words: Mapping[str, tuple[str, str]]) -> tuple[Finding, ...]:
    """One finding a field that changed meanwhile. ``kept`` are those in which the person's own text stays.

    ``words`` are the old and the new value of a field as the form says them.
    """
    names = Names(db()).learn([one.by for one in error.later.values()])
    return tuple(
        Finding(f"/{field}", _told(one, names.person(one.by), words.get(field), own=field in kept))
        for field, one in error.later.items()
    )


@contextmanager
def named(
    fields: Mapping[str, Any],
    prefix: str = "",
    *,
    values: Mapping[Any, str] | None = None,
    words: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Within the block a ``Stale`` names people by their names and fields as the page does, with ``prefix``.

    ``fields`` were sent: what nobody touched is told as taken over. ``values`` turns what the record holds into what
    the page sends, ``words`` that into what people read, and ``labels`` says what a field is where many are alike.
    """
    try:
        yield
    except Stale as error:
        sent_as, read_as, called = values or {}, words or {}, labels or {}
        later: dict[str, Later] = {}
        for name, one in error.later.items():
            was, now = (sent_as.get(value, "" if value is None else value) for value in (one.was, one.now))
            later[f"{prefix}{name}"] = replace(one, was=was, now=now)
        error.later = later
        kept = {name for name, one in later.items() if fields.get(name, "") not in (one.was, one.now)}
        told = {
            name: (read_as.get(str(one.was), str(one.was)), read_as.get(str(one.now), str(one.now)))
            for name, one in later.items()
        }
        error.findings = tuple(
            replace(one, message=f"{called[one.path[1:]]}：{one.message}") if one.path[1:] in called else one
            for one in findings(error, kept, told)
        )
        raise


def _told(one: Later, who: str, words: tuple[str, str] | None, *, own: bool) -> str:
    was, now = words if words is not None else (str(one.was or ""), str(one.now or ""))
    what = f"{who}于 {moment(one.at)} 把“{_short(was)}”改为“{_short(now)}”"
    return f"{what}；您填写的内容已保留，再次保存将以您的为准" if own else f"{what}，已采用"


def _short(text: str) -> str:
    return "空" if not text else text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
