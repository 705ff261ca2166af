"""``index.html`` of a package: the case step by step on its drawings, in one file that needs neither network nor us."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from service.audit.evidence.picture import picture
from service.audit.evidence.telling import steps
from service.history import HistoryEvent
from service.processes.bundles import compiled
from service.processes.definitions import shown_digest
from service.processes.models import Instance
from service.processes.rules import numbered
from service.processes.versions import versions_of

TEMPLATE = Path(__file__).with_name("replay.html")


def page(session: Session, instance: Instance, events: Sequence[HistoryEvent]) -> bytes:
    """The page, with every version that the case ran on."""
    told = steps(session, instance, events)
    drawn: dict[str, list[dict[str, Any]]] = {}
    for _, digest, version in versions_of(session, instance, events).starts:
        made = compiled(session, shown_digest(session, instance.process, version, digest), instance.process)
        diagrams = sorted(made.diagrams.items(), key=lambda one: (one[0] != instance.process, one[0]))
        drawn[str(version)] = [
            {"process": process, "name": name, "svg": picture(xml)} for process, (name, xml) in diagrams
        ]
    title = f"{numbered(instance.number, instance.process)} {instance.title}"
    data = json.dumps({"steps": told, "drawings": drawn}, ensure_ascii=False, sort_keys=True)
    data = data.replace("<", "\\u003c")  # so that no text of the case ends the script around it
    page = TEMPLATE.read_text(encoding="utf-8")
    return page.replace("{{title}}", escape(title)).replace("{{data}}", data).encode()
