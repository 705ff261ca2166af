"""Throttling of sign-in by address; failures of one name are counted by ``service.auth`` in the database."""

from __future__ import annotations

from flask import Response
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from service.web.context import settings

# Counted in each server process: a second fence behind the per-name locks, which all processes share.
limiter = Limiter(key_func=get_remote_address, storage_uri="memory://")

ADDRESSES_SHARE = 6
"""Behind one address of a government building sit many people: it may fail so many times as often as one name."""


def sign_in_limit() -> str:
    """Failed attempts that one address has within the window of the settings."""
    limits = settings().rate_limits
    minutes = max(1, int(limits.sign_in_window.total_seconds() // 60))
    return f"{limits.sign_in_attempts * ADDRESSES_SHARE} per {minutes} minutes"


def failed(answer: Response) -> bool:
    """Only a refused attempt counts."""
    return answer.status_code != 302
