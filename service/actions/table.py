"""The whitelist. Each action works in the transaction of the step that called it; its result is recorded for replay."""

from __future__ import annotations

from service.actions import (
    change_report,
    common,
    eligibility_review,
    half_year_report,
    interview_check,
    leader_brief,
    liaison_change,
    registry_review,
    request,
    roster,
    rounds,
)
from service.config import Settings
from service.processes.wiring import Action

PROCESSES = (
    common,
    change_report,
    eligibility_review,
    half_year_report,
    interview_check,
    leader_brief,
    liaison_change,
    registry_review,
    roster,
)
"""Where the actions stand: those of any process in ``common``, else a module a process, under the name of its folder
in ``bpmn/``.

Those of ``request`` and those that all rounds share depend on the settings.
"""


def action_table(settings: Settings) -> dict[str, Action]:
    """Name -> action. A diagram can call nothing that is missing here."""
    settled = (action for process in PROCESSES for action in process.ACTIONS)
    return {action.name: action for action in (*request.actions(settings), *rounds.actions(settings), *settled)}
