"""Bringing a migrated database to where work can begin: units, calendar, shipped processes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from service.actions.table import action_table
from service.audit.upgrade import write_baseline
from service.checks import ActionSignature, CheckContext
from service.checks.gate import checked
from service.checks.house import require_house
from service.checks.wording import ACTIONS, COUNTERS, NOTICES, ROLES, UNITS
from service.config import Organization, Settings
from service.config.notifications import FOR_DIAGRAMS, KINDS
from service.people import sync_units
from service.processes.backfill import fill_lying, fill_spans
from service.processes.bundles import digest_of, read_bundle
from service.processes.definitions import deploy, find_latest, missing_bundles
from service.processes.house_prints import adopt, of_today
from service.processes.options import frozen
from service.processes.rules import STAGES
from service.processes.waking import wake_sleepers
from service.rights import SYSTEM
from service.studio.publishing import has_scenarios, keep_scenarios
from service.usecases.calendars import ensure_calendar
from service.usecases.reliance import RELIED


def prepare(
    session: Session, *, settings: Settings, organization: Organization, config: Path, home: Path, now: datetime
) -> list[str]:
    """Adds missing units, puts the configured calendar in force, deploys shipped processes that are missing.

    ``config`` is the directory of the settings, ``home`` holds ``bpmn`` and ``forms``. Gives a line for each thing
    done.
    """
    filled, lying = fill_spans(session), fill_lying(session)  # before anything below moves a case
    found = write_baseline(session, now=now)
    done = [f"新增单位 {code}" for code in sync_units(session, organization, actor=SYSTEM, now=now)]
    if found:
        done.append(f"升级补记了 {found} 条记录中以前没有写入历史的内容（按现状）")
    if filled:
        done.append(f"由历史补记了 {filled} 件事项各日的状态和检索内容")
    if lying:
        done.append(f"{lying} 件事项有一部分停滞不前，见“无法继续的事项”")
    counted = ensure_calendar(session, config, now=now)
    if counted.changed:
        done.append(f"工作日历有变，重新计算了 {counted.changed} 件事项的期限")
    if counted.job is not None:
        done.append("工作日历有变，未答复事项的期限由后台任务重新计算（请保持 liaison worker 运行）")
    if woken := wake_sleepers(session, now=now):
        done.append(f"{woken} 件停在事件网关的事项恢复等候")
    if kept := adopt(session, now=now):
        done.append(f"{kept} 个流程版本记下了所用的系统打印模板，以后照此打印")
    context = check_context(settings, organization)
    missing = list(missing_bundles(session, bpmn=home / "bpmn", forms=home / "forms"))
    for key, files in missing:
        require_house(of_today(session, key, files), frozen(files, context.options))
    deployed = [
        deploy(session, checked(files, key=key, context=context), actor=SYSTEM, now=now) for key, files in missing
    ]
    _add_scenarios(session, home, context, now)
    return done + [f"部署流程 {one.name}（{one.key}）第 {one.version} 版" for one in deployed]


def _add_scenarios(session: Session, home: Path, context: CheckContext, now: datetime) -> None:
    """Gives shipped versions that are still in force the scenarios that are shipped with them."""
    for folder in sorted((home / "bpmn").glob("*/scenarios")):
        newest = find_latest(session, folder.parent.name)
        if newest is None or has_scenarios(session, newest):
            continue
        files = frozen(read_bundle(folder.parent, home / "forms" / newest.key), context.options)
        if digest_of(files) == newest.digest:
            found = {f"scenarios/{one.name}": one.read_bytes() for one in folder.glob("*.yaml")}
            keep_scenarios(session, newest, found, actor=SYSTEM, now=now)


def check_context(settings: Settings, organization: Organization) -> CheckContext:
    """The facts about this house that the deployment checks need."""
    return CheckContext(
        roles={role.id: role.scope for role in organization.roles.values()},
        actions={
            action.name: ActionSignature(
                parameters={**dict.fromkeys(action.parameters, True), **dict.fromkeys(action.optional, False)},
                sample=action.sample,
                same_as=action.same_as,
                kept=action.kept,
                takes=dict(action.takes),
            )
            for action in action_table(settings).values()
        },
        settings=frozenset(settings.process),
        units=frozenset(organization.units),
        stages={**STAGES, **{stage.code: stage.name for stage in organization.stages.values()}},
        notices={**{kind: KINDS[kind] for kind in FOR_DIAGRAMS}, **settings.notice_kinds},
        options=organization.lists,
        counters={series.code: series.restart for series in settings.counters.values()},
        messages=frozenset(),  # no page and no call sends one
        relied=RELIED,
        names={
            ROLES: {role.id: role.name for role in organization.roles.values()},
            UNITS: {unit.code: unit.name for unit in organization.units.values()},
            ACTIONS: {action.name: action.title for action in action_table(settings).values()},
            NOTICES: {**{kind: KINDS[kind] for kind in FOR_DIAGRAMS}, **settings.notice_kinds},
            COUNTERS: {series.code: series.name for series in settings.counters.values()},
        },
    )
