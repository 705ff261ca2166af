"""The whole service over a fresh database with the demonstration's people, and a hand to take a need through it.

``world`` is a fixture of ``tests/conftest.py``, which says on which databases it runs. The database is prepared once
a test run and copied for each test.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service import auth, clock, logs
from service.access_log import Keeper
from service.api import limits as api_limits
from service.app import create_app
from service.auth import passwords
from service.auth.roles import PASSWORDS, RULES
from service.auth.sessions import COOKIE
from service.config import Organization, Settings, load, load_organization
from service.db import Database, migrate
from service.demonstration import PASSWORD, build_organization
from service.http.context import KEY as WIRED
from service.people import search_leaders
from service.processes import commands, timers
from service.processes.advance import open_tasks
from service.processes.calendars import current
from service.processes.lateness import IN_TIME, Standing, standings
from service.processes.models import UserTask
from service.rights import SYSTEM, Actor
from service.usecases import prepare, wire
from service.web.limits import limiter
from tests.factories.databases import opened
from tests.factories.openapi import Promise
from tests.postgres import scratch

if TYPE_CHECKING:
    from tests.conftest import FakeClock

HOME = Path(__file__).resolve().parents[2]
CONFIG = HOME / "config"
BUILT_AT = datetime(2026, 9, 1, 9, 0, tzinfo=clock.SHANGHAI)

OFFICE, LIAISON = "office", "liaison-hrss"


def build(url: str) -> None:
    """Migrates the database at ``url`` and fills in the shipped processes and the demonstration's people."""
    settings, organization = read_config(url)
    database = Database(url)
    migrate.upgrade(database)
    wire(database, settings, organization)
    once = passwords.hashed(PASSWORD)  # all have the same password, and hashing it is most of the work
    with clock.simulated(BUILT_AT):
        with database.transaction() as session:
            prepare(session, settings=settings, organization=organization, config=CONFIG, home=HOME, now=clock.now())
            build_organization(session, password_hash=once, now=clock.now())
    database.dispose()


def process_of_the_run() -> str:
    """The name of this process among those of the test run."""
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")


def read_config(url: str, **environ: str) -> tuple[Settings, Organization]:
    """The shipped settings over the database at ``url``; ``environ`` overrides as the environment would.

    No daily seal, whose key would be left beside the sources; that of second factors lies elsewhere. No verification at
    night: tests let months of nights pass. Files stand apart for each process of the test run: the worker of a test
    whose clock stands months ahead drops what no record of its own database names.
    """
    aside = scratch() / f"liaison-tests-{os.getuid()}"
    files = f"{aside}-{process_of_the_run()}.files"
    usual = {"LIAISON_DATABASE_URL": url, "LIAISON_SEAL_AT": "", "LIAISON_FILES_PLACE": files}
    usual["LIAISON_SECOND_FACTOR_KEY_FILE"] = f"{aside}.second-factor.key"
    return load(CONFIG, {**usual, "LIAISON_VERIFY_NIGHTLY": "off", **environ}), load_organization(CONFIG)


class Api:
    """Calls of the API with somebody's bearer token; ``/api/v1`` is put before every path.

    Every answer is held against the OpenAPI document.
    """

    def __init__(self, client: FlaskClient, token: str, promise: Promise) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self._promise = promise

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any) -> TestResponse:
        """GET with ``query`` as its query string."""
        answer = self._client.get(
            f"/api/v1{path}", query_string=query or None, headers={**self._headers, **(headers or {})}
        )
        self._promise.check(answer)
        return answer

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        """POST of the JSON ``body`` (nothing where it is None); ``key`` is the Idempotency-Key."""
        sent = {**self._headers, **({"Idempotency-Key": key} if key else {}), **(headers or {})}
        arguments = more if body is None else {"json": body, **more}
        answer = self._client.post(f"/api/v1{path}", headers=sent, **arguments)
        self._promise.check(answer)
        return answer

    def put(self, path: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> TestResponse:
        """PUT of a file."""
        sent = {**self._headers, **(headers or {})}
        answer = self._client.put(f"/api/v1{path}", headers=sent, data=content, content_type="application/octet-stream")
        self._promise.check(answer)
        return answer

    def delete(self, path: str, *, headers: Mapping[str, str] | None = None) -> TestResponse:
        """DELETE."""
        answer = self._client.delete(f"/api/v1{path}", headers={**self._headers, **(headers or {})})
        self._promise.check(answer)
        return answer

    def patch(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None) -> TestResponse:
        """PATCH of the JSON ``body``."""
        answer = self._client.patch(f"/api/v1{path}", headers={**self._headers, **(headers or {})}, json=body)
        self._promise.check(answer)
        return answer


class Browser(FlaskClient):
    """The browser of ``username``, who signs in anew when the last time is twenty minutes ago: tests let days pass."""

    def __init__(self, world: World, username: str) -> None:
        app = world.app
        super().__init__(app, app.response_class, use_cookies=True)
        self._world, self._username = world, username
        self._begun: datetime | None = None
        self._sign_in()

    def open(self, *arguments: Any, **more: Any) -> TestResponse:
        """A request, by who is signed in."""
        if self._begun is not None and clock.now() - self._begun >= timedelta(minutes=20):
            self._sign_in()
        answer = super().open(*arguments, **more)
        if self.get_cookie(COOKIE) is None:
            self._begun = None  # signed out
        return answer

    def _sign_in(self) -> None:
        self.set_cookie(COOKIE, self._world.begin_session(self._username))
        self._begun = clock.now()


class Served:
    """An application that serves one test after the other: making one takes longer than most tests.

    Puts back all that a test bent (settings, counts, views).
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._app = create_app(settings, config=CONFIG, database=database)
        self._config, self._views = dict(self._app.config), dict(self._app.view_functions)

    def over(self, settings: Settings, database: Database) -> Flask:
        """The application over another database."""
        app = self._app
        app.config.clear()
        app.config.update(self._config)
        app.view_functions.clear()
        app.view_functions.update(self._views)
        app.extensions[WIRED] = replace(
            app.extensions[WIRED], settings=settings, database=database, keeper=Keeper(database)
        )
        api_limits.install(app, settings.rate_limits.api_per_minute)
        with app.app_context():
            limiter.reset()
        logs.configure(settings.log_level)
        app.testing = True
        return app


SERVED: list[Served] = []
"""Applications that wait for the next test of this process."""


class World:
    """The running service. ``case`` is the instance that was started last."""

    def __init__(self, url: str, clock: FakeClock, **environ: str) -> None:
        self.clock = clock
        self.settings, self.organization = read_config(url, **environ)
        self.database = opened(url)
        wire(self.database, self.settings, self.organization)
        self.case: UUID = UUID(int=0)
        self._tokens: dict[str, str] = {}
        self._environ = environ
        self._served: Served | None = None

    @cached_property
    def app(self) -> Flask:
        """The pages and the API; made or taken from an earlier test when first asked for."""
        if self._environ:
            made = create_app(self.settings, config=CONFIG, database=self.database)
            made.testing = True
            return made
        self._served = SERVED.pop() if SERVED else Served(self.settings, self.database)
        return self._served.over(self.settings, self.database)

    def close(self) -> None:
        """The test is over: its database is let go, and its application serves the next test."""
        if self._served is not None:
            SERVED.append(self._served)
        self.database.dispose()

    # --- Who ---------------------------------------------------------------------------------------------------------

    def as_user(self, username: str) -> FlaskClient:
        """A browser in which ``username`` is signed in, every day anew."""
        return Browser(self, username)

    def begin_session(self, username: str) -> str:
        """A session of ``username``; gives what the cookie holds."""
        with self.transaction() as session:
            return auth.begin_session(session, username=username, way="password", address="127.0.0.1", now=clock.now())

    def token(self, username: str) -> str:
        """A bearer token of ``username``."""
        if username not in self._tokens:
            with self.transaction() as session:
                self._tokens[username] = auth.issue_token(
                    session, username=username, label="test", actor=SYSTEM, now=clock.now()
                )
        return self._tokens[username]

    def api(self, username: str) -> Api:
        """The API with a token of ``username``."""
        return Api(self.app.test_client(), self.token(username), self.promise)

    @cached_property
    def promise(self) -> Promise:
        """The OpenAPI document, ready to check answers."""
        return Promise(self.app)

    def rule(self, **changes: Any) -> None:
        """From now on these settings hold: ``accounts``, ``second_factor``, ``passwords`` or any other."""
        self.settings = replace(self.settings, **changes)
        self.app.extensions[WIRED] = replace(self.app.extensions[WIRED], settings=self.settings)
        self.database.session_info.update({RULES: self.settings.accounts, PASSWORDS: self.settings.passwords})

    def disturb(self, statement: str) -> None:
        """From now on every connection of the service begins with ``statement``: a broken database."""
        event.listen(self.database.engine, "connect", lambda connection, _: _execute(connection, statement))
        self.database.engine.dispose()

    def actor(self, username: str) -> Actor:
        """The actor that ``username`` is today."""
        with self.database.reading() as session:
            return auth.actor_of(session, username)

    # --- Doing -------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One committed transaction."""
        with self.database.transaction() as session:
            yield session

    @property
    def leader_id(self) -> str:
        """The first serving leader."""
        with self.database.reading() as session:
            return str(search_leaders(session).items[0].id)

    def need(self, **changes: Any) -> dict[str, Any]:
        """The values of the first form (record_need)."""
        return {
            "talent_id": "T0001",
            "leader_id": self.leader_id,
            "channel": "visit",
            "received_on": "2026-09-15",
            "title": "子女入学",
            "description": "希望协调子女入读公办学校",
            "category": "education",
            "town": "guicheng",
            "on_the_spot": False,
            **changes,
        }

    def start(self, user: str = LIAISON, **changes: Any) -> UUID:
        """A new need whose first step (record_need) is still open; now the ``case``."""
        with self.transaction() as session:
            made = commands.start(
                session, process="request", data=self.need(**changes), actor=self.actor(user), now=clock.now()
            )
            self.case = made.id
        return self.case

    def do(self, user: str, step: str, data: Mapping[str, Any] | None = None, *, unit: str | None = None) -> UUID:
        """``user`` completes the open ``step`` of the case (of ``unit``) with ``data`` (default: ``sample``)."""
        task = self.task(step, unit)
        with self.transaction() as session:
            commands.complete(
                session,
                task_id=task.id,
                data=self.sample(step) if data is None else data,
                actor=self.actor(user),
                now=clock.now(),
            )
        return task.id

    def recorded(self, **changes: Any) -> UUID:
        """A need that waits for acceptance."""
        case = self.start(**changes)
        self.do(LIAISON, "record_need", self.need(**changes))
        return case

    def accepted(self, **changes: Any) -> UUID:
        """A need with a number that waits for its dispatch."""
        case = self.recorded(**changes)
        self.do(OFFICE, "accept")
        return case

    def dispatched(self, *units: str, **changes: Any) -> UUID:
        """A need that the ``units`` handle (default: edu alone), with its acceptance not yet told to the talent."""
        lead, *assisting = units or ("edu",)
        case = self.accepted(**changes)
        self.do(OFFICE, "dispatch", {**self.sample("dispatch"), "lead_unit": lead, "assisting_units": assisting})
        return case

    def finished(self, **changes: Any) -> UUID:
        """A need that went straight to its end."""
        case = self.dispatched(**changes)
        self.do(OFFICE, "feedback_accepted")
        self.do("handler-edu", "handle")
        self.do(OFFICE, "review_reply")
        self.do(OFFICE, "feedback_result")
        return case

    def pass_days(self, days: int) -> None:
        """Days go by, one after the other, and each day's due timers fire."""
        for _ in range(days):
            self.clock.advance(days=1)
            with self.database.reading() as session:
                due = timers.due_timers(session, now=clock.now())
            for timer_id in due:
                with self.transaction() as session:
                    timers.fire(session, timer_id=timer_id, now=clock.now())

    # --- Seeing ------------------------------------------------------------------------------------------------------

    def task(self, step: str, unit: str | None = None) -> UserTask:
        """The open task of the case at ``step`` (of ``unit``)."""
        with self._looking() as session:
            found = open_tasks(session, self.case)
        fitting = [task for task in found if task.task == step and (unit is None or task.unit == unit)]
        assert len(fitting) == 1, (step, unit, [(task.task, task.unit) for task in found])
        return fitting[0]

    @contextmanager
    def _looking(self) -> Iterator[Session]:
        """A reading session whose rows stay readable after it."""
        with self.database.reading() as session:
            yield session
            session.expunge_all()

    def open_steps(self) -> list[tuple[str, str | None]]:
        """(step, unit) of the open tasks of the case, sorted."""
        with self.database.reading() as session:
            return sorted(((task.task, task.unit) for task in open_tasks(session, self.case)), key=str)

    @property
    def standing(self) -> Standing:
        """Whether somebody is late in the case as of today."""
        with self.database.reading() as session:
            return standings(session, [self.case], clock.today()).get(self.case, IN_TIME)

    def done(self, step: str) -> UserTask:
        """The newest completed task of the case at ``step``."""
        with self._looking() as session:
            found = select(UserTask).where(
                UserTask.instance_id == self.case, UserTask.task == step, UserTask.status == "completed"
            )
            return session.scalars(found.order_by(UserTask.completed_seq.desc())).first() or _missing(step)

    def working_day(self, day: date) -> date:
        """The day, or the next one on which offices work."""
        with self.database.reading() as session:
            return current(session).add(day, 0).due

    def sample(self, step: str) -> dict[str, Any]:
        """The values that a person in a hurry fills into the form of ``step``."""
        today = clock.today()
        soon = self.working_day(today + timedelta(days=14)).isoformat()
        return {**_samples(today, soon)[step]}


def _execute(connection: Any, statement: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
    connection.commit()


def _missing(step: str) -> UserTask:
    raise AssertionError(f"nobody has completed {step}")


def _samples(today: date, soon: str) -> dict[str, dict[str, Any]]:
    day = today.isoformat()
    told = {"channel": "phone", "given_on": day, "content": "已电话告知联系对象"}
    return {
        "accept": {"decision": "accept"},
        "dispatch": {"opinion": "请按职责办理并按时回复", "basis": "competent", "lead_unit": "edu"},
        "feedback_accepted": told,
        "handle": {"result": "done", "reply": "已协调解决"},
        "review_reply": {"decision": "accept"},
        "confirm_interim": {"decision": "agree", "agreed_date": soon},
        "redispatch": {"decision": "redispatch", "unit": "housing", "opinion": "请接续办理"},
        "approve_circular": {"decision": "hold"},
        "assess": {"route": "escalate", "comment": "涉及面广，建议上会"},
        "convene_meeting": {
            "held_on": day,
            "place": "区人才办会议室",
            "agenda": "研究入学事宜",
            "participants": ["edu", "guicheng"],
        },
        "record_minutes": {"decision": "settled", "minutes": "会议纪要", "decisions": "同意解决"},
        "submit_topic": {"body": "government", "submitted_on": day, "summary": "提请研究"},
        "record_decision": {
            "decision": "settled",
            "decided_on": day,
            "document_no": "南府会〔2026〕1号",
            "content": "同意解决",
        },
        "group_opinion": {"opinion": "同意", "given_on": day},
        "feedback_result": {"outcome": "solved", **told},
    }
