"""The course of a case as the offline page tells it: the steps of the fold over its journal, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.attachments import ENTRIES as OF_FILES
from service.audit.replay.cases import CaseReplay, whole_replay
from service.audit.replay.forms import FormSeen
from service.audit.replay.named import NAMED_KINDS, UNITS, NamesThen
from service.audit.replay.steps import DueChange, FileThen, Happened, NoticeSent
from service.audit.replay.telling import (
    WHY,
    active,
    goal_words,
    mentioning,
    migrated_dates,
    notice_text,
    off,
    passed,
    version_place,
)
from service.audit.replay.values import Values, Worded
from service.config.notifications import KINDS
from service.history import HistoryEvent
from service.history.notices import ENTRIES as OF_NOTICES
from service.ledger.case_record import PRINTED
from service.ledger.circulars import ENTRIES as OF_CIRCULARS
from service.ledger.reported import ENTRIES as OF_REPORTED
from service.notifications.queries import reached
from service.processes.bundles import Compiled
from service.processes.fields import ENTRIES
from service.processes.models import Instance
from service.processes.rules import one_line
from service.processes.standing import OF_PERSON
from service.processes.told_fields import day_words
from service.processes.told_fields import told as told_fields
from service.processes.versions import Versions
from service.processes.wiring import wiring

WORDS = {**ENTRIES, **OF_FILES, **OF_NOTICES, **OF_CIRCULARS, **OF_REPORTED}
"""The words for whatever the journal of a case may hold."""
_SAID = {"reason": "理由", "text": "内容", "number": "编号"}
"""Parts of an entry without a form that are told, with their titles."""
_SAID_TO = {"copied": "抄送给", "copy_withdrawn": "不再抄送给"}
"""Kind of entry → the title of those whom it names; of others they are whom a step is given to."""


class Naming:
    """The names of accounts, units and picked records on the day of a step, as its page has them; a record that has no
    earlier names is called as it is today."""

    def __init__(self, session: Session, told: Sequence[Happened]) -> None:
        self.session, self._others = session, dict[tuple[str, str], str]()
        self.day = clock.local(told[0].at).date() if told else clock.today()
        self._then = NamesThen(session, self.day)
        people = {name for one in told for name in (one.actor, one.on_behalf_of) if name}
        people |= {row["assignee"] for one in told for row in one.tasks.values() if row["assignee"]}
        self._then.people(people, self.day)
        self._then.find(UNITS, {row["unit"] for one in told for row in one.tasks.values()} - {None}, self.day)

    def person(self, username: str | None) -> str:
        return self._then.people({username}, self.day).get(username, username) if username else ""

    def unit(self, code: str | None) -> str:
        return self._then.find(UNITS, {code}, self.day).get(code, code) if code else ""

    def role(self, role: str | None) -> str:
        return self._then.role(role, self.day)

    def record(self, kind: str, value: str) -> str:
        if kind in NAMED_KINDS:
            return self._then.find(kind, {value}, self.day).get(value, value)
        if (kind, value) not in self._others:
            find = wiring(self.session).references.get(kind)
            self._others[kind, value] = (find(self.session, value) if find else None) or value
        return self._others[kind, value]


def steps(session: Session, instance: Instance, events: Sequence[HistoryEvent]) -> list[dict[str, Any]]:
    """All steps of a case, with nothing withheld, as :func:`words` tells them."""
    return words(session, whole_replay(session, instance, events))


def words(session: Session, replay: CaseReplay) -> list[dict[str, Any]]:
    """A step: ``seq``, ``at``, ``who``, ``what``, ``off`` (why it counts no longer), ``version``; ``active`` and
    ``passed`` on the drawings; ``back``, the step that took it back; ``parts``, a list of (heading, rows of words)."""
    shown, versions = replay.shown, replay.versions
    names, arrived = Naming(session, [each.step for each in shown]), reached(session, replay.instance.id)
    found = []
    for each in shown:
        one, made = each.step, versions.at(each.step.seq)
        names.day = clock.local(one.at).date()
        values = Values(made, one, names, filled=each.filled, before=each.before)
        worded = [values.change(change) for change in each.changes]
        notices = [_notice(sent, arrived.get(sent.seq, ()), names) for sent in one.notices]
        form = _form(one, replay.form(one), made, names)
        parts = [[head, rows] for head, rows in _parts(one, made, names, form, worded, notices) if rows]
        found.append(_step(one, made, versions, names) | {"parts": parts})
    return found


def _step(one: Happened, made: Compiled, versions: Versions, names: Naming) -> dict[str, Any]:
    word = WORDS[one.kind].word if one.kind in WORDS else "其他记录"
    unit = names.unit(one.unit)
    what = f"{word}：{one.name}" if one.name else word
    who = names.person(one.actor)
    return {
        "seq": one.seq,
        "at": f"{clock.local(one.at):%Y-%m-%d %H:%M:%S}",
        "who": f"{who}（代 {names.person(one.on_behalf_of)}）" if one.on_behalf_of else who,
        "what": f"{what}（{unit}）" if unit else what,
        "off": off(one),
        "version": versions.starts[version_place(versions, one)][2],
        "active": list(active(made, one)),
        "passed": list(passed(made, one)),
        "back": one.taken_back,
    }


def _parts(
    one: Happened,
    made: Compiled,
    names: Naming,
    form: list[list[str]],
    worded: Sequence[Worded],
    notices: list[list[str]],
) -> Iterator[tuple[str, list[list[str]]]]:
    """The headings of a step with their rows; those without rows are left out by the caller."""
    said = [] if one.form is not None and one.form.typed is not None else list(_said(one, names))
    if one.kind == "returned":
        label = next((label for (_, node), label in made.program.names.items() if node == one.data.get("target")), "")
        said.insert(0, ["退回到", one_line(label)])
    if one.data.get("late_days"):
        said.append(["时限", f"超期 {one.data['late_days']} 个工作日"])
    yield "说明", said
    yield "填写的内容", form
    yield (
        "数据的变化",
        [[f"{each.title}　{each.slot}".strip(), f"{each.old or '（空）'} → {each.new or '（空）'}"] for each in worded],
    )
    yield "期限", [_due(each, names) for each in one.due_changes]
    yield "当前步骤", [_standing(row, names) for row in one.tasks.values()]
    yield "发出的提醒", notices
    yield "附件", [[each.name, _file(each, names)] for each in one.files]
    if one.ended:
        yield "结束", [["结果", one.ended]]


def _said(one: Happened, names: Naming) -> Iterator[list[str]]:
    """Title and words of what an entry without a form says."""
    data = one.data
    if one.kind == "migrated":
        version = data["to"]["version"]
        yield ["版本", f"第 {data['from']['version']} 版 → 第 {version} 版"]
        yield ["期限", migrated_dates(data, version, one.due_changes)]
    elif to := data.get("to"):
        told = [names.person(str(each)) for each in (to if isinstance(to, list) else [to])]
        yield [_SAID_TO.get(one.kind, "转给"), "、".join(told)]
    if one.kind == PRINTED:
        as_of = f"第 {data['as_of']} 条之后的样子" if data.get("as_of") else f"打印时（第 {one.seq} 条）的样子"
        yield from (["印的是", as_of], ["文件", str(data["name"])], ["SHA-256", str(data["sha256"])])
    for key, title in _SAID.items():
        if data.get(key):
            yield [title, mentioning(str(data[key]), data.get("mentions") or (), names)]


def _form(one: Happened, seen: FormSeen | None, made: Compiled, names: Naming) -> list[list[str]]:
    """Title and words of each field as it was sent, with what stood there before; then of what stood there and was not
    sent, and what of that the journal does not say."""
    if one.form is None or seen is None:
        return []
    drawn = made.form_of(one.form.process, one.form.step)
    stood = {each["id"]: each for each in told_fields(drawn, seen.data, names.record)}
    typed = {each["id"]: each for each in told_fields(drawn, seen.typed or {}, names.record)}
    rows = []
    for key, each in typed.items():
        before = stood[key]["words"] if key in stood else each["words"]
        rows.append([each["title"], each["words"] + (f"（原为 {before}）" if before != each["words"] else "")])
    left = "打开时已有" if seen.typed is None else "打开时已有，没有提交"
    rows += [[each["title"], f"{each['words']}（{left}）"] for key, each in stood.items() if key not in typed]
    if seen.lost:
        rows.append(["日志没有留存预填的", "、".join(str(drawn.fields[name].get("title", name)) for name in seen.lost)])
    return [*rows, *(["提示", warning] for warning in seen.warnings)]


def _due(change: DueChange, names: Naming) -> list[str]:
    unit, new = names.unit(change.unit), day_words(change.new or "") or "不限期"
    old = f"{day_words(change.old)} → " if change.old and change.moved else ""
    notice = f"（{change.notice}）" if change.notice else ""
    kept = "" if change.moved or not change.old else "，未变"
    return [
        f"{change.name}　{unit}".strip(),
        f"{old}{new}{'，暂定' if change.provisional else ''}{kept}。{WHY[change.why]}{notice}",
    ]


def _notice(each: NoticeSent, arrived: Sequence[str], names: Naming) -> list[str]:
    to = goal_words(each, arrived, names)
    text = notice_text(each, names)
    return [KINDS.get(each.template, "提醒"), f"→ {to}" + (f"：{text}" if text else "")]


def _standing(row: Mapping[str, Any], names: Naming) -> list[str]:
    whose = names.unit(row["unit"]) or names.role(row["role"])
    if row["person_key"]:
        whose += f"（{names.person(OF_PERSON + row['person_key'])}）"
    held = f"（{names.person(row['assignee'])} 已领办）" if row["assignee"] else ""
    due = f"，{day_words(row['due_on'].isoformat())}到期" if row["due_on"] else ""
    return [one_line(row["name"]), f"{whose}{held}{due}"]


def _file(each: FileThen, names: Naming) -> str:
    when = f"{clock.local(each.at):%Y-%m-%d %H:%M}"
    back = ""
    if each.withdrawn:
        why = f"（{each.withdrawn_why}）" if each.withdrawn_why else ""
        back = f"；{clock.local(each.withdrawn):%Y-%m-%d %H:%M} {names.person(each.withdrawn_by)} 撤回{why}"
    return f"{names.person(each.by)} {when} 上传{back}；SHA-256 {each.sha256}"
