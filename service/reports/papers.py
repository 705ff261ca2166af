"""A half-year report or a brief on paper: PDF by Typst, Word by the office's own template (forms/print)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from service import clock
from service.contacts.rules import FORMS, OPINION_STATUSES, TOPICS
from service.documents import TEMPLATE_FOLDER, TYPE_FOLDER, Printed, render, render_word
from service.errors import Invalid
from service.reports.models import Brief, HalfYearReport
from service.reports.rules import (
    EDITABLE,
    HALVES,
    REPORT_STATUSES,
    SECTIONS,
    brief_title,
    late_of_both,
    late_words,
    lateness_note,
)

KINDS = ("pdf", "docx")


def report_document(
    report: HalfYearReport,
    kind: str,
    *,
    templates: Path = TEMPLATE_FOLDER,
    type_folder: Path = TYPE_FOLDER,
    submitted_by: str = "",
    number: str = "",
) -> Printed:
    """The report as ``pdf`` or ``docx``. ``submitted_by`` is the name of who sent it, ``number`` the paper's."""
    paper = report_paper(report, submitted_by, number)
    return _made("half_year_report", paper, kind, report.updated_at, templates, type_folder)


def brief_document(
    brief: Brief,
    kind: str,
    *,
    templates: Path = TEMPLATE_FOLDER,
    type_folder: Path = TYPE_FOLDER,
    number: str = "",
) -> Printed:
    """The brief as ``pdf`` or ``docx``; ``number`` is the paper's."""
    made_at = brief.released_at or brief.created_at
    return _made("brief", brief_paper(brief, number), kind, made_at, templates, type_folder)


def report_paper(report: HalfYearReport, submitted_by: str = "", number: str = "") -> dict[str, Any]:
    """The data of a report for the templates: JSON-ready, every figure a text."""
    facts = report.facts
    contacts = facts["contacts"]
    sent = report.submitted_at
    return {
        "number": number,
        "title": f"{report.year}年{HALVES[report.half]}直接联系服务高层次人才工作情况报告",
        "unit": report.unit.name,
        "period": f"{_day(facts['starts_on'])}至{_day(facts['ends_on'])}",
        "counted_on": _day(facts["counted_on"]) + _counted_at(facts.get("counted_at")),
        "status": REPORT_STATUSES[report.status],
        "sent_on": _day(clock.local(sent).date().isoformat()) if sent is not None else "",
        "sent_by": submitted_by,
        "late": "逾期报送" if report.late else "",
        "sections": [
            {"heading": heading, "paragraphs": _paragraphs(report.sections.get(name, ""))}
            for name, heading in SECTIONS.items()
        ],
        "figures": _figures(facts),
        "leaders": [
            {
                "name": row["name"],
                "post": row["post"],
                "contacts": str(row["contacts"]),
                "interviews": str(row["interviews"]),
            }
            for row in contacts["leaders"]
        ],
        "opinions": [
            {"leader": row["leader"], "talent": row["talent"], "text": row["text"], "status": row["status"]}
            for row in facts["opinions"]
        ],
        "short": [
            {
                "leader": row["leader"],
                "talent": row["talent"],
                "count": f"{row['count']}/{row['required']}",
                "reason": row["reason"] or "",
            }
            for row in facts["interviews"]["short"]
        ],
    }


def roll_up_document(
    paper: Mapping[str, Any],
    kind: str,
    *,
    made_at: datetime,
    templates: Path = TEMPLATE_FOLDER,
    type_folder: Path = TYPE_FOLDER,
) -> Printed:
    """The roll-up as ``pdf`` or ``docx``; ``paper`` is a ``roll_up_paper``."""
    return _made("roll_up", paper, kind, made_at, templates, type_folder)


def roll_up_paper(summed: Mapping[str, Any], summary: str) -> dict[str, Any]:
    """The data of a roll-up (``queries.roll_up``) for the templates: JSON-ready, every figure a text.

    ``summary`` is what the Talent Office wrote to it.
    """
    missing = "、".join(one["name"] for one in summed["missing"])
    return {
        "number": summed.get("number", ""),
        "title": f"{summed['year']}年{HALVES[summed['half']]}直接联系服务高层次人才工作情况汇总",
        "state": f"截至{_day(summed['on'].isoformat())}，应报送 {summed['expected']} 个单位，"
        f"已报送 {summed['submitted']} 个，其中已接收 {summed['accepted']} 个、逾期报送 {summed['late']} 个。"
        + (f"已过期限仍未报送 {summed['overdue']} 个。" if summed["overdue"] else "")
        + (f"尚未报送：{missing}。" if missing else "各单位已全部报送。"),
        "summary": _paragraphs(summary),
        "figures": _total_figures(summed["totals"]),
        "units": [
            {
                "name": one["name"],
                "status": (REPORT_STATUSES[one["status"]] if one["status"] else "未编制")
                + ("（逾期）" if one["late"] else "")
                + ("，未计入合计" if one["status"] in EDITABLE else ""),
                "contacts": str(one["contacts"]),
                "opinions": str(one["opinions"]),
                "needs": str(one["needs"]),
            }
            for one in summed["units"]
        ],
    }


def _total_figures(totals: Mapping[str, Any]) -> list[dict[str, str]]:
    opinions, activities, matters = totals["opinions"], totals["activities"], totals["matters"]
    handled = _listed(OPINION_STATUSES, opinions, "条")
    outcomes = _listed(totals["outcome_names"], totals["outcomes"], "件")
    told = {
        "联系服务": f"{totals['contacts']} 次（{_listed(FORMS, totals['forms'], '次')}）",
        "联系内容": _listed({str(key): name for key, name in TOPICS.items()}, totals["topics"], "次"),
        "人才主动反映": f"{totals['inbound']} 次",
        "年度访谈（B类）": f"{totals['pairs_done']}/{totals['pairs']} 对已满 2 次",
        "意见建议": f"{opinions.get('total', 0)} 条（{handled}）",
        "报告中的需求": f"合计 {totals['needs_reported']} 件：一件需求在登记单位和领导所在单位的报告中各计一次",
        "全区需求": f"{totals['needs']} 件（{outcomes}），曾超期 {totals['needs_late']} 件，"
        f"{_late_steps({'late_steps': totals['needs_late_steps'], 'late_both': totals.get('needs_late_both', 0)})}；"
        "不限于已报送的报告，每件只计一次",
        "活动": f"{activities.get('total', 0)} 场，到场 {activities.get('attended', 0)} 人次",
        "自行协调事项": f"{matters.get('total', 0)} 件，办结 {matters.get('solved', 0)} 件",
        "说明": _note(totals.get("needs_on")),
    }
    return [{"name": name, "value": value} for name, value in told.items()]


def brief_paper(brief: Brief, number: str = "") -> dict[str, Any]:
    """The data of a brief for the templates: JSON-ready."""
    facts = brief.facts
    released, note = brief.released_at, _note(facts["needs"].get("on")) if facts["needs"].get("total") else ""
    return {
        "number": number,
        "title": brief_title(brief.year, brief.month),
        "leader": facts["leader"],
        "post": facts["post"],
        "period": f"{_day(facts['starts_on'])}至{_day(facts['ends_on'])}",
        "paragraphs": [*_paragraphs(brief.text), *([f"注：{note}"] if note else [])],
        "talents": [{"name": row["name"], "employer": row["employer"]} for row in facts["talents"]],
        "contacts": [
            {
                "held_on": _day(row["held_on"]),
                "form": row["form"],
                "talents": "、".join(row["talents"]),
                "summary": row["summary"],
            }
            for row in facts["contacts"]
        ],
        "opinions": [
            {"talent": row["talent"], "text": row["text"], "status": row["status"]} for row in facts["opinions"]
        ],
        "needs": [
            {
                "number": row["number"] or "未编号",
                "title": row["title"],
                "talent": row["talent"],
                "status": "，".join([_with(row["status"], late_words(row)), *row.get("circulars", ())]),
            }
            for row in facts["needs"].get("items", ())
        ],
        "released_on": _day(clock.local(released).date().isoformat()) if released is not None else "（未签发）",
    }


def _late_steps(needs: Mapping[str, Any]) -> str:
    return f"环节超期 {needs.get('late_steps', 0)} 件{late_of_both(needs)}"


def _figures(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    contacts, needs, quotas, interviews = (facts[name] for name in ("contacts", "needs", "quotas", "interviews"))
    opinions, activities, matters = (contacts[name] for name in ("opinions", "activities", "matters"))
    outcomes = _listed(needs.get("names", {}), needs.get("outcomes", {}), "件")
    told = {
        "联系服务": f"{contacts['total']} 次（其中访谈 {contacts['interviews']} 次）",
        "联系形式": _listed(FORMS, contacts["forms"], "次"),
        "联系内容": _listed({str(key): name for key, name in TOPICS.items()}, contacts["topics"], "次"),
        "联系人才": f"{contacts['talents']} 人",
        "人才主动反映": f"{contacts['inbound']} 次",
        "意见建议": f"{opinions['total']} 条（{_listed(OPINION_STATUSES, opinions, '条')}）",
        "需求": f"{needs.get('started', 0)} 件（{outcomes}）"
        + (f"，曾超期 {needs['late']} 件，{_late_steps(needs)}" if "late" in needs else ""),
        "活动": f"{activities['total']} 场，邀请 {activities['invited']} 人次，到场 {activities['attended']} 人次",
        "自行协调事项": f"{matters['total']} 件，办结 {matters['solved']} 件",
        "联系对象人数": f"{quotas['met']}/{quotas['leaders']} 位领导达到规定人数",
        "年度访谈（B类）": f"{interviews['done']}/{interviews['pairs']} 对已满 2 次",
        "说明": _note(needs.get("on")),
    }
    return [{"name": name, "value": value} for name, value in told.items() if name != "说明" or value]


def _made(name: str, data: Mapping[str, Any], kind: str, made_at: Any, templates: Path, type_folder: Path) -> Printed:
    if kind == "pdf":
        return render(templates / f"{name}.typ", data, made_at=made_at, type_folder=type_folder)
    if kind == "docx":
        return render_word(templates / f"{name}.docx", data)
    raise Invalid("文件格式只能是 PDF 或 Word")


def _counted_at(moment: str | None) -> str:
    """When it was counted, which may be long after the last day that counts; older reports do not know."""
    if moment is None:
        return ""
    counted = clock.local(datetime.fromisoformat(moment))
    return f"（{counted:%Y-%m-%d %H:%M} 统计）"


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _with(status: str, words: Sequence[str]) -> str:
    """办理（待上会、曾超期）: the words in the bracket that there is."""
    begun = f"{status.removesuffix('）')}、" if status.endswith("）") else f"{status}（"
    return f"{begun}{'、'.join(words)}）" if words else status


def _note(on: object) -> str:
    """The meaning of 超期, where the paper knows as of which day it says it; older ones do not."""
    return lateness_note(on) if isinstance(on, str) else ""


def _listed(names: Mapping[str, str], counts: Mapping[str, int], measure: str) -> str:
    told: Sequence[str] = [f"{name} {counts[key]} {measure}" for key, name in names.items() if counts.get(key)]
    return "、".join(told) or "无"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日"
