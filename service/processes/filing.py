"""How long after a need was received its form was filed (W2): shown where the need is shown, it holds up nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from service import clock
from service.errors import Invalid
from service.history import HistoryEvent
from service.workdays import Calendar

RECEIVED_ON = "received_on"
"""The field of the first form that says when the talent raised the need."""


@dataclass(frozen=True, slots=True)
class Filing:
    """The working days from the day of receipt to that of filing, and how many of them the step gives."""

    took: int
    within: int

    @property
    def late(self) -> bool:
        """Whether it took longer."""
        return self.took > self.within


def filing(events: Sequence[HistoryEvent], calendar: Calendar) -> Filing | None:
    """The filing of a need, out of its journal: as the form was first handed in, by the term that its step has.

    None before that, of a form that asks for no day of receipt, of a step without a term, and of days of which the
    calendar knows nothing.
    """
    done = next((event for event in events if event.kind == "completed"), None)
    if done is None:
        return None
    began = next((event for event in events if event.kind == "entered" and event.task == done.task), None)
    if began is None:
        return None
    try:
        received = date.fromisoformat(str(done.data["data"].get(RECEIVED_ON)))
        entered, due = clock.local(began.at).date(), date.fromisoformat(str(began.data.get("due_on")))
        took = calendar.between(received, clock.local(done.at).date())
        return Filing(took, calendar.between(entered, due))
    except (ValueError, Invalid):
        return None
