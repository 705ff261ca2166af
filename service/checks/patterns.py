"""Patterns of forms (regular expressions) that a browser could try for ever.

A browser tries the ways through a pattern one after the other. A pattern becomes an automaton of its letters here; two
ways round the same loop that read the same text double the tries with each letter, and are refused. Loops one behind
the other that read the same letters multiply them, and are allowed as far as the longest text stays harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from service.checks.pattern_reader import MANY, Choice, Letter, Pattern, Repeat, Tree, Unreadable, read

LONGEST = 300
"""Letters of a pattern."""
MOST_TRIES = 20_000_000
"""Ways through a pattern that a browser may try: some tenths of a second."""
UNBOUNDED_TEXT = 4_000
"""Letters of a text whose field sets no bound, and that is refused for it elsewhere."""

_MOST_LETTERS = 120
_ENDLESS = 10**15

_COMPLEX = "写法太复杂，浏览器可能算不完"
_ADVICE = "请写得简单些，例如 ^[0-9]{6}$"

Node = TypeVar("Node", bound=Hashable)
_Ends = tuple[list[int], list[int], bool]
"""The first letters of a part, its last ones, and whether it may be empty."""


def problem(pattern: str, longest: int) -> str | None:
    """Why a browser should not try ``pattern`` on a text of up to ``longest`` letters; None when it may."""
    if len(pattern) > LONGEST:
        return f"超过 {LONGEST} 个字符，{_ADVICE}"
    try:
        automaton = _Automaton(read(pattern))
    except Unreadable as error:
        return f"{error}；{_ADVICE}"
    except RecursionError:
        return f"括号嵌套过深；{_ADVICE}"
    if automaton.doubles():
        return f"{_COMPLEX}：重复里又有重复，同一段文字有许多种读法；{_ADVICE}"
    if automaton.tries(longest) > MOST_TRIES:
        return f"{_COMPLEX}：不限次数、可有可无的部分前后相连，读法太多；请减少这样的部分，或减小 maxLength"
    return None


class _Automaton:
    """The letters of a pattern as positions, and from which a reader may go on to which, each way by itself."""

    def __init__(self, pattern: Pattern) -> None:
        self.letters: list[frozenset[str]] = []
        self.onward: list[list[int]] = []
        self.first, last, _ = self._part(pattern.tree)
        self.last = frozenset(last)
        if not pattern.anchored:  # it is looked for anywhere: before it may stand any text
            before = self._letter(pattern.characters)
            self.onward[before] += [before, *self.first]
            self.first = [before, *self.first]

    def doubles(self) -> bool:
        """Whether some loop can be gone round in two ways by the same text."""
        component = _components(range(len(self.letters)), lambda state: self.onward[state])
        for state, after in enumerate(self.onward):
            inside = [one for one in after if component[one] == component[state]]
            if len(inside) > len(set(inside)):
                return True
        pairs = [(state, state) for state in range(len(self.letters))]
        together = _components(pairs, self._both)
        whole = {together[pair] for pair in pairs}
        return any(first != second and number in whole for (first, second), number in together.items())

    def tries(self, longest: int) -> int:
        """How many ways there are, at most, through a text of that many letters.

        Within a loop, for one text, there is one way. How long to stay in it is a choice of its own, unless what comes
        behind it begins with other letters than it reads.
        """
        states = range(len(self.letters))
        component = _components(states, lambda state: self.onward[state])
        inside: dict[int, list[int]] = {}
        for state in states:
            inside.setdefault(component[state], []).append(state)
        ways: dict[int, int] = {}
        for number in sorted(inside):  # what comes after has the smaller number
            leaving = [one for state in inside[number] for one in self.onward[state] if component[one] != number]
            ending = sum(1 for state in inside[number] if state in self.last)
            count = ending + sum(ways[component[one]] for one in leaving)
            if any(component[one] == number for state in inside[number] for one in self.onward[state]):
                read = frozenset[str]().union(*(self.letters[state] for state in inside[number]))
                if ending or any(read & self.letters[one] for one in leaving):
                    count *= longest
            ways[number] = min(count, _ENDLESS)
        return sum(ways[component[state]] for state in self.first)

    def _both(self, pair: tuple[int, int]) -> Iterator[tuple[int, int]]:
        for one in set(self.onward[pair[0]]):
            for other in set(self.onward[pair[1]]):
                if self.letters[one] & self.letters[other]:
                    yield one, other

    def _letter(self, characters: frozenset[str]) -> int:
        if len(self.letters) >= _MOST_LETTERS:
            raise Unreadable("重复的次数太多，太长")
        self.letters.append(characters)
        self.onward.append([])
        return len(self.letters) - 1

    def _sequence(self, parts: Sequence[Tree]) -> _Ends:
        ends: _Ends = ([], [], True)
        for part in parts:
            ends = self._joined(ends, self._part(part))
        return ends

    def _joined(self, before: _Ends, after: _Ends) -> _Ends:
        for state in before[1]:
            self.onward[state] += after[0]
        first = before[0] + after[0] if before[2] else before[0]
        last = before[1] + after[1] if after[2] else after[1]
        return first, last, before[2] and after[2]

    def _part(self, part: Tree) -> _Ends:
        if isinstance(part, Letter):
            state = self._letter(part.characters)
            return [state], [state], False
        if isinstance(part, Choice):
            ways = [self._sequence(way) for way in part.ways]
            first = [state for way in ways for state in way[0]]
            return first, [state for way in ways for state in way[1]], any(way[2] for way in ways)
        return self._repeat(part)

    def _repeat(self, repeat: Repeat) -> _Ends:
        endless = repeat.most is None or repeat.most > MANY
        copies = max(1, min(repeat.least, MANY)) if endless else repeat.most or 0
        first, last, empty = self._part(repeat.part) if copies else ([], [], True)
        ends: _Ends = (first, last, empty or repeat.least == 0)
        for number in range(1, copies):
            before, (first, last, empty) = last, self._part(repeat.part)
            if empty:  # a round may read nothing, so that any of the rounds before may be the last that read something
                ends = self._joined(ends, (first, last, True))
            else:
                for state in before:
                    self.onward[state] += first
                ends = (ends[0], last if number < repeat.least else [*ends[1], *last], ends[2])
        if endless:
            for state in last:
                self.onward[state] += first
        return ends


def _components(nodes: Iterable[Node], onward: Callable[[Node], Iterable[Node]]) -> dict[Node, int]:
    """The strongly connected components: node -> number, those that come after having the smaller one (Tarjan)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    found: dict[Node, int] = {}
    stack: list[Node] = []
    number = 0
    for root in nodes:
        if root in index:
            continue
        work: list[tuple[Node, Iterator[Node]]] = []
        _enter(root, onward, index, low, stack, work)
        while work:
            node, rest = work[-1]
            after = next((one for one in rest if one not in found), None)
            if after is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    while node not in found:
                        found[stack.pop()] = number
                    number += 1
            elif after in index:
                low[node] = min(low[node], index[after])
            else:
                _enter(after, onward, index, low, stack, work)
    return found


def _enter(
    node: Node,
    onward: Callable[[Node], Iterable[Node]],
    index: dict[Node, int],
    low: dict[Node, int],
    stack: list[Node],
    work: list[tuple[Node, Iterator[Node]]],
) -> None:
    index[node] = low[node] = len(index)
    stack.append(node)
    work.append((node, iter(list(onward(node)))))
