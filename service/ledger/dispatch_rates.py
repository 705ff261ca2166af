"""派单规则: how often a rule of the table that proposes units led to a unit that handed the need back (W4, CLOCK)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.ledger.statistics import RIGHT, Period, StatisticsFilter, kept_of, needs_of, period_of
from service.processes import need_figures
from service.processes.dispatching import dispatch_rules
from service.processes.models import CaseSpan, Instance
from service.processes.need_figures import REDISPATCHED
from service.rights import Actor, may

MEANING = (
    "派单规则按现行规则表：事项的类别、镇街符合哪一条，就算哪一条提出的建议。照建议派出，是主办单位与建议相同；"
    "错派率＝照建议派出后有责任单位以“不属于本单位职责”退回的÷照建议派出的。另选主办，是区人才办没有照建议派。"
)
"""The explanation beside the rules."""


Leads = dict[tuple[str | None, str | None], dict[str, tuple[int, int]]]
"""(category, town) → unit that leads → (needs, of these handed back by a unit)."""


@dataclass(frozen=True, slots=True)
class RuleRate:
    """A rule with the needs of a period to which it applied: dispatched as it proposes, of these handed back by a unit,
    and dispatched to another lead."""

    id: str
    place: int
    words: str
    followed: int
    handed_back: int
    otherwise: int

    @property
    def share(self) -> int | None:
        """错派率 in per cent; None of nothing."""
        return round(100 * self.handed_back / self.followed) if self.followed else None


def dispatch_rates(session: Session, actor: Actor, wish: StatisticsFilter) -> list[RuleRate]:
    """The rules that applied to needs of the period, in the table's order, for who sees all units; one statement, and
    those that the definition costs."""
    if wish.unit or not may(actor, RIGHT):  # a rule is the office's own matter, and no unit's
        return []
    period = period_of(wish)
    kept = kept_of(session, actor, wish, period)
    leads = kept.leads if kept else _leads(session, actor, wish, period)
    found: dict[str, Counter[str]] = {}
    rules = dispatch_rules(session)
    for rule in rules:
        counted = found.setdefault(rule.id, Counter())
        for category, town in rule.kinds:
            _count(counted, leads.get((category, town), {}), rule.unit)
    told = {rule.id: rule for rule in rules}
    return [
        RuleRate(key, told[key].place, told[key].words, counted["followed"], counted["back"], counted["otherwise"])
        for key, counted in found.items()
        if counted.total()
    ]


def _leads(session: Session, actor: Actor, wish: StatisticsFilter, period: Period) -> Leads:
    """The same as the kept sums say, with every need counted."""
    asked = need_figures.by_case(need_figures.by_case_and_unit(period.on))
    kind = (CaseSpan.category, CaseSpan.town, CaseSpan.lead_unit)
    query = (
        select(*kind, func.count(), func.sum(asked.c[REDISPATCHED]))
        .select_from(Instance)
        .join(CaseSpan, CaseSpan.instance_id == Instance.id)
        .join(asked, asked.c.instance_id == Instance.id)
        .where(*needs_of(session, actor, wish, period), CaseSpan.lead_unit.is_not(None))
        .group_by(*kind)
    )
    leads: Leads = {}
    for category, town, lead, number, back in session.execute(query):
        leads.setdefault((category, town), {})[lead] = (number, int(back))
    return leads


def _count(counted: Counter[str], leads: Mapping[str, tuple[int, int]], proposed: str) -> None:
    for lead, (number, back) in leads.items():
        if lead == proposed:
            counted["followed"] += number
            counted["back"] += back
        else:
            counted["otherwise"] += number
