"""How the journals of half-year reports and briefs make their rows: verification folds and compares them. Pure."""

from __future__ import annotations

from service.history.folding import Event, Family, Held, Rows
from service.reports.models import Brief, HalfYearReport
from service.reports.rules import ACCEPTED, DRAFT, HALVES, RETURNED, SUBMITTED

_UNSENT = dict.fromkeys(("return_reason", "submitted_by", "submitted_at", "late", "accepted_at"))


def _report(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    row = rows.get(HalfYearReport, key)
    if event.kind == "report_compiled" and row is None:
        first = {"id": key, "unit_code": data["unit"], "status": DRAFT, **_UNSENT}
        first["sections"] = data["facts"]["drafted"]
        rows.put(HalfYearReport, key, data, first, updated_at=event.at)
    elif row is None:
        return
    elif event.kind in ("report_compiled", "report_edited"):
        told = {name: value for name, value in data.items() if name in ("facts", "due_on", "instance_id")}
        rows.set(HalfYearReport, key, told, sections=row["sections"] | data["sections"], updated_at=event.at)
    elif event.kind == "report_due_moved":
        rows.set(HalfYearReport, key, {"due_on": data["due_on"]})
    elif event.kind == "report_submitted":
        told = {"status": SUBMITTED, "return_reason": None, "submitted_by": event.actor, "submitted_at": event.at}
        told |= {"facts": data["facts"], "sections": data["sections"], "late": data["late"]}
        told["due_on"] = data["due_on"]
        rows.set(HalfYearReport, key, told, updated_at=event.at)
    elif event.kind == "report_returned":
        rows.set(HalfYearReport, key, status=RETURNED, return_reason=data["reason"], updated_at=event.at)
    elif event.kind == "report_accepted":
        rows.set(HalfYearReport, key, status=ACCEPTED, accepted_at=event.at, updated_at=event.at)


def _brief(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == "brief_drafted":
        if rows.get(Brief, key) is None:
            first = dict.fromkeys(("released_by", "released_at", "read_at"))
            rows.put(Brief, key, data, first, id=key, created_at=event.at)
        else:
            rows.set(Brief, key, facts=data["facts"])
    elif event.kind == "brief_edited":
        rows.set(Brief, key, text=data["text"])
    elif event.kind == "brief_released":
        rows.set(Brief, key, text=data["text"], released_by=event.actor, released_at=event.at)
    elif event.kind == "brief_read":
        rows.set(Brief, key, read_at=event.at)


FAMILIES = (
    Family(
        "report",
        (
            Held(
                HalfYearReport,
                HalfYearReport.id,
                "半年报告",
                lambda row: f"{row['unit_code']} {row['year']} 年{HALVES.get(row['half'], row['half'])}",
            ),
        ),
        _report,
    ),
    Family("brief", (Held(Brief, Brief.id, "专报", lambda row: f"{row['year']} 年 {row['month']} 月"),), _brief),
)
