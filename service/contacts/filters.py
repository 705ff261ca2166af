"""Filters of the lists of contacts, opinions, activities, own matters and interviews.

Leaders and activities are named by their ids as texts: what is no id finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.contacts.rules import ACTIVITY_KINDS, FORMS, OPINION_STATUSES, TOPICS
from service.fields import FIRST_YEAR, LAST_YEAR, condition


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Contacts by 汉字, pinyin or initials of a talent or of the leader; withdrawn ones only where asked for."""

    q: str | None = None
    leader_id: str | None = condition(sent="leader")
    talent_id: str | None = condition(sent="talent")
    unit: str | None = None
    form: str | None = condition(choices=FORMS)
    topic: int | None = condition(choices=TOPICS)
    tag: str | None = None
    activity_id: str | None = condition(sent="activity")
    inbound: bool | None = None
    interview: bool | None = None
    late: bool | None = None
    since: date | None = None
    until: date | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class OpinionFilter:
    """Opinions by words of theirs, or by 汉字, pinyin or initials of the talent; the period is the contact's."""

    q: str | None = None
    status: str | None = condition(choices=OPINION_STATUSES)
    leader_id: str | None = condition(sent="leader")
    talent_id: str | None = condition(sent="talent")
    unit: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Activities by their names; ``unit`` holds them, ``talent`` was invited."""

    q: str | None = None
    kind: str | None = condition(choices=ACTIVITY_KINDS)
    unit: str | None = None
    talent_id: str | None = condition(sent="talent")
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MatterFilter:
    """A unit's own matters by their titles, or by 汉字, pinyin or initials of the talent."""

    q: str | None = None
    unit: str | None = None
    talent_id: str | None = condition(sent="talent")
    solved: bool | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class InterviewFilter:
    """The filter of interviews: leader and year (default: that of ``on``), up to the day ``on`` (default today).

    ``short``: only the pairs with too few of them (F2).
    """

    year: int | None = condition(choices=range(FIRST_YEAR, LAST_YEAR + 1))
    on: date | None = None
    unit: str | None = None
    leader_id: str | None = condition(sent="leader")
    short: bool = False
