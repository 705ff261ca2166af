"""Changes in forms, by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from service.checks.form_model import Field, Form, form_of
from service.errors import Invalid
from service.processes.bounds import LARGEST_FORM, unfolded
from service.studio.difference.shape import ADDED, CHANGED, REMOVED, Change, other

WORDS: Mapping[str, str] = {
    "title": "名称",
    "description": "说明",
    "type": "类型",
    "format": "格式",
    "minLength": "最少字数",
    "maxLength": "最多字数",
    "minimum": "最小值",
    "maximum": "最大值",
    "exclusiveMinimum": "应大于",
    "exclusiveMaximum": "应小于",
    "minItems": "最少几项",
    "maxItems": "最多几项",
    "pattern": "格式要求",
    "default": "默认值",
    "x-prefill": "自动带出",
    "x-ref": "选自哪种记录",
    "x-among": "选自哪份名单",
    "x-private": "隐私种类",
    "x-own": "只属本步骤",
    "x-date": "日期要求",
    "x-within-working-days": "几个工作日以内",
    "x-warn": "提醒",
    "x-options": "选项来自",
    "ui:widget": "控件",
    "ui:help": "填写说明",
    "ui:placeholder": "提示文字",
    "ui:options": "显示方式",
    "ui:order": "字段的先后",
}
_CHOICES = ("oneOf", "anyOf", "enum", "const", "items")
_WHOLE = ("properties", "required", "title", "$schema", "$id", "type")


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[Change]:
    """The changes, form by form. Raises Invalid for a file that is no JSON object."""
    old, new = _read(before), _read(after)
    names = sorted({_form_name(name) for name in (*old, *new)})
    for name in names:
        file = f"forms/{name}.json"
        mine, theirs = old.get(file), new.get(file)
        if mine is None and theirs is None:
            continue
        if mine is None:
            yield Change(ADDED, file, name, name, (f"新增表单「{_title(theirs, name)}」",))
        elif theirs is None:
            yield Change(REMOVED, file, name, name, (f"删除表单「{_title(mine, name)}」",))
        else:
            page = f"forms/{name}.ui.json"
            yield from _form(file, name, mine, theirs, old.get(page) or {}, new.get(page) or {})


def _form(
    file: str, name: str, old: dict[str, Any], new: dict[str, Any], old_ui: dict[str, Any], new_ui: dict[str, Any]
) -> Iterator[Change]:
    said = f"表单「{_title(new, name)}」"
    mine, theirs = (form_of(name, file, "", one) for one in (old, new))
    must_before, must_now = _required(old), _required(new)
    whole = list(_whole(old, new, old_ui, new_ui, mine, theirs))
    if whole:
        yield Change(CHANGED, file, name, name, tuple(f"{said}：{line}" for line in whole))
    for one, field in theirs.fields.items():
        called = _field_name(field)
        if one not in mine.fields:
            must = "（必填）" if one in must_now else ""
            yield Change(ADDED, file, name, one, (f"{said}：新增字段「{called}」{must}",))
            continue
        lines = list(_field(mine.fields[one], field))
        if (one in must_before) != (one in must_now):
            lines.append("改为必填" if one in must_now else "改为选填")
        lines += _said(_page(old_ui, one), _page(new_ui, one))
        if lines:
            yield Change(CHANGED, file, name, one, tuple(f"{said}的字段「{called}」：{line}" for line in lines))
    for one, field in mine.fields.items():
        if one not in theirs.fields:
            yield Change(REMOVED, file, name, one, (f"{said}：删除字段「{_field_name(field)}」",))


def _whole(
    old: dict[str, Any], new: dict[str, Any], old_ui: dict[str, Any], new_ui: dict[str, Any], mine: Form, theirs: Form
) -> Iterator[str]:
    if old.get("title") != new.get("title"):
        yield other("名称", old.get("title"), new.get("title"))
    order = [one for one in mine.fields if one in theirs.fields]
    if order != [one for one in theirs.fields if one in mine.fields]:
        yield "字段的先后有变"
    rules = [{key: value for key, value in one.items() if key not in _WHOLE} for one in (old, new)]
    if json.dumps(rules[0], sort_keys=True) != json.dumps(rules[1], sort_keys=True):
        yield "随填写内容而变的要求（何时显示、何时必填、提醒）有变"
    top = [{key: value for key, value in one.items() if key.startswith("ui:")} for one in (old_ui, new_ui)]
    yield from _said(top[0], top[1])


def _field(old: Field, new: Field) -> Iterator[str]:
    mine, theirs = _options(old.schema), _options(new.schema)
    for option, title in theirs.items():
        if option not in mine:
            yield f"增加选项「{title}」"
        elif mine[option] != title:
            yield other("选项名称", mine[option], title)
    yield from (f"去掉选项「{title}」" for option, title in mine.items() if option not in theirs)
    if [one for one in mine if one in theirs] != [one for one in theirs if one in mine]:
        yield "选项的先后有变"
    plain = [{key: value for key, value in one.schema.items() if key not in _CHOICES} for one in (old, new)]
    yield from _said(plain[0], plain[1])
    if not mine and not theirs and old.schema.get("items") != new.schema.get("items"):
        yield "每一项的内容有变"


def _said(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in [*new, *(key for key in old if key not in new)]:
        if old.get(key) == new.get(key):
            continue
        what = WORDS.get(key, f"属性 {key} ")
        if any(isinstance(one.get(key), dict | list) for one in (old, new)):
            yield f"{what}有变"
        else:
            yield other(what, old.get(key), new.get(key))


def _options(schema: Mapping[str, Any]) -> dict[str, str]:
    """Value → title of each choice, of the field or of the items of its list."""
    inner = schema.get("items")
    for one in (schema, inner if isinstance(inner, dict) else {}):
        for word in ("oneOf", "anyOf"):
            choices = one.get(word)
            if isinstance(choices, list):
                found = [choice for choice in choices if isinstance(choice, dict) and "const" in choice]
                return {str(choice["const"]): str(choice.get("title") or choice["const"]) for choice in found}
        if isinstance(one.get("enum"), list):
            return {str(choice): str(choice) for choice in one["enum"]}
    return {}


def _required(schema: dict[str, Any]) -> set[str]:
    listed = schema.get("required")
    return {str(one) for one in listed} if isinstance(listed, list) else set()


def _page(ui: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = ui.get(name)
    return found if isinstance(found, dict) else {}


def _field_name(field: Field) -> str:
    return str(field.schema.get("title") or field.name)


def _title(schema: dict[str, Any] | None, name: str) -> str:
    return str((schema or {}).get("title") or name)


def _form_name(file: str) -> str:
    return file.removeprefix("forms/").removesuffix(".json").removesuffix(".ui")


def _read(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, content in files.items():
        try:
            value = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise Invalid(f"文件 {name} 不是 JSON") from error
        if not isinstance(value, dict):
            raise Invalid(f"文件 {name} 不是 JSON 对象")
        parts = unfolded(value)
        if parts is None or parts > LARGEST_FORM:  # a draft may hold one that would unfold for ever
            raise Invalid(f"文件 {name} 的引用展开后过大")
        found[name] = value
    return found
