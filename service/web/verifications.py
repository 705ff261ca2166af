"""核验: the results of verifications for auditors, what each found, and a new one by the worker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.audit.models import Acknowledgement
from service.audit.tables.names import table_names
from service.audit.verifying import acknowledging, results
from service.audit.verifying.advice import advised
from service.canonical import dumps
from service.errors import NotFound
from service.http.context import actor, db, settings
from service.http.files import download
from service.rights import may
from service.usecases.names import Names
from service.usecases.verifying import VERIFY
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, listed, offset, sent, text

blueprint = Blueprint("verifications", __name__)


@blueprint.get("/verifications")
@requires(right=results.RIGHT)
def index() -> ResponseReturnValue:
    """The results, the newest first, and the one that goes on."""
    page = results.verifications(db(), actor(), limit=PER_PAGE, offset=offset())
    names = Names(db()).learn([one.made_by for one in page.items])
    going = jobs.jobs(db(), actor(), kind=VERIFY, limit=1).items
    return render_template("verifications/verifications.html", page=page, names=names, going=going)


@blueprint.post("/verifications")
@requires(right=results.RIGHT)
def begin() -> ResponseReturnValue:
    """A verification, by the worker; ``full`` executes every case again."""
    params = {"full": bool(text(sent(), "full"))}
    jobs.submit(db(), kind=VERIFY, params=params, actor=actor(), now=clock.now())
    return done("已提交，后台任务正在核验，请稍后刷新。", url_for("web.verifications.index"))


@blueprint.get("/verifications/<uuid:verification_id>")
@requires(right=results.RIGHT)
def result(verification_id: UUID) -> ResponseReturnValue:
    """One result with its findings."""
    one = results.verification(db(), actor(), verification_id)
    found = advised(one.findings)
    doubtful = [each for each in found if acknowledging.may_be_acknowledged(each)]
    said = acknowledging.words_about(db(), doubtful)
    waiting = [each for each in doubtful if (each["stream"], each["seq"]) not in said]
    people = [one.made_by, *(row.made_by for row in said.values())]
    people += [row.confirmed_by for row in said.values() if row.confirmed_by]
    for each in found:
        each["acknowledged"] = each.get("acknowledged")
        by = each["acknowledged"] or {}
        people += [name for name in (by.get("by"), by.get("also_by")) if name]
    known = sum(each["acknowledged"] is not None for each in found)
    return render_template(
        "verifications/verification.html",
        one=one,
        found=found,
        listed=len(found) - known,
        known=known,
        doubtful=doubtful,
        waiting=waiting,
        spoken=_spoken(doubtful, said),
        acknowledges=may(actor(), acknowledging.RIGHT),
        by_two=settings().accounts.by_two,
        me=actor().username,
        names=Names(db()).learn(people),
        nouns=table_names(),
    )


def _spoken(doubtful: list[dict[str, Any]], said: dict[acknowledging.Place, Acknowledgement]) -> list[dict[str, Any]]:
    """The word on each of the findings, with its name."""
    rows = []
    for each in doubtful:
        row = said.get((each["stream"], each["seq"]))
        if row is not None:
            waits = acknowledging.state_of(row) == acknowledging.WAITS
            told = {"title": f"{each['name']} 第 {each['seq']} 条", "one": row, "waits": waits}
            rows.append({**told, "state": "已提出确认，等待另一人" if waits else "已确认"})
    return rows


@blueprint.post("/verifications/<uuid:verification_id>/acknowledgements")
@requires(right=acknowledging.RIGHT)
def acknowledge(verification_id: UUID) -> ResponseReturnValue:
    """Findings of a verification are acknowledged, with a reason."""
    given, second = sent(), settings().accounts.by_two
    acknowledging.acknowledge(
        db(),
        verification=results.verification(db(), actor(), verification_id),
        places=[_place(one) for one in listed(given, "findings")],
        reason=text(given, "reason"),
        second=second,
        actor=actor(),
        now=clock.now(),
    )
    said = "已提出，须另一位审计人员再确认。" if second else "已确认，下次核验起列为“已确认”。"
    return done(said, url_for("web.verifications.result", verification_id=verification_id))


@blueprint.post("/verifications/acknowledgements/<uuid:acknowledgement_id>/confirm")
@requires(right=acknowledging.RIGHT)
def confirm(acknowledgement_id: UUID) -> ResponseReturnValue:
    """A second auditor acknowledges the same."""
    acknowledging.confirm(db(), key=acknowledgement_id, actor=actor(), now=clock.now())
    return done("已确认，下次核验起列为“已确认”。", _back())


@blueprint.post("/verifications/acknowledgements/<uuid:acknowledgement_id>/withdraw")
@requires(right=acknowledging.RIGHT)
def withdraw(acknowledgement_id: UUID) -> ResponseReturnValue:
    """An acknowledgement holds no more."""
    acknowledging.withdraw(db(), key=acknowledgement_id, actor=actor(), now=clock.now())
    return done("已撤销，下次核验起重新算作不符。", _back())


def _place(given: str) -> acknowledging.Place:
    """A finding as the page names it: the number of the entry, then its stream."""
    seq, _, stream = given.partition(" ")
    if not (seq.isascii() and seq.isdecimal() and len(seq) < 10):
        raise NotFound("没有这一处不符")
    return stream, int(seq)


def _back() -> str:
    """The page of the verification from which somebody came."""
    try:
        return url_for("web.verifications.result", verification_id=UUID(argument("of") or ""))
    except ValueError:
        return url_for("web.verifications.index")


@blueprint.get("/verifications/<uuid:verification_id>.json")
@requires(right=results.RIGHT)
def report(verification_id: UUID) -> ResponseReturnValue:
    """The same for a program."""
    told = results.report(results.verification(db(), actor(), verification_id))
    return download(dumps(told).encode(), "application/json", f"verification-{verification_id}.json")
