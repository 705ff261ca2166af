"""Beginning a case by hand: the process starts and its first step is taken, both or neither; or from an opinion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import contacts
from service.contacts.models import Opinion
from service.errors import Finding, Invalid, NotFound
from service.processes import commands, queries
from service.processes.advance import open_tasks
from service.processes.first_steps import NO_FIRST_STEP
from service.processes.models import Instance
from service.processes.rules import NEED
from service.rights import Actor


def begin_by_hand(session: Session, *, process: str, data: Mapping[str, Any], actor: Actor, now: datetime) -> Instance:
    """Starts the newest version of ``process`` and completes its first step with ``data``.

    Raises what ``commands.start`` and ``commands.complete`` raise, and ``NotFound`` where it begins with no form.
    """
    instance = commands.start(session, process=process, data={}, actor=actor, now=now)
    opened = open_tasks(session, instance.id)
    if not opened:
        raise NotFound(NO_FIRST_STEP)
    commands.complete(session, task_id=opened[0].id, data=data, actor=actor, now=now)
    return instance


def make_need(
    session: Session,
    *,
    opinion_id: UUID | str,
    data: Mapping[str, Any] | None = None,
    instance_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Opinion:
    """An opinion becomes a need (C2): one begun with ``data`` of the first form, or ``instance_id``, which is there.

    ``actor`` has to see the opinion, and the case. Raises ``Invalid`` for both or none of the two, ``NotFound``,
    ``Conflict`` where the opinion is another need already, and what :func:`begin_by_hand` raises; then no case begins.
    """
    contacts.get_opinion(session, opinion_id, actor)
    if (data is None) == (instance_id is None):
        said = "请填写首个环节的表单（data），或指明已登记的需求（instance），二者填其一"
        raise Invalid(said, [Finding("/instance", said)])
    if instance_id is not None:
        instance = queries.visible(session, instance_id, actor)
    else:
        instance = begin_by_hand(session, process=NEED, data=data or {}, actor=actor, now=now)
    return contacts.link_opinion(session, opinion_id=opinion_id, instance_id=instance.id, actor=actor, now=now)
