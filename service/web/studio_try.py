"""The tab 试办: a draft run in memory; somebody plays every role, moves the clock, and keeps the way as a scenario.

Nothing of it stays on the server: the page sends the steps and is told where they lead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.auth.holders import person_words
from service.config import Organization, load_notifications
from service.errors import NotFound
from service.http.context import actor, db, settings, wired
from service.ids import as_id
from service.processes.bundles import Compiled
from service.processes.calendars import current
from service.processes.rules import one_line
from service.rehearsal.samples import RECORD
from service.rehearsal.scenarios import Scenario, Step, read, scenario_of
from service.rehearsal.scenarios.run import ABOUT_TASKS
from service.rehearsal.state import Coming, OpenStep, State, ToldNotice
from service.studio import drafts
from service.studio.models import Draft
from service.studio.names import bundle_of, scenarios_of
from service.studio.saying import scenario_file, scenario_text
from service.studio.trying import Offered, Tried, asked, tried
from service.usecases.names import Names
from service.usecases.studio import house_of, ready_to_try
from service.web import diagrams
from service.web.access import requires
from service.web.answers import sent, text
from service.web.present import day, moment
from service.web.studio import RIGHT, tab_page
from service.workdays import next_office_moment

blueprint = Blueprint("studio_try", __name__)

ENDPOINT = "web.studio_try.page"
ASKED = ("starts", "by", "event", "data", "answers", "fill", "steps")


@blueprint.get("/studio/<uuid:draft_id>/try")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The page; ``?scenario=`` names a scenario of the draft whose steps it begins with."""
    draft = drafts.get(db(), draft_id, actor())
    files = drafts.files(db(), draft)
    drawn = diagrams.pictures(bundle_of(files), draft.process)
    return tab_page(
        "studio/try.html",
        draft,
        ENDPOINT,
        island=_island(draft, files),
        drawn=drawn,
        drawing=diagrams.island(drawn),
    )


def _island(draft: Draft, files: Mapping[str, bytes]) -> dict[str, Any]:
    organization = wired().organization
    starts = next_office_moment(current(db()), clock.now(), settings().office_opens, settings().office_closes)
    begin: dict[str, Any] = {"starts": f"{clock.local(starts):%Y-%m-%dT%H:%M}", "steps": []}
    if name := request.args.get("scenario"):
        begin = _of_scenario(name, scenarios_of(files))
    elif request.args.get("proof"):
        begin = _of_fault(draft)
    return {
        "editable": draft.is_open,
        "begin": begin,
        "roles": [
            {"code": one.id, "name": one.name, "of_unit": one.scope == "unit"} for one in organization.roles.values()
        ],
        "units": [{"code": one.code, "name": one.name} for one in organization.units.values()],
        "user": actor().username,
        "sign_in": url_for("web.auth.sign_in"),
        "urls": {
            "try": url_for("web.studio_try.rehearse", draft_id=draft.id),
            "keep": url_for("web.studio_try.keep", draft_id=draft.id),
            "diagram": url_for("web.studio_diagram.diagram", draft_id=draft.id),
            "scenarios": url_for("web.studio_scenarios.page", draft_id=draft.id),
        },
    }


def _of_scenario(name: str, scenarios: Mapping[str, bytes]) -> dict[str, Any]:
    """A scenario as the page tells it."""
    if name not in scenarios:
        raise NotFound("草稿里没有这个用例")
    said = read(scenarios[name], name).value
    scenario_of(read(scenarios[name], name))  # what cannot be run is told, and not shown
    kept: dict[str, Any] = {key: said[key] for key in ASKED if key in said}
    return {"steps": [], **kept, "scenario": {"name": name, "title": str(said.get("title") or "")}}


def _of_fault(draft: Draft) -> dict[str, Any]:
    """The way to what a walk found, as the page says it: ``?proof=`` names the job, ``at`` the place in its result."""
    job_id, place = as_id(request.args.get("proof", "")), request.args.get("at", 0, type=int)
    job = jobs.visible_job(db(), job_id, actor()) if job_id is not None else None
    if job is None or job.params.get("draft") != str(draft.id) or job.result is None:
        raise NotFound("没有这次走查，请重新走查")
    found = [*job.result["faults"], *job.result["warnings"]]
    if not 0 <= place < len(found) or not found[place]["scenario"]:
        raise NotFound("走查的结果里没有这一处")
    return _of_scenario("fault", {"fault": found[place]["scenario"].encode()})


def _ahead(draft_id: UUID) -> tuple[Compiled, Scenario, Tried]:
    """Takes the steps that were sent, with no transaction open."""
    said = sent()
    where = {name: said[name] for name in ASKED if said.get(name) is not None}
    scenario = asked(where)
    house = house_of(settings(), wired().organization)
    made, calendar = ready_to_try(wired().database, house, draft=draft_id, process="", version=None, actor=g.actor)
    return made, scenario, tried(made, scenario, house.plan, calendar)


@blueprint.post("/studio/<uuid:draft_id>/try")
@requires(right=RIGHT, ahead=_ahead)
def rehearse(draft_id: UUID) -> ResponseReturnValue:
    """Where the steps lead, in words; 422 names the step that does not fit."""
    made, scenario, found = g.ahead
    draft = drafts.get(db(), draft_id, actor())
    words = _Words(made, wired().organization)
    state: State = found.state
    return jsonify(
        now=moment(state.now),
        today=clock.local(state.now).date().isoformat(),
        open=[words.offered(one, state) for one in found.offered],
        steps=[words.step(one) for one in scenario.steps],
        notices=[words.notice(one) for one in state.notices if one.kind not in ABOUT_TASKS],
        timers=[words.timer(one) for one in state.timers],
        messages=list(state.messages),
        data=words.data(state),
        decided=[{"table": table, "rule": rule} for table, rule in state.decided],
        end=state.end,
        end_name=one_line(state.end_name),
        drawing=_marks(drafts.files(db(), draft), draft.process, state),
    )


@blueprint.post("/studio/<uuid:draft_id>/try/keep")
@requires(right=RIGHT, ahead=_ahead)
def keep(draft_id: UUID) -> ResponseReturnValue:
    """Keeps the steps as a scenario of the draft, a new one or over the one of ``scenario``: ``{name, revision}``."""
    _, _, found = g.ahead
    said = sent()
    draft = drafts.get(db(), draft_id, actor())
    title = text(said, "title")
    files = drafts.files(db(), draft)
    again = text(said, "scenario")
    name = again if again in scenarios_of(files) else scenario_file(title, files)
    content = scenario_text(title, said, found.state).encode()
    revision = drafts.put(
        db(),
        draft_id=draft_id,
        name=name,
        content=content,
        revision=draft.revision,
        actor=actor(),
        now=clock.now(),
    )
    return jsonify(name=name, revision=revision)


def _marks(files: Mapping[str, bytes], process: str, state: State) -> list[dict[str, Any]]:
    """Each drawing's position and path, without its XML: the page has that."""
    drawn = diagrams.pictures(bundle_of(files), process)
    standing = {picture.id: picture for picture in drawn}
    clocks = {one.event for one in state.timers if one.of is not None}  # at a step that is a position already
    for where, _, node in state.marking:
        if where in standing and node not in clocks:
            standing[where].active.append(node)
    travelled = diagrams.travelled(drawn, ((one.process, one.node, one.source) for one in state.path))
    return [{"id": one.id, "active": one.active, "done": one.done, "ways": one.ways} for one in travelled]


class _Words:
    """The outcome of a rehearsal as the page tells it."""

    def __init__(self, made: Compiled, organization: Organization) -> None:
        self._made, self._organization, self._names = made, organization, Names(db())
        self._kinds = {kind: one.name for kind, one in load_notifications(wired().config).items() if one.name}
        self._steps = {task: one_line(info.name) for (_, task), info in made.program.user_tasks.items()}
        self._forms = made.forms
        self._form_of = {
            task: info.properties.get("form") or task for (_, task), info in made.program.user_tasks.items()
        }

    def _unit(self, code: str | None) -> str:
        known = self._organization.units.get(code or "")
        return known.name if known else code or ""

    def who(self, role: str | None, unit: str | None, leader: str | None = None, person: str | None = None) -> str:
        """区人才办, 区教育局的责任单位经办人, 张三（区人才办）; 没有人 for nobody."""
        if role is None:
            return "没有人"
        named = self._organization.roles.get(role)
        name = named.name if named else role
        whose = "一位联系领导" if leader else self._unit(unit)
        said = f"{whose}的{name}" if whose and whose != name else name
        return f"{self._person(person)}（{said}）" if person is not None else said

    def _person(self, key: str) -> str:
        """The one person of a step; in a rehearsal a field may name somebody who is only a sample."""
        found = person_words(db(), {key}, clock.today())[key]
        return found.name if found.username else "指定的人"

    def offered(self, one: Offered, state: State) -> dict[str, Any]:
        """An open step with its form."""
        step = one.step
        return {
            "label": step.label,
            "task": step.task,
            "process": step.process,
            "unit": step.slot or step.unit,
            "name": step.name,
            "slot": self._unit(step.slot) if step.slot else "",
            "who": self.who(step.role, step.unit, step.leader, step.person),
            "nobody": step.role is None,
            "due": day(step.due_on) if step.due_on else "",
            "paused": step.paused,
            "basis": step.basis or "",
            "light": one.light,
            "late": one.late_days,
            "schema": one.schema,
            "ui_schema": one.ui_schema,
            "prefill": one.prefill,
            "sample": one.sample,
            "labels": self.labels(step, one.sample),
            "back": [{"task": task, "name": name} for task, name in one.back],
        }

    def labels(self, step: OpenStep, data: Mapping[str, Any]) -> dict[str, str]:
        """Value → name of every record that the form of a step begins with, or that its sample picks."""
        form = self._made.form_of(step.process, step.task)
        return {} if form.undrawable else {value: self._record(kind, value) for _, kind, value in form.references(data)}

    def _record(self, kind: str, value: str) -> str:
        if value == RECORD:
            return "样例"
        return self._unit(value) if kind == "units" else self._names.record(kind, value)

    def step(self, step: Step) -> str:
        """A step as a person says it."""
        said, about = step.said, step.about
        at = self._unit(said.get("unit"))
        whose = f"（{at}）" if at else ""
        if step.kind == "do":
            return f"办理「{self._steps.get(about, about)}」{whose}"
        if step.kind == "wait":
            return f"过 {about} 个工作日"
        if step.kind == "until":
            return f"到 {about.replace('T', ' ')}"
        if step.kind == "give_back":
            return f"退回到「{self._steps.get(about, about)}」{whose}：{said.get('reason', '')}"
        if step.kind == "message":
            return f"收到消息 {about}"
        return "改变系统动作的答复"

    def timer(self, one: Coming) -> dict[str, str]:
        """A timer to come, and whose task it watches where several have the same."""
        slot = self._unit((one.of or "").partition("/")[2])
        return {"name": one_line(one.name) + (f"（{slot}）" if slot else ""), "at": moment(one.fire_at)}

    def notice(self, one: ToldNotice) -> dict[str, str]:
        """A notice that would go out."""
        said = self._kinds.get(one.kind, one.kind)
        return {
            "at": moment(one.at),
            "to": self.who(one.role, one.unit) if one.role else self._unit(one.unit),
            "text": f"{said}：{one.text}" if one.text else said,
        }

    def data(self, state: State) -> list[dict[str, str]]:
        """The data that forms gave, by the titles and in the words of the forms that wrote them."""
        return [
            {"name": str(schema.get("title") or name), "value": self._plain(state.data[name], schema)}
            for name, schema in self._written(state).items()
            if state.data.get(name) not in (None, "", [])
        ]

    def _written(self, state: State) -> Mapping[str, Mapping[str, Any]]:
        """Name of a field → its schema in the form that was filled last; of one that none wrote, any form's.

        A step of a called process keeps its data to itself, as fields of a step's own (``x-own``) are.
        """
        found: dict[str, Mapping[str, Any]] = {}
        inner = [one for one in state.done if one.scope]
        for done in (*inner, *(one for one in state.done if not one.scope)):
            if (form := self._forms.get(self._form_of.get(done.task, done.task))) is not None:
                found |= {name: schema for name, schema in form.fields.items() if not schema.get("x-own")}
        for form in self._forms.values():
            for name, schema in form.fields.items():
                found.setdefault(name, schema)
        return found

    def _plain(self, value: Any, schema: Mapping[str, Any]) -> str:
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, Sequence) and not isinstance(value, str):
            items = schema.get("items")
            return "、".join(self._plain(one, items if isinstance(items, Mapping) else {}) for one in value)
        named = next((one.get("title") for one in schema.get("oneOf", ()) if one.get("const") == value), None)
        if named is None and isinstance(kind := schema.get("x-ref"), str):
            named = self._record(kind, str(value))
        return "样例" if value == RECORD else str(named or value)
