"""The report of an impact or a migration, case by case: as sentences and as a sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import jobs
from service.errors import NotFound
from service.ledger.workbooks import Cell, write_table
from service.rights import Actor
from service.studio import dated_clocks
from service.studio.impact import CANNOT, CHANGES, MOVES
from service.studio.moving import FAILED, IMPACT, MIGRATION, MOVED

UNTIMED = "不计时"
VERDICTS = {
    MOVES: "可以迁移",
    CHANGES: "可以迁移，有变化",
    CANNOT: "不能迁移",
    MOVED: "已迁移",
    FAILED: "没有迁移",
}
COLUMNS = ("编号", "原版本", "新版本", "结果", "说明", "步骤", "期限或定时", "原来", "迁移后", "是否立即到时间")


def job_of(session: Session, job_id: UUID, actor: Actor) -> jobs.Job:
    """The impact or the migration. Raises NotAllowed, NotFound."""
    found = jobs.visible_job(session, job_id, actor)
    if found.kind not in (IMPACT, MIGRATION):
        raise NotFound("没有这个后台任务")
    return found


def write_sheet(session: Session, job: jobs.Job, into: Path) -> None:
    """The report as a workbook: a row for each clock that is or would be elsewhere, at least one a case."""
    title = "影响" if job.kind == IMPACT else "迁移"
    write_table(_rows(job, jobs.all_items(session, job.id)), into, columns=COLUMNS, title=title)


def lines(data: Mapping[str, Any]) -> list[str]:
    """The sentences that an item says of a case."""
    return [*_hindrances(data), *clock_lines(data), *_others(data)]


def clock_lines(data: Mapping[str, Any]) -> list[str]:
    """Those among them about dates and timers, a sentence a step. Items of before tell dates and timers apart."""
    if "clocks" in data:
        return dated_clocks.in_words(data["clocks"])
    found = []
    for one in data.get("due", ()):
        late = "，立即超期" if one["late"] else ""
        found.append(f"「{one['step']}」期限由 {one['from'] or UNTIMED} 变为 {one['to'] or UNTIMED}{late}")
    for one in data.get("timers", ()):
        when = "，立即触发" if one["now"] else f"（{str(one['at'])[:10]}）"
        found.append(f"{'新增' if one['new'] else '取消'}定时「{one['name']}」{when if one['new'] else ''}")
    return found


def _hindrances(data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("reason"):
        yield _hindrance(data["reason"], data.get("way_out"))
    for one in data.get("why", ()):
        told = _hindrance(one["message"], one.get("way_out"))
        yield f"{one['name']}：{told}" if one["name"] and one["name"] not in told else told
    if data.get("stands"):
        steps = Counter(data["stands"])
        yield f"将停在 {'、'.join(f'{step}（{count} 份）' if count > 1 else step for step, count in steps.items())}"


def _hindrance(message: str, way_out: str | None) -> str:
    """A hindrance, and the way out of it."""
    return f"{message}。{way_out}" if way_out else message


def _others(data: Mapping[str, Any]) -> Iterator[str]:
    for one in data.get("people", ()):
        yield f"「{one['step']}」由 {one['from']} 改为 {one['to']} 办理"
    for one in data.get("missing", ()):
        yield f"「{one['step']}」新版须填「{one['title']}」，该事项已办过这一步，没有填"
    for one in data.get("steps", ()):
        yield f"「{one['from']}」改称「{one['to']}」"


def _rows(job: jobs.Job, items: Iterable[jobs.JobItem]) -> Iterator[Sequence[Cell]]:
    for item in items:
        data = item.data
        was, to = data.get("from") or data.get("version"), data.get("to") or job.params["to"]
        others = "；".join([*_hindrances(data), *_others(data)])
        about = (data["number"] or item.key, was, to if to is not None else "草稿", VERDICTS[item.verdict], others)
        for one in data.get("clocks") or [{}]:
            yield (*about, *_clock_cells(one))


def _clock_cells(one: Mapping[str, Any]) -> tuple[Cell, ...]:
    if not one:
        return (None,) * 5
    return (one["step"], one["clock"], _when(one["from"]), _when(one["to"]), "是" if one["now"] else "否")


def _when(text: str | None) -> Cell:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
