"""A process owner with a draft, as the pages' own script speaks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import clock
from service.http.context import KEY
from service.studio import drafts
from tests.factories.visitor import Visitor
from tests.factories.world import World


def ask_for(app: Flask, **what: bool) -> None:
    """Changes settings of the studio for this test."""
    parts = app.extensions[KEY]
    settings = replace(parts.settings, studio=replace(parts.settings.studio, **what))
    app.extensions[KEY] = replace(parts, settings=settings)


class Owner:
    """A process owner with a draft of the request, as the pages' own script speaks."""

    def __init__(self, world: World, username: str = "owner") -> None:
        self.world, self.visitor = world, Visitor(world, username)
        self.client: FlaskClient = self.visitor.client

    def draft(self, process: str = "request") -> UUID:
        with self.world.transaction() as session:
            actor = self.world.actor("owner")
            return drafts.create(session, process=process, actor=actor, now=clock.now()).id

    def drafts(self) -> list[UUID]:
        """The ids of the open drafts."""
        with self.world.database.reading() as session:
            return [one.id for one in drafts.listed(session, self.world.actor("owner"))]

    def put(self, draft: UUID, name: str, content: str | bytes, revision: int) -> TestResponse:
        return self.client.put(
            f"/studio/{draft}/files/{name}",
            data=content if isinstance(content, bytes) else content.encode(),
            content_type="application/octet-stream",
            headers={"If-Match": f'"{revision}"', "X-CSRFToken": self.visitor.token(), "Accept": "application/json"},
        )

    def accept_scenarios(self, draft: UUID, *, but: str = "") -> list[str]:
        """Accepts what the page proposes for scenarios that no longer hold, with their changes; gives their names."""
        address = f"/studio/{draft}/scenarios/mend"
        shown = dict(re.findall(r'name="shown:([^"]+)" value="([0-9a-f]{64})"', self.client.get(address).text))
        names = [name for name in shown if name != but]
        fields = {**{f"shown:{name}": shown[name] for name in names}, "csrf_token": self.visitor.token()}
        answer = self.client.post(address, data={**fields, "accept[]": names})
        assert answer.status_code == 302, answer.text
        return names

    def ask(self, address: str, body: dict[str, Any]) -> Any:
        answer = self.client.post(
            address, json=body, headers={"X-CSRFToken": self.visitor.token(), "Accept": "application/json"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json
