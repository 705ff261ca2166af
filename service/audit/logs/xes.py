"""Event log in XES (IEEE 1849-2016): a trace a case, with the concept, lifecycle, organizational and time extensions.

The order within the log is that of the standard's schema: extensions, globals, classifiers, attributes, traces.
"""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

from lxml import etree
from sqlalchemy.orm import Session

from service import clock
from service.audit.logs.activities import Activity
from service.audit.logs.cases import CaseLog, Codes, Done, LogWish, case_logs

NAMESPACE = "http://www.xes-standard.org/"
EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
)
CLASSIFIERS = (("Activity", "concept:name"), ("ActivityAndLifecycle", "concept:name lifecycle:transition"))
UNKNOWN, NEVER = "UNKNOWN", "1970-01-01T00:00:00.000+00:00"
"""The values that the standard asks a log to declare for attributes that every trace or event has."""


def write_xes(session: Session, into: BinaryIO, wish: LogWish | None = None) -> Done:
    """Writes the cases, one at a time in memory; tells of them."""
    codes, done = Codes.of(session), Done()
    with etree.xmlfile(into, encoding="utf-8") as document:
        document.write_declaration()
        attributes = {"xes.version": "1849.2016", "xes.features": ""}
        with document.element("log", attributes, nsmap={None: NAMESPACE}):
            for name, prefix, uri in EXTENSIONS:
                document.write(etree.Element("extension", name=name, prefix=prefix, uri=uri))
            document.write(_global("trace", "concept:name"))
            document.write(_global("event", "concept:name", "lifecycle:transition"))
            for name, keys in CLASSIFIERS:
                document.write(etree.Element("classifier", name=name, scope="event", keys=keys))
            document.write(_attribute("string", "lifecycle:model", "standard"))
            for one in case_logs(session, wish or LogWish(), done):
                document.write(_trace(one, codes))
    return done


def _global(scope: str, *keys: str) -> etree._Element:
    node = etree.Element("global", scope=scope)
    node.extend(_attribute("string", key, UNKNOWN) for key in keys)
    if scope == "event":
        node.append(_attribute("date", "time:timestamp", NEVER))
    return node


def _trace(one: CaseLog, codes: Codes) -> etree._Element:
    case = one.case
    node = etree.Element("trace")
    _strings(
        node,
        ("concept:name", case.number or str(case.id)),
        ("case", str(case.id)),
        ("process", case.process),
        ("status", case.status),
        ("talent", case.talent_id),
        ("leader", case.leader_id),
    )
    node.append(_attribute("int", "version", str(case.version)))
    node.extend(_event(activity, codes) for activity in one.activities)
    return node


def _event(one: Activity, codes: Codes) -> etree._Element:
    node = etree.Element("event")
    _strings(
        node,
        ("concept:name", one.name),
        ("concept:instance", one.task),
        ("lifecycle:transition", one.transition),
        ("org:resource", codes.code(one.actor)),
        ("org:role", one.role),
        ("org:group", one.unit),
        ("on_behalf_of", codes.code(one.on_behalf_of)),
        ("step", one.step),
        ("stage", one.stage),
        ("due_on", one.due_on),
        ("standing", one.standing),
        ("target", one.target),
    )
    node.append(_attribute("date", "time:timestamp", _moment(one.at)))
    for key, flag in (("due_provisional", one.due_provisional), ("late", one.late)):
        if flag is not None:
            node.append(_attribute("boolean", key, str(flag).lower()))
    if one.late_days is not None:
        node.append(_attribute("int", "late_days", str(one.late_days)))
    return node


def _moment(at: datetime) -> str:
    return clock.local(at).isoformat(timespec="milliseconds")


def _strings(node: etree._Element, *pairs: tuple[str, str | None]) -> None:
    node.extend(_attribute("string", key, value) for key, value in pairs if value is not None)


def _attribute(kind: str, key: str, value: str) -> etree._Element:
    return etree.Element(kind, key=key, value=value)
