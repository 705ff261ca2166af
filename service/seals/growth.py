"""The tree as it grows by the lines of the journal, with the counts that a head says. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.seals import tree
from service.seals.models import SealBlock
from service.seals.reading import Line


@dataclass(slots=True)
class Growth:
    """A tree that grows by lines of the journal: its blocks as they fill, and its rest.

    ``full`` takes each block that fills; ``days`` and ``streams`` count the lines after the id ``counted``.
    """

    counted: int = 0
    size: int = 0
    streams: int = 0
    days: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    full: list[SealBlock] = field(default_factory=list)
    _sha256: tree.Frontier = field(default_factory=lambda: tree.Frontier(tree.sha256))
    _sm3: tree.Frontier | None = field(default_factory=lambda: tree.Frontier(tree.SM3) if tree.SM3 else None)
    _rest: list[bytes] = field(default_factory=list)
    _first_id: int = 0

    def skip(self, blocks: Iterable[SealBlock]) -> int:
        """Takes over the blocks that are known; gives the id after which lines are to be added."""
        last = 0
        for block in blocks:
            self._sha256.push(bytes.fromhex(block.sha256))
            if block.sm3 is None:
                self._sm3 = None
            elif self._sm3 is not None:
                self._sm3.push(bytes.fromhex(block.sm3))
            self.size += tree.BLOCK
            last = block.last_id
        return last

    def add(self, line: Line) -> None:
        """Adds the next event."""
        if not self._rest:
            self._first_id = line.id
        self._rest.append(line.leaf)
        self.size += 1
        if line.id > self.counted:
            self.days[line.day] += 1
            if line.seq == 1:
                self.streams += 1
                self.begun[line.day] += 1
        if len(self._rest) == tree.BLOCK:
            self._fill(line.id)

    def roots(self) -> tuple[str, str | None]:
        """The roots of all so far, in SHA-256 and SM3."""
        sm3 = self._sm3.root(self._rest).hex() if self._sm3 is not None else None
        return self._sha256.root(self._rest).hex(), sm3

    def counts(self) -> dict[str, tuple[int, int]]:
        """Day → events, streams begun."""
        return {day: (self.days[day], self.begun[day]) for day in sorted(self.days)}

    def forget_days(self) -> None:
        """The counts of days begin anew, as they do after each head."""
        self.days.clear()
        self.begun.clear()

    def _fill(self, last_id: int) -> None:
        sha256 = tree.digest_of(tree.sha256, self._rest)
        self._sha256.push(sha256)
        sm3 = None
        if self._sm3 is not None:
            sm3 = tree.digest_of(self._sm3.hash, self._rest)
            self._sm3.push(sm3)
        number = self.size // tree.BLOCK - 1
        made = SealBlock(number=number, first_id=self._first_id, last_id=last_id, sha256=sha256.hex())
        made.sm3 = sm3.hex() if sm3 is not None else None
        self.full.append(made)
        self._rest = []
