"""Work for which auditors wait: verification, full and incremental, a long replay, evidence, a seal."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from uuid import UUID

from sqlalchemy import func, select

from service import clock, seals
from service.access_log.shown import end
from service.audit.verifying.child import collect, collect_seldom
from service.audit.verifying.children import several
from service.audit.verifying.marks import Marks
from service.audit.verifying.pieces import Answer, Hands, Piece, pieces_of
from service.audit.verifying.runs import Verifier
from service.audit.ways import keeping
from service.config.sealing import Sealing
from service.history import HistoryEvent
from service.http import looking
from service.http.context import KEY as WIRED
from service.processes import figure_tallies
from service.rights import COMMAND_LINE
from service.usecases.evidence import hand_out
from tests.bench.figures import Table
from tests.bench.work import Bench
from tests.factories.world import OFFICE

LOOKS = 40
"""Requests with and without their entry in the access log."""
ROUNDS, AT_LEAST, BATCH = 2, 400, 100
"""Times that all cases are verified, how many they are, and how many of them by one piece: several processes that work
on one batch at once would wait for each other's marks."""
TIMES = 12
"""Times that several processes verify them."""
MILLION = 1_000_000


def verifying(world: Bench, given: Sequence[UUID], table: Table, column: str) -> None:
    """Finished cases a second of one core, executed again and digested alone; the same of all cores; then everything.

    The ways of the cases are kept, as they are after a day, and made again with each execution; rings are collected as
    a child of verification does. On PostgreSQL the server digests, on a core of its own: there the time on the clock
    counts.
    """
    cases = [*given, *(world.finished() for _ in range(AT_LEAST - len(given)))][:AT_LEAST]
    pieces = [pieces_of(cases[first : first + BATCH]) for first in range(0, len(cases), BATCH)]
    hands, wall = Hands(world.database, Marks("bench"), full=True), not world.database.is_sqlite
    keeping.take_in(world.database)
    figure_tallies.take_in_all(world.database)
    for piece in pieces:
        hands.do(piece)
    usual = gc.get_threshold()
    collect_seldom()
    for row, full in (("verify full: finished cases", True), ("verify incremental: finished cases", False)):
        hands.full = full
        began, busy = perf_counter(), process_time()
        for done, piece in enumerate(pieces * ROUNDS, 1):
            _require_right(hands.do(piece), full=full)
            collect(done)
        taken = (perf_counter() - began if wall else process_time() - busy) / ROUNDS / len(cases)
        table.put(row, column, f"{1 / taken:7.0f}/s a core  {taken * 1000:.2f} ms")
    gc.set_threshold(*usual)
    cores = os.cpu_count() or 1
    for row, full in ((f"verify full, {cores} processes", True), (f"verify incremental, {cores} processes", False)):
        table.put(row, column, _side_by_side(world, pieces * TIMES, cores, full=full))
    outcome = Verifier(world.database, "bench", cores).verify(full=True)
    told = f"{outcome.seconds:7.1f} s with the start of processes, {outcome.cases} cases"
    table.put(f"verify everything, {cores} processes", column, told)


def _side_by_side(world: Bench, pieces: Sequence[Piece], cores: int, *, full: bool) -> str:
    """Finished cases a second of children that work side by side, each batch read, checked and marked by whoever is
    free. They have begun and know the definitions by then; that time is told apart."""
    hands = Hands(world.database, Marks("bench"), full=full)
    with several(hands, cores) as children:
        began = perf_counter()
        list(children.answers(pieces[:cores]))
        begun = perf_counter() - began
        began, busy = perf_counter(), process_time()
        for _, answer in children.answers(pieces):
            _require_right(answer, full=full)
        taken, parent = perf_counter() - began, process_time() - busy
    done = sum(len(piece["ids"]) for piece in pieces)
    told = f"{done / taken:7.0f}/s, {done:,} in {taken:.1f} s, begun in {begun:.1f} s"
    return f"{told}, work of the parent {parent:.2f} s"


def _require_right(answer: Answer, *, full: bool) -> None:
    if answer.wrong or (answer.kept if full else answer.executed):
        raise RuntimeError(f"the bench's own cases do not verify: {answer}")


def replaying(world: Bench, table: Table, column: str) -> None:
    """The page 回放 of the case that went back and forth, and its evidence."""
    with world.database.reading() as session:
        count = session.scalar(select(func.count()).where(HistoryEvent.stream == f"instance:{world.case}"))
    browser = world.as_user(OFFICE)

    def page() -> None:
        answer = browser.get(f"/cases/{world.case}/replay")
        if answer.status_code != 200:
            raise RuntimeError(f"the replay answers {answer.status_code}")

    table.put(f"page 回放 of a case with {count} entries", column, world.meter.again(page, 5))


def evidence(world: Bench, case: UUID, table: Table, column: str) -> None:
    """The evidence of one finished case."""
    auditor = world.actor("auditor")

    table.put("evidence of a case", column, world.meter.again(lambda: hand_out(world.database, case, auditor), 3))


def looking_on(world: Bench, table: Table, column: str) -> None:
    """The work of the access log for one request, beside the same request of which nothing is noted; and of the writing
    of its entry, which is done for all of a second at once. Both kinds of requests take turns, so that the load of the
    machine is the same for both."""
    browser, keeper = world.as_user(OFFICE), world.app.extensions[WIRED].keeper
    noted, plain, begin = list[float](), list[float](), looking.begin

    def page() -> float:
        busy = process_time()
        if browser.get("/ledger").status_code != 200:
            raise RuntimeError("the ledger does not answer")
        return (process_time() - busy) * 1000

    page()
    try:
        for _ in range(LOOKS):
            looking.begin = begin
            noted.append(page())
            looking.begin = end  # nothing has begun: what is read is noted nowhere
            plain.append(page())
    finally:
        looking.begin = begin
    busy = process_time()
    written = keeper.flush()
    writing = (process_time() - busy) * 1000 / max(1, written)
    more, whole = median(noted) - median(plain), median(noted)
    told = f"work {more:5.2f} ms of {whole:.1f} ms, and {writing:.2f} ms to write its entry ({written} at once)"
    table.put("access log, a request (page 台账)", column, told)


def sealing(world: Bench, table: Table, column: str) -> None:
    """The first seal over all entries there are, and the rate at which it would take a million."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Sealing(None, Path(folder) / "seal.key", None, mail=False, command=(), command_seconds=1)
        sealer = seals.Sealer(world.database, settings, mail=False)
        began, busy = perf_counter(), process_time()
        made = sealer.seal(by=COMMAND_LINE, now=clock.now())
        taken, worked = perf_counter() - began, process_time() - busy
    if made is None:
        raise RuntimeError("nobody else writes, and yet no seal was made")
    rate = made.size / taken
    told = f"{taken:6.1f} s for {made.size:,} entries, work {worked:.1f} s; "
    told += f"{MILLION:,} at this rate: {MILLION / rate:.0f} s, work {worked * MILLION / made.size:.0f} s"
    table.put("seal, the first", column, told)
