"""发文: a paper of a step or a circular as it is issued: its number, the seals and signatures on it (W8 W9 W10)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, documents
from service.auth.queries import account_names
from service.config.language import number_in
from service.documents import PDF
from service.errors import Conflict, NotFound
from service.http.context import actor, db, settings, wired
from service.http.files import printed
from service.ids import as_id
from service.people import stamps
from service.people.rules import STATUSES
from service.processes.models import Instance
from service.rights import may
from service.usecases import issuing, stamping
from service.usecases.case_papers import SHEET, case_papers, sheet_parts
from service.web.access import requires
from service.web.answers import done, sent, text
from service.web.attachments import framed
from service.web.prints import address_of

blueprint = Blueprint("issuing", __name__)


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>/<int:n>")
@requires()
def paper(instance_id: UUID, name: str, n: int) -> ResponseReturnValue:
    """The paper with its number, the stamps on it, and what may be done."""
    every = sheet_parts(db(), instance_id, actor()) if name == SHEET else case_papers(db(), instance_id, actor())
    found = [one for one in every if (one.name, one.n) == (name, n)]
    if not found:
        raise NotFound("没有这份文书；所依据的步骤可能已经撤回")
    uses = stamps.uses_on(db(), instance_id, name, n)
    taken = {one.stamp.kind for one in uses if one.status in ("asked", "used")}
    free = [one for one in stamps.stamps_in_use(db(), clock.today()) if one.kind not in taken]
    return render_template(
        "cases/paper.html",
        instance=db().get_one(Instance, instance_id),
        paper=found[0],
        address=address_of(instance_id, found[0]),
        example=example_of(name),
        may_number=may(actor(), issuing.RIGHT),
        uses=uses,
        mine=[one for one in free if stamps.may_use(one, actor())],
        others=[one for one in free if not stamps.may_use(one, actor())],
        to_decide={one.id for one in uses if one.status == "asked" and stamps.may_use(one.stamp, actor())},
        to_recall={one.id for one in uses if one.status == "asked" and one.asked_by == actor().username},
        states=STATUSES,
        who=account_names(db(), {name for one in uses for name in (one.asked_by, one.decided_by) if name}),
    )


@blueprint.post("/cases/<uuid:instance_id>/papers/<name>/<int:n>/number")
@requires(right=issuing.RIGHT)
def number(instance_id: UUID, name: str, n: int) -> ResponseReturnValue:
    """编文号: gives the paper its number, once."""
    back = _page(instance_id, name, n)
    return numbered(back, issuing.number_paper, instance_id=instance_id, name=name, seq=n)


def numbered(back: str, give: Callable[..., str], **which: Any) -> ResponseReturnValue:
    """编文号, the answer of every page that numbers: ``give`` numbers what ``which`` names, by the settings' formats;
    ``back`` is the address that shows it."""
    given = give(db(), **which, formats=settings().paper_formats, actor=actor(), now=clock.now())
    return done(f"已编号：{given}。", back)


def example_of(name: str) -> str:
    """The first number of a kind of papers as the settings write it this year; '' where they have no format."""
    form, today = settings().paper_formats.get(name, ""), clock.today()
    return number_in(form, year=today.year, month=today.month, seq=1, per="") if form else ""


def _with_stamp(
    instance_id: UUID, name: str, n: int, stamp_id: UUID | None = None
) -> tuple[documents.Draft, documents.Printed]:
    """The paper as it will be with the stamp, made with no transaction open, and what it was made of."""
    key = stamp_id or as_id(text(sent(), "stamp"))
    if key is None:
        raise NotFound(stamps.NONE)
    with wired().database.reading() as session:
        draft = stamping.with_stamp(session, key, instance_id, name, n, g.actor)
    return draft, documents.print_apart(draft)


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>/<int:n>/with/<uuid:stamp_id>")
@requires(ahead=_with_stamp)
def look(instance_id: UUID, name: str, n: int, stamp_id: UUID) -> ResponseReturnValue:
    """The paper as it will be with the stamp, and the consent to exactly this one, for who may use the stamp.

    ``use`` is the request that it answers, where somebody asked.
    """
    stamp = stamps.get_stamp(db(), stamp_id, actor())
    stamps.require_user(stamp, actor())
    use = as_id(request.args.get("use", ""))
    asked = [one for one in stamps.uses_on(db(), instance_id, name, n) if one.id == use and one.status == "asked"]
    return render_template(
        "cases/stamping.html",
        instance=db().get_one(Instance, instance_id),
        here={"instance_id": instance_id, "name": name, "n": n},
        title=stamping.title_of(db(), instance_id, name, n, actor()),
        stamp=stamp,
        asked=asked[0] if asked else None,
        who=account_names(db(), {one.asked_by for one in asked}),
        seen=_digest(),
    )


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>/<int:n>/with/<uuid:stamp_id>.pdf")
@requires(ahead=_with_stamp)
def preview(instance_id: UUID, name: str, n: int, stamp_id: UUID) -> ResponseReturnValue:
    """The same as a file that is not issued; of the digest ``seen``, where the page names one, or none."""
    stamps.require_user(stamps.get_stamp(db(), stamp_id, actor()), actor())
    if request.args.get("seen", _digest()) != _digest():
        raise Conflict(stamping.MOVED)
    return framed(printed(g.ahead[1], "用印预览", save=False), PDF)


@blueprint.post("/cases/<uuid:instance_id>/papers/<name>/<int:n>/stamp")
@requires(ahead=_with_stamp)
def stamp(instance_id: UUID, name: str, n: int) -> ResponseReturnValue:
    """用印: the consent of who may use the stamp, with the digest of the paper that bears it."""
    fields = sent()
    used = stamping.stamp_paper(
        db(),
        stamp_id=text(fields, "stamp"),
        instance_id=instance_id,
        name=name,
        n=n,
        paper_sha256=_digest(),
        seen=text(fields, "seen"),
        printed=g.ahead[0],
        consent=text(fields, "consent") == "yes",
        use_id=as_id(text(fields, "use")) if text(fields, "use") else None,
        actor=actor(),
        now=clock.now(),
    )
    return done(f"已用印：{used.stamp.name}。", _page(instance_id, name, n))


@blueprint.post("/cases/<uuid:instance_id>/papers/<name>/<int:n>/ask")
@requires()
def ask(instance_id: UUID, name: str, n: int) -> ResponseReturnValue:
    """申请用印."""
    fields = sent()
    stamping.ask_stamp(
        db(),
        stamp_id=text(fields, "stamp"),
        instance_id=instance_id,
        name=name,
        n=n,
        note=text(fields, "note"),
        actor=actor(),
        now=clock.now(),
    )
    return done("已申请用印，待保管人同意。", _page(instance_id, name, n))


@blueprint.post("/stamps/uses/<uuid:use_id>/decline")
@requires()
def decline(use_id: UUID) -> ResponseReturnValue:
    """不同意用印."""
    stamps.decline_stamp(db(), use_id=use_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return done("已退回用印申请。", url_for("web.stamps.index"))


@blueprint.post("/stamps/uses/<uuid:use_id>/recall")
@requires()
def recall(use_id: UUID) -> ResponseReturnValue:
    """撤回用印申请."""
    use = stamps.recall_stamp(db(), use_id=use_id, actor=actor(), now=clock.now())
    return done("已撤回用印申请。", _page(use.case_id, use.paper, use.n))


def _digest() -> str:
    """The SHA-256 of the paper that was made ahead."""
    return sha256(g.ahead[1].content).hexdigest()


def _page(instance_id: UUID, name: str, n: int) -> str:
    return url_for("web.issuing.paper", instance_id=instance_id, name=name, n=n)
