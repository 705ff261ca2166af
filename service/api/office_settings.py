"""系统设置: what holds now, who says so, and changing it. For the system administrator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Flag, Form, List, Moment, Nested, Said, Schema, Text, Value, Whole
from service.api.versions import Tagged, seen, tagged
from service.config.editable import DEFAULT
from service.http.context import actor, db, wired
from service.usecases import office_settings as held

calls = Calls("accounts", "Accounts: their roles and second factors", noun="settings")


class SettingItem(Schema):
    """A setting that may be changed. ``name`` is as ``file`` has it, ``value`` as it would write it.

    ``source``: ``environment`` (``variable`` says it, and nobody changes it here), ``page``, or ``file``; ``of_file``
    is what holds without the page. ``basis`` is the policy's sentence; ``by_policy`` is false where there is none.
    ``changed_at``, ``changed_by`` and ``reason`` tell the last change by page or call.
    """

    name = Said(required=True)
    group = Said(required=True)
    label = Said(required=True)
    kind = Said(required=True)
    value = Value(required=True, allow_none=True)
    of_file = Value(required=True, allow_none=True)
    source = Said(required=True)
    variable = Said(required=True)
    file = Said(required=True)
    basis = Said(required=True)
    by_policy = Flag(required=True)
    changed_at = Moment(required=True, allow_none=True)
    changed_by = Said(required=True, allow_none=True)
    reason = Said(required=True, allow_none=True)


class SettingList(Schema):
    """All of them, by their groups. ``version`` is what ``If-Match`` takes in quotes."""

    items = List(Nested(SettingItem), required=True)
    version = Whole(required=True)


class SettingChange(Body):
    """``values``: name → value as the file would write it; ``reset``: names that the files shall say again."""

    values = Form(load_default=dict)
    reset = List(Text(longest=100), load_default=list)
    reason = Text(required=True, longest=held.LONGEST_REASON)


@calls.get("/settings", answer=SettingList, right=held.RIGHT)
def settings() -> Tagged:
    """The settings as they hold now."""
    sheet = held.sheet(db(), wired().settings)
    items = [_item(group.code, one) for group, some in sheet.groups for one in some]
    return tagged({"items": items, "version": sheet.version}, held.EDITS)


@calls.post("/settings", answer=SettingList, body=SettingChange, right=held.RIGHT, versioned=True)
def change(body: dict[str, Any]) -> Tagged:
    """Changes settings, in force at once in every process. Answers all of them."""
    held.change_settings(
        db(),
        settings=wired().settings,
        values=body["values"],
        reset=body["reset"],
        reason=body["reason"],
        seen=seen(),
        actor=actor(),
        now=clock.now(),
    )
    return settings()


def _item(group: str, one: held.Held) -> Mapping[str, Any]:
    setting, change = one.setting, one.change
    return {
        "name": setting.name,
        "group": group,
        "label": setting.label,
        "kind": setting.kind,
        "value": one.value,
        "of_file": one.of_file,
        "source": one.source,
        "variable": one.variable,
        "file": setting.file,
        "basis": setting.basis,
        "by_policy": setting.basis != DEFAULT,
        "changed_at": change.at if change is not None else None,
        "changed_by": change.actor if change is not None else None,
        "reason": change.data["reason"] if change is not None else None,
    }
