"""The result of a proof: what is wrong with a bundle, and how much of it was walked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

STUCK, ENDLESS, FAILS, UNPASSED, FORM, NOBODY, UNIT, TIMER, SAME, LIMIT = (
    "stuck",
    "endless",
    "fails",
    "unpassed",
    "form",
    "nobody",
    "unit",
    "timer",
    "same",
    "limit",
)
KINDS: Mapping[str, str] = {
    STUCK: "卡住",
    ENDLESS: "走不到结束",
    FAILS: "执行失败",
    UNPASSED: "没有走到",
    FORM: "表单无法提交",
    NOBODY: "无人可办",
    UNIT: "单位不对",
    TIMER: "定时不会触发",
    SAME: "选项没有区别",
    LIMIT: "超出限制",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: its kind of KINDS, where it is, what it is and how to mend it.

    ``way`` are the steps that lead there, in words; ``scenario`` the same as a file that ``liaison scenario run``
    takes; both empty where there is no way to show.
    """

    kind: str
    file: str
    line: int
    element: str
    message: str
    severity: str = "error"
    way: tuple[str, ...] = ()
    scenario: str = ""

    def __str__(self) -> str:
        weight = "" if self.severity == "error" else "（提示）"
        return f"{self.file}:{self.line} {self.element} {self.kind}: {weight}{self.message}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a proof goes: seconds of the processor and states in all, how many slots and rounds
    side by side."""

    seconds: float = 300
    states: int = 50_000
    units: int = 2
    rounds: int = 2


@dataclass(frozen=True, slots=True)
class Proof:
    """``states`` are those found, ``ways`` the steps tried between them; ``unexplored`` says what was left out, and
    why; ``passed`` and ``missed`` are the (process, element) of the drawing, flows among them, that were and were not
    reached; ``left`` counts the states that were found and not gone on from, because time or states ran out: of which
    ``bound`` says so in words; ``untried`` counts the steps and lists of which not everything was tried; ``memory``
    are the bytes that the walk took at most, where it had a process of its own."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    states: int
    ways: int
    seconds: float
    unexplored: tuple[str, ...] = ()
    passed: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    missed: tuple[tuple[str, str], ...] = ()
    left: int = 0
    memory: int = 0
    bound: str = ""
    untried: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def to_data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Proof:
        """Out of JSON."""

        def faults(told: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
            return tuple(Fault(**{**one, "way": tuple(one["way"])}) for one in told)

        def places(told: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
            return tuple((process, element) for process, element in told)

        return cls(
            faults(data["faults"]),
            faults(data["warnings"]),
            data["states"],
            data["ways"],
            data["seconds"],
            tuple(data["unexplored"]),
            places(data["passed"]),
            places(data["missed"]),
            data["left"],
            data["memory"],
            data["bound"],
            data["untried"],
        )
