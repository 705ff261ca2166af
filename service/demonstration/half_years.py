"""The half-year rounds of the demonstration's year (T6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from service import contacts, ids
from service.demonstration import cast
from service.demonstration.organization import SPACE
from service.demonstration.plan import Plan, PlannedAct, begin, do


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """Two half-year rounds; of the newer one a report is returned, one late, one missing."""
    for back, (year, half) in enumerate(_halves(plan.days[-1])):
        case = ids.derive(SPACE, f"half-year:{plan.seed}:{year}:{half}")
        after = plan.calendar.add(contacts.period_of(year, half)[1], 1).due
        if after <= plan.days[6] or after > plan.days[-1]:
            continue

        def on(days: int, hour: float, after: date = after) -> datetime:
            return plan.on(plan.calendar.add(after, days).due if days else after, hour)

        data: dict[str, Any] = {"year": year, "half": half}
        yield PlannedAct(on(0, 9.1), partial(begin, process="half_year_report", case=case))
        yield PlannedAct(on(0, 9.2), partial(do, case=case, step="choose_period", who="office", data=data))
        for place, unit in enumerate((*cast.OFFICES, *cast.MEMBER_UNITS)):
            yield from _report(plan, case, unit, place, newest=back == 0, on=on)
        if back:
            told = {"summary": "各单位均已报送，联系服务工作总体平稳，意见建议已分类转办。"}
            yield PlannedAct(on(16, 10), partial(do, case=case, step="roll_up", who="office", data=told))


def _report(
    plan: Plan, case: UUID, unit: str, place: int, *, newest: bool, on: Callable[[int, float], datetime]
) -> Iterator[PlannedAct]:
    words = {
        "work": "本期按名单开展走访约见和电话、网络联系，及时登记联系情况，收集的意见建议均已分类处理。",
        "plans": "下一期继续落实访谈要求，做好需求跟踪和政策宣传。",
    }
    submit = partial(do, case=case, step="submit_half_year", who=f"liaison-{unit}", unit=unit, data=words)
    review = partial(do, case=case, step="review_report", who="office", unit=unit)
    back = {"decision": "return", "reason": "请补充意见建议的办理情况。"}
    if newest and unit == "police":
        return  # missing
    days = 13 if newest and unit == "housing" else 3 + place % 5
    yield PlannedAct(on(days, 10 + place / 5), submit)
    if newest and unit == "health":
        yield PlannedAct(on(days + 1, 10 + place / 5), partial(review, data=back))
        return  # still to be mended
    if unit == "edu":
        yield PlannedAct(on(days + 1, 9.5), partial(review, data=back))
        yield PlannedAct(on(days + 1, 15.5), submit)
    yield PlannedAct(on(days + 1, 16 + place / 20), partial(review, data={"decision": "accept"}))


def _halves(last: date) -> list[tuple[int, int]]:
    """The two half-years that have ended before ``last``, the newer first."""
    year, half = contacts.half_of(last)
    newer = (year, 1) if half == 2 else (year - 1, 2)
    older = (newer[0], 1) if newer[1] == 2 else (newer[0] - 1, 2)
    return [newer, older]
