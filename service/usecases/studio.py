"""The studio with the facts of the house: what a draft is read from, checked against, rehearsed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from service.config import Organization, Settings
from service.db import Database
from service.errors import Finding, Invalid
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import current
from service.rights import Actor, require
from service.studio import drafts
from service.studio.checking import House, verdict
from service.usecases.prepare import check_context
from service.usecases.rehearsals import plan_of
from service.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Read:
    """A draft as it was read, outside any transaction: its process, revision and files, and the calendar in force."""

    process: str
    revision: int
    files: Mapping[str, bytes]
    calendar: Calendar


def house_of(settings: Settings, organization: Organization) -> House:
    """The facts of the house for checks and rehearsals."""
    return House(plan_of(settings, organization), check_context(settings, organization))


def read_draft(database: Database, draft_id: UUID, actor: Actor) -> Read:
    """The draft, read in a transaction that is over when this returns. Raises NotAllowed, NotFound."""
    with database.reading() as session:
        draft = drafts.get(session, draft_id, actor)
        return Read(draft.process, draft.revision, drafts.files(session, draft), current(session))


def ready_to_try(
    database: Database, house: House, *, draft: UUID | None, process: str, version: int | None, actor: Actor
) -> tuple[Compiled, Calendar]:
    """The draft, which is checked first, or the version of a process, ready to rehearse; and the calendar in force.

    Raises NotAllowed, NotFound, Invalid (neither or both named; a draft with errors).
    """
    if (draft is None) == (not process):
        raise Invalid("请写明试办哪一份", [Finding("/draft", "写草稿（draft）或流程（process）中的一项")])
    if draft is not None:
        found = read_draft(database, draft, actor)
        made = verdict(found.files, key=found.process, context=house.context).required()
        return made.compiled, found.calendar
    require(actor, drafts.EDIT)
    with database.reading() as session:
        definition = drafts.version(session, process, version)
        return compiled(session, definition.digest, process), current(session)
