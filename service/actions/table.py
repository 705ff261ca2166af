"""The whitelist. Each action works in the transaction of the step that called it; its result is recorded for replay."""

from __future__ import annotations

from service.actions import (
    change_report,
    common,
    eligibility_review,
    half_year_report,
    instruction,
    interview_check,
    leader_brief,
    liaison_change,
    registry_review,
    request,
    roster,
    rounds,
    telling,
)
from service.config import Settings
from service.processes.wiring import Action

PROCESSES = (
    change_report,
    eligibility_review,
    half_year_report,
    instruction,
    interview_check,
    leader_brief,
    liaison_change,
    registry_review,
    roster,
)
"""Where the actions stand: a module a process, under the name of its folder in ``bpmn/``.

Those of ``request``, those that all rounds share and those of any process (``SHARED``) depend on the settings.
"""

SHARED = (request, common, telling, rounds)


def action_table(settings: Settings) -> dict[str, Action]:
    """Name -> action. A diagram can call nothing that is missing here."""
    shared = (action for module in SHARED for action in module.actions(settings))
    settled = (action for process in PROCESSES for action in process.ACTIONS)
    return {action.name: action for action in (*shared, *settled)}
