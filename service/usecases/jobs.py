"""The kinds of work that the worker does in the background, each with the right that its submitting needs."""

from __future__ import annotations

from collections.abc import Mapping

from service.config import Organization, Settings
from service.jobs import Kind
from service.studio import moving


def job_kinds(settings: Settings, organization: Organization) -> Mapping[str, Kind]:
    """The table of kinds, by name."""
    kinds: list[Kind] = [*moving.KINDS]
    return {kind.name: kind for kind in kinds}
