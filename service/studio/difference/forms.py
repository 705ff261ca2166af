"""Changes in forms, by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.checks.form_model import Field, Form, form_of
from service.checks.forms import LISTINGS, REFERENCES
from service.checks.known import LISTS, PRIVATE
from service.errors import Invalid
from service.processes.bounds import LARGEST_FORM, unfolded
from service.studio.difference import conditions
from service.studio.difference.names import Names
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
    "x-fill": "预先填好",
    "x-shared": "几件事项共用",
    "x-ref": "选自哪种记录",
    "x-among": "选自哪份名单",
    "x-file-kinds": "附件种类",
    "x-private": "隐私种类",
    "x-own": "只属本步骤",
    "x-date": "日期要求",
    "x-within-working-days": "几个工作日以内",
    "x-workday": "须是工作日",
    "x-warn": "提醒",
    "x-options": "选项来自",
    "x-unlike": "不能与哪个字段选同一项",
    "x-new-unit": "不能选本轮已在办理的单位",
    "x-others-go-on": "其他单位继续办理时才能选的选项",
    "ui:widget": "控件",
    "ui:help": "填写说明",
    "ui:placeholder": "提示文字",
    "ui:options": "显示方式",
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "type": {
        "string": "文字",
        "integer": "整数",
        "number": "数字",
        "boolean": "是或否",
        "array": "可填几项",
        "object": "一组内容",
    },
    "format": {"date": "日期", "date-time": "日期和时刻", "email": "电子邮箱", "uuid": "记录"},
    "x-ref": REFERENCES,
    "x-among": LISTINGS,
    "x-private": PRIVATE,
    "x-options": LISTS,
    "x-date": {"past": "今天或以前", "future": "今天以后"},
    "ui:widget": {
        "textarea": "多行文字",
        "radio": "全部列出，点选一项",
        "checkboxes": "全部列出，点选几项",
        "select": "下拉列表",
        "hidden": "不显示",
    },
}
"""Word of a form → its codes → what people call them."""
RULES: Mapping[str, str] = {
    conditions.WORD: "随填写内容而变的要求（何时显示、何时必填）有变",
    "x-warn": "提交时的提醒有变",
    "x-dates": "日期先后的要求有变",
}
"""Other rules of a form → the sentence that they changed."""
_CHOICES = ("oneOf", "anyOf", "enum", "const", "items")
_WHOLE = {"properties", "required", "title", "description", "$schema", "$id", "type"}


def changes(
    before: Mapping[str, bytes], after: Mapping[str, bytes], mine_named: Names, theirs_named: Names
) -> Iterator[Change]:
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
            before_side = _Side(form_of(name, file, "", mine), mine, old.get(page) or {}, mine_named)
            after_side = _Side(form_of(name, file, "", theirs), theirs, new.get(page) or {}, theirs_named)
            yield from _form(file, name, before_side, after_side)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two versions of a form: its fields, its schema, how they are shown, and the words for its codes."""

    form: Form
    schema: dict[str, Any]
    page: dict[str, Any]
    names: Names

    @property
    def order(self) -> list[str]:
        """The fields as the page shows them."""
        given = self.page.get("ui:order")
        listed = [str(one) for one in given] if isinstance(given, list) else []
        rest = [one for one in self.form.fields if one not in listed]
        at = listed.index("*") if "*" in listed else len(listed)
        return [one for one in (*listed[:at], *rest, *listed[at + 1 :]) if one in self.form.fields]

    @property
    def required(self) -> set[str]:
        """The fields that must be filled whatever else is."""
        listed = self.schema.get("required")
        return {str(one) for one in listed} if isinstance(listed, list) else set()

    def shown(self, name: str) -> Mapping[str, Any]:
        """How a field is shown."""
        found = self.page.get(name)
        return found if isinstance(found, dict) else {}

    def options(self, field: Field) -> dict[str, str]:
        """Value → title of each choice of a field; those of a list of the house as they are today."""
        return _options(field.schema) or dict(self.names.choice(field.schema))


def _form(file: str, name: str, before: _Side, after: _Side) -> Iterator[Change]:
    said = f"表单「{_title(after.schema, name)}」"
    mine, theirs = before.form, after.form
    when = conditions.differences(before.schema, after.schema, theirs)
    whole = list(_whole(before, after, plain=when is not None))
    if whole:
        yield Change(CHANGED, file, name, name, tuple(f"{said}：{line}" for line in whole))
    for one, field in theirs.fields.items():
        called = _field_name(field)
        if one not in mine.fields:
            must = "（必填）" if one in after.required else ""
            asked = "".join(f"，{line}" for line in (when or {}).get(one, ()))
            yield Change(ADDED, file, name, one, (f"{said}：新增字段「{called}」{must}{asked}",))
            continue
        lines = list(_field(mine.fields[one], field, before, after))
        if (one in before.required) != (one in after.required):
            lines.append("改为必填" if one in after.required else "改为选填")
        lines += (when or {}).get(one, ())
        lines += _said(before.shown(one), after.shown(one))
        if lines:
            yield Change(CHANGED, file, name, one, tuple(f"{said}的字段「{called}」：{line}" for line in lines))
    for one, field in mine.fields.items():
        if one not in theirs.fields:
            yield Change(REMOVED, file, name, one, (f"{said}：删除字段「{_field_name(field)}」",))


def _whole(before: _Side, after: _Side, *, plain: bool) -> Iterator[str]:
    """The changes of the form as a whole; ``plain``: its conditions are told field by field."""
    old, new = before.schema, after.schema
    for key in ("title", "description"):
        if old.get(key) != new.get(key):
            yield other(WORDS[key], old.get(key), new.get(key))
    both = before.form.fields.keys() & after.form.fields.keys()
    if [one for one in before.order if one in both] != [one for one in after.order if one in both]:
        yield "字段的先后有变"
    for key in sorted({*old, *new} - _WHOLE - ({conditions.WORD} if plain else set())):
        if old.get(key) != new.get(key):
            yield RULES.get(key, f"属性 {key} 有变")
    top = [
        {key: one for key, one in side.page.items() if key.startswith("ui:") and key != "ui:order"}
        for side in (before, after)
    ]
    yield from _said(top[0], top[1])


def _field(old: Field, new: Field, before: _Side, after: _Side) -> Iterator[str]:
    mine, theirs = before.options(old), after.options(new)
    for option, title in theirs.items():
        if option not in mine:
            yield f"增加选项「{title}」"
        elif mine[option] != title:
            yield other("选项名称", mine[option], title)
    yield from (f"去掉选项「{title}」" for option, title in mine.items() if option not in theirs)
    if [one for one in mine if one in theirs] != [one for one in theirs if one in mine]:
        yield "选项的先后有变"
    plain = [_named(one.schema) for one in (old, new)]
    yield from _said(plain[0], plain[1])
    inner = [_named(one) if isinstance(one := side.schema.get("items"), dict) else {} for side in (old, new)]
    yield from _said(inner[0], inner[1])


def _named(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a field's schema, with names for their codes; its choices are told apart."""
    found: dict[str, Any] = {}
    for key, one in schema.items():
        if key in _CHOICES:
            continue
        names = VALUES.get(key, {})
        found[key] = names.get(one, one) if isinstance(one, str) else one
    if "default" in found:
        found["default"] = _options(schema).get(str(found["default"]), found["default"])
    return found


def _said(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in [*new, *(key for key in old if key not in new)]:
        if old.get(key) == new.get(key):
            continue
        what = WORDS.get(key, f"属性 {key} ")
        mine, theirs = (VALUES.get(key, {}).get(str(one.get(key)), one.get(key)) for one in (old, new))
        if any(isinstance(one, dict | list) for one in (mine, theirs)):
            yield f"{what}有变"
        else:
            yield other(what, mine, theirs)


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
