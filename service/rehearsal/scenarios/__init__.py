"""Scenarios 用例: rehearsals kept as files beside the diagrams, run by every check; what of a drawing they pass."""

from service.rehearsal.scenarios.coverage import KINDS, Coverage, Part, coverage
from service.rehearsal.scenarios.run import Dated, Outcome, first_by, run, run_file, take
from service.rehearsal.scenarios.shape import Scenario, Step, scenario_of
from service.rehearsal.scenarios.text import Text, read

__all__ = [
    "KINDS",
    "Coverage",
    "Dated",
    "Outcome",
    "Part",
    "Scenario",
    "Step",
    "Text",
    "coverage",
    "first_by",
    "read",
    "run",
    "run_file",
    "scenario_of",
    "take",
]
