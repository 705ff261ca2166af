"""Half-year reports, briefs to leaders, the assessment sheet (T6, R3, R5, O1)."""

from service.reports.assessment import LeaderRow, Sheet, UnitRow, assessment_sheet
from service.reports.briefed import briefed_leaders, find_brief, leaders_without_brief
from service.reports.commands import (
    accept_report,
    compile_report,
    draft_brief,
    edit_brief,
    edit_report,
    hold_brief,
    read_brief,
    release_brief,
    return_report,
    submit_report,
)
from service.reports.dues import due_of, due_provisional, move_due
from service.reports.filters import BriefFilter, ReportFilter
from service.reports.models import Brief, HalfYearReport
from service.reports.papers import brief_document, report_document, roll_up_document
from service.reports.queries import (
    brief_of,
    find_report,
    get_brief,
    get_report,
    reads_brief,
    reporting_units,
    roll_up,
    rounds_of,
    search_briefs,
    search_reports,
    unread_briefs,
)
from service.reports.rules import HALVES, INDICATORS, REPORT_DAYS, REPORT_STATUSES, SECTIONS, Figure, Score, score

__all__ = [
    "HALVES",
    "INDICATORS",
    "REPORT_DAYS",
    "REPORT_STATUSES",
    "SECTIONS",
    "Brief",
    "BriefFilter",
    "Figure",
    "HalfYearReport",
    "LeaderRow",
    "ReportFilter",
    "Score",
    "Sheet",
    "UnitRow",
    "accept_report",
    "assessment_sheet",
    "brief_document",
    "brief_of",
    "briefed_leaders",
    "compile_report",
    "draft_brief",
    "due_of",
    "due_provisional",
    "edit_brief",
    "edit_report",
    "find_brief",
    "find_report",
    "get_brief",
    "get_report",
    "hold_brief",
    "leaders_without_brief",
    "move_due",
    "read_brief",
    "reads_brief",
    "release_brief",
    "report_document",
    "reporting_units",
    "return_report",
    "roll_up",
    "roll_up_document",
    "rounds_of",
    "score",
    "search_briefs",
    "search_reports",
    "submit_report",
    "unread_briefs",
]
