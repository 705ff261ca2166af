"""The facts about this house for a rehearsal: actions, settings, roles and units, by the settings' files alone."""

from __future__ import annotations

from service.actions.table import action_table
from service.config import Organization, Settings
from service.config.notifications import KINDS
from service.rehearsal.core import Plan


def plan_of(settings: Settings, organization: Organization) -> Plan:
    """The plan of the house that ``settings`` and ``organization`` describe; no database is asked."""
    return Plan(
        actions=action_table(settings),
        settings=dict(settings.process),
        scopes={role.id: role.scope for role in organization.roles.values()},
        units=frozenset(organization.units),
        opening=settings.office_opens,
        instances=settings.most_instances,
        names={
            **{one.id: one.name for one in organization.roles.values()},
            **{one.code: one.name for one in organization.units.values()},
            **KINDS,
            **settings.notice_kinds,
        },
        stand_ins={role.id: role.stand_ins for role in organization.roles.values()},
    )
