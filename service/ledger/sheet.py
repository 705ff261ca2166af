"""《南海区直接联系服务高层次人才需求处理单》 of a case: its boxes from what the journal says (X1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.documents import NO_STAMPS
from service.errors import Conflict, NotFound
from service.ledger.case_record import Done, Paper, Record, Then, day
from service.ledger.own_papers import given
from service.ledger.stamped import stamped
from service.ledger.stop_lines import StopLines, wait_words
from service.liaisons import leaders_of
from service.people.past import leader_names_then
from service.processes.clocks import how_done
from service.processes.models import RUN_HANDED_BACK, Instance, UserTask
from service.processes.rules import NEED, REGISTER, one_line
from service.rights import RESPONSIBLE_UNIT, Actor
from service.talents.masks import masked
from service.talents.past import told_then
from service.talents.queries import find_talent, sees_contact

OFFICE, UNIT, GROUP = "office", "unit", "group"
"""The boxes of the form, as the diagrams name them (property ``sign``)."""

SHEET = "sheet"
BOXES: Mapping[str, str] = {"office": "区人才办转办意见", "units": "相关部门办理情况"}
"""The boxes of the form with places for a seal: the key of their data, and what people call them."""

FIRST, REDISPATCH = REGISTER, "redispatch"
REVIEWS = ("review_reply", "confirm_interim")
CONVENE, MINUTES, TOPIC, DECISION = "convene_meeting", "record_minutes", "submit_topic", "record_decision"


def has_sheet(instance: Instance) -> bool:
    """Whether the form is filled in for the case: not where the need was answered on the spot (W1)."""
    return instance.process == NEED and instance.data.get("on_the_spot") is not True


def sheet(session: Session, instance_id: UUID, actor: Actor, then: Then | None = None) -> Paper:
    """The form as the case stands, or stood ``then``, for ``actor``'s eyes.

    The talent's telephone number is as ``actor`` may see it, and whole for a unit that handles the need. Of a case that
    has ended names, employer, post and telephone are those of its last day.

    Raises NotFound where ``actor`` may not see the case, Conflict where the need was answered on the spot.
    """
    return sheet_of(Record(session, instance_id, actor, then), actor)


def sheet_of(record: Record, actor: Actor) -> Paper:
    """The same of a record that has been read."""
    instance = record.instance
    if instance.process != NEED:
        raise NotFound("该事项没有需求处理单")
    if not has_sheet(instance):
        raise Conflict("该事项已现场解答，不填写需求处理单")
    done = record.done()
    waiting = [task for task in record.waiting() if _signs(record, task) == UNIT]
    record.learn_units(
        [instance.initiator_unit, *(one.entered.data["unit"] for one in done), *(task.unit for task in waiting)]
    )
    stops = StopLines(record)
    data = {
        "number": instance.number,
        "filed": _filed(record, done),
        "person": _person(record, actor, calls=_calls(done, waiting, actor)),
        "matter": _matter(record, done),
        "office": _with_stops(list(_office(record, done)) or [_blank()], stops),
        "units": list(_units(record, done, waiting, stops)) or [_blank()],
        "meetings": [*_meetings(record, done, stops), *_waits(record, done, stops)],
        "group": _group(done),
        **given(record, actor),
    }
    files: dict[str, bytes] = {}
    for entry in signed_parts(data):
        stamps = stamped(record, SHEET, entry["seq"])
        entry["stamps"] = dict(stamps.names)
        files |= stamps.files
    return Paper(data, record.last_at, f"需求处理单 {instance.number or instance.title or '未编号'}", files)


def signed_parts(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of boxes 2 and 3 that somebody has signed in the system: a seal may be put on each."""
    return [entry for box in BOXES for entry in data[box] if entry["seq"] is not None]


def _filed(record: Record, done: Sequence[Done]) -> dict[str, str]:
    """The person who filled the form in, as last corrected (W2)."""
    first = next((one for one in reversed(done) if one.step == FIRST), None)
    return {
        "unit": record.unit(record.instance.initiator_unit),
        "name": record.person(first.event.actor if first else record.instance.initiator),
        "on": day(first.event.at if first else record.instance.started_at),
    }


def _calls(done: Sequence[Done], waiting: Sequence[UserTask], actor: Actor) -> bool:
    """Whether ``actor`` handles the need for a unit: it must call the talent, so its form has the telephone (X1)."""
    asked = {str(one.entered.data["unit"]) for one in done if _is_answer(one)} | {str(task.unit) for task in waiting}
    return not asked.isdisjoint(actor.units_of(RESPONSIBLE_UNIT))


def _person(record: Record, actor: Actor, *, calls: bool) -> dict[str, str]:
    """The talent as known on the day that the paper stands for; who may see the telephone is a question of today."""
    session, key = record.session, record.instance.talent_id
    talent = find_talent(session, key) if key else None
    if talent is None:
        return {"name": "", "work": "", "contact": ""}
    told = told_then(session, [talent], record.stands_on)[talent.id]
    work = "　".join(part for part in (told["employer"], told["post"]) if part)
    leaders = leaders_of(session, [talent.id], clock.today())[talent.id]
    contact = (
        told["phone"] if calls or sees_contact(actor, leaders, talent.employer_unit) else masked(told["phone"] or "")
    )
    return {"name": told["name"] or "", "work": work, "contact": contact or ""}


def _matter(record: Record, done: Sequence[Done]) -> dict[str, Any]:
    """The registered matter, as last corrected: later forms have fields of the same names (反馈方式, 反映形式)."""
    first = next((one for one in reversed(done) if one.step == FIRST), None)
    data = first.fields if first is not None else record.instance.data
    leader = str(data.get("leader_id") or "")
    names = leader_names_then(record.session, [leader], record.stands_on) if leader else {}
    facts = {
        "类别": record.choice(FIRST, "category", data.get("category")),
        "镇（街道）": record.choice(FIRST, "town", data.get("town")),
        "反映形式": record.choice(FIRST, "channel", data.get("channel")),
        "收到日期": day(data.get("received_on")),
        "联系领导": names.get(leader, ""),
    }
    more = _printed(record, first) if first is not None else {}
    return {"title": data.get("title") or "", "text": data.get("description") or "", "facts": _facts(facts | more)}


def _printed(record: Record, step: Done) -> dict[str, str]:
    """The fields of a step's form that its owner wants on the form (``x-print``), and the names of the files that were
    handed in with it: title → words."""
    form = record.form_of(step)
    shown = form.files | {name for name, schema in form.fields.items() if schema.get("x-print") is True}
    return {one["title"]: one["words"] for one in record.told(step) if one["id"] in shown}


def _office(record: Record, done: Sequence[Done]) -> Iterator[dict[str, Any]]:
    """Box 2: the opinion of every dispatch round, every change of a unit (W4), every other step that signs here."""
    rounds = sum(_dispatches(one) for one in done)
    count = 0
    for one in done:
        fields = one.fields
        if _dispatches(one):
            count, lead = count + 1, fields["lead_unit"]
            facts = {
                "主办": record.unit(lead),
                "协办": "、".join(record.unit(code) for code in fields.get("assisting_units") or () if code != lead),
                "依据": record.choice(one.step, "basis", fields.get("basis")),
                **_printed(record, one),
            }
            heading = f"第{count}轮派单" if rounds > 1 else ""
        elif one.step == REDISPATCH:
            given, words = fields.get("unit"), record.choice(one.step, "decision", fields.get("decision"))
            facts = {"改由": record.unit(given) + "办理"} if given else {"退回后": words}
            heading = words.partition("（")[0] or str(one.entered.data["name"])
        elif one.box == OFFICE:
            facts, heading = _printed(record, one), str(one.entered.data["name"])
        else:
            continue
        yield _entry(heading, facts, fields.get("opinion"), sign=record.sign(one.event), seq=one.event.seq)


def _dispatches(step: Done) -> bool:
    """Whether a step that signs box 2 is a round of dispatch: it names who leads."""
    return step.box == OFFICE and bool(step.fields.get("lead_unit"))


def _with_stops(entries: list[dict[str, Any]], stops: StopLines) -> list[dict[str, Any]]:
    """Box 2 ends with the suspensions of the case."""
    entries[-1]["after"] = [*entries[-1]["after"], *stops.of_case()]
    return entries


def _units(
    record: Record, done: Sequence[Done], waiting: Sequence[UserTask], stops: StopLines
) -> Iterator[dict[str, Any]]:
    """Box 3: what every unit said, answer by answer, with its clock and what was said on it; steps of others that sign
    here and follow no answer; last the units that have yet to answer (W6, W7)."""
    slots = _Slots(record, done)
    followed: set[int] = set()
    for one in done:
        if _is_answer(one):
            facts = {
                "收到": day(one.entered.at),
                "办理期限": day(due := one.event.data.get("due_on"), provisional=one.provisional)
                + stops.first(one.event.task, due),
                "回复": day(one.event.at) + _lateness(one.event.data),
                **_printed(record, one),
            }
            heading = slots.heading(one.scope, one.entered.data["unit"], one.event.seq)
            after = list(_after(done, one))
            followed |= {later.event.seq for later in after}
            said = _said(record, one)
            words = [*stops.of_task(one.event.task), *(_word(record, later) for later in after)]
            yield _entry(heading, facts, said, after=words, sign=record.sign(one.event), seq=one.event.seq)
        elif one.box == UNIT and one.event.seq not in followed:
            facts = {"办理": day(one.event.at), **_printed(record, one)}
            yield _entry(
                str(one.entered.data["name"]), facts, _said(record, one), sign=record.sign(one.event), seq=one.event.seq
            )
    for task in waiting:
        facts = {
            "收到": day(task.entered_at),
            "办理期限": day(task.due_on, provisional=task.due_provisional) + stops.first(task.id, task.due_on),
        }
        if task.unit:
            heading, told = slots.heading(task.scope, task.unit, None), stops.of_task(task.id)
            yield _entry(heading, facts | {"回复": "尚未回复"}, None, after=told)
        elif not (task.slot and slots.answered(task.scope)):
            yield _entry(task.name, facts | {"办理": "尚未办理"}, None)


def _is_answer(step: Done) -> bool:
    """Whether a unit has done a step that signs box 3: others may sign there too, such as the office."""
    return step.box == UNIT and bool(step.entered.data["unit"])


class _Slots:
    """The roles of units: which one leads, which assists, in which round, and how often each has answered."""

    def __init__(self, record: Record, done: Sequence[Done]) -> None:
        self._record = record
        self._rounds = [one for one in done if _dispatches(one)]
        self._answers: dict[str, list[Done]] = {}
        for one in done:
            if _is_answer(one):
                self._answers.setdefault(one.scope, []).append(one)
        self._first: dict[str, Mapping[str, Any]] = {}
        self._opened: dict[str, int] = {}
        for step in record.steps:
            for effect in step.effects:
                if effect.kind == "entered" and effect.data["slot"] and effect.data["scope"] not in self._first:
                    self._first[effect.data["scope"]] = effect.data
                    self._opened[effect.data["scope"]] = effect.seq

    def answered(self, scope: str) -> bool:
        """Whether a unit has answered in a slot."""
        return scope in self._answers

    def heading(self, scope: str, unit: str | None, answered: int | None) -> str:
        """区教育局（主办，第2轮派单，第2次办理）. ``answered``: the answer's sequence number, None for one to come."""
        notes = []
        opened = self._opened.get(scope, 0)
        before = [one for one in self._rounds if one.event.seq < opened]
        if before:
            leads = self._first[scope]["slot"] == before[-1].fields.get("lead_unit")
            notes.append("主办" if leads else "协办")
        if len(self._rounds) > 1 and before:
            notes.append(f"第{len(before)}轮派单")
        earlier = [
            one
            for one in self._answers.get(scope, [])
            if one.entered.data["unit"] == unit and (answered is None or one.event.seq < answered)
        ]
        if earlier:
            notes.append(f"第{len(earlier) + 1}次办理")
        return self._record.unit(unit) + (f"（{'，'.join(notes)}）" if notes else "")


def _said(record: Record, answer: Done) -> str:
    fields = answer.fields
    result = fields.get("result")
    if result == "interim":
        parts = [
            "当前无法解决或需分步解决，阶段反馈如下。",
            f"事情原委：{fields.get('reason') or ''}",
            f"进展情况：{fields.get('progress') or ''}",
            f"下次反馈日期：{record.due(answer, fields.get('next_date'))}",
        ]
        return "\n".join(parts)
    if result == "not_ours":
        return f"不属于本单位职责，退回改派。理由：{fields.get('reason') or ''}"
    return str(fields.get("reply") or "")


def _after(done: Sequence[Done], answer: Done) -> Iterator[Done]:
    """The steps that speak of an answer: of the same slot, up to the next answer, reviews of the office (W11) and steps
    of others that sign box 3."""
    for one in done:
        if one.scope == answer.scope and one.event.seq > answer.event.seq:
            if _is_answer(one):
                return
            if one.step in REVIEWS or (one.box == UNIT and one.entered.data["slot"]):
                yield one


def _word(record: Record, step: Done) -> str:
    """A line under an answer: 区人才办审核（2026年9月16日）：同意办结, or 科长审签（2026年9月16日，李明）：已核."""
    if step.step in REVIEWS:
        return _review(record, step)
    sign = record.sign(step.event)
    signed = "，".join(part for part in (sign["on"], sign["name"]) if part)
    facts = "；".join(_facts(_printed(record, step)))
    said = "；".join(part for part in (_said(record, step), facts) if part)
    name = one_line(record.versions.at(step.event.seq).program.user_tasks[step.process, step.step].name)
    return f"{name}（{signed}）" + (f"：{said}" if said else "")


def _review(record: Record, review: Done) -> str:
    fields = review.fields
    verdict = {
        "accept": "同意办结",
        "agree": f"同意，期限改为{record.due(review, fields.get('agreed_date'))}",
        "redo": "退回重办",
        "refer": "另行研究处理",
    }.get(str(fields.get("decision")), "")
    said = f"：{fields['comment']}" if fields.get("comment") else ""
    return f"区人才办审核（{day(review.event.at)}）：{verdict}{said}"


def _meetings(record: Record, done: Sequence[Done], stops: StopLines) -> Iterator[str]:
    """Box 4 begins with what the group's opinion rests on: what every meeting agreed or decided (W8, W9)."""
    latest: dict[str, Done] = {}
    for one in done:
        latest[one.step] = one
        if one.step == MINUTES:
            held = latest[CONVENE].fields
            when = " ".join(part for part in (day(held.get("held_on")), str(held.get("held_at") or "")) if part)
            where = "，".join(part for part in (when, str(held.get("place") or "")) if part)
            yield f"专题工作会议（{where}）议定：{one.fields.get('decisions') or ''}"
        elif one.step == DECISION:
            topic, fields = latest[TOPIC], one.fields
            body = record.choice(TOPIC, "body", topic.fields.get("body"), topic.process)
            when = "，".join(
                part for part in (day(fields.get("decided_on")), str(fields.get("document_no") or "")) if part
            )
            yield f"{body}（{when}）决定{stops.wait_before(one.event.seq)}：{fields.get('content') or ''}"


def _waits(record: Record, done: Sequence[Done], stops: StopLines) -> Iterator[str]:
    """Box 4 tells of a topic that waits for its meeting: when it was submitted, and for how many days (W9)."""
    for stop in stops.waits():
        topic = next((one for one in reversed(done) if one.step == TOPIC and one.event.seq < stop.seq), None)
        fields = topic.fields if topic is not None else {}
        body = record.choice(TOPIC, "body", fields.get("body"), topic.process) if topic is not None else stop.step
        submitted = f"{day(fields.get('submitted_on'))}提交，" if fields.get("submitted_on") else ""
        yield f"{body}：{submitted}{wait_words(stop)}"


def _group(done: Sequence[Done]) -> dict[str, str] | None:
    """Box 4, as last given (W8, W9)."""
    last = next((one for one in reversed(done) if one.box == GROUP), None)
    if last is None:
        return None
    return {"text": str(last.fields.get("opinion") or ""), "on": day(last.fields.get("given_on") or last.event.at)}


def _lateness(data: Mapping[str, Any]) -> str:
    late = data.get("late_days") or 0
    if late:
        return f"（超期{late}个工作日）"
    if how_done(data["data"]) == RUN_HANDED_BACK:
        return "（退回改派，不算答复）"
    return "（按期）" if data.get("due_on") else ""


def _signs(record: Record, task: UserTask) -> str | None:
    return record.made.program.user_tasks[task.process, task.task].properties.get("sign")


def _blank() -> dict[str, Any]:
    return _entry("", {}, None)


def _entry(
    heading: str,
    facts: Mapping[str, str],
    text: str | None,
    *,
    after: Sequence[str] = (),
    sign: Mapping[str, str | None] | None = None,
    seq: int | None = None,
) -> dict[str, Any]:
    """A part of a box; ``seq`` is the entry of the journal that signs it, None where nobody has signed."""
    return {
        "seq": seq,
        "stamps": dict(NO_STAMPS),
        "heading": heading,
        "facts": _facts(facts),
        "text": text or "",
        "after": list(after),
        "sign": dict(sign) if sign else {"name": None, "on_behalf_of": None, "on": None},
    }


def _facts(facts: Mapping[str, str]) -> list[str]:
    return [f"{name}：{value}" for name, value in facts.items() if value]
