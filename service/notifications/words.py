"""Notices in words as of the day of delivery: what is common to those of one transaction is looked up once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from service.auth.queries import find_account
from service.config.notifications import KINDS
from service.history import HistoryEvent
from service.history.notices import Goal, Notice
from service.notifications.rules import STALE_WHEN_DONE, Due, Told
from service.people.queries import unit_names
from service.processes import calendars, standing
from service.processes.models import UserTask
from service.processes.rules import one_line
from service.processes.subjects import Subjects, subjects_of, titled


class Words:
    """The words about ``tasks``, as they stand on ``today``."""

    def __init__(self, session: Session, tasks: Iterable[UserTask], today: date) -> None:
        self.session, self.today = session, today
        self.tasks = {str(task.id): task for task in tasks}
        self._subjects: Subjects | None = None
        self._units: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def told(self, event: HistoryEvent) -> Told:
        """The notice as of today, with the step's full title and the date by which to act."""
        notice = Notice.of(event.data)
        task = self.tasks.get(event.task or "")
        return Told(replace(notice, step=self._step(notice, task)), self._due(notice, task))

    def unit_name(self, to: Goal) -> str | None:
        """The name of the unit that a notice goes to, or that it is about."""
        units = to.units or ()
        code = to.unit or (units[0] if len(units) == 1 else None)
        if not code:
            return None
        if code not in self._units:
            self._units[code] = unit_names(self.session, [code]).get(code, code)
        return self._units[code]

    def doer(self, event: HistoryEvent) -> str:
        """The name of the actor who caused the notice, with whom it was done for: both names are kept (代理)."""
        return "代".join(self._name(one) for one in (event.actor, event.on_behalf_of) if one)

    def _name(self, username: str) -> str:
        if username not in self._names:
            account = find_account(self.session, username)
            known = standing.behalf_names(self.session, [username]) if account is None else {}
            self._names[username] = account.name if account is not None else known.get(username, "系统")
        return self._names[username]

    def _step(self, notice: Notice, task: UserTask | None) -> str | None:
        """The full title of the step, with the units that it is about where somebody else decides on what they did."""
        name = notice.step
        if task is None or not name:
            return one_line(name) or None
        if self._subjects is None:
            self._subjects = subjects_of(self.session, self.tasks.values(), today=self.today)
        return titled(name, self._subjects.get(task.id, ()))

    def _due(self, notice: Notice, task: UserTask | None) -> Due | None:
        """The date by which to act, as it stands today: a notice of the calendar may have moved it since the event."""
        told = notice.due_on
        asks = notice.template in STALE_WHEN_DONE or notice.template not in KINDS
        day = task.due_on if told and task is not None and asks else told
        if day is None:
            return None
        calendar = calendars.current(self.session)
        left = max(1, calendar.between(self.today, day)) if day > self.today else 0
        own = task is not None and task.due_on == day
        provisional = task.due_provisional if task is not None and own else calendar.is_provisional(day)
        return Due(day, left, calendars.days_late(calendar, day, self.today), provisional)
