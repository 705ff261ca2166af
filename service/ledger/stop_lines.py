"""停表与改期 on the printed form: suspensions, agreed dates and waits for a meeting, a line each (W7, W9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from service.ledger.case_record import Record, day
from service.processes.calendars import current
from service.processes.rules import one_line
from service.processes.stops import EXTENSION, KINDS, OUTCOMES, SUSPENSION, WAITING, Stop, stops_of


class StopLines:
    """The stops that a case's record tells of, in the words of the form."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._stops = stops_of(record.events, current(record.session), record.stands_on)

    def of_case(self) -> list[str]:
        """Its suspensions."""
        return [self._suspension(stop) for stop in self._stops if stop.kind == SUSPENSION]

    def of_task(self, task: str | UUID | None) -> list[str]:
        """The later dates that were asked for a step, and what was answered."""
        return [
            self._extension(stop) for stop in self._stops if stop.kind == EXTENSION and stop.task == str(task or "")
        ]

    def first(self, task: str | UUID | None, due: date | str | None) -> str:
        """（原定2026年9月24日）, where a step had another date at first than ``due``."""
        known = [stop for stop in self._stops if stop.task == str(task or "") and stop.due is not None and stop.first]
        suspended = [stop for stop in self._stops if stop.kind == SUSPENSION]
        shifted = [moved.old for stop in suspended for moved in stop.moved if moved.task == str(task or "")]
        first = known[0].first if known else shifted[0] if shifted else None
        said = date.fromisoformat(due) if isinstance(due, str) else due
        return f"（原定{day(first)}）" if first is not None and first != said else ""

    def wait_before(self, seq: int) -> str:
        """（待上会12天）, of the wait that the entry ``seq`` of the journal ended."""
        ended = [stop for stop in self._stops if stop.kind == WAITING and stop.seq < seq and not stop.lasts]
        return f"（{KINDS[WAITING]}{ended[-1].days}天）" if ended and ended[-1].days else ""

    def waits(self) -> Iterator[Stop]:
        """Those that last."""
        return (stop for stop in self._stops if stop.kind == WAITING and stop.lasts)

    def _suspension(self, stop: Stop) -> str:
        until = day(stop.until) if stop.until is not None else "今"
        span = f"{day(stop.since)}至{until}，{stop.days}个工作日，{OUTCOMES[stop.outcome]}"
        return f"挂起（{span}）：{_said(stop.reason)}。{self._people(stop)}"

    def _extension(self, stop: Stop) -> str:
        asked = f"申请延至{day(stop.proposed)}，" if stop.proposed is not None else ""
        dates = f"，期限由{day(stop.was)}改为{day(stop.due)}" if stop.due is not None else ""
        answer = f"（{_said(stop.answer)}）" if stop.answer else ""
        word = OUTCOMES[stop.outcome]
        return f"延期：{asked}理由：{_said(stop.reason)}。{word}{answer}{dates}。{self._people(stop)}"

    def _people(self, stop: Stop) -> str:
        asked = stop.asked_for or self._record.person(stop.asked_by)
        approved = stop.approved_for or self._record.person(stop.approved_by)
        on = day(stop.approved_at) if stop.approved_at is not None else ""
        said = [f"{asked}提出" if asked else "", f"{approved}于{on}审批" if approved else ""]
        return "，".join(part for part in said if part) + "。" if any(said) else ""


def wait_words(stop: Stop) -> str:
    """待上会，已等待12天，不计逾期."""
    return f"{KINDS[WAITING]}，已等待{stop.days}天，不计逾期" if stop.days is not None else one_line(stop.step)


def _said(text: str) -> str:
    """Words within a sentence of the form, without the mark that ended them."""
    return text.rstrip("。．. \n")
