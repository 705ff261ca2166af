"""The rights to know a case and to speak in it: the one place that decides, for reading and for writing.

Pages, API, exports, attachments, prints and notices ask here. ``access`` answers who may *do* an open task; whoever may
do one sees its case.

A need is one matter, and whoever has a part in it sees the whole. A round (half-year reports, the checks of the
registry) is about no talent and no leader: there a unit sees its own slot and what belongs to all, the Talent Office
and auditors see everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, false, literal, or_, select, true
from sqlalchemy.orm import Session

from service import clock
from service.auth.queries import acting_for, grants_of
from service.auth.roles import roles_of
from service.db.memory import remembered
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.history import HistoryEvent
from service.history.notices import NOTICE, Notice
from service.people.queries import leader_posts
from service.processes import readers
from service.processes.access import account_of, may_take, meant_for, might_take, own_keys
from service.processes.advance import open_tasks
from service.processes.masks import Masks
from service.processes.models import OPEN, CopyTo, Instance, UserTask
from service.processes.reader_ways import Ways
from service.processes.rules import NO_CASE, NO_TASK
from service.processes.wiring import wiring
from service.rights import EMPLOYER, LEADER, LIAISON, TALENT_OFFICE, Actor, may, roles_with
from service.storage import files_of_tasks

P = ParamSpec("P")
R = TypeVar("R")

SEE_ALL = "view_ledger_all"
"""The right to see every case, whole."""


# --- Which cases ---


def sees_all(actor: Actor) -> bool:
    """Whether the actor sees every case, whole; the service itself sees nothing, it acts."""
    return not actor.is_system and may(actor, SEE_ALL)


def _offices(session: Session, actor: Actor) -> frozenset[str]:
    """The units whose own matters the actor sees: a liaison's, and those of a role whose scope is ``origin``."""
    scopes = {LIAISON: "origin", **wiring(session).scopes}
    return frozenset(
        grant.unit for grant in actor.grants if grant.unit is not None and scopes.get(grant.role) == "origin"
    )


def visible_clause(session: Session, actor: Actor, only: object = None) -> ColumnElement[bool]:
    """Instances that the actor may see.

    The Talent Office and auditors see all; others what they or their unit started, what their unit or they had a task
    in, what was copied to them, and leaders what concerns them or once went through them. A leader, and the leader's
    liaison, see the cases of the talents whom they serve today, whoever served them then (O4). ``only`` is the id of
    the one instance that is asked about, where it is one: then no other's tasks are read.
    """
    if sees_all(actor):
        return true()
    if only is None:
        return ways_of(session, actor).wide.clause
    ways = [copied_clause(session, actor, only), *_parts(session, actor, only)]
    if (served := wiring(session).served(actor)) is not None:
        ways.append(Instance.talent_id.in_(served))
    if actor.has_role(LEADER) and actor.person_id is not None:
        posts = [post.id for post in leader_posts(session, actor.person_id)]
        ways.append(Instance.leader_id.in_([str(post) for post in posts]))
    return or_(*ways)


def ways_of(session: Session, actor: Actor) -> Ways:
    """The ways in which the actor, who does not see all cases, sees some (``visible_clause``)."""
    known = {readers.USER + account_of(actor)}
    known |= {readers.of_role(grant.role, grant.unit) for grant in actor.grants if grant.unit is not None}
    known |= {readers.of_person(role, key) for role in actor.roles for key in own_keys(actor)}
    known |= {readers.ORIGIN + unit for unit in _offices(session, actor)}
    if actor.has_role(LEADER) and actor.person_id is not None:
        known |= {readers.of_leader(post.id) for post in leader_posts(session, actor.person_id)}
    served = wiring(session).served(actor)
    talents = None
    if served is not None:
        theirs = served.subquery()
        talents = select(literal(readers.TALENT, Text).concat(theirs.c[0]))
    return Ways(sorted(known), talents, copied_clause(session, actor))


def _parts(session: Session, actor: Actor, only: object = None) -> list[ColumnElement[bool]]:
    """The ways in which somebody has, or had, a part in an instance: as who started it, or by a task of it."""
    tasks = select(UserTask.instance_id)
    if only is not None:
        tasks = tasks.where(UserTask.instance_id == only)
    held = sorted((grant.role, grant.unit) for grant in actor.grants if grant.unit is not None)
    ways: list[ColumnElement[bool]] = [
        Instance.initiator == account_of(actor),
        Instance.id.in_(
            tasks.where(
                or_(
                    UserTask.assignee == account_of(actor),
                    UserTask.completed_by == account_of(actor),
                    UserTask.person_key.in_(own_keys(actor)) & UserTask.role.in_(sorted(actor.roles)),
                    *((UserTask.role == role) & (UserTask.unit == unit) for role, unit in held),
                )
            )
        ),
    ]
    origin = sorted(_offices(session, actor))
    if origin:
        ways.append(Instance.initiator_unit.in_(origin))
    if actor.has_role(LEADER) and actor.person_id is not None:
        posts = [post.id for post in leader_posts(session, actor.person_id)]
        ways.append(Instance.id.in_(tasks.where(UserTask.leader_id.in_(posts))))
    return ways


def visible_instance(session: Session, instance_id: UUID, actor: Actor) -> Instance:
    """The instance if the actor may see it, or one of its open tasks is for the actor, in person or as a substitute.

    A task that a colleague has claimed still is: who may not see it any more would be told that there is none.

    Raises NotFound: who may not see it may not know of it either.
    """
    return remembered(session, (visible_instance, instance_id, actor), lambda: _visible(session, instance_id, actor))


def _visible(session: Session, instance_id: UUID, actor: Actor) -> Instance:
    found = session.scalar(
        select(Instance).where(Instance.id == instance_id, visible_clause(session, actor, instance_id))
    )
    if found is None:
        theirs = or_(*(meant_for(session, one) for one in (actor, *acting_for(session, actor))))
        takes = select(UserTask.instance_id).where(UserTask.instance_id == instance_id, UserTask.status == OPEN, theirs)
        found = session.scalar(select(Instance).where(Instance.id.in_(takes)))
    if found is None:
        raise NotFound(NO_CASE)
    return found


def sees(session: Session, instance_id: UUID, actor: Actor) -> bool:
    """Whether ``visible_instance`` finds the case for the actor."""
    try:
        visible_instance(session, instance_id, actor)
    except NotFound:
        return False
    return True


def sees_task(session: Session, task: UserTask, actor: Actor) -> bool:
    """Whether the actor may know of the task: sees its case and, of a round, its slot; or it is for the actor."""
    if might_take(session, actor, task):
        return True
    if not sees(session, task.instance_id, actor):
        return False
    return seen(session, session.get_one(Instance, task.instance_id), actor).scope(task.scope)


def known_only(command: Callable[Concatenate[Session, P], R]) -> Callable[Concatenate[Session, P], R]:
    """A command on ``task_id`` or ``instance_id`` that refuses who may not see the case as if there were none.

    Otherwise the refusal would tell that there is one, and who did it. Asked only when something is refused.
    """

    @wraps(command)
    def guarded(session: Session, /, *args: P.args, **told: P.kwargs) -> R:
        try:
            return command(session, *args, **told)
        except (NotAllowed, Conflict, Invalid) as error:
            if session.is_active and not _known(session, told):  # a failed flush has ended the transaction
                raise NotFound(NO_TASK if "task_id" in told and "instance_id" not in told else NO_CASE) from error
            raise

    return guarded


def _known(session: Session, told: Mapping[str, Any]) -> bool:
    actor: Actor = told["actor"]
    if actor.is_system:
        return True
    try:
        key = UUID(str(told["task_id"] if "instance_id" not in told else told["instance_id"]))
    except ValueError:
        return False
    if "instance_id" in told:
        return sees(session, key, actor)
    task = session.get(UserTask, key)
    return task is not None and sees_task(session, task, actor)


def copied_clause(session: Session, actor: Actor, only: object = None) -> ColumnElement[bool]:
    """Instances that were copied to the actor, who still holds a role and may know of the case's talent (R8)."""
    if not actor.roles:
        return false()
    query = select(CopyTo.instance_id).where(CopyTo.username == actor.username)
    copied = Instance.id.in_(query if only is None else query.where(CopyTo.instance_id == only))
    known = wiring(session).known(actor)
    return copied if known is None else and_(copied, or_(Instance.talent_id.is_(None), Instance.talent_id.in_(known)))


# --- What of a case ---


@dataclass(frozen=True, slots=True)
class Seen:
    """The part of a case that somebody sees: not the ``hidden`` scopes, tasks and files, nor what is told other units.

    Personal data in it are masked for who may not see those of the talent concerned.
    """

    masks: Masks
    everything: bool = True
    hidden: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def scope(self, scope: str) -> bool:
        """Whether what happens in the slot of that id is seen."""
        return scope not in self.hidden

    def rows(self, rows: Iterable[UserTask]) -> list[UserTask]:
        """Those of the tasks that are seen."""
        return [row for row in rows if self.scope(row.scope)]

    def event(self, event: HistoryEvent) -> bool:
        """Whether an entry of the case's journal is seen."""
        if self.everything:
            return True
        unit = Notice.of(event.data).to.unit if event.kind == NOTICE else None
        if unit is not None and unit not in self.units:
            return False
        if str(event.data.get("id")) in self.files:  # an entry of older days names the file alone, not its step
            return False
        return event.task not in self.tasks and self.scope(str(event.data.get("scope") or ""))

    def events(self, events: Iterable[HistoryEvent]) -> list[HistoryEvent]:
        """Those of the entries that are seen, each with its data as they are seen."""
        return [self.masks.event(event) for event in events if self.event(event)]

    def data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The case's data without what other units filled in."""
        slots = data.get("slots")
        if not isinstance(slots, Mapping):
            return self.masks.data(data)
        mine = {scope: self.masks.data(said, scope) for scope, said in slots.items() if self.scope(scope)}
        return {**self.masks.data({name: value for name, value in data.items() if name != "slots"}), "slots": mine}

    def of_task(self, task: UserTask, data: Mapping[str, Any]) -> dict[str, Any]:
        """The form of a task as a reader sees it who does not fill it in."""
        return self.masks.data(data, task.scope)


def is_round(instance: Instance) -> bool:
    """Whether the case is of many units that are kept apart."""
    return instance.talent_id is None and instance.leader_id is None


def seen(session: Session, instance: Instance, actor: Actor) -> Seen:
    """The part of the case that the actor, who may see it, sees: the whole where it is no round, without a statement.

    Personal data that stand in it cost a few statements more, once.
    """
    masks = Masks(session, instance, actor)
    if sees_all(actor) or not is_round(instance):
        return Seen(masks)
    mine = [actor, *acting_for(session, actor, clock.today())]
    if any(sees_all(one) for one in mine) or _shown_whole(session, instance, actor):
        return Seen(masks)
    units = frozenset(grant.unit for one in mine for grant in one.grants if grant.unit is not None)
    names = {one.on_behalf_of or one.username for one in mine} | {actor.username}
    rows = session.execute(
        select(UserTask.id, UserTask.scope, UserTask.slot, UserTask.assignee, UserTask.completed_by).where(
            UserTask.instance_id == instance.id
        )
    ).all()
    own = {
        row.scope for row in rows if row.slot is None or row.slot in units or {row.assignee, row.completed_by} & names
    }
    hidden = frozenset(row.scope for row in rows if row.scope) - own
    tasks = frozenset(row.id for row in rows if row.scope in hidden)
    files = frozenset(map(str, files_of_tasks(session, tasks)))
    return Seen(masks, False, hidden, frozenset(map(str, tasks)), units, files)


def _shown_whole(session: Session, instance: Instance, actor: Actor) -> bool:
    """Whether somebody who sees everything has copied the case to the actor."""
    query = select(CopyTo.sent_by).where(CopyTo.instance_id == instance.id, CopyTo.username == actor.username)
    senders = list(session.scalars(query))
    held = grants_of(session, senders, clock.today()) if senders else {}
    whole = roles_with(SEE_ALL, roles_of(session))
    return any(grant.role in whole for grants in held.values() for grant in grants)


# --- What somebody may add ---


def require_voice(session: Session, instance: Instance, actor: Actor) -> None:
    """Raises ``NotAllowed`` where the actor only looks at the case, as auditors do: they read all and write nothing."""
    if not may_speak(session, instance, actor):
        raise NotAllowed("您只能查看本事项，不能留言；需要说明情况的，请与区人才办联系")


def may_speak(session: Session, instance: Instance, actor: Actor) -> bool:
    """Whether the actor, who may see the case, may remark on it.

    An actor who sees it only because of the right to see all cases may not, unless with the right to remark on them.
    """
    if not sees_all(actor) or may(actor, "remark_all"):
        return True
    whole = roles_with(SEE_ALL, roles_of(session))
    beside = replace(
        actor,
        grants=frozenset(grant for grant in actor.grants if grant.role not in whole),
        permissions=frozenset(one for one in actor.permissions if one.role not in whole),
    )
    seen_too = select(Instance.id).where(Instance.id == instance.id, visible_clause(session, beside, instance.id))
    return bool(beside.grants and session.scalar(seen_too)) or handles(session, instance, actor)


def handles(session: Session, instance: Instance, actor: Actor) -> bool:
    """Whether the actor, in person or as a substitute, has or had a part in the case; not who only looks on.

    The Talent Office, who or whose office started it, and whoever had or may do a task of it. Three statements at most.
    """
    mine = [actor, *acting_for(session, actor)]
    if any(one.has_role(TALENT_OFFICE) for one in mine):
        return True
    parts = or_(*(way for one in mine for way in _parts(session, one, instance.id)))
    if session.scalar(select(Instance.id).where(Instance.id == instance.id, parts)) is not None:
        return True
    return any(may_take(one, task) for task in open_tasks(session, instance.id) for one in mine)


def require_handling(session: Session, instance: Instance, actor: Actor) -> None:
    """Raises ``NotAllowed`` unless ``handles`` says yes."""
    if not handles(session, instance, actor):
        raise NotAllowed("只有登记单位、经办人员和区人才办可以抄送本事项")


def require_part(session: Session, instance: Instance, actor: Actor, now: datetime) -> Actor:
    """The actor as who a file is added to the case: in person, or for somebody on leave (代理).

    Its starter and the starter's office, those who may do one of its open tasks, and the Talent Office have a part; who
    sees it otherwise only looks on. Raises ``NotAllowed``.
    """
    waiting = open_tasks(session, instance.id)
    for one in (actor, *acting_for(session, actor, clock.local(now).date())):
        offices = _offices(session, one) | one.units_of(EMPLOYER)
        if (
            one.has_role(TALENT_OFFICE)
            or instance.initiator == account_of(one)
            or instance.initiator_unit in offices
            or any(may_take(one, task) for task in waiting)
        ):
            return one
    raise NotAllowed("只有登记本事项的单位、正在办理的人员和区人才办可以增减附件")
