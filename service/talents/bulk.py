"""Taking many talents into the registry at once: ten thousand in seconds, checked as strictly as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.failures import conflicts
from service.errors import Conflict, Finding, Invalid, LiaisonError
from service.fields import Checks, defaults, merged
from service.history import begin_streams
from service.history.records import as_json
from service.people.models import Unit
from service.rights import Actor, require
from service.spelling import plain
from service.talents.commands import alone, checked, fill, next_id
from service.talents.fields import FIELDS
from service.talents.models import Talent
from service.talents.rules import id_after, same_person

CHUNK = 500
"""Names asked for in one statement."""
BEGINNING = 2
"""So many characters of a name pick whom to compare: the key of the shortest name has two, with the space after it."""


@dataclass(frozen=True, slots=True)
class NewTalent:
    """The fields of a talent to be; ``confirmed``: a person says it is nobody who is in the registry already."""

    fields: Mapping[str, object]
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """The ids of those taken in, and by position why the others were not."""

    ids: tuple[str, ...]
    refused: Mapping[int, LiaisonError] = field(default_factory=dict)


def add_talents(
    session: Session,
    *,
    talents: Sequence[NewTalent],
    among_themselves: bool = True,
    actor: Actor,
    now: datetime,
) -> Added:
    """Adds those of ``talents`` that are in order (R4, S1), with as few statements for many as for one.

    A name that the registry, or one before it of ``talents``, holds with the same last characters of the identity
    document, or with the same employer where either has none, is refused as a likely duplicate unless ``confirmed``. A
    caller that has compared them already passes ``among_themselves=False``. Raises ``NotAllowed``.
    """
    require(actor, "edit_talents")
    alone(session)  # two lists at once would not see each other's namesakes
    refused: dict[int, LiaisonError] = {}
    sound: list[dict[str, object]] = []
    units = set(session.scalars(select(Unit.code)))
    towns = set(session.scalars(select(Unit.town).where(Unit.town.is_not(None)).distinct()))
    there = _namesakes(session, [str(one.fields.get("name")) for one in talents if not one.confirmed])
    empty = defaults(FIELDS)
    for position, one in enumerate(talents):
        checks = Checks()
        given = merged(checks, empty, one.fields)
        known: dict[str, object] = {}
        if given["employer_unit"] in units:
            known["employer_unit"] = given["employer_unit"]
        if given["town"] in towns:
            known["town"] = given["town"]
        values = checked(session, checks, given, before=known, now=now)
        try:
            checks.done()
            if not one.confirmed:
                _unlike(values, there[plain(str(values["name"]))])
        except (Invalid, Conflict) as error:
            refused[position] = error
            continue
        sound.append(values)
        if among_themselves:
            one_more = _Namesake("", str(values["name"]), _text(values["id_tail"]), str(values["employer"]))
            there[plain(one_more.name)].append(one_more)
    return Added(_insert(session, sound, actor, now), refused)


def _insert(session: Session, sound: Sequence[Mapping[str, object]], actor: Actor, now: datetime) -> tuple[str, ...]:
    if not sound:
        return ()
    added: list[Talent] = []
    free = next_id(session)
    for values in sound:
        talent = Talent(id=free)
        fill(talent, values, now)
        added.append(talent)
        free = id_after(free)
    session.add_all(added)
    with conflicts("人才编号刚被他人使用，请重试"):
        session.flush()
    begin_streams(
        session,
        kind="talent_added",
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data={
            f"talent:{talent.id}": as_json({"id": talent.id, **values})
            for talent, values in zip(added, sound, strict=True)
        },
    )
    return tuple(talent.id for talent in added)


@dataclass(frozen=True, slots=True)
class _Namesake:
    """Somebody of a name; the id of one to be is empty."""

    id: str
    name: str
    id_tail: str | None
    employer: str


def _namesakes(session: Session, names: Sequence[str]) -> defaultdict[str, list[_Namesake]]:
    """A name as search compares it -> those in the registry who are called so, however it is written."""
    found: defaultdict[str, list[_Namesake]] = defaultdict(list)
    # A key begins with the folded name and goes on after a space.
    wanted = sorted({f"{plain(name)} "[:BEGINNING] for name in names})
    for start in range(0, len(wanted), CHUNK):
        query = select(Talent.id, Talent.name, Talent.id_tail, Talent.employer)
        begins = func.substr(Talent.search_key, 1, BEGINNING).in_(wanted[start : start + CHUNK])
        for row in session.execute(query.where(begins, Talent.active)):
            found[plain(row.name)].append(_Namesake(*row))
    return found


def _unlike(values: Mapping[str, object], there: Sequence[_Namesake]) -> None:
    """Raises ``Conflict`` where a namesake is likely the same person."""
    for one in there:
        if same_person(values["id_tail"], values["employer"], one.id_tail, one.employer):
            who = f"人才库里已有{one.name}（{one.id}，{one.employer}）" if one.id else f"名单里已有{one.name}"
            message = f"{who}，疑似重复；确非同一人时请标明“确认不重复”"
            raise Conflict(message, [Finding("/name", message)])


def _text(value: object) -> str | None:
    return str(value) if value is not None else None
