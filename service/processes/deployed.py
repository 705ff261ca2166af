"""Verifying definitions: each version and each picture is as it was deployed, byte for byte."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.db import raw_rows
from service.db.differing import NOT_THERE, THERE, apart_in
from service.errors import DAMAGE
from service.fields.columns import column_words
from service.history import HistoryEvent
from service.processes.bundles import Compiled, compiled, digest_of, files_of
from service.processes.definitions import name_of
from service.processes.house_prints import KEPT
from service.processes.models import Definition, DefinitionFile, DefinitionPicture


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as the journal says. ``seq`` is the event, None for the stored rows.

    Of a stored row ``table``, ``row`` (as people call it) and ``column`` say where, ``must`` and ``have`` in words what
    must stand there and what does (``db.differing``); ``sort`` tells findings apart.
    """

    stream: str
    seq: int | None
    what: str
    table: str | None = None
    row: str | None = None
    column: str | None = None
    sort: str | None = None
    must: str | None = None
    have: str | None = None

    def telling(self, values: Mapping[str, str]) -> Mismatch:
        """The same with ``must`` and ``have`` out of ``values``."""
        return replace(self, must=values["must"], have=values["have"])


def unreadable(error: BaseException) -> str:
    """Why something cannot be read, in our words: those of a library name what it met, in English."""
    said = str(error)
    return said if any("\u4e00" <= letter <= "\u9fff" for letter in said) else "内容残缺，或存储形式被改动"


def definitions_as_deployed(session: Session, into: dict[str, Compiled]) -> Generator[Mismatch, None, dict[str, str]]:
    """Each version is as it was deployed, byte for byte; ``into`` takes those that can run.

    Gives the digest of the newest version of each process, as the journal tells it.
    """
    have = {(row["key"], row["version"]): row for row in raw_rows.rows(session, Definition)}
    newest: dict[str, str] = {}
    for stream in history.streams(session, "definition:"):
        try:
            events = list(history.stream_events(session, stream))
            later = {event.data["version"]: event.data["prints"] for event in events if event.kind == KEPT}
            for event in events:
                if event.kind == "redrawn":
                    yield from _picture(session, stream, event)
                if event.kind != "deployed":
                    continue
                key, version, digest = stream.removeprefix("definition:"), event.data["version"], event.data["digest"]
                newest[key] = digest
                yield from _definition(session, stream, event, have.pop((key, version), None), into, later)
        except DAMAGE as error:
            yield Mismatch(stream, None, f"部署记录无法读取：{unreadable(error)}")
    for key, version in have:
        yield Mismatch(f"definition:{key}", None, f"第 {version} 版没有部署记录", **NOT_THERE)
    kept = select(Definition.prints).where(Definition.prints.is_not(None))
    known = select(Definition.digest).union(select(DefinitionPicture.digest), kept)
    for digest in session.scalars(select(DefinitionFile.digest).where(DefinitionFile.digest.not_in(known)).distinct()):
        yield Mismatch(f"definition:{digest}", None, "定义文件不属于任何版本", **NOT_THERE)
    return newest


def _definition(
    session: Session,
    stream: str,
    event: HistoryEvent,
    row: raw_rows.Row | None,
    into: dict[str, Compiled],
    later: Mapping[int, str],
) -> Iterator[Mismatch]:
    key, version, digest = stream.removeprefix("definition:"), event.data["version"], event.data["digest"]
    must = {"digest": digest, "deployed_at": event.at, "deployed_by": event.data.get("author", event.actor)}
    must |= {"id": UUID(event.data["id"])} if "id" in event.data else {}
    must |= {"note": event.data.get("note"), "approved_by": event.actor if "author" in event.data else None}
    must |= {"restores": event.data.get("restores"), "walk": event.data.get("walk", {}).get("standing")}
    must["prints"] = prints = event.data.get("prints") or later.get(version)
    try:
        if prints and digest_of(files_of(session, prints)) != prints:
            yield Mismatch(stream, event.seq, f"第 {version} 版所用的系统打印模板与摘要不符")
        files = files_of(session, digest)
        if (actual := digest_of(files)) != digest:
            what = f"第 {version} 版的定义文件与摘要不符（实际 {actual[:12]}…）"
            digests = {"must": f"摘要 {digest[:12]}…", "have": f"摘要 {actual[:12]}…"}
            yield Mismatch(
                stream, event.seq, what, DefinitionFile.__tablename__, f"{key} 第 {version} 版", "content", **digests
            )
        else:
            into[digest] = compiled(session, digest, key)
            must["name"] = name_of(into[digest])
    except DAMAGE as error:
        yield Mismatch(stream, event.seq, f"第 {version} 版的定义无法读取：{unreadable(error)}")
    if row is None:
        yield Mismatch(stream, event.seq, f"缺少第 {version} 版的记录", **THERE)
        return
    for column in raw_rows.differences(session, Definition, row, must):
        what = f"第 {version} 版的{column_words(column)}与部署记录不符"
        values = apart_in(session, Definition, column, must, row)
        yield Mismatch(stream, event.seq, what, Definition.__tablename__, f"{key} 第 {version} 版", column, **values)


def _picture(session: Session, stream: str, event: HistoryEvent) -> Iterator[Mismatch]:
    version, digest = event.data["version"], event.data["digest"]
    where = (DefinitionPicture.key == stream.removeprefix("definition:"), DefinitionPicture.version == version)
    kept = raw_rows.rows(session, DefinitionPicture, *where, DefinitionPicture.number == event.data["picture"])
    if not kept or digest_of(files_of(session, digest)) != digest:
        yield Mismatch(stream, event.seq, f"第 {version} 版的新图与发布记录不符")
        return
    must = {"digest": digest, "note": event.data["note"], "deployed_at": event.at, "deployed_by": event.actor}
    for column in raw_rows.differences(session, DefinitionPicture, kept[0], must):
        yield Mismatch(stream, event.seq, f"第 {version} 版的新图与发布记录不符", "definition_picture", None, column)
