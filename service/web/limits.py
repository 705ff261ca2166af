"""Throttling of the single sign-on by address; failures by password are counted by ``service.auth`` in the database."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from service.auth.rules import ADDRESS_SHARE
from service.http.context import settings, wired

# Counted in each server process. The provider has its own limits; this one keeps a flood from reaching it through here.
limiter = Limiter(key_func=lambda: f"{wired().district} {get_remote_address()}", storage_uri="memory://")


def sign_in_limit() -> str:
    """Failed attempts that one address, behind which sit many people, has within the window of the settings."""
    limits = settings().rate_limits
    minutes = max(1, int(limits.sign_in_window.total_seconds() // 60))
    return f"{limits.sign_in_attempts * ADDRESS_SHARE} per {minutes} minutes"
