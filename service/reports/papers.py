"""A half-year report or a brief on paper: PDF by Typst, Word by the office's own template (forms/print)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from service import clock
from service.contacts.rules import FORMS, OPINION_STATUSES, TOPICS
from service.documents import render, render_word
from service.errors import Invalid
from service.reports.models import Brief, HalfYearReport
from service.reports.rules import HALVES, REPORT_STATUSES, SECTIONS, brief_title

KINDS = ("pdf", "docx")


def report_document(
    report: HalfYearReport, kind: str, *, templates: Path, type_folder: Path, submitted_by: str = ""
) -> bytes:
    """The report as ``pdf`` or ``docx``. ``submitted_by`` is the name of the one who sent it."""
    return _made(
        "half_year_report", report_paper(report, submitted_by), kind, report.updated_at, templates, type_folder
    )


def brief_document(brief: Brief, kind: str, *, templates: Path, type_folder: Path) -> bytes:
    """The brief as ``pdf`` or ``docx``."""
    made_at = brief.released_at or brief.created_at
    return _made("brief", brief_paper(brief), kind, made_at, templates, type_folder)


def report_paper(report: HalfYearReport, submitted_by: str = "") -> dict[str, Any]:
    """What the templates are given of a report: JSON-ready, every figure a text."""
    facts = report.facts
    contacts = facts["contacts"]
    sent = report.submitted_at
    return {
        "title": f"{report.year}年{HALVES[report.half]}直接联系服务高层次人才工作情况报告",
        "unit": report.unit.name,
        "period": f"{_day(facts['starts_on'])}至{_day(facts['ends_on'])}",
        "counted_on": _day(facts["counted_on"]),
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


def brief_paper(brief: Brief) -> dict[str, Any]:
    """What the templates are given of a brief: JSON-ready."""
    facts = brief.facts
    released = brief.released_at
    return {
        "title": brief_title(brief.year, brief.month),
        "leader": facts["leader"],
        "post": facts["post"],
        "period": f"{_day(facts['starts_on'])}至{_day(facts['ends_on'])}",
        "paragraphs": _paragraphs(brief.text),
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
                "status": row["status"] + ("（曾超期）" if row["late"] else ""),
            }
            for row in facts["needs"].get("items", ())
        ],
        "released_on": _day(clock.local(released).date().isoformat()) if released is not None else "（未签发）",
    }


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
        "需求": f"{needs.get('started', 0)} 件（{outcomes}）",
        "活动": f"{activities['total']} 场，邀请 {activities['invited']} 人次，到场 {activities['attended']} 人次",
        "自行协调事项": f"{matters['total']} 件，办结 {matters['solved']} 件",
        "联系对象人数": f"{quotas['met']}/{quotas['leaders']} 位领导达到规定人数",
        "年度访谈（B类）": f"{interviews['done']}/{interviews['pairs']} 对已满 2 次",
    }
    return [{"name": name, "value": value} for name, value in told.items()]


def _made(name: str, data: Mapping[str, Any], kind: str, made_at: Any, templates: Path, type_folder: Path) -> bytes:
    if kind == "pdf":
        return render(templates / f"{name}.typ", data, made_at=made_at, type_folder=type_folder)
    if kind == "docx":
        return render_word(templates / f"{name}.docx", data)
    raise Invalid("文件格式只能是 PDF 或 Word")


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _listed(names: Mapping[str, str], counts: Mapping[str, int], measure: str) -> str:
    told: Sequence[str] = [f"{name} {counts[key]} {measure}" for key, name in names.items() if counts.get(key)]
    return "、".join(told) or "无"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日"
