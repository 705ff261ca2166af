"""The next step of an auditor after a finding: how grave it is, and what to do first (the guide, parts 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.audit.verifying.acknowledging import may_be_acknowledged

GRAVE, STALE, SINGLE, KNOWN = "甲", "乙", "丙", "已确认"
"""The journal or a definition was changed; stored rows are not as the journal; a single value is doubtful; an auditor
has said why it may stand."""
PRESERVE = "先保全（指南第三节）：备份，不重启、不升级、不改数据"
JOURNAL = f"{PRESERVE}；再到“封存”页用保存在别处的封存核对，看最早改的是哪一条"
MOMENT = "查那时的时钟异常和值班记录；确是时钟被拨回的，在“时间存疑的记录”里写明理由确认；查不出原因的，先保全"
DEFINITION = f"{PRESERVE}；暂停按这一版办理，与部署时的文件、最近一份核验通过的备份对照"
ACCESS = f"{PRESERVE}；查数据库的登录记录，看谁直接改了访问记录"
OF_CASE = "打开事项的“回放”，那里是日志里应有的内容；请系统管理员查明谁直接改了数据库，查明之前不要继续办理"
OF_RECORD = "打开该记录的“变更记录”或“回放”，那里是日志里应有的内容；请系统管理员查明谁直接改了数据库"
COUNTER = "当日核对：在“按编号查文书”里看缺号、重号，请系统管理员改正计数器"
SEARCHED = "核实没有别的不符后，请系统管理员运行 liaison rebuild，由日志重新做出检索用的内容"
SUMMED = "核实没有别的不符后，请系统管理员运行 liaison rebuild，由事项的记录重新做出统计和列表排序用的底稿"
ACKNOWLEDGED = "审计人员已写明理由，不算不符；这一条或核验的说法一有变化，就重新算作不符"
_OF_ALL = frozenset({"seals", "database"})
"""The streams of findings that name no record: what seals and triggers tell of the whole journal."""
CASES = frozenset({"instance", "user_task", "timer", "copy_to", "clock_run", "case_span"})
SUMS = frozenset({"figure_case", "figure_tally", "figure_within", "case_order", "case_said"})
DEFINITIONS = frozenset({"definition", "definition_file", "definition_picture", "calendar_version"})


def advice(found: Mapping[str, Any]) -> tuple[str, str]:
    """The grade of a finding (as ``verification.findings`` keeps it) and the next step."""
    if found.get("acknowledged"):
        return KNOWN, ACKNOWLEDGED
    table, stream = found.get("table"), str(found.get("stream") or "")
    if may_be_acknowledged(found):
        return GRAVE, MOMENT
    if table in CASES:
        return STALE, OF_CASE
    if table == "case_text":
        return SINGLE, SEARCHED
    if table in SUMS:
        return SINGLE, SUMMED
    if table in DEFINITIONS or stream.startswith(("definition:", "calendar")):
        return GRAVE, DEFINITION
    if stream.startswith("access_log"):
        return GRAVE, ACCESS
    if table == "counter" or stream.startswith("counter"):
        return SINGLE, COUNTER
    if table is not None and stream != "database":
        return STALE, OF_RECORD
    return GRAVE, JOURNAL


def advised(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Findings with ``must`` and ``have`` (null in those of before there were any), ``grade`` and ``next``: the gravest
    first, and of these what names a case or a record before what follows from it in the seals."""
    told = []
    for one in findings:
        grade, step = advice(one)
        told.append({"must": None, "have": None, **one, "grade": grade, "next": step})
    grades = (GRAVE, STALE, SINGLE, KNOWN)
    return sorted(told, key=lambda one: (grades.index(one["grade"]), one["stream"] in _OF_ALL))
