"""Event log in XES (IEEE 1849): a trace a case, with the concept, lifecycle, organizational and time extensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree
from sqlalchemy.orm import Session

from service import clock
from service.ledger.events import CaseEvent, case_events, cases
from service.processes.models import Instance

NAMESPACE = "http://www.xes-standard.org/"
EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
)


def write_xes(session: Session, into: BinaryIO) -> int:
    """Writes all cases; gives their number."""
    count = 0
    with etree.xmlfile(into, encoding="utf-8") as document:
        document.write_declaration()
        with document.element("log", {"xes.version": "1849.2016", "xes.features": ""}, nsmap={None: NAMESPACE}):
            for name, prefix, uri in EXTENSIONS:
                document.write(etree.Element("extension", name=name, prefix=prefix, uri=uri))
            for case in cases(session):
                document.write(_trace(case, case_events(session, case)))
                count += 1
    return count


def _trace(case: Instance, events: list[CaseEvent]) -> etree._Element:
    trace = etree.Element("trace")
    _strings(trace, ("concept:name", case.number or str(case.id)), ("process", case.process), ("status", case.status))
    for event in events:
        trace.append(_event(event))
    return trace


def _event(event: CaseEvent) -> etree._Element:
    node = etree.Element("event")
    _strings(
        node,
        ("concept:name", event.activity),
        ("concept:instance", event.task),
        ("lifecycle:transition", event.transition),
        ("org:resource", event.resource),
        ("org:role", event.role),
        ("org:group", event.unit),
        ("step", event.step),
        ("stage", event.stage),
        ("due_on", event.due_on),
    )
    etree.SubElement(node, "date", key="time:timestamp", value=clock.local(event.at).isoformat(timespec="milliseconds"))
    if event.due_provisional is not None:
        etree.SubElement(node, "boolean", key="due_provisional", value=str(event.due_provisional).lower())
    if event.late_days is not None:
        etree.SubElement(node, "int", key="late_days", value=str(event.late_days))
    return node


def _strings(node: etree._Element, *pairs: tuple[str, str | None]) -> None:
    for key, value in _known(pairs):
        etree.SubElement(node, "string", key=key, value=value)


def _known(pairs: tuple[tuple[str, str | None], ...]) -> Iterator[tuple[str, str]]:
    yield from ((key, value) for key, value in pairs if value is not None)
