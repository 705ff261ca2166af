"""Districts in folders of a test, each over a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service import auth, clock
from service.auth.sessions import COOKIE
from service.config.districts import CONFIG, ENVIRONMENT
from service.db import Database
from service.rights import SYSTEM

SHIPPED = Path(__file__).resolve().parents[2] / "config"
SECRET = "a-long-and-random-secret-of-these-districts-only"
QUIET = {"LIAISON_SEAL_AT": "", "LIAISON_VERIFY_NIGHTLY": "off", "LIAISON_SECRET_KEY": SECRET}
"""Variables of the process, as tests have them: no seal and no verification by itself."""


def host(name: str) -> str:
    """The host name of a district."""
    return f"{name}.example.gov.cn"


def district(folder: Path, name: str, url: str, **environ: str) -> Path:
    """A district's folder over the database at ``url``; the shipped configuration is shared."""
    home = folder / name
    (home / CONFIG).mkdir(parents=True)
    for file in SHIPPED.glob("*.toml"):
        (home / CONFIG / file.name).symlink_to(file)
    own = {"LIAISON_PUBLIC_URL": f"http://{host(name)}", "LIAISON_DATABASE_URL": url, **environ}
    (home / ENVIRONMENT).write_text("".join(f"{key}={value}\n" for key, value in own.items()), encoding="utf-8")
    return home


def copied(folder: Path, name: str, database: Path, **environ: str) -> Path:
    """A district over a copy of a SQLite file, in the place where its data stand."""
    place = folder / name / "var" / "liaison.db"
    place.parent.mkdir(parents=True)
    shutil.copy(database, place)
    return district(folder, name, "sqlite:///var/liaison.db", **environ)  # moves with its folder


@contextmanager
def opened_in(home: Path) -> Iterator[Session]:
    """A transaction in the database of a district that ``copied`` has made; the file is whole afterwards."""
    database = Database(f"sqlite:///{home / 'var' / 'liaison.db'}")
    try:
        with database.transaction() as session:
            yield session
    finally:
        database.dispose()  # the last connection to close folds the write-ahead log into the file


class Asking:
    """Requests to the district ``name`` of an application, by a token or the cookie of a session."""

    def __init__(self, app: Flask, name: str, *, token: str = "", cookie: str = "") -> None:
        self._client, self._base = app.test_client(use_cookies=False), f"http://{host(name)}"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        if cookie:
            self._headers["Cookie"] = f"{COOKIE}={cookie}"

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET of a path."""
        return self._client.get(path, base_url=self._base, headers={**self._headers, **headers})

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> TestResponse:
        """POST of JSON."""
        return self._client.post(path, base_url=self._base, headers={**self._headers, **headers}, json=body)


def token_in(home: Path, username: str) -> str:
    """A token that the district has given out."""
    with opened_in(home) as session:
        return auth.issue_token(session, username=username, label="test", actor=SYSTEM, now=clock.now())


def session_in(home: Path, username: str) -> str:
    """The key in the cookie of a session of the district."""
    with opened_in(home) as session:
        return auth.begin_session(session, username=username, way="password", address="127.0.0.1", now=clock.now())
