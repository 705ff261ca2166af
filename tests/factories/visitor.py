"""A person at the pages, without a browser: sends the token of the page along, as the page's script does."""

from __future__ import annotations

import json
import re
from typing import Any

from werkzeug.test import TestResponse

from service.auth.sessions import COOKIE
from tests.factories.world import World


class Visitor:
    """``username`` signed in at the pages of ``world``; nobody where it is None."""

    def __init__(self, world: World, username: str | None) -> None:
        self.client = world.app.test_client() if username is None else world.as_user(username)

    def get(self, path: str, **query: Any) -> TestResponse:
        """The page at ``path``."""
        return self.client.get(path, query_string=query or None)

    def token(self) -> str:
        """The token that every page carries; asked for alone where that may be, because pages take long to draw."""
        alone = self.get("/session/token")
        if alone.status_code == 200:
            return str(alone.get_json()["token"])
        page = "/sign-in" if self.client.get_cookie(COOKIE) is None else "/help"
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.get(page).text)
        assert found is not None
        return found[1]

    def post(self, path: str, **body: Any) -> TestResponse:
        """JSON as the page's script sends it."""
        return self.client.post(path, json=body, headers={"X-CSRFToken": self.token()})

    def submit(self, path: str, **fields: Any) -> TestResponse:
        """A plain form, as a browser without script sends it."""
        return self.client.post(path, data={**fields, "csrf_token": self.token()})


def island(page: TestResponse, name: str) -> Any:
    """The JSON that an island of ``page`` gets."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None, f"no island {name}"
    return json.loads(found[1])
