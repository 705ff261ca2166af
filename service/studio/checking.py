"""Checking a draft: the findings of the deployment checks, confined, and how its scenarios go."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from time import monotonic

from cachetools import LRUCache

from service.checks import CheckContext, DefinitionFinding
from service.checks.confined import check_confined
from service.checks.gate import passed, place, require_pass
from service.errors import Conflict, Finding, Invalid
from service.processes.bundles import CheckedBundle, digest_of
from service.rehearsal import Plan
from service.rehearsal.scenarios import Coverage, Dated, Outcome, coverage, run_file
from service.studio.names import bundle_of, scenarios_of
from service.studio.panel import NOTHING_KNOWN, Choices
from service.workdays import Calendar

CACHED = 32
SECONDS = 30.0
"""So long the scenarios of a draft may run together; those that are left then are told as not run."""


@dataclass(frozen=True, slots=True)
class House:
    """The facts outside a draft: what actions, roles and settings there are.

    ``four_eyes``: a second person publishes; ``scenarios``: those that fail forbid it; ``walked``: so does a content
    of which not every way has been walked without a fault; ``words`` names the codes of the house.
    """

    plan: Plan
    context: CheckContext
    four_eyes: bool = False
    scenarios: bool = True
    words: Choices = NOTHING_KNOWN
    walked: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings on a bundle, and the bundle ready to run where none of them is an error."""

    findings: Sequence[DefinitionFinding]
    bundle: CheckedBundle | None

    def required(self, *, deploying: bool = False) -> CheckedBundle:
        """The bundle. Raises Invalid with a finding an error."""
        require_pass(self.findings, deploying=deploying)
        if self.bundle is None:
            raise Conflict("流程定义还没有检查")
        return self.bundle


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict, how the scenarios went (none are run on a bundle with errors), and what of the drawing they pass."""

    verdict: Verdict
    outcomes: Sequence[Outcome] = ()
    covered: Coverage | None = None

    def require(self, *, scenarios: bool = True) -> CheckedBundle:
        """The bundle, when it may be published. Raises Invalid naming each error, and each scenario that failed."""
        bundle = self.verdict.required(deploying=True)
        failed = [one.difference for one in self.outcomes if one.difference is not None]
        if failed and scenarios:
            raise Invalid(f"有 {len(failed)} 个用例不符，没有发布；请修改流程或用例后再发布", failed)
        return bundle


_cache: LRUCache[tuple[str, str, str], Verdict] = LRUCache(CACHED)
_lock = threading.Lock()


def verdict(files: Mapping[str, bytes], *, key: str, context: CheckContext, base: Mapping[str, bytes]) -> Verdict:
    """Checks the files of the process ``key``, in a process of their own; the same content is checked once.

    ``base`` are the files of the version that these are to follow, empty for a new process: the checks say what of it
    has changed unawares.

    Not to be called with an open transaction. Raises Conflict while too many are being checked.
    """
    bundle, told = bundle_of(files), replace(context, key=key, base=bundle_of(base) if base else None)
    known = (digest_of(bundle), key, sha256(repr(told).encode()).hexdigest())
    with _lock:
        if (before := _cache.get(known)) is not None:
            return before
    found = check_confined(bundle, context=told)
    fine = all(one.severity != "error" for one in found)
    made = Verdict(tuple(found), passed(bundle, found, key=key, context=told) if fine else None)
    with _lock:
        _cache[known] = made
    return made


def checked(
    files: Mapping[str, bytes],
    *,
    key: str,
    house: House,
    calendar: Calendar,
    base: Mapping[str, bytes],
) -> Checked:
    """The verdict on the files and, where they may run, how each scenario goes. As ``verdict`` is to be called."""
    found = verdict(files, key=key, context=house.context, base=base)
    if found.bundle is None:
        return Checked(found)
    outcomes = run_scenarios(found.bundle, scenarios_of(files), house.plan, calendar)
    states = [one.state for one in outcomes if one.state is not None]
    return Checked(found, outcomes, coverage(found.bundle.files, states))


def run_scenarios(
    bundle: CheckedBundle, scenarios: Mapping[str, bytes], plan: Plan, calendar: Calendar
) -> list[Outcome]:
    """How each scenario goes, within ``SECONDS`` together."""
    dated = dated_by(calendar)
    outcomes, until = [], monotonic() + SECONDS
    for name, content in scenarios.items():
        if monotonic() > until:
            left = Finding(name, f"没有运行：前面的用例已用完 {SECONDS:.0f} 秒，请减少用例或步骤")
            outcomes.append(Outcome(name, name, left, None))
        else:
            outcomes.append(run_file(content, name, bundle.compiled, plan, dated))
    return outcomes


def dated_by(calendar: Calendar) -> Dated:
    """The calendar of a draft's scenarios: the one in force, and no other."""

    def dated(wanted: Sequence[str]) -> Calendar:
        if wanted:
            message = "草稿里的用例用现行的工作日历，不能再指定放假安排的文件；请删去 calendar"
            raise Invalid(message, [Finding(wanted[0], message)])
        return calendar

    return dated


def as_findings(found: Sequence[DefinitionFinding]) -> list[Finding]:
    """The errors among the findings, as a refusal tells them."""
    return [Finding(place(one), one.message) for one in found if one.severity == "error"]
