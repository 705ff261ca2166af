"""The course of a case as the offline page tells it: a step for each entry that people made, with what followed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.attachments import ENTRIES as OF_FILES
from service.auth.queries import account_names
from service.history import HistoryEvent
from service.history.notices import ENTRIES as OF_NOTICES
from service.ledger.circulars import ENTRIES as OF_CIRCULARS
from service.ledger.reported import ENTRIES as OF_REPORTED
from service.processes.bundles import files_of
from service.processes.effects import EFFECTS
from service.processes.fields import ENTRIES
from service.processes.models import Instance
from service.processes.versions import Versions, versions_of
from service.rights.actor import SERVICE_NAMES

WORDS = {**ENTRIES, **OF_FILES, **OF_NOTICES, **OF_CIRCULARS, **OF_REPORTED}
"""The words for whatever the journal of a case may hold."""
SHORT = 300
"""Signs of a value that the page shows; the journal beside it has all."""


def steps(session: Session, instance: Instance, events: Sequence[HistoryEvent]) -> list[dict[str, Any]]:
    """A step: ``seq``, ``at``, ``who``, ``what``, ``facts`` (label, value), ``after`` (lines), ``version``, and the
    marking after it: ``done``, ``here`` and ``ways`` by process."""
    versions = versions_of(session, instance, events)
    named = {event.actor for event in events} | {event.on_behalf_of for event in events if event.on_behalf_of}
    names = {**account_names(session, sorted(named)), **SERVICE_NAMES}
    found: list[dict[str, Any]] = []
    labels = {version: _labels(session, digest) for _, digest, version in versions.starts}
    marking = _Marking()
    for event in events:
        marking.take(event)
        if event.kind in EFFECTS and found:
            line = _after(event)
            if line:
                found[-1]["after"].append(line)
        else:
            found.append(_step(event, names, _version(versions, event.seq), labels, marking))
        found[-1]["marking"] = marking.now()
    return found


class _Marking:
    """The elements passed and the steps open, as the journal tells them one after the other."""

    def __init__(self) -> None:
        self.done: dict[str, list[str]] = {}
        self.ways: dict[str, list[str]] = {}
        self.known: dict[str, tuple[str, str, str]] = {}
        self.open: set[str] = set()

    def take(self, event: HistoryEvent) -> None:
        data, task = event.data, event.task or ""
        if event.kind == "advanced":
            for process, _, node, source in data.get("passed", ()):
                self.done.setdefault(process, []).append(node)
                if source:
                    self.ways.setdefault(process, []).append(f"{source} {node}")
        elif event.kind == "entered":
            self.known[task] = str(data.get("process")), str(data.get("task")), str(data.get("name"))
            self.open.add(task)
        elif event.kind in ("completed", "cancelled"):
            self.open.discard(task)
        elif event.kind == "reopened":
            self.open.add(task)
        elif event.kind == "ended":
            self.open.clear()

    def name_of(self, task: str | None) -> str:
        return self.known.get(task or "", ("", "", ""))[2]

    def now(self) -> dict[str, Any]:
        here: dict[str, list[str]] = {}
        for task in self.open:
            process, step, _ = self.known.get(task, ("", "", ""))
            here.setdefault(process, []).append(step)
        return {
            "done": {process: sorted(set(nodes)) for process, nodes in self.done.items()},
            "ways": {process: sorted(set(ways)) for process, ways in self.ways.items()},
            "here": {process: sorted(set(nodes)) for process, nodes in here.items()},
        }


def _step(
    event: HistoryEvent,
    names: Mapping[str, str],
    version: int,
    labels: Mapping[int, Mapping[str, str]],
    marking: _Marking,
) -> dict[str, Any]:
    who = names.get(event.actor, event.actor)
    if event.on_behalf_of:
        who = f"{who}（代 {names.get(event.on_behalf_of, event.on_behalf_of)}）"
    word = WORDS[event.kind].word if event.kind in WORDS else event.kind
    step = marking.name_of(event.task)
    return {
        "seq": event.seq,
        "at": f"{clock.local(event.at):%Y-%m-%d %H:%M:%S}",
        "who": who,
        "what": f"{word}：{step}" if step else word,
        "version": version,
        "facts": list(_facts(event.data, labels[version])),
        "after": [],
    }


def _version(versions: Versions, seq: int) -> int:
    return next(version for start, _, version in reversed(versions.starts) if start <= seq)


def _after(event: HistoryEvent) -> str:
    data = event.data
    if event.kind == "entered":
        due = f"，到期 {data['due_on']}" if data.get("due_on") else ""
        return f"进入“{data.get('name')}”{due}"
    if event.kind in ("advanced", "cancelled"):
        return ""
    if event.kind == "due_changed":
        return f"到期日改为 {data.get('due_on')}"
    return WORDS[event.kind].word


def _labels(session: Session, digest: str) -> Mapping[str, str]:
    """The titles of all fields of the forms of a version."""
    found: dict[str, str] = {}
    for name, content in files_of(session, digest).items():
        if name.startswith("forms/") and name.endswith(".json") and not name.endswith(".ui.json"):
            _collect(json.loads(content), found)
    return found


def _collect(schema: Any, into: dict[str, str]) -> None:
    if isinstance(schema, Mapping):
        for name, one in (schema.get("properties") or {}).items():
            if isinstance(one, Mapping) and one.get("title"):
                into.setdefault(str(name), str(one["title"]))
        for one in schema.values():
            _collect(one, into)
    elif isinstance(schema, list):
        for one in schema:
            _collect(one, into)


def _facts(data: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The content of an entry, a line each; the rest, for the engine alone, is left to the journal."""
    typed = data.get("data")
    told = typed if isinstance(typed, Mapping) else {}
    for name, value in told.items():
        if value not in (None, "", [], {}):
            yield labels.get(name, name), _shown(value)
    for name, title in (("reason", "理由"), ("text", "内容"), ("number", "编号"), ("to", "转给"), ("name", "名称")):
        if isinstance(data.get(name), str | int) and data[name] != "":
            yield title, _shown(data[name])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "；".join(_shown(one) for one in value)[:SHORT]
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("label") or "，".join(_shown(one) for one in value.values()))[:SHORT]
    return str(value)[:SHORT]
