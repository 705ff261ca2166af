"""Findings of deployment checks, and the facts about the house behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from service.checks.wording import told
from service.engine.expressions import FUNCTIONS
from service.processes.options import Lists
from service.processes.terms import STAGES

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class DefinitionFinding:
    """One thing wrong with a definition. ``rule`` is an id of docs/diagram-checks.md; ``message`` Chinese."""

    file: str
    line: int
    element: str
    rule: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.element} {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class ActionSignature:
    """An action as a diagram must know it: its parameters (name -> required) and whether it gives a result.

    ``sample`` is a plausible result, to try expressions on; None: expressions that name the result are not tried.
    ``same_as`` is the parameter whose value is the result; ``kept`` whether a diagram must name the result.
    ``takes`` maps a parameter to the list on which its text must stand (see ``named``).
    """

    parameters: Mapping[str, bool]
    result: bool = True
    sample: Any = None
    same_as: str = ""
    kept: bool = False
    takes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reliance:
    """A name of a process that the service reads: without it something comes out empty.

    The something is ``what``, in words for people. ``task`` is the id of a step, ``sign`` a box that some step must
    sign, ``fields`` are names of its form; ``action`` is one whose result must be called ``result``.
    """

    what: str
    task: str = ""
    fields: tuple[str, ...] = ()
    sign: str = ""
    action: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class Somebody:
    """Somebody whom a diagram names by account: ``usable`` whether it still works, ``roles`` those held today."""

    name: str
    usable: bool
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The facts outside the bundle.

    ``roles`` maps role ids to their scope (``all``, ``origin``, ``data:unit``, ``own``); ``settings`` are the names
    that ``settings.…`` may end in (None: not checked); ``units`` the unit codes that decision tables and conditions
    may name (None: not checked); ``key`` the process that an instance starts with (None: the one that no other calls);
    ``stages`` are those that a process may have, code to name; ``notices`` the kinds that diagrams may send, code to
    name, ``counters`` the series of numbers, code to when they begin again, ``messages`` those that somebody can send
    (None: not checked); ``options`` the lists that forms may offer (``x-options``). ``relied`` maps a process to what
    the service reads of it by name; ``names`` are those of roles, units and actions (``wording.ROLES`` …), code to
    name, for messages; ``base`` are the files of the version that this one is to follow (None: not known);
    ``people`` are the accounts that the diagrams name, those that there are, by sign-in name (None: not checked).
    All of it is plain data: it goes to the process in which definitions are checked.
    """

    roles: Mapping[str, str]
    actions: Mapping[str, ActionSignature]
    functions: frozenset[str] = FUNCTIONS
    settings: frozenset[str] | None = None
    units: frozenset[str] | None = None
    stages: Mapping[str, str] = field(default_factory=lambda: dict(STAGES))
    key: str | None = None
    notices: Mapping[str, str] | None = None
    counters: Mapping[str, str] | None = None
    options: Lists | None = None
    messages: frozenset[str] | None = None
    relied: Mapping[str, tuple[Reliance, ...]] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    base: Mapping[str, bytes] | None = None
    people: Mapping[str, Somebody] | None = None


MAX_FINDINGS = 500
"""More than anybody reads at once; a definition made to drown the checks in findings ends here."""


LONGEST_MESSAGE, SHOWN = 1_000, 300
"""Letters of a message, and how many of its beginning and its end are shown of a longer one."""


class Enough(Exception):
    """MAX_FINDINGS are there: whatever else is wrong, nobody would read it."""


def _untold(_file: str) -> None:
    pass


def told_plainly(message: str, _element: str) -> str:
    """A message as it is where nothing is known of the bundle."""
    return told(message)


@dataclass(slots=True)
class Report:
    """Collects findings, each once, up to MAX_FINDINGS; then the checks end (Enough).

    ``looking_at`` is told which file comes next; ``spoken`` turns the marks of a message about an
    element into words.
    """

    looking_at: Callable[[str], None] = _untold
    spoken: Callable[[str, str], str] = told_plainly
    _findings: dict[DefinitionFinding, None] = field(default_factory=dict)
    failed: bool = False
    """Whether anything found so far forbids deployment."""

    @property
    def findings(self) -> list[DefinitionFinding]:
        """The findings, by file and line."""
        return sorted(self._findings)

    def error(self, file: str, line: int, element: str, rule: str, message: str) -> None:
        """Adds a finding that forbids deployment."""
        self._add(DefinitionFinding(file, line, element, rule, message))

    def warning(self, file: str, line: int, element: str, rule: str, message: str) -> None:
        """Adds a finding that people should look at."""
        self._add(DefinitionFinding(file, line, element, rule, message, "warning"))

    def _add(self, finding: DefinitionFinding) -> None:
        self.failed = self.failed or finding.severity == "error"
        finding = replace(finding, message=self.spoken(finding.message, finding.element))
        if len(finding.message) > LONGEST_MESSAGE:  # it quotes what was meant to drown people
            finding = replace(finding, message=f"{finding.message[:SHOWN]}……{finding.message[-SHOWN:]}")
        self._findings[finding] = None
        if len(self._findings) >= MAX_FINDINGS:
            raise Enough
