"""The operations of the board (督办台) on many steps at once, each by the command that does it alone (W10).

One transaction and one entry of the journal for all: which operation, with which words, and row by row what was done or
why it was not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, history, ids
from service.config.supervision import SYSTEM, Supervision, fault_of, filled
from service.errors import Conflict, Finding, Invalid, LiaisonError, NotFound
from service.history.records import record
from service.ids import as_id
from service.ledger.board import facts_of, tasks_by_id
from service.people.queries import unit_names
from service.processes import commands, operations, queries
from service.processes.bundles import compiled
from service.processes.facts import step_facts
from service.processes.fills import templates
from service.processes.free_text import optional_text, required_text
from service.processes.instances import lock_cases_of
from service.processes.models import Instance, UserTask
from service.processes.prefills import filled_in
from service.processes.proposing import bring_forward
from service.processes.rules import NO_TASK, one_line
from service.rights import Actor, may
from service.usecases.case_papers import SHEET, case_papers

URGE, PROPOSE, ISSUE, ACCEPT, CLAIM, PRINT = "urge", "propose", "issue", "accept", "claim", "print"
OPERATIONS: Mapping[str, str] = {
    URGE: "催办",
    PROPOSE: "提请通报",
    ISSUE: "签发",
    ACCEPT: "受理",
    CLAIM: "领办",
    PRINT: "打印",
}
OFFICE_OPERATIONS = frozenset({URGE, PROPOSE, ISSUE, ACCEPT})
"""Operations that are the Talent Office's: nobody else is offered them."""
WORDS_NEEDED = frozenset({URGE, PROPOSE})
LABELS: Mapping[str, str] = {URGE: "催办内容", PROPOSE: "提请通报的理由", ISSUE: "通报内容"}
"""The words of an operation, as its dialog calls them; 备注 of the others."""
WORDED = ("text", "reason", "comment")
"""The fields of a form that may take the words of an operation: the first that the case has not filled does."""
LATENESS = "facts.left"
ENDED: Mapping[str, str] = {"answered": "回复", "handed_back": "退回改派"}
"""The facts of a unit's work that a proposed text may name: how late it is, and the day of its answer or on which it
handed the work back, each with its word."""
MOST, MOST_PRINTED, LONGEST = 200, 20, 1000
"""How many steps one operation takes, how many papers one file, how many characters the words."""
SUPERVISED = "supervised"
"""The entry of the journal that an operation leaves."""
NOTHING = "没有这份办理结果，或您无权查看"


@dataclass(frozen=True, slots=True)
class Order:
    """An operation and the steps (ids) to do it with.

    One ``text`` for all, with facts in braces; ``channel`` is the way of urges, ``paper`` the template of what is
    printed.
    """

    operation: str
    tasks: Sequence[str]
    text: str = ""
    channel: str = SYSTEM
    paper: str = SHEET


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one step: ``said`` tells what was done, or why it was not.

    ``case`` is None for a step that whoever asked may not know of; ``n`` says which of several papers is printed.
    """

    task: UUID | None
    case: UUID | None
    done: bool
    said: str
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """An operation that was done: by whom, when, with which words, what became of each step in the order of asking."""

    id: UUID
    operation: str
    text: str
    channel: str
    by: str
    at: datetime
    outcomes: Sequence[Outcome]
    paper: str = SHEET

    @property
    def name(self) -> str:
        """The operation in words."""
        return OPERATIONS.get(self.operation, self.operation)

    @property
    def papers(self) -> list[tuple[UUID, str, int | None]]:
        """The papers of a batch that prints, each once: case, template, and which of several."""
        chosen = ((one.case, self.paper, one.n) for one in self.outcomes if one.done and one.case is not None)
        return list(dict.fromkeys(chosen)) if self.operation == PRINT else []

    @property
    def went(self) -> int:
        """How many steps it was done with."""
        return sum(one.done for one in self.outcomes)


def carry_out(session: Session, order: Order, *, supervision: Supervision, actor: Actor, now: datetime) -> Batch:
    """Does the operation with each step that may be, and journals what became of all.

    A step that is refused keeps nothing back: the others are done. Raises Invalid, and does nothing, for no step or too
    many, words that are missing, too long or name unknown facts, an unknown operation or channel.
    """
    wanted, order = _checked(order, supervision)
    known = [key for key in (as_id(one) for one in wanted) if key is not None]
    lock_cases_of(session, known)
    tasks = tasks_by_id(session, known)
    facts = facts_of(session, list(tasks.values()), clock.local(now).date())
    places = {key: task.instance_id for key, task in tasks.items()}  # a refusal makes the rows forget what they hold
    do = _doing(session, order, supervision, actor, now)
    outcomes = []
    for given in wanted:
        key = as_id(given)
        try:
            if key is None or key not in places:
                raise NotFound(NO_TASK)
            with session.begin_nested():
                said, n = do(key, facts[key])
                session.flush()
            outcomes.append(Outcome(key, places[key], True, said, n))
        except LiaisonError as error:
            case = places.get(key) if key is not None and not isinstance(error, NotFound) else None
            outcomes.append(Outcome(key, case, False, _why(error)))
    batch = Batch(ids.new(), order.operation, order.text, order.channel, actor.username, now, outcomes, order.paper)
    record(session, f"board:{batch.id}", SUPERVISED, _kept(batch), actor=actor, now=now)
    return batch


def find_batch(session: Session, batch_id: UUID, actor: Actor) -> Batch:
    """A batch that was done, for who did it and who may see all records of work. Raises NotFound."""
    events = history.stream_events(session, f"board:{batch_id}")
    if not events or (events[0].actor != actor.username and not may(actor, "view_history_all")):
        raise NotFound(NOTHING)
    told, data = events[0], events[0].data
    outcomes = [
        Outcome(as_id(one["task"] or ""), as_id(one["case"] or ""), one["done"], one["said"], one.get("n"))
        for one in data["rows"]
    ]
    said = data["operation"], data["text"], data["channel"], told.actor, told.at, outcomes
    return Batch(batch_id, *said, data.get("paper", SHEET))


def _checked(order: Order, supervision: Supervision) -> tuple[list[str], Order]:
    wanted = list(dict.fromkeys(order.tasks))
    most = MOST_PRINTED if order.operation == PRINT else MOST
    findings = []
    if order.operation not in OPERATIONS:
        findings.append(Finding("/operation", f"没有这种操作，可用：{'、'.join(OPERATIONS)}"))
    if not wanted:
        findings.append(Finding("/task", "请先勾选要办理的行"))
    if len(wanted) > most:
        findings.append(Finding("/task", f"一次最多 {most} 件，现有 {len(wanted)} 件，请分几次办理"))
    findings += _strange_channel(order.channel, supervision)
    text, faults = _words_of(order)
    findings += faults
    if findings:
        raise Invalid("；".join(one.message for one in findings), findings)
    return wanted, replace(order, text=text)


def require_channel(channel: str, supervision: Supervision) -> str:
    """``channel`` if the settings know this way of urging (W10), the system's if none is said. Raises ``Invalid``."""
    if findings := _strange_channel(channel or SYSTEM, supervision):
        raise Invalid("没有这种催办方式", findings)
    return channel or SYSTEM


def _strange_channel(channel: str, supervision: Supervision) -> list[Finding]:
    if channel in supervision.channels:
        return []
    return [Finding("/channel", f"没有这种催办方式，可用：{'、'.join(supervision.channels)}")]


def _words_of(order: Order) -> tuple[str, list[Finding]]:
    """The words of an operation, tidied, and what is wrong with them."""
    read = required_text if order.operation in WORDS_NEEDED else optional_text
    try:
        text = read(order.text, "text", LABELS.get(order.operation, "备注"), longest=LONGEST)
    except Invalid as error:
        return "", list(error.findings)
    fault = fault_of(text)
    return text, [Finding("/text", fault)] if fault else []


Do = Callable[[UUID, Mapping[str, str]], str]
Numbered = Callable[[UUID, Mapping[str, str]], tuple[str, int | None]]


def _doing(session: Session, order: Order, supervision: Supervision, actor: Actor, now: datetime) -> Numbered:
    said: dict[str, Any] = {"actor": actor, "now": now}

    def urge(key: UUID, facts: Mapping[str, str]) -> str:
        task = session.get_one(UserTask, key)
        text = filled(order.text, facts)
        operations.urge(session, instance_id=task.instance_id, task_id=key, text=text, channel=order.channel, **said)
        return text

    def propose(key: UUID, facts: Mapping[str, str]) -> str:
        reason = filled(order.text, facts)
        bring_forward(session, task_id=key, step=supervision.circular_step, reason=reason, **said)
        return "已提请通报，待审批"

    def claim(key: UUID, _facts: Mapping[str, str]) -> str:
        operations.claim(session, task_id=key, **said)
        return "已领办"

    if order.operation == PRINT:
        return lambda key, _facts: _paper(session, session.get_one(UserTask, key), order.paper, actor)

    decided = partial(_choose, session, order, actor=actor, now=now)
    known: Mapping[str, Do] = {
        URGE: urge,
        PROPOSE: propose,
        CLAIM: claim,
        ACCEPT: partial(decided, supervision.accepting),
        ISSUE: partial(decided, supervision.issuing),
    }
    do = known[order.operation]
    return lambda key, facts: (do(key, facts), None)


def _paper(session: Session, task: UserTask, name: str, actor: Actor) -> tuple[str, int | None]:
    """The newest paper of a kind: where it has papers of the unit whose step was ticked, of these."""
    queries.visible(session, task.instance_id, actor)
    found = [one for one in case_papers(session, task.instance_id, actor) if one.name == name]
    if not found:
        raise Conflict("本件没有这种文书可以打印")
    unit = unit_names(session, [task.unit])[task.unit] if task.unit else ""
    chosen = [one for one in found if unit and one.unit == unit] or found
    title, number = chosen[-1].title, chosen[-1].number
    return number if number.startswith(title) else f"{title} {number}".strip(), chosen[-1].n


def _choose(
    session: Session,
    order: Order,
    titles: Collection[str],
    key: UUID,
    facts: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> str:
    """Completes a step by the option of its form that is called so.

    All else is as its page would show it first; words that were given stand in place of those that the form proposes.
    """
    task = session.get_one(UserTask, key)
    case = session.get_one(Instance, task.instance_id)
    form = compiled(session, case.digest, case.process).form_of(task.process, task.task)
    options = [
        (name, option["const"], option["title"])
        for name, schema in form.fields.items()
        for option in schema.get("oneOf", ())
        if option.get("title") in titles and "const" in option
    ]
    if len(options) != 1:
        raise Conflict(f"当前步骤是「{one_line(task.name)}」，不能在这里{OPERATIONS[order.operation]}")
    [(field, value, title)] = options
    known = filled_in(session, task, form, actor)
    data = {**known.values, field: value}
    if words := order.text:
        open_still = (name for name in WORDED if name in form.fields and (name in known.proposed or name not in data))
        if (free := next(open_still, None)) is not None:
            data[free] = filled(words, facts)
    else:
        _require_told(session, task, templates(form).values(), clock.local(now).date())
    own = {name: known.values[name] for name in known.proposed} if templates(form) else None
    commands.complete(session, task_id=key, data=data, actor=actor, now=now, filled=own)
    return f"「{one_line(task.name)}」已选“{title}”"


def _require_told(session: Session, task: UserTask, texts: Collection[str], today: date) -> None:
    """Raises Conflict where the unit has answered or handed the work back, and the form's version does not tell:
    it would say that the unit has not."""
    late = [text for text in texts if LATENESS in text]
    lacking = [name for name in ENDED if any(f"facts.{name}" not in text for text in late)]
    told = step_facts(session, [task], today=today)[task.id] if lacking else {}
    for name in lacking:
        if told[name]:
            said = f"{told['unit']}已于 {told[name]} {ENDED[name]}"
            raise Conflict(f"{said}，预先拟好的文字没有写到，请逐件核对后再办")


def _why(error: LiaisonError) -> str:
    """The reason in one line: each field's, where the form refused."""
    return "；".join(dict.fromkeys(one.message for one in error.findings)) or error.message


def _kept(batch: Batch) -> dict[str, object]:
    rows = [
        {
            "task": str(one.task) if one.task else None,
            "case": str(one.case) if one.case else None,
            "done": one.done,
            "said": one.said,
            "n": one.n,
        }
        for one in batch.outcomes
    ]
    said: dict[str, object] = {"operation": batch.operation, "text": batch.text, "channel": batch.channel, "rows": rows}
    return said | ({"paper": batch.paper} if batch.operation == PRINT else {})
