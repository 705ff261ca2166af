"""Templates that owners change are rendered in a process of their own, with little time and memory."""

from __future__ import annotations

import pickle
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.documents import press
from service.documents.pdf import Printed
from service.documents.text import printable
from service.documents.type import unprintable
from service.errors import Busy, Conflict, Finding, Incident, Invalid, NotFound

SECONDS, MEMORY = 15, 1_200_000_000
"""The processor's time and the bytes of memory of one rendering: the type alone takes 300 MB."""
WALL_SECONDS, PATIENCE_SECONDS = 30, 20
MOST_PAGES = 8
"""Pages that are shown; a paper may have more."""
MOST_PRINTED = 500
"""Pages of a paper that is printed: no case fills as many, a template that repeats itself does."""
PRINTED_AT_ONCE = 2

WORD = "docx"
"""Asks the process for a Word file instead of pages or a PDF."""

_slot = threading.BoundedSemaphore(1)
_printing = threading.BoundedSemaphore(PRINTED_AT_ONCE)
_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper to be rendered: the template ``name`` among ``files``, on ``data``."""

    files: Mapping[str, bytes]
    name: str
    data: Mapping[str, Any]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """The pages (PNG), at most ``MOST_PAGES`` of ``count``; ``pdf`` is the whole paper where it was asked for."""

    pages: tuple[bytes, ...] = ()
    count: int = 0
    pdf: bytes = b""


def print_apart(draft: Draft) -> Printed:
    """The PDF of a paper that somebody prints. Not to be called with an open transaction: it takes seconds.

    Raises Invalid for too much text, Incident where the template fails or takes too much, Busy while others print.
    """
    missing = unprintable(printable(dict(draft.data)))
    if not _printing.acquire(timeout=PATIENCE_SECONDS):
        raise Busy("正在打印的人较多，请稍后再试")
    try:
        made = _rendered(draft, missing, pdf=True).pdf
    except Invalid as error:
        why = "；".join(one.message for one in error.findings)
        raise Incident(f"打印模板 {draft.name}.typ 印不出来：{why}。请联系流程管理员修改打印模板") from error
    finally:
        _printing.release()
    return Printed(made, missing)


def word_apart(draft: Draft) -> Printed:
    """The Word file of a paper, by the template ``name``.docx. Not to be called with an open transaction.

    Raises NotFound where the version has no such template, Incident where it fails or takes too much, Busy as
    ``print_apart``.
    """
    if f"{draft.name}.docx" not in draft.files:
        raise NotFound("这份文书没有 Word 模板")
    if not _printing.acquire(timeout=PATIENCE_SECONDS):
        raise Busy("正在打印的人较多，请稍后再试")
    try:
        return Printed(_rendered(draft, (), pdf=WORD).pdf)
    except Invalid as error:
        why = "；".join(one.message for one in error.findings)
        raise Incident(f"Word 模板 {draft.name}.docx 用不了：{why}。请联系流程管理员修改") from error
    finally:
        _printing.release()


def render_apart(draft: Draft, *, pdf: bool = False) -> Shown:
    """The paper as pictures, or as a PDF. Not to be called with an open transaction: it takes seconds.

    Raises Invalid where the template fails or takes too much, Conflict where others are rendering.
    """
    if not _slot.acquire(timeout=PATIENCE_SECONDS):
        raise Conflict("正在预览其他打印模板，请稍后再试")
    try:
        return _rendered(draft, unprintable(printable(dict(draft.data))), pdf=pdf)
    finally:
        _slot.release()


def _rendered(draft: Draft, missing: tuple[str, ...], *, pdf: bool | str) -> Shown:
    """``missing``: characters without type, which are known here from the first time on and slow to find there."""
    given = pickle.dumps((dict(draft.files), draft.name, dict(draft.data), draft.made_at, missing, pdf))
    ended = press.run(given, wall=WALL_SECONDS)
    said = pickle.loads(ended.said) if ended.code == 0 else None  # noqa: S301 - written by our own child
    if said is None:
        message = f"排版用了超过 {SECONDS} 秒或 {MEMORY // 1_000_000} MB，已经停止；多半是模板里有停不下来的循环"
        raise Invalid("印不出来", [Finding(f"/print/{draft.name}.typ", message)])
    if isinstance(said, str):
        raise Invalid("印不出来", [Finding(f"/print/{draft.name}.typ", said)])
    pages, count, whole = said
    if len(_PAGE.findall(whole)) > MOST_PRINTED:
        message = f"印出来超过 {MOST_PRINTED} 页，已经停止；多半是模板里重复得太多"
        raise Invalid("印不出来", [Finding(f"/print/{draft.name}.typ", message)])
    return Shown(tuple(pages), count, whole)
