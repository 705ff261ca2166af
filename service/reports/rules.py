"""Half-years, months, the sections of a report, and how an assessment adds up. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from service.contacts.rules import FORMS, half_of

DRAFT, SUBMITTED, RETURNED, ACCEPTED = "draft", "submitted", "returned", "accepted"
REPORT_STATUSES: Mapping[str, str] = {
    DRAFT: "编制中",
    SUBMITTED: "已报送",
    RETURNED: "退回修改",
    ACCEPTED: "已接收",
}

EDITABLE = (DRAFT, RETURNED)
"""The statuses in which the office may still write."""

SECTIONS: Mapping[str, str] = {
    "work": "一、联系服务工作开展情况",
    "opinions": "二、意见建议收集和办理情况",
    "practice": "三、主要做法和成效",
    "problems": "四、存在的困难和问题",
    "plans": "五、下一步工作打算",
}
"""The parts of a half-year report that the office writes, in order; the headings are its own words to change."""


def overdue(status: str | None, due_on: date | None, on: date) -> bool:
    """Whether a unit owes its report at the end of a day: the date had passed, and it was not begun (``None``), not
    sent, or returned and not sent again (T6). A report that was first sent in time counts as in time all the same."""
    return (status is None or status in EDITABLE) and due_on is not None and due_on < on


REQUIRED = ("work", "plans")
"""Sections without which a report says nothing."""

HALVES: Mapping[int, str] = {1: "上半年", 2: "下半年"}

REPORT_DAYS = 10
"""Working days after the end of the half-year within which the report is due [A] (T6)."""

INDICATORS: Mapping[str, str] = {
    "quota": "联系对象达到规定人数",
    "contacts": "联系对象本年有联系记录",
    "interviews": "每年访谈 2 次以上（B类）",
    "entered_in_time": "联系记录按时登记",
    "opinions_handled": "意见建议有处理结果",
    "needs_in_time": "需求办理未超期",
    "answers_in_time": "责任单位按时答复",
    "reports_in_time": "半年报告按时报送",
}
"""The indicators of the assessment sheet (O1); the policy gives none a weight."""


@dataclass(frozen=True, slots=True)
class Figure:
    """``done`` of ``of``; nothing to be measured where ``of`` is 0."""

    done: int
    of: int

    @property
    def ratio(self) -> float | None:
        """From 0 to 1, or ``None`` where there is nothing to be measured."""
        return min(1.0, self.done / self.of) if self.of > 0 else None


@dataclass(frozen=True, slots=True)
class Share:
    """One line of the working: an indicator, its figure, its weight, and the points that it gives."""

    code: str
    name: str
    figure: Figure
    weight: float
    points: float


@dataclass(frozen=True, slots=True)
class Score:
    """A score out of 100 and how it comes about. ``measured`` is the sum of the weights that could be measured."""

    points: float
    measured: float
    parts: tuple[Share, ...]

    @property
    def working(self) -> str:
        """The sum in words, e.g. （8/10×40＋1/2×20）÷60×100＝70.0."""
        terms = "＋".join(f"{part.figure.done}/{part.figure.of}×{_plain(part.weight)}" for part in self.parts)
        return f"（{terms}）÷{_plain(self.measured)}×100＝{self.points:.1f}"


def score(figures: Mapping[str, Figure], weights: Mapping[str, float]) -> Score | None:
    """The weighted mean of the ratios, out of 100; ``None`` without weights: no score is invented (O1).

    An indicator with nothing to be measured is left out, and so is its weight.
    """
    parts = []
    for code, weight in weights.items():
        figure = figures.get(code)
        ratio = figure.ratio if figure is not None else None
        if weight > 0 and figure is not None and ratio is not None:
            parts.append(Share(code, INDICATORS[code], figure, weight, ratio * weight))
    measured = sum(part.weight for part in parts)
    if not parts:
        return None
    return Score(sum(part.points for part in parts) / measured * 100, measured, tuple(parts))


def month_of(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month."""
    after = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return date(year, month, 1), after - timedelta(days=1)


def half_to_report(today: date) -> tuple[int, int]:
    """The year and the half-year that has ended last: the one to report on (T6)."""
    year, half = half_of(today)
    return (year, 1) if half == 2 else (year - 1, 2)


def first_texts(facts: Mapping[str, Any]) -> dict[str, str]:
    """The texts of the sections before anybody writes: sentences made of ``facts``, for the office to go on from."""
    made, opinions, needs = facts["contacts"], facts["contacts"]["opinions"], facts["needs"]
    forms = "、".join(f"{FORMS[form]} {count} 次" for form, count in made["forms"].items() if count)
    sentences = [
        f"本单位共开展联系服务 {made['total']} 次"
        + (f"（{forms}）" if forms else "")
        + f"，联系人才 {made['talents']} 人。"
    ]
    if facts["interviews"]["pairs"]:
        sentences.append(
            f"B类领导联系关系 {facts['interviews']['pairs']} 对，"
            f"其中本年访谈已满 2 次的 {facts['interviews']['done']} 对。"
        )
    if made["activities"]["total"]:
        sentences.append(
            f"组织活动 {made['activities']['total']} 场，邀请 {made['activities']['invited']} 人次，"
            f"到场 {made['activities']['attended']} 人次。"
        )
    if made["matters"]["total"]:
        sentences.append(f"本单位自行协调事项 {made['matters']['total']} 件，办结 {made['matters']['solved']} 件。")
    heard = (
        f"收集意见建议 {opinions['total']} 条，其中转为需求 {opinions['need']} 条，答复 {opinions['answered']} 条，"
        f"知悉 {opinions['noted']} 条，待处理 {opinions['open']} 条。"
    )
    outcomes = needs.get("outcomes", {})
    told = "、".join(f"{needs['names'][name]} {count} 件" for name, count in outcomes.items() if count)
    late = f"，责任单位曾超期 {needs['late']} 件" if needs.get("late") else ""
    raised = f"登记需求 {needs.get('started', 0)} 件" + (f"，其中{told}" if told else "") + late + "。"
    return {"work": "".join(sentences), "opinions": heard + raised, "practice": "", "problems": "", "plans": ""}


def renewed_texts(sections: Mapping[str, str], drafted: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The sections after the figures were counted anew: what was ``drafted`` and nobody touched is drafted anew."""
    return {name: now[name] if text and text == drafted.get(name) else text for name, text in sections.items()}


def brief_title(year: int, month: int) -> str:
    """The title of the brief of a month."""
    return f"{year}年{month}月联系服务高层次人才情况专报"


def by_number(paper: str) -> tuple[int, ...]:
    """The order of papers by their numbers: 通报〔2026〕9号 before 10号."""
    return tuple(map(int, re.findall(r"[0-9]+", paper)))


def brief_text(facts: Mapping[str, Any]) -> str:
    """The text of a brief before anybody words it: sentences made of ``facts``."""
    needs = facts["needs"]
    served = f"{facts['leader']}同志联系服务高层次人才 {len(facts['talents'])} 名"
    lines = [f"{served}，本月开展联系 {len(facts['contacts'])} 次，收集意见建议 {len(facts['opinions'])} 条。"]
    if needs.get("total"):
        told = "、".join(f"{needs['names'][name]} {count} 件" for name, count in needs["outcomes"].items() if count)
        lines.append(f"本月在办和办结的需求 {needs['total']} 件（{told}），{_late_needs(needs)}。")
        if needs.get("circulars"):
            numbers = "、".join(sorted((one for row in needs["items"] for one in row["circulars"]), key=by_number))
            lines.append(f"因办理超期，本月发出通报 {needs['circulars']} 份（{numbers}）。")
    else:
        lines.append("本月没有在办或办结的需求。")
    missing = [row for row in facts["interviews"] if row["count"] < row["required"]]
    if missing:
        told = "、".join(f"{row['talent']}（{row['count']}/{row['required']}）" for row in missing)
        lines.append(f"本年访谈尚未满 2 次的联系对象：{told}。")
    return "\n".join(lines)


def late_words(need: Mapping[str, Any]) -> list[str]:
    """How a need of a paper stands, in words: the responsible units first, then the office's own steps."""
    unit = "超期未答复" if need.get("overdue") else "曾超期" if need.get("late") else ""
    step = "环节超期" if need.get("overdue_steps") else "环节曾超期" if need.get("late_steps") else ""
    return [word for word in (unit, step) if word]


def lateness_note(on: str) -> str:
    """The meaning of 超期 in a paper that says the state of the day ``on`` (ISO)."""
    day = date.fromisoformat(on)
    return (
        f"超期：截至{day.year}年{day.month}月{day.day}日，责任单位在到期日之后才答复，或到期日已过仍未答复"
        "（退回改派不算答复，会议研究、挂起期间不计，挂起前已经超期的仍算超期）。环节超期：其他步骤超过本系统默认时限（非文件规定）。"
    )


def _late_needs(needs: Mapping[str, Any]) -> str:
    told = f"其中曾超期 {needs['late']} 件" if needs["late"] else "责任单位均未超期"
    if needs.get("overdue"):
        told += f"（仍未答复 {needs['overdue']} 件）"
    if not needs.get("late_steps"):
        return told
    return f"{told}，其他环节超过本系统默认时限 {needs['late_steps']} 件{late_of_both(needs)}"


def late_of_both(needs: Mapping[str, Any]) -> str:
    """The words beside a number of needs in which other steps were late: in how many of them a responsible unit was as
    well; empty of none. A brief of before that was counted is counted by its items."""
    listed = needs.get("items", ())
    both = needs.get("late_both", sum(1 for row in listed if row.get("late") and row.get("late_steps")))
    return f"（其中 {both} 件责任单位也曾超期）" if both else ""


def shares(rows: Sequence[Figure]) -> Figure:
    """The sum of several figures."""
    return Figure(sum(row.done for row in rows), sum(row.of for row in rows))


def _plain(number: float) -> str:
    return f"{number:g}"
