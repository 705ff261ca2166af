"""The studio with the facts of the house: what a draft is read from, checked against, rehearsed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service.auth.holders import Holder
from service.config import Organization, Settings
from service.db import Database
from service.errors import Conflict, Finding, Invalid
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import current
from service.processes.definitions import newest_files
from service.rights import Actor, require
from service.studio import drafts, publishing
from service.studio.checking import House, checked, verdict
from service.studio.mending import Proposals, proposals
from service.studio.models import Draft
from service.studio.publishing import Release
from service.usecases.holders import known_people, named_people, people_in_words
from service.usecases.panels import choices_of
from service.usecases.prepare import check_context
from service.usecases.rehearsals import plan_of
from service.usecases.walks import content_of, require_clean, said_of, submit, walk_of
from service.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Read:
    """A draft as it was read, outside any transaction: its process, revision and files, and the calendar in force.

    ``base`` are the files of the version on which it stands; none of a new process. ``people`` are those whom the
    diagrams of both name.
    """

    process: str
    revision: int
    files: Mapping[str, bytes]
    calendar: Calendar
    base: Mapping[str, bytes]
    people: Mapping[str, Holder]


def knowing(house: House, people: Mapping[str, Holder]) -> House:
    """The house with the people whom diagrams name."""
    words = replace(house.words, people=people_in_words(people))
    return replace(house, context=replace(house.context, people=known_people(people)), words=words)


def house_of(settings: Settings, organization: Organization) -> House:
    """The facts of the house for checks and rehearsals."""
    return House(
        plan_of(settings, organization),
        check_context(settings, organization),
        four_eyes=settings.studio.four_eyes,
        scenarios=settings.studio.scenarios,
        words=choices_of(settings, organization),
        walked=settings.studio.proof,
    )


def read_draft(database: Database, draft_id: UUID, actor: Actor) -> Read:
    """The draft, read in a transaction that is over when this returns. Raises NotAllowed, NotFound."""
    with database.reading() as session:
        draft = drafts.get(session, draft_id, actor)
        files, base = drafts.files(session, draft), drafts.base_files(session, draft)
        people = named_people(session, files, base)
        return Read(draft.process, draft.revision, files, current(session), base, people)


def mended(
    database: Database, house: House, draft_id: UUID, chosen: Mapping[tuple[str, str, str], str], actor: Actor
) -> tuple[Read, Proposals | None]:
    """The draft as it was read, and how those of its scenarios that no longer hold would go on, with no transaction
    open; None where the draft has errors. Raises NotAllowed, NotFound."""
    read = read_draft(database, draft_id, actor)
    house = knowing(house, read.people)
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
        context = knowing(house, found.people).context
        made = verdict(found.files, key=found.process, context=context, base=found.base).required()
        return made.compiled, found.calendar
    require(actor, drafts.EDIT)
    with database.reading() as session:
        definition = drafts.version(session, process, version)
        return compiled(session, definition.digest, process), current(session)


def publish_draft(
    database: Database, house: House, draft_id: UUID, *, note: str, consent: bool = False, actor: Actor, now: datetime
) -> Release:
    """Checks a draft and publishes it, or proposes it where two are needed: the check holds no transaction.

    ``consent``: also where its walk was cut short. Raises as ``walks.said_of``,
    ``checking.Checked.require`` and ``publishing.publish`` do.
    """
    require(actor, publishing.DEPLOY)
    read = read_draft(database, draft_id, actor)
    house = knowing(house, read.people)
    found = checked(read.files, key=read.process, house=house, calendar=read.calendar, base=read.base)
    bundle = found.require(scenarios=house.scenarios)
    content = content_of(read.files, house.context.options)
    if house.walked:
        require_walked(database, draft_id, content, note=note, actor=actor, now=now)
    with database.transaction() as session:
        walk = said_of(walk_of(session, content, draft_id), consent=consent)
        return publishing.publish(
            session,
            draft_id=draft_id,
            revision=read.revision,
            note=note,
            bundle=bundle,
            four_eyes=house.four_eyes,
            words=house.words,
            walk=walk,
            actor=actor,
            now=now,
        )


def back_to(
    database: Database,
    house: House,
    process: str,
    version: int,
    *,
    note: str,
    consent: bool = False,
    actor: Actor,
    now: datetime,
) -> Release:
    """Makes the content of an earlier version the newest version, checked as of today; as ``publish_draft`` does."""
    require(actor, publishing.DEPLOY)
    with database.reading() as session:
        old = drafts.version(session, process, version)
        files, calendar = drafts.version_files(session, old), current(session)
        base = newest_files(session, process)
        house = knowing(house, named_people(session, files, base))
    found = checked(files, key=process, house=house, calendar=calendar, base=base)
    bundle = found.require(scenarios=house.scenarios)
    given: dict[str, Any] = {"process": process, "files": files, "restores": version, "actor": actor}
    if house.walked:
        _require_walk_of_old(database, given, house, note, now)
    with database.transaction() as session:
        walk = said_of(walk_of(session, content_of(files, house.context.options)), consent=consent)
        kept = kept_for_walks(session, process, actor).get(version) if house.walked else None
        if kept is None or drafts.files(session, kept) != files:
            kept = drafts.create(session, title=f"恢复第 {version} 版", now=now, **given)
        draft = kept
        return publishing.publish(
            session,
            draft_id=draft.id,
            revision=draft.revision,
            note=note,
            bundle=bundle,
            four_eyes=house.four_eyes,
            words=house.words,
            walk=walk,
            actor=actor,
            now=now,
        )


def require_walked(
    database: Database, draft_id: UUID, content: str, *, note: str = "", actor: Actor, now: datetime
) -> None:
    """Has the content of a draft walked where nobody has yet; the walk keeps the ``note`` of the publication.

    Raises Conflict until the walk of exactly this content is over, Invalid naming each fault that it found.
    """
    with database.transaction() as session:
        if require_clean(walk_of(session, content, draft_id)):
            return
        submit(session, draft_id=draft_id, content=content, note=note, actor=actor, now=now)
    raise Conflict("这份内容还没有走查，已开始走查，没有发布；走完没有错误后再发布")


def _require_walk_of_old(database: Database, given: Mapping[str, Any], house: House, note: str, now: datetime) -> None:
    """As ``require_walked``, of the content of an earlier version: for its walk it becomes a draft."""
    content, title = content_of(given["files"], house.context.options), f"恢复第 {given['restores']} 版"
    with database.transaction() as session:
        if require_clean(walk_of(session, content)):
            return
        draft = drafts.create(session, title=title, now=now, **given)
        submit(session, draft_id=draft.id, content=content, note=note, actor=given["actor"], now=now)
    raise Conflict(f"这一版的内容还没有走查，没有恢复；已存成草稿“{title}”并已开始走查，走完没有错误后再恢复")


def kept_for_walks(session: Session, process: str, actor: Actor) -> Mapping[int, Draft]:
    """Version → the draft that it became for its walk, as long as nobody has changed it and it stands on the newest."""
    newest = drafts.version(session, process, None).version
    return {
        one.restores: one
        for one in drafts.listed(session, actor, process=process)
        if one.restores is not None and (one.revision, one.base_version) == (1, newest)
    }
