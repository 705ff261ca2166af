"""Events that reword a half-year report or a brief: their number is the version of an edited text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.history import Edits
from service.reports.models import Brief, HalfYearReport


def report_edits(report: HalfYearReport) -> Edits:
    """Events that reword the sections of a report: people, and the system where its figures are counted anew."""
    return Edits(f"report:{report.id}", ("report_compiled", "report_edited", "report_submitted"), changes=_sections)


def brief_edits(brief: Brief) -> Edits:
    """Events that reword a brief."""
    return Edits(f"brief:{brief.id}", ("brief_edited",), changes=_text)


def _sections(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    before = data.get("before") or {}
    return {name: (was, data["sections"].get(name, "")) for name, was in before.items()}


def _text(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {"text": (data["before"], data["text"])} if "before" in data else {}
