"""The input of the form island of a page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import url_for

from service import clock
from service.http.context import actor, db
from service.processes.dated import known_days, page_rules
from service.processes.forms import Form
from service.usecases.names import Names


def form_page(
    form: Form,
    *,
    url: str,
    draft: str,
    names: Names,
    data: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    age: int = 0,
    records: str | None = None,
    dates: Sequence[Mapping[str, Any]] | None = None,
    proposed: Collection[str] = (),
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON of the island.

    ``data`` fills the form to begin with, ``draft`` names what was typed and not yet sent, ``extra`` is sent along with
    the form's data, ``age`` is how many working days ago the task opened. Fields that pick from the task's own list
    ask the address ``records``. ``dates`` are the rules on dates of an open task, with what its case knows.
    ``proposed`` are the fields that the service has filled (``x-fill``), ``more`` is what else the island takes.
    """
    filled = dict(data or {})
    refused = form.undrawable
    return {
        "refused": refused,
        "schema": {} if refused else form.schema,
        "ui_schema": {} if refused else form.ui_schema,
        "data": filled,
        "labels": names.labels(form, filled),
        "url": url,
        "extra": dict(extra or {}),
        "user": actor().username,
        "task": draft,
        "today": clock.today(),
        "tomorrow": clock.today() + timedelta(days=1),
        "age": age,
        "dates": list(dates) if dates is not None else page_rules(form, known_days(db(), form, None, clock.today())),
        "records": records,
        "proposed": sorted(proposed),
        "submit": "提交",
        "sign_in": url_for("web.auth.sign_in"),
        **(more or {}),
    }
