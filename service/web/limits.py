"""Throttling of the single sign-on by address; failures by password are counted by ``service.auth`` in the database."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from service.auth.rules import ADDRESS_SHARE
from service.http.context import settings, wired

# Counted in each server process. The provider has its own limits; this one keeps a flood from reaching it through here.
limiter = Limiter(key_func=lambda: f"{wired().district} {get_remote_address()}", storage_uri="memory://")


def install(app: Flask, pages: Blueprint) -> None:
    """Throttles those of ``pages``, which are not registered yet, that ask for it.

    The library would look at every request of the whole service, also of the API, which has a limit of its own.
    """
    hooks: list[Any] = [app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs]
    before = [len(one[None]) for one in hooks]
    limiter.init_app(app)
    for one, count in zip(hooks, before, strict=True):
        one[pages.name] += one[None][count:]
        del one[None][count:]


def sign_in_limit() -> str:
    """Failed attempts that one address, behind which sit many people, has within the window of the settings."""
    limits = settings().rate_limits
    minutes = max(1, int(limits.sign_in_window.total_seconds() // 60))
    return f"{limits.sign_in_attempts * ADDRESS_SHARE} per {minutes} minutes"
