"""The facts about this house for the studio's panel."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from service.actions.table import action_table
from service.auth.holders import Holder
from service.config import Organization, Settings
from service.config.notifications import FOR_DIAGRAMS, KINDS
from service.processes.rules import STAGES
from service.studio.panel import Choices
from service.usecases.holders import people_in_words


def choices_of(
    settings: Settings, organization: Organization, people: Mapping[str, Holder] = MappingProxyType({})
) -> Choices:
    """The choices of owners in this house; ``people`` are those whom the diagrams at hand name."""
    return Choices(
        actions=action_table(settings).values(),
        roles={role.id: role.name for role in organization.roles.values()},
        stages={**STAGES, **{stage.code: stage.name for stage in organization.stages.values()}},
        settings=sorted(settings.process),
        units={unit.code: unit.name for unit in organization.units.values()},
        notices={**{kind: KINDS[kind] for kind in FOR_DIAGRAMS}, **settings.notice_kinds},
        counters={series.code: series.name for series in settings.counters.values()},
        lists={name: dict(choices) for name, choices in organization.lists.items()},
        people=people_in_words(people),
    )
