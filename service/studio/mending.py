"""Scenarios of a draft that no longer hold: how each would go on, proposed to who decides about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from typing import Any

from service.processes.bundles import Compiled
from service.rehearsal import Plan
from service.rehearsal.scenarios import mending
from service.rehearsal.scenarios.mending import Mended, Task, Versions, choices_of
from service.studio.checking import SECONDS, Checked, dated_by
from service.studio.names import scenarios_of
from service.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Asked:
    """A new step through which scenarios go: its name, and for each field in which somebody has to choose its title,
    the values with their words, and the one that is chosen."""

    task: Task
    name: str
    fields: Sequence[tuple[str, str, Sequence[tuple[Any, str]], Any]]


@dataclass(frozen=True, slots=True)
class Proposals:
    """The scenarios that no longer hold, as they would go on in ``new``, and the new steps that they go through."""

    new: Compiled
    found: Sequence[Mended] = ()
    asked: Sequence[Asked] = ()


def proposals(
    checked: Checked,
    files: Mapping[str, bytes],
    old: Compiled | None,
    chosen: Mapping[tuple[str, str, str], str],
    plan: Plan,
    calendar: Calendar,
) -> Proposals | None:
    """How the scenarios that failed would go on; None for a draft with errors, which runs none.

    ``old`` is the version on which the draft stands (None: a new process), ``chosen`` (process, task, field) → the
    value chosen for a new step, as a page sends it.
    """
    bundle = checked.verdict.bundle
    if bundle is None:
        return None
    new, scenarios, until = bundle.compiled, scenarios_of(files), monotonic() + SECONDS
    versions = Versions(old or new, new, _answers(new, chosen))
    found = []
    for one in checked.outcomes:
        if one.passed or one.file not in scenarios:
            continue
        if monotonic() > until:
            found.append(Mended(one.file, one.title, None, f"没有推演：已用完 {SECONDS:.0f} 秒，请先采用前面的再来"))
        else:
            found.append(mending.mend(scenarios[one.file], one.file, versions, plan, dated_by(calendar)))
    through = {taken.task: taken.name for one in found for taken in one.taken}
    return Proposals(new, found, [_asked(versions, task, name) for task, name in through.items()])


def shown(one: Mended) -> str:
    """The digest of what is proposed for a scenario: what is accepted is what was shown."""
    return sha256((one.content or "").encode()).hexdigest()


def _asked(versions: Versions, task: Task, name: str) -> Asked:
    form = versions.new.form_of(*task)
    given = versions.answers.get(task, {})
    fields = [
        (field, str(form.fields[field].get("title") or field), values, given.get(field, values[0][0]))
        for field, values in choices_of(form).items()
    ]
    return Asked(task, name, fields)


def _answers(new: Compiled, chosen: Mapping[tuple[str, str, str], str]) -> dict[Task, dict[str, Any]]:
    """The values that texts of a page stand for; what is no choice of the form is passed over."""
    found: dict[Task, dict[str, Any]] = {}
    for (process, task, field), text in chosen.items():
        if (process, task) in new.program.user_tasks:
            for value, _ in choices_of(new.form_of(process, task)).get(field, ()):
                if str(value) == text:
                    found.setdefault((process, task), {})[field] = value
    return found
