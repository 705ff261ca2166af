"""Beginning a case: its first form, what people may begin by hand, and where a process belongs, as its diagram says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, g, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, contacts
from service.contacts.models import Contact, Opinion
from service.http.context import actor, db
from service.http.filled import sealed, unsealed
from service.ledger.counts import open_matters_of
from service.processes.fills import proposed, templates
from service.processes.first_steps import FirstStep, first_step
from service.processes.forms import Form
from service.processes.models import Instance
from service.processes.profiles import Profile, profiles, startable
from service.processes.properties import PAGES as PAGE_NAMES
from service.processes.rules import NEED
from service.processes.wiring import wiring
from service.talents.models import Talent
from service.usecases.begins import begin_together, make_need
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import argument, done, listed, sent, text
from service.web.forms import form_page
from service.web.menu import ENDPOINTS

blueprint = Blueprint("begins", __name__)

PAGES: Mapping[str, str] = {code: ENDPOINTS[name] for code, name in PAGE_NAMES.items()}
"""The code that a diagram's property ``page`` names → the address of the page, as the menu has it."""


def begins(page: str | None = None) -> Sequence[Profile]:
    """The processes that the reader may begin: all, or those whose records are found on ``page``.

    The need is not among them: it has a button and a form of its own.
    """
    if "db" not in g:
        return []
    if "startable" not in g:  # a page asks for its own beside the menu and the desk
        g.startable = startable(g.db, g.actor)
    return [one for one in g.startable if one.process != NEED and page in (None, one.page)]


def need() -> Profile | None:
    """登记需求, where the reader may."""
    begins()
    return next((one for one in g.get("startable", ()) if one.process == NEED), None)


def works(page: str) -> Sequence[Profile]:
    """The processes whose records are found on ``page``, whoever may begin them."""
    return [one for one in profiles(g.db) if one.page == page]


def purpose(one: Profile) -> str:
    """The reason to begin it, and when the calendar begins it as well."""
    return one.purpose + (f"；{one.starts}另由系统自动发起" if one.starts else "")


@blueprint.get("/cases/new")
@requires()
def new() -> ResponseReturnValue:
    """登记需求: the first form of the process.

    ``?opinion=`` begins with what a talent said to a leader (C2), ``?contact=`` with a contact at which no opinion was
    noted, such as a letter of a talent (F4).
    """
    step = first_step(db(), NEED, actor())
    said = contacts.get_opinion(db(), argument("opinion") or "", actor()) if argument("opinion") else None
    opinion, held = said or (None, _asked_contact())
    known = _picked(step.form) if held is None else _said(opinion, held) if opinion is not None else _met(held)
    begun_with = opinion or held
    page = _first_page(
        step,
        url=url_for("web.begins.start"),
        draft="-".join(["new", NEED, *([str(begun_with.id)] if begun_with is not None else known.values())]),
        data={name: value for name, value in known.items() if name in step.form.fields},
        extra={"opinion": str(opinion.id)} if opinion is not None else None,
    )
    return render_template(
        "begins/new.html",
        step=step,
        form_page=page,
        opinion=opinion,
        held=held,
        similar=contacts.similar_matters(opinion.text, open_matters_of(db(), opinion.talent_id)) if opinion else [],
    )


@blueprint.post("/cases")
@requires()
def start() -> ResponseReturnValue:
    """Starts a case and completes its first step with what was filled in: both or neither.

    Where it began with an opinion, that one becomes this need.
    """
    fields = sent()
    how: dict[str, Any] = {"data": _filled(fields), "actor": actor(), "now": clock.now()}
    how["filled"] = unsealed(fields.get("filled"), _new(NEED))
    begun = None
    if opinion := text(fields, "opinion"):
        begun = db().get_one(Instance, make_need(db(), opinion_id=opinion, **how).instance_id)
    return _told("已登记", _begun(fields, process=NEED, begun=begun, **how))


@blueprint.get("/cases/new/<process>")
@requires()
def begin_form(process: str) -> ResponseReturnValue:
    """The first form of a process other than the need's, for whoever takes its first step.

    A link from a record's page names the record that the form begins with (``?talent_id=``).
    """
    step = first_step(db(), process, actor())
    known = _picked(step.form)
    page = _first_page(
        step,
        url=url_for("web.begins.begin", process=process),
        draft="-".join(["new", process, *known.values()]),
        data=known,
    )
    return render_template("begins/new.html", step=step, form_page=page, opinion=None, held=None, similar=[])


@blueprint.post("/cases/new/<process>")
@requires()
def begin(process: str) -> ResponseReturnValue:
    """Starts the process and completes its first step, and so for each matter filled in beside: all or none."""
    fields = sent()
    filled = unsealed(fields.get("filled"), _new(process))
    cases = _begun(fields, process=process, data=_filled(fields), actor=actor(), now=clock.now(), filled=filled)
    return _told("已发起", cases)


@blueprint.get("/cases/new/<process>/known")
@requires()
def known(process: str) -> ResponseReturnValue:
    """The values of the first form that follow from the record picked in it (``x-fill``), as JSON: ``values`` by field,
    ``labels`` of the records among them, ``filled`` to be sent with the form. The address names the record as that of
    ``begin_form`` does."""
    step = first_step(db(), process, actor())
    picked = _picked(step.form)
    values = proposed(db(), step.form, picked, actor())
    signed = sealed(step.form, _new(step.process), values)
    return jsonify(values=values, labels=Names(db()).labels(step.form, values), filled=signed)


def _first_page(
    step: FirstStep, *, url: str, draft: str, data: Mapping[str, Any], extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The form island of a first step that begins with ``data`` and what the service works out besides."""
    found = proposed(db(), step.form, data, actor())
    fresh = {name: value for name, value in found.items() if name not in data}
    return form_page(
        step.form,
        url=url,
        draft=draft,
        names=Names(db()),
        data={**fresh, **data},
        extra={**(extra or {}), "filled": sealed(step.form, _new(step.process), fresh)},
        proposed=fresh.keys(),
        more=_beside(step),
    )


def _new(process: str) -> str:
    """The first form of a process, as what fills it is signed for."""
    return f"new-{process}"


def _beside(step: FirstStep) -> dict[str, Any]:
    """The addresses that the island of a first step asks, and the fields that matters registered together share."""
    found: dict[str, Any] = {}
    if templates(step.form):
        found["knows"] = url_for("web.begins.known", process=step.process)
    if step.process == NEED:
        found["similar"] = url_for("web.related.similar")
    if any(schema.get("x-shared") for schema in step.form.fields.values()):
        found["shared"] = sorted(name for name, schema in step.form.fields.items() if schema.get("x-shared"))
    return found


def _begun(fields: Mapping[str, Any], **how: Any) -> list[Instance]:
    """The cases begun with one form: the matter's own, and one for each that was filled in beside it (W2)."""
    more = fields.get("more")
    beside = [one for one in more if isinstance(one, dict)] if isinstance(more, list) else []
    return begin_together(db(), more=beside, links=listed(fields, "links"), **how)


def _told(word: str, cases: Sequence[Instance]) -> ResponseReturnValue:
    said = f"{word}。" if len(cases) == 1 else f"{word} {len(cases)} 件，互相关联，各成一张处理单。"
    return done(said, url_for("web.cases.case", instance_id=cases[0].id))


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    data = fields.get("data")
    return data if isinstance(data, dict) else {}


def _picked(form: Form) -> dict[str, str]:
    """The records that the address names, as far as the form picks such and the reader may know of them."""
    plan = wiring(db())
    found = {}
    for name, schema in form.fields.items():
        kind, value = str(schema.get("x-ref")), argument(name)
        label = plan.references.get(kind)
        if label is None or not value or not schema.get("x-prefill"):
            continue
        if label(db(), value) is not None and plan.shown(db(), kind, value, actor()):
            found[name] = value
    return found


def _asked_contact() -> Contact | None:
    """The contact that the address names; raises ``NotFound`` where the reader may not see it."""
    return contacts.get_contact(db(), argument("contact") or "", actor()) if argument("contact") else None


def _said(opinion: Opinion, held: Contact) -> dict[str, Any]:
    """The first values of the form of a need, from an opinion and the contact at which it was given."""
    return _values(held, opinion.talent, opinion.text)


def _met(held: Contact) -> dict[str, Any]:
    """The first values of the form of a need, from a contact: its summary, and its talent where there is but one."""
    return _values(held, held.talents[0].talent if len(held.talents) == 1 else None, held.summary)


def _values(held: Contact, talent: Talent | None, text: str) -> dict[str, Any]:
    known = {
        "talent_id": talent.id if talent is not None else None,
        "leader_id": str(held.leader_id),
        "channel": held.form,
        "received_on": held.held_on.isoformat(),
        "description": text,
        "town": talent.town if talent is not None else None,
    }
    return {name: value for name, value in known.items() if value}
