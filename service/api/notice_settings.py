"""How I get notices: over which channel, and how; where they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import clock, notifications
from service.api.calls import Calls
from service.api.fields import Body, Choice, List, Nested, Said, Schema, Text
from service.errors import Finding, Invalid
from service.http.context import actor, db, settings, wired
from service.notifications.channels import MAIL
from service.notifications.ways import ALL, PERSONAL, WAYS, open_channels, own_ways

calls = Calls("account", "The own account", noun="notice_settings")


class ChannelItem(Schema):
    """A channel that the office has opened. ``address``: mine, null while none is entered; ``way``: what holds for all
    kinds without a choice of their own, null as usual."""

    channel = Said(required=True)
    name = Said(required=True)
    address = Said(required=True, allow_none=True)
    way = Said(required=True, allow_none=True)


class ChoiceItem(Schema):
    """A kind of notice over a channel: ``way`` now, digest or off, as I chose (null: not); ``usual`` without that."""

    kind = Said(required=True)
    name = Said(required=True)
    channel = Said(required=True)
    way = Said(required=True, allow_none=True)
    usual = Said(required=True)


class NoticeSettings(Schema):
    """How I get notices. The inbox has all of them anyway."""

    channels = List(Nested(ChannelItem), required=True)
    choices = List(Nested(ChoiceItem), required=True)


class ChosenBody(Body):
    """A choice: ``kind`` of a notice, or all."""

    kind = Text(required=True, longest=40)
    channel = Choice(*PERSONAL, required=True)
    way = Choice(*WAYS, required=True)


class ChoicesBody(Body):
    """All my choices: what is not among them comes as usual."""

    choices = List(Nested(ChosenBody), required=True)


class AddressBody(Body):
    """Where notices go over a channel; null: nowhere."""

    channel = Choice(*PERSONAL, required=True)
    address = Text(required=True, allow_none=True, longest=254)


@calls.get("/me/notice-settings", answer=NoticeSettings, for_administrators=True)
def notice_settings() -> Mapping[str, Any]:
    """How I get which notice, and where it goes."""
    mine = own_ways(db(), actor(), wired().wordings, settings().mail, clock.today())
    return {
        "channels": [
            {"channel": channel, "name": PERSONAL[channel], "address": address, "way": mine.general[channel]}
            for channel, address in mine.addresses.items()
        ],
        "choices": mine.choices,
    }


@calls.post("/me/notice-choices", answer=NoticeSettings, body=ChoicesBody, for_administrators=True)
def choose(body: dict[str, Any]) -> Mapping[str, Any]:
    """Sets all my choices."""
    kinds = {ALL: "", **{kind: one.name for kind, one in wired().wordings.items()}}
    choices = {(one["kind"], one["channel"]): one["way"] for one in body["choices"]}
    if len(choices) < len(body["choices"]):
        raise Invalid("选择有重复", [Finding("/choices", "同一种提醒、同一渠道只能选一次")])
    notifications.set_choices(
        db(),
        username=actor().username,
        choices=choices,
        kinds=kinds,
        channels=open_channels(settings().mail),
        actor=actor(),
        now=clock.now(),
    )
    return notice_settings()


@calls.post("/me/notice-addresses", answer=NoticeSettings, body=AddressBody, for_administrators=True)
def set_address(body: dict[str, Any]) -> Mapping[str, Any]:
    """Sets where my notices go over a channel; the journal says that it changed, not to what."""
    me, address = actor(), body["address"] or None
    if body["channel"] == MAIL:
        notifications.set_mail_address(db(), username=me.username, address=address, actor=me, now=clock.now())
    else:
        notifications.set_chat_address(
            db(), username=me.username, channel=body["channel"], address=address, actor=me, now=clock.now()
        )
    return notice_settings()
