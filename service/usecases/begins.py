"""Beginning a case by hand: the process starts and its first step is taken, both or neither; or from an opinion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import contacts
from service.contacts.models import Opinion
from service.errors import Finding, Invalid, NotFound
from service.processes import commands, joining, queries
from service.processes.advance import open_tasks
from service.processes.first_steps import NO_FIRST_STEP, first_step
from service.processes.models import Instance
from service.processes.rules import NEED
from service.rights import Actor

MOST_TOGETHER = 9
"""Matters that may be registered with one in one go."""


def begin_by_hand(
    session: Session,
    *,
    process: str,
    data: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    filled: Mapping[str, Any] | None = None,
) -> Instance:
    """Starts the newest version of ``process`` and completes its first step with ``data``.

    ``filled`` is what the service had filled the form with, as ``commands.complete`` takes it. Raises what
    ``commands.start`` and ``commands.complete`` raise, and ``NotFound`` where it begins with no form.
    """
    instance = commands.start(session, process=process, data={}, actor=actor, now=now)
    opened = open_tasks(session, instance.id)
    if not opened:
        raise NotFound(NO_FIRST_STEP)
    commands.complete(session, task_id=opened[0].id, data=data, actor=actor, now=now, filled=filled)
    return instance


def begin_together(
    session: Session,
    *,
    process: str,
    data: Mapping[str, Any],
    more: Sequence[Mapping[str, Any]] = (),
    links: Sequence[UUID | str] = (),
    begun: Instance | None = None,
    filled: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> list[Instance]:
    """A case for each matter, all or none (W2): the first with ``data``, which ``begun`` is where it has begun already.
    ``filled`` is what the service had filled its form with.

    Each of ``more`` takes from ``data`` the fields that matters registered together share (``x-shared``); it is linked
    with the first, and so are the cases of ``links``, which the actor must see. Raises what :func:`begin_by_hand`
    raises, ``Invalid`` with paths ``/more/<n>/…`` for the others, and what ``joining.link`` raises.
    """
    if len(more) > MOST_TOGETHER:
        raise Invalid("一次登记的事项过多", [Finding("/more", f"一次最多另加 {MOST_TOGETHER} 件，请分几次登记")])
    shared = [name for name, one in first_step(session, process, actor).form.fields.items() if one.get("x-shared")]
    if more and not shared:
        raise Invalid("不能一次登记几件事项", [Finding("/more", "该流程一次只登记一件，请逐件登记")])
    first = begun or begin_by_hand(session, process=process, data=data, actor=actor, now=now, filled=filled)
    found = [first]
    for position, one in enumerate(more):
        own = {name: data[name] for name in shared if name in data} | dict(one)
        try:
            found.append(begin_by_hand(session, process=process, data=own, actor=actor, now=now))
        except Invalid as error:
            at = f"/more/{position}"
            faults = [Finding(at + fault.path.removeprefix("/data"), fault.message) for fault in error.findings]
            raise Invalid(f"第 {position + 2} 件：{error.message}", faults) from error
    for other in [*(one.id for one in found[1:]), *links]:
        note = "一并登记" if other in {one.id for one in found} else ""
        joining.link(session, instance_id=first.id, other_id=other, note=note, actor=actor, now=now)
    return found


def make_need(
    session: Session,
    *,
    opinion_id: UUID | str,
    data: Mapping[str, Any] | None = None,
    instance_id: UUID | None = None,
    filled: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> Opinion:
    """An opinion becomes a need (C2): one begun with ``data`` of the first form, or ``instance_id``, which is there.

    ``actor`` has to see the opinion, and the case; ``filled`` as :func:`begin_by_hand` takes it. Raises ``Invalid`` for
    both or none of the two, ``NotFound``, ``Conflict`` where the opinion is another need already, and what
    :func:`begin_by_hand` raises; then no case begins.
    """
    contacts.get_opinion(session, opinion_id, actor)
    if (data is None) == (instance_id is None):
        said = "请填写首个步骤的表单（data），或指明已登记的需求（instance），二者填其一"
        raise Invalid(said, [Finding("/instance", said)])
    if instance_id is not None:
        instance = queries.visible(session, instance_id, actor)
    else:
        instance = begin_by_hand(session, process=NEED, data=data or {}, actor=actor, now=now, filled=filled)
    return contacts.link_opinion(session, opinion_id=opinion_id, instance_id=instance.id, actor=actor, now=now)
