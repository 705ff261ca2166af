"""Changed versions of shipped processes, deployed into a world, and cases that move between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lxml import etree

from service import clock
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.processes.migrating import Choices, migrate
from service.processes.models import Instance
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.world import HOME, World

Edits = Mapping[str, Sequence[tuple[str, str]]]
"""File of a bundle → (text, what stands there instead), each of which must be there."""

FIVE_DAYS: Edits = {"bpmn/unit_handling.bpmn": [("else working_days(7)", "else working_days(5)")]}
RENAMED: Edits = {
    "bpmn/request.bpmn": [('"accept"', '"take_in"'), (">accept<", ">take_in<")],
}
"""The step accept is called otherwise; its form is still accept's."""


def changed(edits: Edits, process: str = "request") -> dict[str, bytes]:
    """The files of the shipped process with the edits."""
    files = dict(read_bundle(HOME / "bpmn" / process, HOME / "forms" / process))
    for name, pairs in edits.items():
        text = files[name].decode()
        for old, new in pairs:
            assert old in text, (name, old)
            text = text.replace(old, new)
        files[name] = text.encode()
    if edits is RENAMED:
        files |= {f"forms/take_in{end}": files[f"forms/accept{end}"] for end in (".json", ".ui.json")}
    return files


def version(world: World, edits: Edits, process: str = "request") -> int:
    """The number of the version that the edits make."""
    return deployed(world, changed(edits, process), process)


def move(world: World, to: int, user: str = "admin", case: UUID | None = None, **choices: Any) -> Instance:
    """``user`` moves the world's case to version ``to``."""
    with world.transaction() as session:
        return migrate(
            session,
            instance_id=case or world.case,
            to=to,
            choices=Choices(**choices),
            actor=world.actor(user),
            now=clock.now(),
        )


BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def without(files: Mapping[str, bytes], name: str, *gone: str) -> dict[str, bytes]:
    """The files, of whose diagram ``name`` these elements and their flows are gone."""
    root = etree.fromstring(files[name])
    for node in list(root.iter()):
        ends = {node.get(end) for end in ("id", "sourceRef", "targetRef", "bpmnElement")}
        if ends & set(gone) or (node.tag == f"{BPMN}flowNodeRef" and node.text in gone):
            parent = node.getparent()
            if parent is not None:
                parent.remove(node)
    return {**files, name: etree.tostring(root)}


def deployed(world: World, files: Mapping[str, bytes], process: str = "request") -> int:
    """The number of the version that these files make."""
    with world.transaction() as session:
        return deploy(session, unchecked(process, files), actor=SYSTEM, now=clock.now()).version
