"""OCEL 2.0 as JSON: written in one pass over the cases, whatever their number."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from service.audit.logs.cases import Done, LogWish
from service.audit.logs.ocel import EVENT_ATTRIBUTES, OBJECT_TYPES, Log, Occurrence, moment
from service.audit.logs.things import Relation, Thing


def write_json(session: Session, into: BinaryIO, wish: LogWish | None = None) -> Done:
    """Writes the cases; tells of them. Objects and events come mixed: the objects wait in a file of their own."""
    log, types = Log(session, wish), set[str]()
    into.write(b'{"objectTypes":')
    into.write(_json([{"name": name, "attributes": _types(kinds)} for name, kinds in OBJECT_TYPES.items()]))
    into.write(b',\n"events":[')
    with TemporaryFile() as objects:
        events = _List(into)
        things = _List(objects)
        for piece in log.pieces():
            if isinstance(piece, Thing):
                things.add(_thing(piece))
            else:
                types.add(piece.type)
                events.add(_occurrence(piece))
        into.write(b'],\n"objects":[')
        objects.seek(0)
        shutil.copyfileobj(objects, into)
    into.write(b'],\n"eventTypes":')  # known once all events are
    into.write(_json([{"name": name, "attributes": _types(EVENT_ATTRIBUTES)} for name in sorted(types)]))
    into.write(b"}\n")
    return log.done


class _List:
    """The items of a JSON array, written one after the other."""

    def __init__(self, into: Any) -> None:
        self._into, self._first = into, True

    def add(self, value: Mapping[str, Any]) -> None:
        """Writes one more."""
        self._into.write(b"\n" if self._first else b",\n")
        self._into.write(_json(value))
        self._first = False


def _thing(one: Thing) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "attributes": [{"name": name, "time": moment(at), "value": value} for name, at, value in one.attributes],
        "relationships": _relations(one.relations),
    }


def _occurrence(one: Occurrence) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "time": moment(one.at),
        "attributes": [{"name": name, "value": value} for name, value in one.attributes.items()],
        "relationships": _relations(one.relations),
    }


def _relations(relations: tuple[Relation, ...]) -> list[dict[str, str]]:
    return [{"objectId": key, "qualifier": qualifier} for key, qualifier in relations]


def _types(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in attributes.items()]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
