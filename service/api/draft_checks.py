"""Checking drafts: findings of the deployment checks, and how the scenarios go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service.api.calls import Calls
from service.api.definitions import FindingItem, GroupItem
from service.api.drafts import RIGHT
from service.api.fields import Flag, List, Nested, Said, Schema, Whole
from service.checks.kinds import grouped
from service.http.context import actor, settings, wired
from service.rehearsal.scenarios import KINDS, Outcome
from service.studio.checking import Checked, checked
from service.usecases.studio import house_of, knowing, read_draft

calls = Calls("drafts", "Drafts of processes: change, compare, check, rehearse, publish", noun="draft_checks")


class ScenarioResult(Schema):
    """How a scenario went: ``difference`` is the first one, with the line of the scenario's file it is told at."""

    name = Said(required=True)
    title = Said(required=True)
    passed = Flag(required=True)
    line = Whole(required=True, allow_none=True)
    difference = Said(required=True, allow_none=True)


class PartsPassed(Schema):
    """How many parts of the drawing there are of a kind, and how many the scenarios pass."""

    kind = Said(required=True)
    name = Said(required=True)
    passed = Whole(required=True)
    total = Whole(required=True)


class PartMissed(Schema):
    """A part of the drawing that no scenario passes; ``where`` is its process or table."""

    kind = Said(required=True)
    where = Said(required=True)
    id = Said(required=True)
    name = Said(required=True)


class CheckResult(Schema):
    """The result of a check of ``revision``; ``groups`` counts the findings by kind, errors first.

    Scenarios are run only where no finding is an error.
    """

    revision = Whole(required=True)
    findings = List(Nested(FindingItem), required=True)
    groups = List(Nested(GroupItem), required=True)
    scenarios = List(Nested(ScenarioResult), required=True)
    coverage = List(Nested(PartsPassed), required=True)
    missed = List(Nested(PartMissed), required=True)


@calls.post("/drafts/<uuid:draft_id>/check", answer=CheckResult, right=RIGHT, apart=True)
def check_draft(_body: dict[str, Any], draft_id: UUID) -> Mapping[str, Any]:
    """Checks a draft as it would be checked when published, and runs its scenarios."""
    read = read_draft(wired().database, draft_id, actor())
    house = knowing(house_of(settings(), wired().organization), read.people)
    found = checked(read.files, key=read.process, house=house, calendar=read.calendar, base=read.base)
    return {"revision": read.revision, **result_of(found)}


def result_of(found: Checked) -> Mapping[str, Any]:
    """A check, as an answer."""
    covered = found.covered
    return {
        "findings": found.verdict.findings,
        "groups": grouped(found.verdict.findings),
        "scenarios": [_scenario(one) for one in found.outcomes],
        "coverage": [
            {"kind": kind, "name": name, "passed": done, "total": every}
            for kind, name in KINDS.items()
            for done, every in ([covered.count(kind)] if covered is not None else [])
        ],
        "missed": covered.missed if covered is not None else (),
    }


def _scenario(one: Outcome) -> Mapping[str, Any]:
    path = one.difference.path.rpartition(":") if one.difference is not None else ("", "", "")
    return {
        "name": one.file,
        "title": one.title,
        "passed": one.passed,
        "line": int(path[2]) if path[2].isdigit() else None,
        "difference": one.difference.message if one.difference is not None else None,
    }
