"""用印: seals and signatures on papers of cases, by the consent of who may use them, each use in two journals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.auth.queries import accounts_of_person, actor_of, usable_name
from service.documents import NO_STAMPS, SHARED, Draft
from service.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from service.history.records import owe_notice
from service.ids import as_id
from service.ledger.sheet import SHEET, signed_parts
from service.ledger.stamped import STAMPED, file_of
from service.people import stamps
from service.people.models import Stamp, StampUse
from service.people.stamps import OnPaper
from service.processes.commands import locked_instance
from service.processes.recording import record
from service.processes.visibility import known_only, visible_instance
from service.rights import Actor
from service.usecases.case_papers import draft_of

_HOOK = b"stamp-of"
MOVED = "文书与您看到的不是同一份（例如刚编了文号），请重新查看后再用印"


def usable_keepers(session: Session, names: Collection[str]) -> list[str]:
    """The accounts that shall keep a seal, by their names as stored. Raises Invalid for one that is not there."""
    if len(names) > stamps.MOST_KEEPERS:
        raise Invalid(stamps.HOW_MANY, [Finding("/keepers", stamps.HOW_MANY)])
    found = {name: usable_name(session, name) for name in names}
    if unknown := [name for name, known in found.items() if known is None]:
        message = f"没有这个账号或已停用：{'、'.join(unknown)[:200]}"
        raise Invalid(message, [Finding("/keepers", message)])
    return [known for known in found.values() if known is not None]


def keepers_of_new(
    session: Session, names: Collection[str], *, unit_code: str | None, person_id: UUID | str | None, actor: Actor
) -> list[str]:
    """The keepers of a stamp that is to be taken in, for who may take it in: nobody else learns which accounts there
    are. Raises as ``usable_keepers`` and ``stamps.owner_of_new``."""
    stamps.owner_of_new(session, unit_code, person_id, actor)
    return usable_keepers(session, names)


def keepers_of(session: Session, names: Collection[str], *, stamp_id: UUID, actor: Actor) -> list[str]:
    """The same of a stamp that is there, for who may change it. Raises as ``usable_keepers`` and
    ``stamps.locked_stamp``."""
    stamps.locked_stamp(session, stamp_id, actor)
    return usable_keepers(session, names)


def with_stamp(session: Session, stamp_id: UUID, instance_id: UUID, name: str, n: int, actor: Actor) -> Draft:
    """The paper as it will be once the stamp is on it, to be looked at and for its digest.

    Raises NotFound where the actor may not see the stamp, case or paper, Conflict where its template takes none.
    """
    stamp = stamps.get_stamp(session, stamp_id, actor, with_content=True)
    draft, _ = draft_of(session, instance_id, name, n, actor)
    _require_hook(draft)
    data = {**draft.data}
    bearers = [part for part in signed_parts(data) if part["seq"] == n] if name == SHEET else [data]
    for bearer in bearers:
        bearer["stamps"] = {**NO_STAMPS, **bearer.get("stamps", {}), stamp.kind: file_of(stamp.sha256)}
    return replace(draft, files={**draft.files, file_of(stamp.sha256): stamp.content}, data=data)


@known_only
def ask_stamp(
    session: Session,
    *,
    stamp_id: UUID | str,
    instance_id: UUID,
    name: str,
    n: int,
    note: str,
    actor: Actor,
    now: datetime,
) -> StampUse:
    """申请用印 on a paper of a case that the actor sees, of those of its keepers who see the case.

    Of two who ask at once the second finds what the first asked: the case is locked first. Raises NotFound, Invalid,
    Conflict, also where no keeper may see the case.
    """
    locked_instance(session, instance_id)
    on = _paper(session, instance_id, name, n, actor)
    use = stamps.ask_stamp(session, stamp_id=stamp_id, on=on, note=note, actor=actor, now=now)
    keepers = keepers_seeing(session, use.stamp, instance_id)
    if not keepers:
        raise Conflict(f"“{use.stamp.name}”的保管人都无权查看这件事项，不能向其申请用印；请先把事项抄送给保管人")
    told: dict[str, Any] = {
        "title": on.title,
        "text": use.note or "",
        "usernames": [one for one in keepers if one != actor.username],
    }
    owe_notice(session, f"stamp:{use.stamp_id}", "stamp_asked", **told, actor=actor, now=now)
    return use


def keepers_seeing(session: Session, stamp: Stamp, instance_id: UUID) -> list[str]:
    """The accounts that may use a stamp and see a case today: a paper is shown to nobody for the sake of its seal."""
    return [one for one in _users(session, stamp) if _sees(session, one, instance_id)]


def _users(session: Session, stamp: Stamp) -> list[str]:
    """The accounts that may use a stamp."""
    if stamp.person_id is None:
        return stamp.keepers
    return [one.username for one in accounts_of_person(session, stamp.person_id)]


def _sees(session: Session, username: str, instance_id: UUID) -> bool:
    try:
        visible_instance(session, instance_id, actor_of(session, username))
    except (NotFound, NotAllowed):  # an account out of use sees nothing
        return False
    return True


@known_only
def stamp_paper(
    session: Session,
    *,
    stamp_id: UUID | str,
    instance_id: UUID,
    name: str,
    n: int,
    paper_sha256: str,
    seen: str,
    printed: Draft | None = None,
    consent: bool,
    use_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> StampUse:
    """用印: puts a stamp on a paper of a case, with the consent of who may use it, for good.

    ``paper_sha256`` is the digest of the paper ``with_stamp``, made of ``printed``; ``seen`` that of the paper which
    the actor has looked at; ``use_id`` names what was asked for. Raises NotFound, NotAllowed for who may not use the
    stamp, Invalid without consent or look, Conflict where the paper bears one already or is another by now.
    """
    instance = locked_instance(session, instance_id)
    on = _paper(session, instance_id, name, n, actor)
    stamps.require_user(stamps.usable_stamp(session, stamp_id, clock.local(now).date()), actor)
    if printed is not None:
        present = with_stamp(session, _key(stamp_id), instance_id, name, n, actor)
        if (present.name, present.data) != (printed.name, printed.data):
            raise Conflict(MOVED)
    if not consent:
        message = "请核对文书后勾选“我已核对，同意用印”"
        raise Invalid(message, [Finding("/consent", message)])
    if not seen:
        message = "请先查看用印后的文书，在同一页上同意"
        raise Invalid(message, [Finding("/seen", message)])
    if seen != paper_sha256:
        raise Conflict(MOVED)
    used = stamps.use_stamp(
        session, stamp_id=stamp_id, on=on, paper_sha256=paper_sha256, use_id=use_id, actor=actor, now=now
    )
    record(session, instance, kind=STAMPED, actor=actor, now=now, data=_said(used.stamp, used))
    session.flush()
    return used


def _key(stamp_id: UUID | str) -> UUID:
    key = stamp_id if isinstance(stamp_id, UUID) else as_id(stamp_id)
    if key is None:
        raise NotFound(stamps.NONE)
    return key


def _said(stamp: Stamp, used: StampUse) -> Mapping[str, object]:
    return {
        "paper": used.paper,
        "of": used.n,
        "title": used.title,
        "stamp": str(stamp.id),
        "kind": stamp.kind,
        "name": stamp.name,
        "sha256": stamp.sha256,
        "paper_sha256": used.paper_sha256,
    }


def title_of(session: Session, instance_id: UUID, name: str, n: int, actor: Actor) -> str:
    """The name of a paper that takes stamps. Raises NotFound, Conflict."""
    return _paper(session, instance_id, name, n, actor).title


def _paper(session: Session, instance_id: UUID, name: str, n: int, actor: Actor) -> OnPaper:
    visible_instance(session, instance_id, actor)
    draft, title = draft_of(session, instance_id, name, n, actor)
    _require_hook(draft)
    return OnPaper(instance_id, name, n, title)


def _require_hook(draft: Draft) -> None:
    if f"{draft.name}.typ" not in draft.files:
        raise NotFound("没有这份文书")
    if draft.name == SHEET:
        takes = b"stamps" in draft.files[f"{SHEET}.typ"]
    else:
        takes = "stamps" in draft.data and _HOOK in draft.files.get(SHARED, b"")
    if not takes:
        raise Conflict("这份文书的打印模板没有盖章的位置，请打印后手工盖章")
