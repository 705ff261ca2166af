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


SIGNED: Edits = {
    "bpmn/request.bpmn": [
        ('sourceRef="accept" targetRef="acceptance"', 'sourceRef="accept" targetRef="sign_off"'),
        (
            '<bpmn:sequenceFlow id="accept_decided"',
            """<bpmn:userTask id="sign_off" name="科长审签"><bpmn:extensionElements><spiffworkflow:properties>
              <spiffworkflow:property name="candidates" value="talent_office" />
              <spiffworkflow:property name="due" value="working_days(1)" />
              <spiffworkflow:property name="stage" value="intake" />
              <spiffworkflow:property name="form" value="sign_off" />
            </spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>
            <bpmn:sequenceFlow id="signed" sourceRef="sign_off" targetRef="acceptance" />
            <bpmn:sequenceFlow id="accept_decided\"""",
        ),
        (
            '<bpmndi:BPMNEdge id="accept_decided_di"',
            """<bpmndi:BPMNShape id="sign_off_di" bpmnElement="sign_off">
              <dc:Bounds x="260" y="1363" width="100" height="70" /></bpmndi:BPMNShape>
            <bpmndi:BPMNEdge id="signed_di" bpmnElement="signed">
              <di:waypoint x="360" y="1398" /><di:waypoint x="380" y="1398" /></bpmndi:BPMNEdge>
            <bpmndi:BPMNEdge id="accept_decided_di\"""",
        ),
        (
            "<bpmn:flowNodeRef>accept</bpmn:flowNodeRef>",
            "<bpmn:flowNodeRef>accept</bpmn:flowNodeRef><bpmn:flowNodeRef>sign_off</bpmn:flowNodeRef>",
        ),
    ]
}
"""A step more, of a form of its own, behind the step accept."""
SIGN_OFF = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "title": "科长审签",
  "required": ["signed", "sign_note"], "additionalProperties": false, "properties": {
  "signed": {"title": "审签意见", "type": "string",
    "oneOf": [{"const": "yes", "title": "同意"}, {"const": "no", "title": "不同意"}]},
  "sign_note": {"title": "说明", "type": "string", "minLength": 1, "maxLength": 200}}}"""


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
    if edits is SIGNED:
        files["forms/sign_off.json"] = SIGN_OFF.encode()
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
