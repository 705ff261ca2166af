"""Quotas, reasons, and how well a talent fits a leader. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from service.people.rules import CLASS_A, CLASS_B

QUOTAS: Mapping[str, int] = {CLASS_A: 2, CLASS_B: 3}
"""How many talents each leader serves at least, by class (Q1, Q3)."""

PORTFOLIO, STATIONED, PLATFORM, KNOWN, RELATED = "portfolio", "stationed", "platform", "known", "related"

REASONS: Mapping[str, str] = {
    PORTFOLIO: "分管工作",
    STATIONED: "驻点企业（暖春行动）",
    PLATFORM: "重大创新平台",
    KNOWN: "了解掌握",
    RELATED: "与本部门业务相关",
}
"""Why a leader serves a talent: the four of class A (D1), and the one of class B (Q3)."""

REASONS_OF: Mapping[str, tuple[str, ...]] = {CLASS_A: (PORTFOLIO, STATIONED, PLATFORM, KNOWN), CLASS_B: (RELATED,)}

PROPOSED, ACTIVE, HELD, ENDED = "proposed", "active", "held", "ended"
STATUSES: Mapping[str, str] = {PROPOSED: "待生效", ACTIVE: "联系中", HELD: "区人才办代管", ENDED: "已结束"}

DRAFT, DECIDED, FILED, SUPERSEDED = "draft", "decided", "filed", "superseded"
ROSTER_STATUSES: Mapping[str, str] = {DRAFT: "草稿", DECIDED: "已确定", FILED: "已备案", SUPERSEDED: "已被新版取代"}

UNSERVED, SERVED = "unserved", "served"
SAME_EMPLOYER, SAME_TOWN = "same_employer", "same_town"
POINTS_A_TERM, MOST_FOR_TERMS = 15, 45
POINTS: Mapping[str, int] = {
    RELATED: 40,
    STATIONED: 40,
    "same_platform": 30,
    SAME_EMPLOYER: 20,
    SAME_TOWN: 20,
    KNOWN: 10,
    UNSERVED: 10,
    SERVED: -20,
}


class ScoreLine(NamedTuple):
    """Why a talent is suggested: code, points, and the reason in words."""

    code: str
    points: int
    why: str


_CUT = re.compile(
    r"(?:科技|技术|实业|集团)*(?:股份)?有限公司|分管|主管|负责|联系|协助|主持|兼管|全面|工作|事务|方面|[等和与及、，。；：/（）()\s\W]+"
)
_BETWEEN = re.compile(r"[、，,；;\n]+")
_COMMON = frozenset(
    [
        "有限",
        "限公",
        "公司",
        "研究",
        "究院",
        "中心",
        "技术",
        "集团",
        "佛山",
        "南海",
        "我区",
        "全区",
        "建设",
        "发展",
        "管理",
        "服务",
        "人才",
        "领域",
        "行业",
        "产业",
        "科学",
        "股份",
        "创新",
    ]
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The known facts about a leader when talents are looked for."""

    klass: str
    portfolio: str
    unit: str | None
    unit_name: str
    town: str | None
    stationed: tuple[str, ...]
    """Enterprises at which the leader is stationed (D1)."""
    employers: Mapping[str, str]
    """Employer → name of a talent there whom the leader serves."""
    platforms: Mapping[str, str]
    former: frozenset[str]
    """Ids of the talents whom the leader served before."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The known facts about a talent who may fit."""

    id: str
    employer: str
    employer_unit: str | None
    town: str | None
    fields: str
    platform: str | None
    leaders: tuple[str, ...]
    """Names of those who serve the talent already."""
    proposed: tuple[str, ...] = ()
    """Names of those who are to serve the talent as soon as their team is complete."""


def pairs(text: str | None) -> frozenset[str]:
    """Every two neighbouring characters of ``text`` that say something: 生物医药 gives 生物, 物医, 医药."""
    found = {run[place : place + 2] for run in _CUT.split(text or "") if run for place in range(len(run) - 1)}
    return frozenset(found - _COMMON)


def shared_terms(one: str | None, other: str | None) -> tuple[str, ...]:
    """The terms of ``one`` that occur in ``other``: runs of at least two characters, in the order of ``one``."""
    both = pairs(one) & pairs(other)
    terms: dict[str, None] = {}
    for run in _CUT.split(one or ""):
        term = ""
        for place in range(len(run) - 1):
            if run[place : place + 2] in both:
                term = term + run[place + 1] if term else run[place : place + 2]
            elif term:
                terms[term], term = None, ""
        if term:
            terms[term] = None
    return tuple(terms)


def scored(leader: Wanted, talent: Offered) -> tuple[ScoreLine, ...]:
    """Why ``talent`` fits ``leader``, best reason first; nothing where no principle of D1 or Q3 speaks for it."""
    parts = [*_by_portfolio(leader, talent), *_by_station(leader, talent), *_by_platform(leader, talent)]
    if leader.unit is not None and leader.unit == talent.employer_unit:
        parts.append(ScoreLine(RELATED, POINTS[RELATED], f"由{leader.unit_name}主管"))
    if talent.id in leader.former:
        parts.append(ScoreLine(KNOWN, POINTS[KNOWN], "以前联系过，情况熟悉"))
    if not parts:
        return ()
    parts.sort(key=lambda part: -part[1])
    if talent.leaders:
        parts.append(ScoreLine(SERVED, POINTS[SERVED], f"已由{'、'.join(talent.leaders)}联系，避免重复"))
    elif talent.proposed:
        parts.append(ScoreLine(SERVED, POINTS[SERVED], f"已登记由{'、'.join(talent.proposed)}联系、尚待生效，避免重复"))
    else:
        parts.append(ScoreLine(UNSERVED, POINTS[UNSERVED], "目前没有领导联系"))
    return tuple(parts)


def _by_portfolio(leader: Wanted, talent: Offered) -> list[ScoreLine]:
    terms = shared_terms(leader.portfolio, f"{talent.fields}；{talent.employer}")
    if not terms:
        return []
    points = min(MOST_FOR_TERMS, POINTS_A_TERM * len(terms))
    return [ScoreLine(PORTFOLIO, points, f"分管工作与其研究方向、单位均涉及“{'、'.join(terms)}”")]


def enterprises(stationed: str | None) -> tuple[str, ...]:
    """The names of a post's 驻点企业, which are set apart by 、 or the like."""
    return tuple(dict.fromkeys(name for part in _BETWEEN.split(stationed or "") if len(name := part.strip()) > 1))


def _by_station(leader: Wanted, talent: Offered) -> list[ScoreLine]:
    if any(name in talent.employer for name in leader.stationed):
        return [ScoreLine(STATIONED, POINTS[STATIONED], f"所在的{talent.employer}是其驻点企业")]
    # Another served talent of the enterprise, or its nearness, does not make it a stationed one.
    if talent.employer in leader.employers:
        why = f"与已联系的{leader.employers[talent.employer]}同在{talent.employer}"
        return [ScoreLine(SAME_EMPLOYER, POINTS[SAME_EMPLOYER], why)]
    if leader.town is not None and leader.town == talent.town:
        return [ScoreLine(SAME_TOWN, POINTS[SAME_TOWN], f"与{leader.unit_name}同在一个镇街")]
    return []


def _by_platform(leader: Wanted, talent: Offered) -> list[ScoreLine]:
    if not talent.platform:
        return []
    if talent.platform in leader.platforms:
        why = f"与已联系的{leader.platforms[talent.platform]}同在{talent.platform}"
        return [ScoreLine(PLATFORM, POINTS["same_platform"], why)]
    terms = shared_terms(leader.portfolio, talent.platform)
    return [ScoreLine(PLATFORM, POINTS_A_TERM, f"所在平台{talent.platform}涉及“{'、'.join(terms)}”")] if terms else []


HEADS_OF_UNITS = (
    "局长",
    "主任",
    "部长",
    "书记",
    "院长",
    "主席",
    "镇长",
    "理事长",
    "总经理",
    "董事长",
    "区长",
    "负责人",
)
HEADS_OF_SECTIONS = ("科长", "股长", "主任", "所长", "部长", "主管", "队长", "负责人")
"""How the posts of those who head a functional department (T2), and a section (T3), end."""


def heads_a_unit(post: str | None) -> bool:
    """Whether ``post`` reads like that of a functional department's head (T2)."""
    return bool(post) and str(post).endswith(HEADS_OF_UNITS)


def heads_a_section(post: str | None) -> bool:
    """Whether ``post`` reads like that of a section's head (T3)."""
    return bool(post) and str(post).endswith(HEADS_OF_SECTIONS)
