"""The cases behind a number of the map: how an address says which number, and the cases it opens. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.audit.ways.counting import AGAIN, MIGRATED, RETURNED, TAKEN_BACK, TERMINATED, Variant, WayMap, Worked
from service.audit.ways.queries import Ways, key_of
from service.errors import NotFound

ALL, FLOW, STEP, WAITING, LATE, VARIANT, ASIDE = "all", "flow", "step", "waiting", "late", "variant", "aside"
WORDS = {
    RETURNED: "退回",
    AGAIN: "在表单里退回、回到办过的步骤",
    TAKEN_BACK: "撤回",
    MIGRATED: "迁移流程版本",
    TERMINATED: "终止",
}
"""Kinds of deviations in words."""
GONE = NotFound("没有这个数字，或条件改变后它已不在。请从流程图谱重新点开")


@dataclass(frozen=True, slots=True)
class Picked:
    """The cases of a number: in words, their places among the counted ones, and the unit whose steps they are."""

    words: str
    places: Sequence[int]
    unit: str | None = None


def pick(*parts: str) -> str:
    """How an address says it: ``flow/request/accept/dispatch``."""
    return "/".join(parts)


def picked(found: Ways, said: str) -> Picked:
    """The cases of a number as ``pick`` wrote it. Raises NotFound where there is none."""
    kind, *parts = said.split("/")
    shown = found.shown
    places: Sequence[int] | None = None
    words, unit = "", None
    if kind == ALL and not parts:
        words, places = "全部", range(len(shown.ids))
    elif kind == FLOW and len(parts) == 3:
        process, source, node = parts
        flow = shown.flows.get((process, source, node))
        words = f"从「{found.name(process, source)}」到「{found.name(process, node)}」"
        places = flow.cases if flow is not None else None
    elif kind in (STEP, WAITING, LATE) and len(parts) in (2, 3):
        step = _worked(shown, *parts)
        words = f"{ {STEP: '经过', WAITING: '正停在', LATE: '超期的'}[kind] }「{found.name(*parts[:2])}」"
        unit = parts[2] if len(parts) == 3 else None
        if step is not None:
            places = {STEP: step.cases, WAITING: step.waiting, LATE: step.late_cases}[kind]
    elif kind == VARIANT and len(parts) == 1:
        way = next((one for one in shown.variants if key_of(one) == parts[0]), None)
        if way is not None:
            words, places = f"第 {found.whole.ranked.index(way) + 1} 种走法", shown.variants[way].cases
    elif kind == ASIDE and len(parts) == 4:
        words, places = deviation_words(found, *parts), shown.deviations.get((parts[0], parts[1], parts[2], parts[3]))
    if places is None:
        raise GONE
    return Picked(words, places, unit)


def _worked(shown: WayMap, process: str, step: str, unit: str | None = None) -> Worked | None:
    return shown.steps.get((process, step)) if unit is None else shown.units.get((process, step, unit))


def deviation_words(found: Ways, kind: str, process: str, step: str, target: str) -> str:
    """A deviation in words: 从「审核」退回「办理」."""
    if kind == RETURNED:
        return f"从「{found.name(process, step)}」退回「{found.name(process, target)}」"
    if kind == AGAIN:
        other, _, name = target.rpartition(":")
        return f"从「{found.name(process, step)}」回到「{found.name(other or process, name)}」"
    if kind == TAKEN_BACK:
        return f"撤回「{found.name(process, step)}」"
    return WORDS.get(kind, "")


def apart(found: Ways, way: Variant, *, ended: bool) -> str:
    """Where a variant, of a case that ``ended`` or goes on, leaves the usual one, in words; '' where it does not."""
    usual = found.whole.usual
    common = next((at for at, pair in enumerate(zip(way, usual, strict=False)) if pair[0] != pair[1]), None)
    if common is not None:
        return f"最常见的此时办「{found.name(*usual[common])}」，本件办「{found.name(*way[common])}」"
    if len(way) > len(usual):
        return f"最常见的到此办结，本件还办「{found.name(*way[len(usual)])}」"
    if len(way) < len(usual):
        return f"{'' if ended else '还'}没有走到「{found.name(*usual[len(way)])}」"
    return ""


def ids_of(found: Ways, places: Sequence[int]) -> list[UUID]:
    """The cases at these places."""
    return [found.shown.ids[place] for place in places]
