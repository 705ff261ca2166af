"""The first values that the service gives a form, signed on its page and read again from what the page sends.

The values that a page is filled with (``x-fill``) are worked out when it is shown, from facts of that moment. They come
back with what was typed, so that the journal keeps what that person saw, and nobody can say that it was something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from service.http.context import actor, settings
from service.processes.fills import templates
from service.processes.forms import Form
from service.processes.queries import TaskDetail

LONGEST = 200_000
"""Characters of a signed text."""


def sealed(form: Form, of: str, values: Mapping[str, Any]) -> str:
    """The values that the service filled in, signed for the reader of the page and for ``of``: the id of a task, or
    ``new-<process>``. Empty where the form is never filled, and where the text would be longer than ``LONGEST``."""
    if not templates(form):
        return ""
    text = str(_signer().dumps([of, actor().username, dict(values)]))
    return text if len(text) <= LONGEST else ""


def filled_of(detail: TaskDetail) -> str:
    """The values that the service has filled the form of a task with, signed; empty for who may not complete it."""
    if not detail.may_act:
        return ""
    return sealed(detail.form, str(detail.task.id), {name: detail.data[name] for name in detail.proposed})


def unsealed(text: object, of: str) -> dict[str, Any] | None:
    """The values that were signed for the sender and ``of``; None for whatever else is sent, and for nothing."""
    if not isinstance(text, str) or not text or len(text) > LONGEST:
        return None
    try:
        task, username, values = _signer().loads(text)
    except (BadData, ValueError, TypeError):
        return None
    return values if (task, username) == (of, actor().username) and isinstance(values, dict) else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer([settings().secret_key], salt="filled-form")
