"""提醒设置: over which channel each gets which notice; 提醒样式: how notices read and who gets them (W10)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, notifications
from service.config import load_notifications
from service.config.notifications import FILE, WHOM
from service.errors import Invalid
from service.http.context import actor, db, settings, wired
from service.notifications.channels import MAIL
from service.notifications.samples import samples
from service.notifications.ways import ALL, PERSONAL, WAYS, open_channels, own_ways
from service.web.access import requires
from service.web.answers import done, sent, text

blueprint = Blueprint("notice_settings", __name__)


@blueprint.get("/notices/settings")
@requires(for_administrators=True)
def index() -> ResponseReturnValue:
    """How the reader gets notices that leave the system, and where they go."""
    mine = own_ways(db(), actor(), wired().wordings, settings().mail, clock.today())
    kinds: dict[str, dict[str, Any]] = {}
    for one in mine.choices:
        kinds.setdefault(one.kind, {"name": one.name, "channels": {}})["channels"][one.channel] = one
    return render_template(
        "notices/settings.html",
        mine=mine,
        kinds=kinds,
        chosen=any(one.way is not None for one in mine.choices),
        names=PERSONAL,
        ways=WAYS,
        all_kinds=ALL,
    )


@blueprint.post("/notices/settings/address")
@requires(for_administrators=True)
def set_address() -> ResponseReturnValue:
    """Sets where the reader's notices go over a channel; an empty field takes the address out."""
    fields, me, now = sent(), actor(), clock.now()
    channel, address = text(fields, "channel"), text(fields, "address").strip() or None
    if channel == MAIL:
        notifications.set_mail_address(db(), username=me.username, address=address, actor=me, now=now)
    else:
        notifications.set_chat_address(db(), username=me.username, channel=channel, address=address, actor=me, now=now)
    said = "已保存" if address is not None else "已清除"
    return done(f"{PERSONAL[channel]}地址{said}。", url_for("web.notice_settings.index"))


@blueprint.post("/notices/settings")
@requires(for_administrators=True)
def choose() -> ResponseReturnValue:
    """Sets the reader's choices: fields ``kind.channel``, empty as usual."""
    fields, me = sent(), actor()
    kinds = {ALL: "", **{kind: one.name for kind, one in wired().wordings.items()}}
    choices = {}
    for kind in kinds:
        for channel in PERSONAL:
            if way := text(fields, f"{kind}.{channel}"):
                choices[kind, channel] = way
    notifications.set_choices(
        db(),
        username=me.username,
        choices=choices,
        kinds=kinds,
        channels=open_channels(settings().mail),
        actor=me,
        now=clock.now(),
    )
    return done("提醒设置已保存。", url_for("web.notice_settings.index"))


@blueprint.get("/notices/wordings")
@requires(right="preview_notices")
def wordings() -> ResponseReturnValue:
    """Every kind of notice as it reads with facts of an example, inside and outside the system, and who gets it.

    Read from the office's file as it stands now: what is wrong with it is told with the line.
    """
    try:
        found = load_notifications(wired().config)
    except Invalid as error:
        return render_template("notices/wordings.html", wrong=error.findings, file=FILE, samples=(), whom=WHOM)
    shown = samples(found)
    return render_template("notices/wordings.html", wrong=(), file=FILE, samples=shown, whom=WHOM)
