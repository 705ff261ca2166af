"""Processes that people may begin by hand beside a need, and where a process belongs: both as its diagram says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import g

from service.processes.profiles import Profile, profiles, startable
from service.processes.properties import PAGES as PAGE_NAMES
from service.web.menu import ENDPOINTS

NEED = "request"
"""The need has a button and a form of its own."""

PAGES: Mapping[str, str] = {code: ENDPOINTS[name] for code, name in PAGE_NAMES.items()}
"""The code that a diagram's property ``page`` names → the address of the page, as the menu has it."""


def begins(page: str | None = None) -> Sequence[Profile]:
    """The processes that the reader may begin: all, or those whose records are found on ``page``."""
    if "db" not in g:
        return []
    if "startable" not in g:  # a page asks for its own beside the menu and the desk
        g.startable = startable(g.db, g.actor)
    return [one for one in g.startable if one.process != NEED and page in (None, one.page)]


def need() -> Profile | None:
    """登记需求, where the reader may."""
    begins()
    return next((one for one in g.get("startable", ()) if one.process == NEED), None)


def works(page: str) -> Sequence[Profile]:
    """The processes whose records are found on ``page``, whoever may begin them."""
    return [one for one in profiles(g.db) if one.page == page]


def purpose(one: Profile) -> str:
    """The reason to begin it, and when the calendar begins it as well."""
    return one.purpose + (f"；{one.starts}另由系统自动发起" if one.starts else "")
