"""Each process in its own words for people: when it starts, who does what in it, how to begin it, where it is found.

All of it stands in its diagram (``properties``). Of a version that was deployed before its diagram said so, each has a
default, so that no process is missing anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.processes import first_steps, properties
from service.processes.bundles import Compiled, compiled
from service.processes.definitions import Newest, newest_versions
from service.processes.wiring import wiring
from service.processes.wording import starts_in_words
from service.rights import Actor

LAST = 1_000_000
"""The place of a process that does not say its own."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A process as its newest version describes it.

    ``when`` are all its occasions, ``starts`` those of the calendar alone (empty: none), ``work`` who does what,
    ``button`` and ``purpose`` what is said where one begins it, ``page`` a key of ``properties.PAGES``.
    """

    process: str
    version: int
    name: str
    made: Compiled
    when: str
    starts: str
    work: str
    button: str
    purpose: str
    page: str
    order: int = LAST


def profiles(session: Session) -> Sequence[Profile]:
    """Of every deployed process, in the order that they give themselves; two statements, once they are compiled."""
    named = wiring(session).stages
    newest = newest_versions(session).values()
    found = [_remembered(one, compiled(session, one.digest, one.key), named) for one in newest]
    return sorted(found, key=lambda one: (one.order, one.process))


def _remembered(definition: Newest, made: Compiled, named: Mapping[str, str]) -> Profile:
    key = (definition, frozenset(named.items()))
    known = made.profiles.get(key)
    if not isinstance(known, Profile):
        known = made.profiles[key] = profile_of(definition, made, named)
    return known


def startable(session: Session, actor: Actor) -> Sequence[Profile]:
    """Of the processes whose first step ``actor`` may take: first those that only people begin."""
    mine = [one for one in profiles(session) if first_steps.may_start_made(session, one.made, actor)]
    return sorted(mine, key=lambda one: bool(one.starts))


def profile_of(definition: Newest, made: Compiled, named: Mapping[str, str]) -> Profile:
    """The version in its own words, with a default for what it does not say; ``named``: code → name of stages."""
    said = made.program.properties
    starts = starts_in_words(made)
    occasion = said.get(properties.OCCASION) or ("有关情况发生时，由系统发起" if made.given else "")
    work = _text(made, properties.WORK) or "、".join(
        name or named.get(code, code) for code, name in made.stage_names.items()
    )
    page = said.get(properties.PAGE, "")
    order = said.get(properties.ORDER, "")
    return Profile(
        process=definition.key,
        version=definition.version,
        name=definition.name,
        made=made,
        when="，或".join(part for part in (starts, occasion) if part) or "随时",
        starts=starts,
        work=work,
        button=said.get(properties.BUTTON) or f"发起{definition.name}",
        purpose=_text(made, properties.PURPOSE) or work,
        page=page if page in properties.PAGES else properties.TODO,
        order=int(order) if order.isdecimal() else LAST,
    )


def _text(made: Compiled, name: str) -> str:
    said = made.program.properties.get(name, "")
    return properties.with_numbers(said, lambda action, parameter: made.given_numbers.get((action, parameter)))
