"""无法继续的事项: the cases that nobody can move, why, and the ways out.

Owners see the number, process, version, step and reason of a case, and nothing of its content.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.http.context import actor, db
from service.processes import freeing, stuck
from service.processes.definitions import list_definitions
from service.processes.migrating import RIGHT as MOVE
from service.processes.migrating import Choices, migrate
from service.processes.visibility import sees_all
from service.rights import may
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text, whole

blueprint = Blueprint("stuck", __name__)


@blueprint.get("/stuck")
@requires(right=freeing.RIGHT)
def index() -> ResponseReturnValue:
    """The cases, the oldest first."""
    versions: dict[str, list[int]] = {}
    for one in list_definitions(db()):
        versions.setdefault(one.key, []).append(one.version)
    return render_template(
        "stuck/stuck.html",
        page=stuck.stuck_cases(db(), clock.today(), limit=PER_PAGE, offset=offset()),
        kinds=stuck.KINDS,
        versions=versions,
        sees_content=sees_all(actor()),
        may={right: may(actor(), right) for right in (MOVE, "manage_accounts", "retry_incidents", "operate_cases")},
    )


@blueprint.post("/stuck/<uuid:instance_id>/return")
@requires(right=freeing.RIGHT)
def put_back(instance_id: UUID) -> ResponseReturnValue:
    """退回到前一步骤, and on to another version where one is chosen."""
    fields = sent()
    scope, _, target = text(fields, "target").rpartition("/")
    freeing.put_back(
        db(),
        instance_id=instance_id,
        scope=scope,
        target=target,
        task_id=text(fields, "task") or None,
        to=whole(fields, "to") or None,
        reason=text(fields, "reason"),
        actor=actor(),
        now=clock.now(),
    )
    return done("已退回，该步骤的承办人会收到待办提醒。", url_for("web.stuck.index"))


@blueprint.post("/stuck/<uuid:instance_id>/migrate")
@requires(right=MOVE)
def move(instance_id: UUID) -> ResponseReturnValue:
    """迁移到另一版: the dates of open tasks stay as promised."""
    fields = sent()
    to, choices = whole(fields, "to"), Choices(reason=text(fields, "note"))
    migrate(db(), instance_id=instance_id, to=to, choices=choices, actor=actor(), now=clock.now())
    return done(f"已迁移到第 {to} 版。仍列在这里的，说明新版还没有补上缺口。", url_for("web.stuck.index"))
