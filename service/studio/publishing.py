"""From a draft to the next version: what is refused, what a layout alone becomes, and the second pair of eyes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service import clock, history
from service.checks.house import require_house
from service.errors import Conflict, Finding, Invalid
from service.history.records import owe_notice, record
from service.processes import definitions
from service.processes.bundles import CheckedBundle
from service.processes.models import Definition
from service.rights import RIGHTS, Actor, require
from service.spelling import tidy
from service.studio import drafts, fields, house_prints
from service.studio.contents import keep
from service.studio.difference import Difference, compare
from service.studio.models import Draft, VersionScenario
from service.studio.names import scenarios_of
from service.studio.panel import NOTHING_KNOWN, Choices

DEPLOY = "deploy_definitions"
WORD = "reminder"
"""The wording of the word that a draft waits for a second person."""
VERSION: Final = "version"
LAYOUT: Final = "layout"
SCENARIOS: Final = "scenarios"
SAME: Final = "same"
PROPOSED: Final = "proposed"
Outcome = Literal["version", "layout", "scenarios", "same", "proposed"]
MOST_LINES = 200
"""Sentences on what changed that the journal keeps of one version."""


@dataclass(frozen=True, slots=True)
class Release:
    """The outcome of a publication.

    A new VERSION; a new picture of the newest one (LAYOUT); new SCENARIOS of it; nothing, because nothing changed
    (SAME); or a proposal that a second person decides (PROPOSED, no definition).
    """

    outcome: Outcome
    definition: Definition | None
    difference: Difference


def release(
    session: Session,
    bundle: CheckedBundle,
    scenarios: Mapping[str, bytes] | None = None,
    *,
    note: str = "",
    words: Choices = NOTHING_KNOWN,
    actor: Actor,
    now: datetime,
    author: str | None = None,
    restores: int | None = None,
    walk: Mapping[str, Any] | None = None,
) -> Release:
    """Makes a checked bundle with its scenarios (None: those of the version before) the newest state of its process.

    ``author`` is who proposed it, where ``actor`` approves as the second person; ``words`` names the codes in what
    changed; ``restores`` and ``walk`` as ``definitions.deploy`` has them. Where only the layout changed,
    the newest version gets a new picture: its cases, and those that begin, run on as they do.
    """
    newest = definitions.find_latest(session, bundle.key)
    before = drafts.version_files(session, newest) if newest is not None else {}
    if scenarios is None:
        scenarios = scenarios_of(before)
    told = _compared(session, newest, before, {**bundle.files, **scenarios}, words)
    if newest is None or told.sort == "content":
        require_house(house_prints.changed(session, newest, bundle.files, bundle.key), bundle.files)
        made = definitions.deploy(
            session,
            bundle,
            actor=actor,
            now=now,
            note=note,
            author=author,
            changes=told.lines[:MOST_LINES],
            restores=restores,
            walk=walk,
        )
        keep_scenarios(session, made, scenarios, actor=actor, now=now)
        return Release(VERSION, made, told)
    others = scenarios_of(before) != dict(scenarios)
    if others:
        keep_scenarios(session, newest, scenarios, actor=actor, now=now)
        said = {"version": newest.version, "scenarios": sorted(scenarios), "note": note}
        record(session, definitions.stream_of(newest.key), "scenarios_replaced", said, actor=actor, now=now)
    if told.sort == "layout":
        definitions.redraw(session, newest, bundle, note=note, actor=actor, now=now)
        return Release(LAYOUT, newest, told)
    return Release(SCENARIOS if others else SAME, newest, told)


def publish(
    session: Session,
    *,
    draft_id: UUID,
    revision: int,
    note: str,
    bundle: CheckedBundle,
    four_eyes: bool = False,
    words: Choices = NOTHING_KNOWN,
    walk: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> Release:
    """Publishes a draft as of ``revision``, of which ``bundle`` was checked; or proposes it, where two are needed.

    ``walk`` says how the content stands with its walk, and who consented to what was left out: the journal keeps it.
    With ``four_eyes`` the first call proposes, and a second one by somebody else publishes what was proposed. Raises
    NotAllowed, NotFound, Invalid (no note), Conflict (changed meanwhile, another version in force, nothing changed,
    proposed by the same person).
    """
    require(actor, DEPLOY)
    said = tidy(note).strip()
    draft = drafts.locked(session, draft_id, actor)
    if draft.revision != revision:
        raise Conflict("检查之后草稿又有改动，没有发布；请重新检查后再发布")
    approving = four_eyes and draft.proposed_by not in (None, actor.username) and draft.proposed_revision == revision
    if approving and not said:
        said = draft.proposed_note or ""
    if not said or len(said) > fields.LONGEST_NOTE:
        message = f"请写明为什么修改，不超过 {fields.LONGEST_NOTE} 个字"
        raise Invalid("没有发布：发布说明不合要求", [Finding("/note", message)])
    history.lock(session, definitions.stream_of(draft.process))  # two publications at once are one after the other
    _require_base(session, draft)
    if four_eyes and not approving:
        return _propose(session, draft, said, bundle, words, dict(walk or {}), actor, now)
    author = draft.proposed_by if approving else None
    files = drafts.files(session, draft)
    whole = draft.restores if draft.revision == 1 else None  # nobody has changed what that version held
    made = release(
        session,
        bundle,
        scenarios_of(files),
        note=said,
        words=words,
        author=author,
        restores=whole,
        walk=walk,
        actor=actor,
        now=now,
    )
    if made.outcome == SAME or made.definition is None:
        raise Conflict("与现行版本没有差别，不需要发布")
    draft.published_at, draft.published_version = now, made.definition.version
    draft.updated_at, draft.updated_by = now, actor.username
    told: dict[str, Any] = {
        "version": made.definition.version,
        "outcome": made.outcome,
        "note": said,
        "revision": revision,
    }
    told |= {"walk": dict(walk)} if walk else {}
    drafts.journal(session, draft, fields.PUBLISHED, told, actor, now)
    session.flush()
    return made


def recall(session: Session, *, draft_id: UUID, actor: Actor, now: datetime) -> Draft:
    """Takes a proposal back, or turns it down. Raises NotAllowed, NotFound, Conflict (nothing is proposed)."""
    require(actor, DEPLOY)
    draft = drafts.locked(session, draft_id, actor)
    if draft.proposed_by is None:
        raise Conflict("这份草稿没有提请发布")
    drafts.journal(session, draft, fields.RECALLED, {"proposed_by": draft.proposed_by}, actor, now)
    draft.proposed_at = draft.proposed_by = draft.proposed_revision = draft.proposed_note = None
    return draft


def rebase(
    session: Session, *, draft_id: UUID, keep_mine: Mapping[str, bool], revision: int, actor: Actor, now: datetime
) -> tuple[Draft, list[str]]:
    """Lets a draft stand on the newest version; gives the files that both changed and nobody has decided about.

    File by file: what only one side changed is taken; of what both changed, ``keep_mine`` says which stays. While a
    file is undecided nothing is changed. Raises NotAllowed, NotFound, OtherRevision, Conflict (stands on it already).
    """
    draft = drafts.locked(session, draft_id, actor)
    drafts.require_revision(session, draft, revision)
    newest = definitions.find_latest(session, draft.process)
    if newest is None or newest.version == draft.base_version:
        raise Conflict("草稿已经以现行版本为底")
    base, mine = drafts.base_files(session, draft), drafts.files(session, draft)
    theirs = drafts.version_files(session, newest)
    taken: dict[str, bytes | None] = {}
    undecided = []
    for name in sorted({*base, *mine, *theirs}):
        old, own, new = base.get(name), mine.get(name), theirs.get(name)
        if new in (old, own):
            continue
        if own == old or keep_mine.get(name) is False:
            taken[name] = new
        elif name not in keep_mine:
            undecided.append(name)
    if undecided:
        return draft, undecided
    draft.base_version = newest.version
    contents = [one for one in taken.values() if one is not None]
    digests = dict(zip(contents, keep(session, contents), strict=True)) if contents else {}
    drafts.change(
        session, draft, {name: None if one is None else digests[one] for name, one in taken.items()}, actor, now
    )
    said = {
        "base_version": newest.version,
        "taken": sorted(taken),
        "kept": sorted(n for n, own in keep_mine.items() if own),
    }
    drafts.journal(session, draft, fields.REBASED, said, actor, now)
    return draft, []


def has_scenarios(session: Session, definition: Definition) -> bool:
    """Whether a version has any."""
    mine = (VersionScenario.process == definition.key, VersionScenario.version == definition.version)
    return session.scalar(select(VersionScenario.name).where(*mine).limit(1)) is not None


def keep_scenarios(
    session: Session, definition: Definition, scenarios: Mapping[str, bytes], *, actor: Actor, now: datetime
) -> None:
    """Gives a version these scenarios instead of those that it has."""
    mine = (VersionScenario.process == definition.key, VersionScenario.version == definition.version)
    session.execute(delete(VersionScenario).where(*mine))
    listed = sorted(scenarios.items())
    digests = dict(zip([name for name, _ in listed], keep(session, [one for _, one in listed]), strict=True))
    session.add_all(
        VersionScenario(process=definition.key, version=definition.version, name=name, digest=digest)
        for name, digest in digests.items()
    )
    said = {"version": definition.version, "files": digests}
    record(session, definitions.stream_of(definition.key), "scenarios_kept", said, actor=actor, now=now)
    session.flush()


def _propose(
    session: Session,
    draft: Draft,
    note: str,
    bundle: CheckedBundle,
    words: Choices,
    walk: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> Release:
    if draft.proposed_by == actor.username and draft.proposed_revision == draft.revision:
        raise Conflict("您已提请发布，须由另一位有权发布的人核准")
    newest = definitions.find_latest(session, draft.process)
    before = drafts.version_files(session, newest) if newest is not None else {}
    told = _compared(session, newest, before, {**bundle.files, **scenarios_of(drafts.files(session, draft))}, words)
    if not told.changes and told.sort == "same":
        raise Conflict("与现行版本没有差别，不需要发布")
    draft.proposed_at, draft.proposed_by = now, actor.username
    draft.proposed_revision, draft.proposed_note = draft.revision, note
    said = {"revision": draft.revision, "note": note, "changes": told.lines[:MOST_LINES]}
    said |= {"walk": walk} if walk else {}
    drafts.journal(session, draft, fields.PROPOSED, said, actor, now)
    text = f"{actor.name}提请发布，请核准：{note}"
    for role in sorted(RIGHTS[DEPLOY].roles):  # whoever may publish is the second pair of eyes
        owe_notice(
            session, drafts.stream_of(draft.id), WORD, title=draft.title, text=text, role=role, actor=actor, now=now
        )
    session.flush()
    return Release(PROPOSED, None, told)


def _compared(
    session: Session,
    newest: Definition | None,
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    words: Choices,
) -> Difference:
    old, new = house_prints.since(session, newest, after)
    return compare({**before, **old}, {**after, **new}, words)


def _require_base(session: Session, draft: Draft) -> None:
    newest = definitions.find_latest(session, draft.process)
    if newest is None or newest.version == draft.base_version:
        return
    raise Conflict(
        f"草稿以第 {draft.base_version or 0} 版为底，现行版本已是第 {newest.version} 版"
        f"（{clock.written(clock.local(newest.deployed_at).date())} 发布）；请先改以现行版本为底，再发布"
    )


__all__ = [
    "LAYOUT",
    "PROPOSED",
    "SAME",
    "SCENARIOS",
    "VERSION",
    "Release",
    "has_scenarios",
    "keep_scenarios",
    "publish",
    "rebase",
    "recall",
    "release",
]
