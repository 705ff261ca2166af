"""The answers of service actions on a walk: each that leads somewhere else is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from service.errors import LiaisonError
from service.processes.wiring import Action, RehearsedCall
from service.rehearsal.core import Rehearsal

Run = Callable[[], Rehearsal]


@dataclass
class Answering:
    """``choices``: action → its answers, the declared sample first. ``runs`` counts what was tried, ``calling`` is the
    step whose action failed."""

    choices: Mapping[str, Sequence[Any]]
    runs: int = 0
    calling: str = ""
    called: list[str] = field(default_factory=list)
    answers_now: Mapping[str, Any] = field(default_factory=dict)

    def noted(self, name: str, action: Action) -> Action:
        """The action, of which is known that and where it is called, and which gives the answer that is tried."""
        told = action.rehearsed

        def answer(call: RehearsedCall) -> Any:
            self.calling = call.task
            if name in self.choices:
                self.called.append(name)
                result = self.answers_now.get(name, self.choices[name][0])
            else:
                result = told(call) if told is not None else action.sample
            self.calling = ""
            return result

        return replace(action, rehearsed=answer)

    def every(self, told: dict[str, Any], run: Any) -> Iterator[tuple[dict[str, Any], Any]]:
        """Runs a step with every combination of answers that its actions may give: (answers, result or error)."""
        self.answers_now, self.called, self.calling = told, [], ""
        try:
            result: Any = run()
        except LiaisonError as error:
            result = error
        called = list(dict.fromkeys(self.called))
        open_question = next((name for name in called if name not in told), None)
        self.runs += 1
        if open_question is None:
            yield {name: told[name] for name in called}, result
            return
        first, *others = self.choices[open_question]
        yield from self._known({**told, open_question: first}, called, result, run)
        for value in others:
            yield from self.every({**told, open_question: value}, run)

    def _known(
        self, told: dict[str, Any], called: list[str], result: Any, run: Any
    ) -> Iterator[tuple[dict[str, Any], Any]]:
        """As above, where the run with the first answers is there already."""
        open_question = next((name for name in called if name not in told), None)
        if open_question is None:
            yield {name: told[name] for name in called}, result
            return
        first, *others = self.choices[open_question]
        yield from self._known({**told, open_question: first}, called, result, run)
        for value in others:
            yield from self.every({**told, open_question: value}, run)

    def again(self, answers: Mapping[str, Any]) -> None:
        """Has the actions give these answers in what is run next."""
        self.answers_now, self.called, self.calling = answers, [], ""
        self.runs += 1
