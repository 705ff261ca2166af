"""A template that somebody is still writing is rendered in a process of its own, with little time and memory."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service import children
from service.documents.text import printable
from service.documents.type import unprintable
from service.errors import Conflict, Finding, Invalid

SECONDS, MEMORY = 15, 1_200_000_000
"""The processor's time and the bytes of memory of one rendering: the type alone takes 300 MB."""
WALL_SECONDS, PATIENCE_SECONDS = 30, 20
MOST_PAGES = 8
"""Pages that are shown; a paper may have more."""

_slot = threading.BoundedSemaphore(1)


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


def render_apart(draft: Draft, *, pdf: bool = False) -> Shown:
    """The paper as pictures, or as a PDF. Not to be called with an open transaction: it takes seconds.

    Raises Invalid where the template fails or takes too much, Conflict where others are rendering.
    """
    if not _slot.acquire(timeout=PATIENCE_SECONDS):
        raise Conflict("正在预览其他打印模板，请稍后再试")
    try:
        return _rendered(draft, pdf)
    finally:
        _slot.release()


def _rendered(draft: Draft, pdf: bool) -> Shown:
    missing = unprintable(printable(dict(draft.data)))  # known here from the first time on
    given = pickle.dumps((dict(draft.files), draft.name, dict(draft.data), draft.made_at, missing, pdf))
    ended = children.run("service.documents.apart_child", given, wall=WALL_SECONDS, keep=("HOME",))
    said = pickle.loads(ended.said) if ended.code == 0 else None  # noqa: S301 - written by our own child
    if said is None:
        message = f"排版用了超过 {SECONDS} 秒或 {MEMORY // 1_000_000} MB，已经停止；多半是模板里有停不下来的循环"
        raise Invalid("印不出来", [Finding(f"/print/{draft.name}.typ", message)])
    if isinstance(said, str):
        raise Invalid("印不出来", [Finding(f"/print/{draft.name}.typ", said)])
    pages, count, whole = said
    return Shown(tuple(pages), count, whole)
