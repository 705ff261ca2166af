"""回放: a case step by step; a drawing with a slider, beside it what was done, seen, changed and told at each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.attachments import READ_WITHDRAWN
from service.audit.questions.again import AGAIN, COMPLETED, Decided
from service.audit.replay import CaseReplay, case_replay
from service.audit.replay.cases import Shown
from service.audit.replay.drawn import flows_of
from service.audit.replay.forms import FormSeen
from service.audit.replay.named import NamesThen
from service.audit.replay.steps import Happened
from service.audit.replay.telling import WHY, active, goal_words, notice_text, off, passed, version_place
from service.audit.replay.values import Values
from service.audit.replay.ways import MOST, compared, usual_way
from service.audit.verifying.results import failed, findings_of
from service.config.notifications import KINDS
from service.http.context import actor, db
from service.ledger.case_record import PRINTED
from service.ledger.own_papers import own_papers
from service.notifications.queries import reached
from service.processes.bundles import compiled
from service.processes.definitions import shown_digest
from service.processes.fields import ENTRIES
from service.processes.recording import stream_of
from service.processes.rules import NAMED, NEED, one_line
from service.processes.standing import OF_PERSON
from service.processes.told_fields import page_day
from service.rights import may
from service.usecases.names import Line, Names
from service.web import diagrams
from service.web.access import requires
from service.web.answers import asked_step
from service.web.timeline import Entry, timeline

blueprint = Blueprint("replay", __name__)

COMPARE = "view_history_all"
"""The right to hold a case against the others of its process."""


@blueprint.get("/cases/<uuid:instance_id>/replay")
@requires()
def case(instance_id: UUID) -> ResponseReturnValue:
    """The page; ``?at=`` is the number of the journal's entry at which it stands, default the last step."""
    found = case_replay(db(), instance_id, actor())
    shown = found.at(asked_step())
    names = _names(found, shown)
    told = _told(found, names)
    decided = Decided(db(), [instance_id])
    steps = [_line(one, told, names, decided.chosen(instance_id, one.step.data)) for one in found.shown]
    drawn, keys = _drawings(found)
    place = found.shown.index(shown)
    _marked(found, drawn, keys, place)
    opened = keys[_version(found, shown.step)]
    return render_template(
        "replay/case.html",
        instance=found.instance,
        steps=steps,
        place=place,
        drawn=drawn,
        island=diagrams.island(drawn, _opened(drawn, opened)),
        player=_player(found, keys, place, instance_id),
        failed=(wrong := failed(db(), actor())),
        findings=findings_of(wrong, stream_of(instance_id)),
        way=_way(found, decided) if may(actor(), COMPARE) else None,
        **_step(found, shown, names),
    )


@blueprint.get("/cases/<uuid:instance_id>/replay/<int:seq>")
@requires()
def step(instance_id: UUID, seq: int) -> ResponseReturnValue:
    """The part of the page about one step, which the page takes in when it moves there."""
    found = case_replay(db(), instance_id, actor())
    shown = found.at(seq)
    return render_template("replay/_step.html", instance=found.instance, **_step(found, shown, _names(found, shown)))


# --- The steps in words ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step in the list: its number, when, who, what; ``off`` says why it counts no longer."""

    seq: int
    at: Any
    who: str
    what: str
    unit: str
    off: str


def _names(found: CaseReplay, shown: Shown) -> Names:
    """The names on the day of a step, and by ``at`` on that of any other."""
    first, day = (clock.local(one.step.at).date() for one in (found.shown[0], shown))
    return Names(db(), day, then=NamesThen(db(), first))


def _told(found: CaseReplay, names: Names) -> dict[int, Entry]:
    """Number → the entry of the timeline, of each step that it tells of."""
    return {one.seq: one for one in timeline([each.step for each in found.shown], found.versions, names)}


def _entry(one: Happened, told: Mapping[int, Entry], names: Names) -> Entry:
    if one.seq in told:
        return told[one.seq]
    names = names.at(clock.local(one.at).date())
    word = ENTRIES[one.kind].word if one.kind in ENTRIES else "其他记录"
    what = f"{word}「{one.name}」" if one.name else word
    return Entry(one.seq, one.at, names.person(one.actor), what, on_behalf_of=names.person(one.on_behalf_of))


def _line(shown: Shown, told: Mapping[int, Entry], names: Names, chosen: Sequence[str]) -> StepLine:
    one = shown.step
    entry = _entry(one, told, names)
    who = entry.who + (f"（代理 {entry.on_behalf_of}）" if entry.on_behalf_of else "")
    what = f"{entry.what}（{'，'.join(chosen)}）" if chosen and one.kind == COMPLETED else entry.what
    return StepLine(one.seq, one.at, who, what, entry.unit, off(one))


def _step(found: CaseReplay, shown: Shown, names: Names) -> dict[str, Any]:
    """All that the page says of one step, in the names of its day."""
    one = shown.step
    entry = _entry(one, _told(found, names), names)
    made = found.versions.at(one.seq)
    values = Values(made, one, names, page_day, filled=shown.filled, before=shown.before)
    form = found.form(one)
    arrived = reached(db(), found.instance.id) if one.notices else {}
    place = found.shown.index(shown)
    return {
        "one": one,
        "entry": entry,
        "number": place + 1,
        "total": len(found.shown),
        "previous": found.shown[place - 1].step.seq if place else None,
        "following": found.shown[place + 1].step.seq if place + 1 < len(found.shown) else None,
        "off": off(one),
        "standing": _standing(found, one, names),
        "changes": [values.change(change) for change in shown.changes],
        "dues": [(due, names.unit(due.unit), WHY[due.why]) for due in one.due_changes],
        "notices": [
            (KINDS.get(each.template, "提醒"), goal_words(each, arrived.get(each.seq, ()), names), each, said)
            for each, said in ((each, notice_text(each, names)) for each in one.notices)
        ],
        "files": [(each, names.person(each.by), names.person(each.withdrawn_by)) for each in one.files],
        "copies": [(names.person(each["username"]), names.person(each["sent_by"])) for each in one.copies],
        "gone": {each.id for each in found.shown[-1].step.files if each.withdrawn is not None},
        "reads_withdrawn": may(actor(), READ_WITHDRAWN),
        "papers": _papers(found, one),
        "printed": _printed(found, one, names),
        "form": form,
        "form_lines": _form_lines(found, one, form, names),
        "lost": _titles(found, one, form.lost) if form is not None else [],
        "form_page": _form_page(found, one, form, names),
        "names": names,
        "versions": len(found.versions.starts),
    }


def _papers(found: CaseReplay, one: Happened) -> list[tuple[str, str]]:
    """(name, address) of what could be printed of the case as it stood after the step."""
    key = found.instance.id
    listed = []
    if found.instance.process == NEED and one.row["title"] and one.case.get("on_the_spot") is not True:
        listed.append(("需求处理单", url_for("web.prints.sheet", instance_id=key, at=one.seq)))
    listed += [
        (title, url_for("web.prints.own", instance_id=key, name=name, at=one.seq))
        for name, title in own_papers(found.versions.at(one.seq))
    ]
    return listed


def _printed(found: CaseReplay, one: Happened, names: Names) -> dict[str, Any] | None:
    """The print of the step: ``name`` and ``sha256`` of the file, the step ``of`` as of which (its number in the
    journal), and that step in words; None where nothing was."""
    if one.kind != PRINTED:
        return None
    of = found.at(min(int(one.data.get("as_of") or one.seq), one.seq)).step
    said = "打印时的样子" if of.seq == one.seq else f"“{_entry(of, _told(found, names), names).what}”之后的样子"
    return {"name": one.data["name"], "sha256": one.data["sha256"], "of": of.seq, "said": said}


def _standing(found: CaseReplay, one: Happened, names: Names) -> list[tuple[str, str, Any]]:
    """(step, whose, due date) of each place where the case stood after the step; tasks first."""
    told: list[tuple[str, str, Any]] = []
    for row in one.tasks.values():
        holder = names.person(row["assignee"]) if row["assignee"] else ""
        slot = str(row["slot"] or "")
        whose = names.unit(row["unit"]) or (slot.removeprefix(NAMED) if slot.startswith(NAMED) else "")
        whose = whose or names.role(row["role"])
        whose += f"（{names.person(OF_PERSON + row['person_key'])}）" if row["person_key"] else ""
        told.append((one_line(row["name"]), f"{whose}（{holder} 已领办）" if holder else whose, row["due_on"]))
    made = found.versions.at(one.seq)
    tasks = {(row["process"], row["task"]) for row in one.tasks.values()}
    waiting = sorted({(process, node) for process, _, node in one.marking} - tasks)
    told += [
        (one_line(made.program.names.get((process, node), "")), "等其余分支" if node in flows.joins else "等待", None)
        for process, node in waiting
        if (flows := flows_of(made, process)) is not None and node not in flows.calls  # where it stands within is told
    ]
    return [each for each in told if each[0]]


# --- The form --------------------------------------------------------------------------------------------------------


def _form_lines(
    found: CaseReplay, one: Happened, form: FormSeen | None, names: Names
) -> list[tuple[str, str, str]] | None:
    """(title, what stood there, what was sent) of each field; None where the step has no form."""
    if form is None or one.form is None:
        return None
    drawn = found.versions.at(one.seq).form_of(one.form.process, one.form.step)
    before = _by_title(names.lines(drawn, form.data))
    sent = _by_title(names.lines(drawn, form.typed or {}))
    return [(title, before.get(title, ""), sent.get(title, "")) for title in dict.fromkeys([*sent, *before])]


def _titles(found: CaseReplay, one: Happened, names: Sequence[str]) -> list[str]:
    """The titles of fields of the step's form."""
    if not names or one.form is None:
        return []
    fields = found.versions.at(one.seq).form_of(one.form.process, one.form.step).fields
    return [str(fields[name].get("title", name)) for name in names if name in fields]


def _by_title(lines: Sequence[Line]) -> dict[str, str]:
    return {line.title: line.text for line in lines}


def _form_page(found: CaseReplay, one: Happened, form: FormSeen | None, names: Names) -> dict[str, Any] | None:
    """The JSON of the island that draws the form as it was, read only."""
    if form is None or one.form is None:
        return None
    drawn = found.versions.at(one.seq).form_of(one.form.process, one.form.step)
    today = clock.local(one.at).date()
    return {
        "refused": form.refused,
        "schema": form.schema,
        "ui_schema": form.ui_schema,
        "data": dict(form.data if form.typed is None else form.typed),
        "labels": names.labels(drawn, {**form.data, **(form.typed or {})}),
        "today": today,
        "tomorrow": today,
        "readonly": True,
        "kept": False,
        "dates": [],
    }


# --- The drawing -----------------------------------------------------------------------------------------------------


def _version(found: CaseReplay, one: Happened) -> int:
    return version_place(found.versions, one)


def _active(found: CaseReplay, one: Happened) -> Iterator[tuple[str, str]]:
    return active(found.versions.at(one.seq), one)


def _passed(found: CaseReplay, one: Happened) -> Iterator[tuple[str, str, str | None]]:
    return passed(found.versions.at(one.seq), one)


def _drawings(found: CaseReplay) -> tuple[list[diagrams.Picture], list[dict[str, str]]]:
    """The pictures of all versions that the case ran by, and of each version process → id of its picture."""
    pictures, keys = [], []
    several = len(found.versions.starts) > 1
    for place, (_, digest, version) in enumerate(found.versions.starts):
        used = {found.instance.process}
        for shown in found.shown:
            if _version(found, shown.step) == place:
                used |= {one[0] for one in _active(found, shown.step)}
                used |= {one[0] for one in _passed(found, shown.step)}
        drawn = compiled(db(), shown_digest(db(), found.instance.process, version, digest), found.instance.process)
        mine = {}
        for process, (name, xml) in sorted(
            drawn.diagrams.items(), key=lambda one: (one[0] != found.instance.process, one[0])
        ):
            if process in used:
                mine[process] = f"{process}@{version}"
                title = f"{name}（第 {version} 版）" if several else name
                pictures.append(diagrams.Picture(mine[process], title, xml))
        keys.append(mine)
    return pictures, keys


def _marked(found: CaseReplay, drawn: list[diagrams.Picture], keys: list[dict[str, str]], place: int) -> None:
    """Draws the way up to the step at ``place`` and where the case stood after it; other versions are put aside."""
    now = found.shown[place].step
    mine = keys[_version(found, now)]
    by_id = {picture.id: picture for picture in drawn}
    for picture in drawn:
        picture.hidden = picture.id not in mine.values()
    for shown in found.shown[: place + 1]:
        back = shown.step.taken_back
        if back is not None and back <= now.seq:
            continue
        for process, node, source in _passed(found, shown.step):
            if process in mine:
                by_id[mine[process]].done.append(node)
                if source is not None:
                    by_id[mine[process]].ways.append((source, node))
    for process, node in _active(found, now):
        if process in mine and node not in by_id[mine[process]].active:
            by_id[mine[process]].active.append(node)


def _opened(drawn: Sequence[diagrams.Picture], mine: Mapping[str, str]) -> str | None:
    """The innermost diagram in force in which the case stands, else the main one."""
    shown = [picture for picture in drawn if picture.id in mine.values()]
    return next((picture.id for picture in reversed(shown) if picture.active), shown[0].id if shown else None)


def _player(found: CaseReplay, keys: Sequence[Mapping[str, str]], place: int, instance_id: UUID) -> dict[str, Any]:
    """The JSON of the island: of each step where the case stood and what it passed."""
    return {
        "at": place,
        "keys": list(keys),
        "page": url_for("web.replay.case", instance_id=instance_id),
        "steps": [
            {
                "seq": one.seq,
                "url": url_for("web.replay.step", instance_id=instance_id, seq=one.seq),
                "version": _version(found, one),
                "active": list(_active(found, one)),
                "passed": list(_passed(found, one)),
                "back": one.taken_back,
            }
            for one in (shown.step for shown in found.shown)
        ],
    }


# --- The usual way ---------------------------------------------------------------------------------------------------


def _left(case: UUID, one: Happened, decided: Decided) -> str:
    """The word for a step that left the usual course: what its form decided, else what it is."""
    if one.kind != COMPLETED:
        return ENTRIES[one.kind].word
    return "，".join(decided.chosen(case, one.data)) or AGAIN


def _way(found: CaseReplay, decided: Decided) -> dict[str, Any] | None:
    """The case beside the way that most cases of its process took; None where none has finished yet."""
    case = found.instance
    usual = usual_way(db(), case.process, case.id)
    if usual is None:
        return None
    steps = [shown.step for shown in found.shown]
    beside = compared(steps, usual, ended=case.ended_at is not None)
    labels = compiled(db(), case.digest, case.process).program.names
    mine = {one.seq: one.name for one in steps}
    return {
        "compared": beside,
        "usual": [one_line(labels.get(one, "")) or "（已取消的步骤）" for one in usual.steps],
        "mine": [(mine.get(seq, ""), seq) for _, seq in beside.mine],
        "instead": one_line(labels.get(beside.instead, "")) if beside.instead else "",
        "aside": [(one.seq, _left(case.id, one, decided)) for one in steps if one.seq in beside.aside],
        "most": MOST,
    }
