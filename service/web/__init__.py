"""The pages for staff: server-rendered, one module and one template folder a feature.

``install`` is what ``create_app`` calls; nothing else here is for other packages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect, generate_csrf  # type: ignore[import-untyped]  # the library ships no types

from service import clock
from service.auth import count_to_decide
from service.config import Settings
from service.http.context import READING, wired
from service.http.context import settings as settings_now
from service.processes.first_steps import may_start
from service.processes.rules import STATUSES
from service.reports import HALVES, REPORT_STATUSES
from service.storage import SHOWN
from service.web import (
    access,
    access_proposals,
    account_rules,
    accounts,
    activities,
    assessment,
    attachments,
    auth,
    begins,
    board,
    briefs,
    calendars,
    cases,
    comments,
    contacts,
    copies,
    desk,
    errors,
    extensions,
    imports,
    interviews,
    issuing,
    ledger,
    letters,
    licences,
    limits,
    links,
    matters,
    notice_settings,
    notices,
    office_settings,
    oidc,
    opinions,
    people,
    phrases,
    posts,
    present,
    prints,
    processes,
    questions,
    quotas,
    record_replays,
    registers,
    related,
    replay,
    reports,
    revisits,
    roll_ups,
    rosters,
    seals,
    search,
    second_factor,
    service_teams,
    stamps,
    statistics,
    stuck,
    studio,
    studio_backtest,
    studio_diagram,
    studio_files,
    studio_forms,
    studio_impact,
    studio_mending,
    studio_new,
    studio_prints,
    studio_proof,
    studio_publish,
    studio_rates,
    studio_scenarios,
    studio_tables,
    studio_try,
    studio_versions,
    substitutes,
    summaries,
    system,
    talent_file,
    talents,
    tasks,
    teams,
    units,
    verifications,
    waiting,
    ways,
)
from service.web.answers import here
from service.web.context import find_actor, role_name, stage_name, worker_halted
from service.web.cookies import Notes
from service.web.exports import export_address
from service.web.menu import MOST_OPEN, menu
from service.web.once import once_token

DIST = Path(__file__).parent / "static" / "dist"

LARGE = 1_000_000
"""Bytes that are taken only from who is signed in, where a page asks for that."""

# Pictures of the style sheet are data: addresses; all else comes from this service alone, and no page makes code.
POLICY = (
    "default-src 'self'; script-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)

csrf = CSRFProtect()


def install(app: Flask, settings: Settings) -> None:
    """Puts the pages into ``app``: routes, error pages, sessions, protection against forged requests, headers.

    Raises ``LookupError`` if a page does not say who may call it.
    """
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="liaison",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Only a page that puts something into it sends it: a slow answer brings nothing back.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=settings.rate_limits.body_bytes,
        # A page may stay open all day: the token lives as long as the session.
        WTF_CSRF_TIME_LIMIT=None,
        # The API has its own way: a bearer token needs no protection against forged requests.
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    app.session_interface = Notes()
    csrf.init_app(app)
    pages = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    limits.install(app, pages)
    work = (auth, oidc, second_factor, desk, waiting, search, tasks, prints, ledger, notices, processes, system)
    told_how = (notice_settings, letters)
    supervising = (board, registers, stuck, issuing)
    asking = (revisits, verifications, seals, questions, imports)
    course = (cases, extensions, begins, related, copies, comments, attachments, replay, record_replays, ways)
    serving = (links, quotas, service_teams, rosters)
    directory = (units, people, posts, substitutes, phrases, stamps)
    done = (contacts, summaries, opinions, interviews, activities, matters)
    told = (reports, roll_ups, briefs, assessment, statistics)
    changing = (studio, studio_versions, studio_new, studio_files)
    editing = (studio_diagram, studio_tables, studio_rates, studio_forms, studio_prints)
    trying = (studio_try, studio_scenarios, studio_mending, studio_proof)
    tabs = (*editing, *trying, studio_impact, studio_backtest, studio_publish)
    features = (
        *work,
        *told_how,
        *supervising,
        *asking,
        *course,
        *serving,
        *directory,
        talents,
        talent_file,
        teams,
        *done,
        *told,
        *changing,
        *tabs,
        accounts,
        access_proposals,
        account_rules,
        office_settings,
        calendars,
        licences,
    )
    for feature in features:
        pages.register_blueprint(feature.blueprint)
    pages.add_url_rule("/favicon.ico", view_func=favicon)
    pages.before_request(_protect)
    pages.after_app_request(_headers)
    pages.app_context_processor(_common)
    app.register_blueprint(pages)
    app.jinja_env.filters.update(present.FILTERS)
    app.jinja_env.globals.update(present.FUNCTIONS)
    app.jinja_env.globals.update(
        LIGHTS=present.LIGHTS,
        CASE_STATUSES=STATUSES,
        asset=_asset,
        stage_name=stage_name,
        role_name=role_name,
        worker_halted=worker_halted,
        may_begin=begins.begins,
        begin_purpose=begins.purpose,
        works_on=begins.works,
    )
    app.jinja_env.globals.update(HALVES=HALVES, REPORT_STATUSES=REPORT_STATUSES)
    errors.install(app)
    access.rules(app)


@access.requires(access.ANYONE, opens=False)
def favicon() -> ResponseReturnValue:
    """The icon of the service, where a browser guesses its address: beside a text or a picture, which name none."""
    return redirect(url_for("web.static", filename="icon.svg"), 301)


def _protect() -> None:
    rule = access.rule_of(current_app.view_functions.get(request.endpoint or "", _asset))
    if rule is not None and rule.body is not None:
        request.max_content_length = rule.body  # before the body is read, which the check of the token does
    if request.method in READING:
        return
    size = LARGE if request.content_length is None else request.content_length
    if rule is not None and rule.who == access.SIGNED_IN and size >= LARGE:
        # nor is a large body read, which the check of the token does, for somebody who is not signed in
        with wired().database.reading() as session:
            if find_actor(session) is None:
                raise access.SignInNeeded
    csrf.protect()


def _headers(answer: Response) -> Response:
    """For every page, also that of an address which leads nowhere; the API has its own."""
    if (request.endpoint or "web").split(".")[0] != "web":
        return answer
    named_by_content = "v" in request.args or "/chunks/" in request.path or "/fonts/" in request.path
    if request.endpoint == "web.static" and named_by_content:
        answer.cache_control.public, answer.cache_control.max_age = True, 31_536_000
        answer.cache_control.no_cache = None
    elif request.endpoint != "web.static":  # other files keep the framework's "ask before use"
        answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers.setdefault("Content-Security-Policy", POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _common() -> dict[str, Any]:
    """The names that every template may use."""
    actor = g.get("actor")
    return {
        "actor": actor,
        "menu": menu(actor, _may_start, access.admits),
        "menu_most_open": MOST_OPEN,
        "admits": access.admits,
        "waiting_now": waiting.drawn,
        "shown_number": waiting.shown,
        "to_decide": _to_decide,
        "csrf_token": generate_csrf,
        "once_token": once_token,
        "session_clock": _session_clock() if actor is not None else None,
        "now": clock.now,
        "here": here,
        "files_shown": SHOWN,
        "export_address": export_address,
    }


def _session_clock() -> dict[str, int] | None:
    """After how many seconds without use the session ends, and in how many it ends at its age."""
    found = g.get("signed_in")
    if found is None:
        return None
    left = max(0, int((found.ends_at - clock.now()).total_seconds()))
    return {"idle": int(settings_now().sessions.idle.total_seconds()), "left": left}


def _may_start(process: str) -> bool:
    """Whether the reader may start ``process``: its diagram says who takes the first step."""
    return may_start(g.db, process, g.actor) if "db" in g else False


def _to_decide() -> int:
    """How many proposals about rights wait for the reader; asked for where the menu has their page."""
    return count_to_decide(g.db, g.actor, clock.now()) if "db" in g else 0


def _asset(name: str) -> str:
    """The address of a bundled file; it changes with the file, so browsers may keep it for ever."""
    path = DIST / name
    stamp = int(path.stat().st_mtime) if path.exists() else 0
    return url_for("web.static", filename=f"dist/{name}", v=stamp)
