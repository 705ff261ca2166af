"""The kinds of work that the worker does in the background, each with the right that its submitting needs."""

from __future__ import annotations

from collections.abc import Mapping

from service.audit import ways
from service.config import Organization, Settings
from service.jobs import Kind
from service.studio import backtesting, moving, rating
from service.usecases import calendar_jobs, proofs, sealing, verifying
from service.usecases.studio import house_of


def job_kinds(settings: Settings, organization: Organization) -> Mapping[str, Kind]:
    """The table of kinds, by name."""
    house = house_of(settings, organization)
    kinds = (
        *moving.kinds(house),
        backtesting.kind(house),
        rating.kind(),
        proofs.kind(settings, organization),
        *sealing.kinds(settings),
        verifying.kind(settings),
        ways.kind(),
        *calendar_jobs.kinds(),
    )
    return {kind.name: kind for kind in kinds}
