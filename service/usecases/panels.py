"""The facts about this house for the studio's panel."""

from __future__ import annotations

from service.actions.table import action_table
from service.config import Organization, Settings
from service.config.notifications import FOR_DIAGRAMS, KINDS
from service.processes.rules import STAGES
from service.studio.panel import Choices


def choices_of(settings: Settings, organization: Organization) -> Choices:
    """The choices of owners in this house."""
    return Choices(
        actions=action_table(settings).values(),
        roles={role.id: role.name for role in organization.roles.values()},
        stages={**STAGES, **{stage.code: stage.name for stage in organization.stages.values()}},
        settings=sorted(settings.process),
        units={unit.code: unit.name for unit in organization.units.values()},
        notices={**{kind: KINDS[kind] for kind in FOR_DIAGRAMS}, **settings.notice_kinds},
        counters={series.code: series.name for series in settings.counters.values()},
        lists={name: dict(choices) for name, choices in organization.lists.items()},
    )
