"""Events about outcomes of opinions, missed interviews and attendance: their number is the version of the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service.contacts.interviews import PairCount
from service.contacts.models import Activity, Opinion
from service.history import Edits, versions_of
from service.people.models import Leader


def opinion_edits(opinion: Opinion) -> Edits:
    """Events about the outcome of an opinion."""
    kinds = ("opinion_answered",)
    return Edits(f"contact:{opinion.contact_id}", kinds, about=str(opinion.id), key="opinion_id", changes=_answer)


def missed_edits(leader: Leader, talent_id: str, year: int) -> Edits:
    """Events that tell why a pair had too few interviews in a year."""
    about = pair_key(leader.id, talent_id, year)
    stream = f"person:{leader.person_id}"
    return Edits(stream, ("missed_interviews_explained",), about=about, key="pair", changes=_reason)


def missed_versions(session: Session, pairs: Iterable[PairCount], year: int) -> Mapping[UUID, int]:
    """The version of what was said of each pair's missed interviews, by the id of its link. One statement."""
    edits = {one.link.id: missed_edits(one.leader, one.talent.id, year) for one in pairs}
    return versions_of(session, edits)


def attendance_edits(activity: Activity) -> Edits:
    """Events that tell who came to an activity."""
    return Edits(f"activity:{activity.id}", ("attendance_recorded",), changes=_attendance)


def pair_key(leader_id: UUID, talent_id: str, year: int) -> str:
    """Names a pair of a year within the journal of its leader."""
    return f"{leader_id}/{talent_id}/{year}"


def _answer(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    before = data.get("before") or {}
    return {field: (before.get(field), data[field]) for field in ("status", "answer")}


def _reason(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {"reason": (data.get("before"), data["reason"])}


def _attendance(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    before = data.get("before") or {}
    return {talent_id: (before.get(talent_id), came) for talent_id, came in data["attended"].items()}
