"""A process owner's means, no more: diagrams, tables, forms, print templates and settings, through the real checks.

``Office`` is a house that has its own settings, over a world or, for rehearsals, over nothing.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from service import clock
from service.app import create_app
from service.auth.accounts import add_user
from service.auth.grants import grant_role
from service.checks.gate import checked
from service.config import load, load_notifications, load_organization
from service.people import add_person
from service.processes import commands
from service.processes.advance import open_tasks
from service.processes.bundles import Compiled
from service.processes.definitions import deploy
from service.rehearsal.core import Rehearsal
from service.rights import SYSTEM
from service.usecases import check_context, wire
from service.usecases.rehearsals import plan_of
from service.worker import Worker
from tests.factories.diagrams import drawn
from tests.factories.rehearsals import MONDAY, calendar
from tests.factories.workers import work_all
from tests.factories.world import CONFIG, HOME, World

FILES = {"settings": "settings.toml", "organization": "organization.toml", "notifications": "notifications.toml"}
FORMAL = 'xsi:type="bpmn:tFormalExpression"'


def bundle(key: str, lanes: Mapping[str, str], body: str, forms: Mapping[str, Any], **says: str) -> dict[str, bytes]:
    """A process ``key`` that passes the checks: ``lanes`` maps a role to its steps, ``says`` its properties; each
    node's name is its id in Chinese words (``names``), or its id after 环节."""
    said = {"work": "各单位按图办理", "button": "提出申请", "purpose": "提出申请", **says}
    shown = "".join(f'<spiffworkflow:property name="{name}" value="{value}" />' for name, value in said.items())
    rows = "".join(
        f'<bpmn:lane id="{role}" name="{role}泳道">'
        + "".join(f"<bpmn:flowNodeRef>{step}</bpmn:flowNodeRef>" for step in steps.split())
        + "</bpmn:lane>"
        for role, steps in lanes.items()
    )
    text = (
        f'<bpmn:process id="{key}" name="试画的流程" isExecutable="true"><bpmn:extensionElements>'
        f"<spiffworkflow:properties>{shown}</spiffworkflow:properties></bpmn:extensionElements>"
        f'<bpmn:laneSet id="lanes">{rows}</bpmn:laneSet>{named(body)}</bpmn:process>'
    )
    return {f"bpmn/{key}.bpmn": drawn(text).encode()} | {
        f"forms/{name}.json": json.dumps(form, ensure_ascii=False, indent=1).encode() for name, form in forms.items()
    }


def named(body: str) -> str:
    """The pieces of ``tests.factories.engines`` as people would name them: with words in Chinese."""
    text = re.sub(
        r'(<bpmn:(?:userTask|serviceTask|boundaryEvent|callActivity) id="(\w+)" name=")\w+"', r'\1环节\2"', body
    )
    text = re.sub(r'<bpmn:startEvent id="(\w+)" />', r'<bpmn:startEvent id="\1" name="开始" />', text)
    text = re.sub(r'(<bpmn:exclusiveGateway id="\w+")', r'\1 name="怎样办？"', text)
    text = re.sub(r'(<bpmn:sequenceFlow id="\w+")', r'\1 name="继续"', text)
    for word in ("conditionExpression", "timeDate", "timeDuration"):
        text = text.replace(f"<bpmn:{word}>", f"<bpmn:{word} {FORMAL}>")
    return text


class Office:
    """A house with settings of its own: text that is added to the shipped files."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.config = Path(shutil.copytree(CONFIG, folder / "config"))
        for name, text in more.items():
            with (self.config / FILES[name]).open("a", encoding="utf-8") as file:
                file.write(text)
        self.settings, self.organization = load(self.config, {}), load_organization(self.config)
        self.wordings = load_notifications(self.config)

    def made(self, key: str, files: Mapping[str, bytes]) -> Compiled:
        """The bundle as it may be deployed; raises what the checks refuse."""
        context = replace(check_context(self.settings, self.organization), key=key)
        return checked(files, key=key, context=context).compiled

    def rehearsal(self, made: Compiled, by: str, at: datetime = MONDAY, **more: Any) -> Rehearsal:
        """A case that runs in memory."""
        return Rehearsal(made, calendar(), plan_of(self.settings, self.organization), at, by=by, **more)


class House(Office):
    """Such a house in the running product."""

    def __init__(self, world: World, folder: Path, **more: str) -> None:
        super().__init__(folder, **more)
        self.world = world
        url = str(world.database.engine.url.render_as_string(hide_password=False))
        self.settings = load(self.config, {"LIAISON_DATABASE_URL": url})
        world.settings, world.organization = self.settings, self.organization
        wire(world.database, self.settings, self.organization)

    def pages(self) -> None:
        """The pages and the API of this house."""
        self.world.app = create_app(self.settings, config=self.config, database=self.world.database)
        self.world.app.testing = True

    def account(self, username: str, role: str, unit: str | None = None, *, of: str = "edu") -> None:
        """Somebody new, who holds a role."""
        now = clock.now()
        with self.world.transaction() as session:
            person = add_person(session, name=f"新{username}", unit_code=of, actor=SYSTEM, now=now)
            add_user(session, username=username, person_id=person.id, actor=SYSTEM, now=now)
            grant_role(session, username=username, role=role, unit_code=unit, actor=SYSTEM, now=now)

    def deploy(self, key: str, files: Mapping[str, bytes]) -> None:
        """As ``liaison deploy`` does, checks included."""
        context = replace(check_context(self.settings, self.organization), key=key)
        with self.world.transaction() as session:
            deploy(session, checked(files, key=key, context=context), actor=SYSTEM, now=clock.now())

    def begin(self, key: str, data: Mapping[str, Any], by: str = "office") -> UUID:
        """A case of the process; ``data`` go into its first form."""
        with self.world.transaction() as session:
            case = commands.begin(session, process=key, data={}, actor=self.world.actor(by), now=clock.now())
            self.world.case = case.id
            [first] = open_tasks(session, case.id)
            task_id = first.id
        self._complete(task_id, data, by)
        return self.world.case

    def do(self, step: str, data: Mapping[str, Any], by: str = "office", unit: str | None = None) -> None:
        """Somebody completes the open step."""
        self._complete(self.world.task(step, unit).id, data, by)

    def _complete(self, task_id: UUID, data: Mapping[str, Any], by: str) -> None:
        with self.world.transaction() as session:
            commands.complete(session, task_id=task_id, data=data, actor=self.world.actor(by), now=clock.now())

    def work(self) -> None:
        """The worker does all that is due."""
        worker = Worker(self.world.database, self.settings, self.wordings, self.organization, name="one")
        work_all(self.world, worker)


__all__ = ["HOME", "House", "Office", "bundle", "named"]
