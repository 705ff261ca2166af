"""Verification by the worker: submitted by people or at night, told while it goes on, its result kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread
from time import monotonic
from typing import Any

from sqlalchemy.orm import Session

from service import clock, history, jobs
from service.audit.models import FULL, Verification
from service.audit.verifying import results
from service.audit.verifying.elsewhere import Elsewhere
from service.audit.verifying.results import RIGHT
from service.audit.verifying.runs import Verifier
from service.auth.queries import actor_of
from service.config import Settings
from service.history.records import owe_notice
from service.processes.incidents import close_incident, incidents_of, open_incident
from service.rights import AUDITOR, SYSTEM

VERIFY = "verify"
"""The kind of these jobs, and of the incident that findings open."""
NOTICE = "verification_failed"
"""The kind of the word to auditors."""
_EVERY, _BEAT = 2.0, 30.0
"""Seconds between two words of progress, and at most between two signs of life."""


def kind(settings: Settings) -> jobs.Kind:
    """The kind of job: its ``params`` say ``full``; its result names the verification."""

    def work(run: jobs.Run) -> Mapping[str, Any]:
        with run.database.reading() as session:
            actor = SYSTEM if run.made_by == SYSTEM.username else actor_of(session, run.made_by)
        elsewhere, begun = Elsewhere(settings.seal.witness), clock.now()
        verifier = Verifier(run.database, settings.secret_key, settings.verify.jobs, elsewhere=elsewhere)
        with _telling(run) as progress:
            outcome = verifier.verify(full=bool(run.params.get("full")), progress=progress)
        with run.database.transaction() as session:
            kept = results.keep(session, outcome, begun_at=begun, actor=actor, now=clock.now())
            conclude(session, kept)
        return {"verification": str(kept.id), "found": outcome.found}

    return jobs.Kind(VERIFY, "核验", RIGHT, work, pausable=False)


def submit_nightly(session: Session, *, full: bool, since: datetime, now: datetime) -> bool:
    """Submits the verification of the night, unless it has been since the moment ``since``; whether it did."""
    history.lock(session, "daily")  # of several workers one does it
    if jobs.submitted_since(session, VERIFY, SYSTEM.username, since, now):
        return False
    jobs.submit(session, kind=VERIFY, params={"full": full}, actor=SYSTEM, now=now)
    return True


def conclude(session: Session, kept: Verification) -> None:
    """Warns of what a verification has found, by an incident; one that found nothing closes those of before
    it began. Findings of an execution of everything stay open until another such execution. Auditors get word of each
    such incident."""
    if kept.found:
        _warn(session, kept)
    elif kept.mode == FULL or not results.full_failed(session):
        for one in incidents_of(session, VERIFY):
            if one.happened_at <= kept.begun_at:  # what another found meanwhile may be newer than what this one read
                close_incident(session, one, actor=SYSTEM, now=kept.ended_at)


def _warn(session: Session, kept: Verification) -> None:
    """An incident and word to the auditors, unless an incident that says the same is still open."""
    message = _message(kept.found, nightly=kept.made_by == SYSTEM.username)
    if any(one.message == message for one in incidents_of(session, VERIFY)):
        return
    now = clock.now()
    open_incident(session, kind=VERIFY, message=message, now=now)
    title = f"{clock.local(kept.begun_at):%Y-%m-%d %H:%M} 的核验"
    owe_notice(session, results.stream_of(kept), NOTICE, title=title, text=message, role=AUDITOR, actor=SYSTEM, now=now)


def _message(found: int, *, nightly: bool) -> str:
    found_by = "夜间核验" if nightly else "核验"
    return f"{found_by}发现 {found} 处与日志不符，请审计人员到“核验”页查看，并按《审计人员指南》第三节先保全"


@contextmanager
def _telling(run: jobs.Run) -> Iterator[Callable[[int, int], None]]:
    """Tells how far the work is, and that it lives while a long piece is at hand; raises Stopped where it is to end."""
    over, ended = Event(), list[jobs.Stopped]()
    state = {"done": 0, "total": 0, "told": 0.0}

    def tell() -> None:
        state["told"] = monotonic()
        run.tell(done=int(state["done"]), total=int(state["total"]))

    def live() -> None:
        while not over.wait(_BEAT):
            try:
                tell()
            except jobs.Stopped as stopped:
                ended.append(stopped)
                return

    def progress(done: int, total: int) -> None:
        state.update(done=done, total=total)
        if ended:
            raise ended[0]
        if done >= total or monotonic() - state["told"] > _EVERY:
            tell()

    beat = Thread(target=live, name="verification-lives", daemon=True)
    beat.start()
    try:
        yield progress
    finally:
        over.set()
        beat.join()
