"""How the journals of drafts and versions make drafts, their files and scenarios: verification compares them. Pure."""

from __future__ import annotations

from service.history.folding import Event, Family, Held, Rows
from service.studio import fields
from service.studio.models import Draft, DraftFile, VersionScenario

_EMPTY = (
    *("discarded_at", "discarded_by", "published_at", "published_version"),
    *("proposed_at", "proposed_by", "proposed_revision", "proposed_note"),
)
_UNPROPOSED = dict.fromkeys(("proposed_at", "proposed_by", "proposed_revision", "proposed_note"))


def _draft(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == fields.MADE:
        told = {"restores": None, **data}
        rows.put(Draft, key, told, dict.fromkeys(_EMPTY), id=key, author=event.actor, created_at=event.at)
        if "files" in data:  # an earlier journal did not tell of files, nor of later changes
            rows.set(Draft, key, revision=1, updated_at=event.at, updated_by=event.actor)
            _files(rows, event, 1)
    elif event.kind == fields.SAVED:
        rows.set(Draft, key, revision=data["revision"], updated_at=event.at, updated_by=event.actor)
        _files(rows, event, data["revision"])
    elif event.kind == fields.DISCARDED:
        rows.set(Draft, key, _UNPROPOSED, discarded_at=event.at, discarded_by=event.actor)
    elif event.kind == fields.FORGOTTEN:
        rows.clear(Draft)
        rows.clear(DraftFile)
    elif event.kind == fields.PROPOSED:
        said = {"proposed_revision": data["revision"], "proposed_note": data["note"]}
        rows.set(Draft, key, said, proposed_at=event.at, proposed_by=event.actor)
    elif event.kind == fields.RECALLED:
        rows.set(Draft, key, _UNPROPOSED)
    elif event.kind == fields.REBASED:
        rows.set(Draft, key, base_version=data["base_version"])
    elif event.kind == fields.RESTORED:
        rows.set(Draft, key, discarded_at=None, discarded_by=None)
        _touched(rows, event)
    elif event.kind == fields.PUBLISHED:
        rows.set(Draft, key, published_at=event.at, published_version=data["version"])
        _touched(rows, event)


def _touched(rows: Rows, event: Event) -> None:
    row = rows.get(Draft, rows.name)
    if row is not None and "updated_at" in row:
        row |= {"updated_at": event.at, "updated_by": event.actor}


def _files(rows: Rows, event: Event, revision: int) -> None:
    for name, digest in event.data["files"].items():
        before = rows.get(DraftFile, name) or {}
        former = before.get("digest") if digest is None else None
        told = {"draft_id": rows.name, "name": name, "digest": digest, "former": former, "revision": revision}
        rows.put(DraftFile, name, told, changed_by=event.actor, changed_at=event.at)


def _scenarios(rows: Rows, event: Event) -> None:
    if event.kind == "scenarios_kept":
        version = event.data["version"]
        rows.clear(VersionScenario, version=version)
        for name, digest in event.data["files"].items():
            told = {"process": rows.name, "version": version, "name": name, "digest": digest}
            rows.put(VersionScenario, (version, name), told)


FAMILIES = (
    Family(
        "draft",
        (
            Held(Draft, Draft.id, "流程草稿", lambda row: row["title"]),
            Held(
                DraftFile,
                DraftFile.draft_id,
                "草稿文件",
                lambda row: row["name"],
                late=True,
                key=lambda row: row["name"],
            ),
        ),
        _draft,
    ),
    Family(
        "definition",
        (
            Held(
                VersionScenario,
                VersionScenario.process,
                "流程用例",
                lambda row: f"第 {row['version']} 版 {row['name']}",
                late=True,
                key=lambda row: (row["version"], row["name"]),
            ),
        ),
        _scenarios,
    ),
)
