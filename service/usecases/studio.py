"""The studio with the facts of the house: what a draft is read from, checked against, rehearsed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from service.config import Organization, Settings
from service.db import Database
from service.errors import Finding, Invalid
from service.processes.bundles import CheckedBundle, Compiled, compiled
from service.processes.calendars import current
from service.processes.definitions import newest_files
from service.proof import Bounds
from service.rights import Actor, require
from service.studio import drafts, publishing
from service.studio.checking import Checked, House, checked, verdict
from service.studio.mending import Proposals, proposals
from service.studio.publishing import Release
from service.usecases import proving
from service.usecases.panels import choices_of
from service.usecases.prepare import check_context
from service.usecases.rehearsals import plan_of
from service.workdays import Calendar

PROOF_SECONDS = 120
"""Of the processor, for the walk before a publication: people wait for it."""


@dataclass(frozen=True, slots=True)
class Read:
    """A draft as it was read, outside any transaction: its process, revision and files, and the calendar in force.

    ``base`` are the files of the version on which it stands; none of a new process.
    """

    process: str
    revision: int
    files: Mapping[str, bytes]
    calendar: Calendar
    base: Mapping[str, bytes]


def house_of(settings: Settings, organization: Organization) -> House:
    """The facts of the house for checks and rehearsals."""
    return House(
        plan_of(settings, organization),
        check_context(settings, organization),
        four_eyes=settings.studio.four_eyes,
        scenarios=settings.studio.scenarios,
        words=choices_of(settings, organization),
        prove=partial(_faults, settings, organization) if settings.studio.proof else None,
    )


def read_draft(database: Database, draft_id: UUID, actor: Actor) -> Read:
    """The draft, read in a transaction that is over when this returns. Raises NotAllowed, NotFound."""
    with database.reading() as session:
        draft = drafts.get(session, draft_id, actor)
        files, base = drafts.files(session, draft), drafts.base_files(session, draft)
        return Read(draft.process, draft.revision, files, current(session), base)


def mended(
    database: Database, house: House, draft_id: UUID, chosen: Mapping[tuple[str, str, str], str], actor: Actor
) -> tuple[Read, Proposals | None]:
    """The draft as it was read, and how those of its scenarios that no longer hold would go on, with no transaction
    open; None where the draft has errors. Raises NotAllowed, NotFound."""
    read = read_draft(database, draft_id, actor)
    found = checked(read.files, key=read.process, house=house, calendar=read.calendar, base=read.base)
    with database.reading() as session:
        number = drafts.get(session, draft_id, actor).base_version
        base = drafts.version(session, read.process, number) if number is not None else None
        old = compiled(session, base.digest, read.process) if base is not None else None
    return read, proposals(found, read.files, old, chosen, house.plan, read.calendar)


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
        made = verdict(found.files, key=found.process, context=house.context, base=found.base).required()
        return made.compiled, found.calendar
    require(actor, drafts.EDIT)
    with database.reading() as session:
        definition = drafts.version(session, process, version)
        return compiled(session, definition.digest, process), current(session)


def publish_draft(
    database: Database, house: House, draft_id: UUID, *, note: str, actor: Actor, now: datetime
) -> Release:
    """Checks a draft and publishes it, or proposes it where two are needed: the check holds no transaction.

    Raises as ``checking.Checked.require`` and ``publishing.publish`` do.
    """
    require(actor, publishing.DEPLOY)
    read = read_draft(database, draft_id, actor)
    found = checked(read.files, key=read.process, house=house, calendar=read.calendar, base=read.base)
    bundle = may_be_published(found, house, read.calendar)
    with database.transaction() as session:
        return publishing.publish(
            session,
            draft_id=draft_id,
            revision=read.revision,
            note=note,
            bundle=bundle,
            four_eyes=house.four_eyes,
            words=house.words,
            actor=actor,
            now=now,
        )


def back_to(
    database: Database, house: House, process: str, version: int, *, note: str, actor: Actor, now: datetime
) -> Release:
    """Makes the content of an earlier version the newest version, checked as of today; as ``publish_draft`` does."""
    require(actor, publishing.DEPLOY)
    with database.reading() as session:
        old = drafts.version(session, process, version)
        files, calendar = drafts.version_files(session, old), current(session)
        base = newest_files(session, process)
    found = checked(files, key=process, house=house, calendar=calendar, base=base)
    bundle = may_be_published(found, house, calendar)
    with database.transaction() as session:
        title = f"恢复第 {version} 版"
        draft = drafts.create(session, process=process, files=files, title=title, actor=actor, now=now)
        return publishing.publish(
            session,
            draft_id=draft.id,
            revision=draft.revision,
            note=note,
            bundle=bundle,
            four_eyes=house.four_eyes,
            words=house.words,
            actor=actor,
            now=now,
        )


def may_be_published(found: Checked, house: House, calendar: Calendar) -> CheckedBundle:
    """The bundle that was checked, walked too where the settings ask for it. Raises Invalid naming what forbids it."""
    bundle = found.require(scenarios=house.scenarios)
    if house.prove is not None and (faults := house.prove(bundle, calendar)):
        raise Invalid(f"走查发现 {len(faults)} 处错误，没有发布；请改正后再发布", faults)
    return bundle


def _faults(settings: Settings, organization: Organization, bundle: CheckedBundle, calendar: Calendar) -> list[Finding]:
    """The faults that a walk of every way finds, in a process of its own."""
    told = proving.House(settings, organization, calendar)
    proof = proving.prove_confined(bundle.files, bundle.key, told, Bounds(seconds=PROOF_SECONDS))
    return [Finding(f"{one.file}:{one.line} {one.element} {one.kind}", one.message) for one in proof.faults]
