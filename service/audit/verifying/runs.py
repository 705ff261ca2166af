"""A verification of everything from its beginning to its end: pieces in, findings and figures out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from service.audit.models import FULL, INCREMENTAL
from service.audit.tables.names import named
from service.audit.verifying.acknowledging import Told, acknowledged
from service.audit.verifying.children import several
from service.audit.verifying.elsewhere import Elsewhere
from service.audit.verifying.marks import Marks, key_of
from service.audit.verifying.pieces import BASES, CASES, SEALS, Answer, Hands, Piece, others, pieces_of
from service.db import Database
from service.processes import replay
from service.processes.case_rows import AT_ONCE
from service.processes.deployed import Mismatch

MOST_JOBS = 64
FEW = 200
"""Cases for which no child is begun: it takes longer to begin than they take."""
BASES_CHANGED = "流程定义或工作日历与记录不符，本次对全部事项重新执行"
NOT_KEPT = "数据库不能写入，没有记下哪些事项已经重新执行过，下次还会重新执行"
Tell = Callable[[str, Mismatch], None]
"""Told of each finding as it is found: the name of what it is about, and the finding."""


@dataclass(slots=True)
class Outcome:
    """How a verification ended. ``findings`` are those that were kept; ``found`` is how many there were.

    Beside them stand those that auditors have ``acknowledged``.
    """

    mode: str
    seconds: float = 0.0
    cases: int = 0
    found: int = 0
    findings: list[tuple[str, Mismatch]] = field(default_factory=list)
    acknowledged: list[tuple[str, Mismatch, Told]] = field(default_factory=list)
    told: Answer = field(default_factory=Answer)

    def figures(self) -> dict[str, Any]:
        """The numbers, as results keep them."""
        one = self.told
        counts = {"cases": self.cases, "executed": one.executed, "kept": one.kept}
        counts["acknowledged"] = len(self.acknowledged)
        return {**counts, "seals": one.seals, "size": one.size, "rows": one.rows}


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies ``database``. ``secret`` is the service's; ``jobs`` how many processes work side by side (0: as many as
    the machine has cores). ``elsewhere`` are heads that are kept outside the database, to be held against it."""

    database: Database
    secret: str
    jobs: int = 0
    most_kept: int = 1000
    elsewhere: Elsewhere | None = None

    def verify(
        self,
        *,
        full: bool,
        tell: Tell | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Outcome:
        """Verifies everything. ``full`` executes every case again, else those alone that do not stand as they stood
        when they were executed last. ``progress`` is told how many cases of how many are done; what it raises ends all.
        """
        began = time.monotonic()
        hands = Hands(self.database, Marks(key_of(self.secret)), full)
        outcome = Outcome(FULL if full else INCREMENTAL)
        self._take(outcome, hands.do({"do": BASES}), tell)
        if outcome.found and not full:
            hands.full = True
            outcome.told.remarks.append(BASES_CHANGED)
        self._take(outcome, hands.stored(), tell)
        with self.database.reading() as session:
            outcome.cases = total = replay.count_cases(session)
        if progress is not None:
            progress(0, total)
        done, step, torn = 0, self._step(total), False
        for piece, answer in self._answers(hands, self._pieces(step, outcome, tell), total):
            wrong = self._take(outcome, answer, tell)
            torn = torn or (piece["do"] == SEALS and wrong > 0)
            if piece["do"] == CASES:
                done += len(piece["ids"])
                if progress is not None:
                    progress(min(done, total), total)
        if self.elsewhere is not None:
            said = {(one.stream, one.seq, one.what) for _, one in outcome.findings}
            said |= {(one.stream, one.seq, one.what) for _, one, _ in outcome.acknowledged}
            answer = self.elsewhere.check(self.database, sealed=outcome.told.seals, wrong=torn)
            answer.wrong = [one for one in answer.wrong if (one.stream, one.seq, one.what) not in said]
            self._take(outcome, answer, tell)
        if outcome.told.unwritten:
            outcome.told.remarks.append(NOT_KEPT)
        outcome.seconds = time.monotonic() - began
        return outcome

    def verify_cases(self, ids: Sequence[UUID], tell: Tell | None = None) -> Outcome:
        """Executes these cases again, and checks nothing else but what they run on."""
        began, outcome = time.monotonic(), Outcome(FULL, cases=len(ids))
        hands = Hands(self.database, Marks(key_of(self.secret)), full=True)
        self._take(outcome, hands.do({"do": BASES}), tell)
        for first in range(0, len(ids), AT_ONCE):
            self._take(outcome, hands.do(pieces_of(ids[first : first + AT_ONCE])), tell)
        outcome.seconds = time.monotonic() - began
        return outcome

    def _step(self, total: int) -> int:
        """Cases of a piece: few where there are few, so that all have something to do."""
        return max(1, min(AT_ONCE, total // (4 * self._side_by_side(total)) or 1))

    def _side_by_side(self, total: int) -> int:
        wanted = self.jobs or os.cpu_count() or 1
        return 1 if total < FEW and not self.jobs else max(1, min(wanted, MOST_JOBS))

    def _answers(self, hands: Hands, pieces: Iterator[Piece], total: int) -> Iterator[tuple[Piece, Answer]]:
        count = self._side_by_side(total)
        if count == 1:
            for piece in pieces:
                yield piece, hands.do(piece)
            return
        with several(hands, count) as children:
            yield from children.answers(pieces)

    def _pieces(self, step: int, outcome: Outcome, tell: Tell | None) -> Iterator[Piece]:
        yield from others()
        after: Any = None
        while True:  # each look is a transaction of its own: none is open while the children work
            with self.database.reading() as session:
                bad, some, after = replay.page(session, after, step * 10)
            self._take(outcome, Answer(bad), tell)
            if after is None:
                return
            for first in range(0, len(some), step):
                yield pieces_of(some[first : first + step])

    def _take(self, outcome: Outcome, answer: Answer, tell: Tell | None) -> int:
        """Adds an answer; gives how many of its findings count."""
        told = outcome.told
        told.executed += answer.executed
        told.kept += answer.kept
        told.rows |= answer.rows
        told.unwritten |= answer.unwritten
        told.remarks += answer.remarks
        told.seals, told.size = told.seals + answer.seals, told.size + answer.size
        if not answer.wrong:
            return 0
        with self.database.reading() as session:
            names = {stream: named(session, stream) for stream in {one.stream for one in answer.wrong}}
            said = acknowledged(session, answer.wrong)
        for one in answer.wrong:
            if one in said:
                outcome.acknowledged.append((names[one.stream], one, said[one]))
                continue
            outcome.found += 1
            if len(outcome.findings) < self.most_kept:
                outcome.findings.append((names[one.stream], one))
            if tell is not None:
                tell(names[one.stream], one)
        return sum(one not in said for one in answer.wrong)
