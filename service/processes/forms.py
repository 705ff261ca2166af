"""Forms: JSON Schema from the bundle, checked here on the server with messages for staff."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import jsonschema_rs

from service.canonical import DEEPEST, normalized
from service.errors import Finding, Invalid
from service.processes.bounds import LARGEST_FORM, LARGEST_STORED, unfolded
from service.processes.form_dates import date_findings
from service.processes.terms import TYPES
from service.spelling import half_width, tidy, unusable
from service.workdays import Calendar

MAX_BYTES = 1_000_000
MOST_VALUES = 10_000
"""Texts, numbers, lists … that one form may bring."""
FILES = "files"
"""The kind of records (``x-ref``) that are attached files: uploaded beside the form, handed in with it."""
UNLIKE = "x-unlike"
"""Names another field of the form whose value this one must not have, nor hold."""
NEW_UNIT, OTHERS_GO_ON = "x-new-unit", "x-others-go-on"
"""Of a field that picks a unit: one without a part in the round. Of choices: the one that gives the slot up."""
MOST_PAIRS = 200_000
"""Parts of a schema times values, up to which a form is told all that is wrong at once."""
_SINGLE = frozenset({str, int, float, bool, type(None)})
"""The kinds of values of JSON that hold no other."""
_Picking = list[tuple[str, str | None, str | None]]
"""Fields that pick records: name, kind of the record that each names, kind of those that its items name."""


@dataclass(frozen=True)
class Form:
    """A form of a user task. ``fields``: every property that any branch of the schema names."""

    name: str
    schema: Mapping[str, Any]
    ui_schema: Mapping[str, Any]
    fields: Mapping[str, Mapping[str, Any]]
    validator: Any = field(repr=False)
    parts: int = 1
    """Of the schema, with all references followed."""
    endless: bool = False
    """Whether a reference leads back to itself."""

    @property
    def undrawable(self) -> str:
        """Why nobody is given the form to fill in, in words for people; empty for every form that the checks let pass.

        It was deployed before forms were counted, and whoever draws it would unfold all of it.
        """
        if self.endless:
            why = "表单的引用（$ref）绕回了自己，没有尽头"
        elif self.parts > LARGEST_FORM:
            why = f"表单过大：引用展开后有 {self.parts:,} 处，最多显示 {LARGEST_FORM:,} 处"
        else:
            return ""
        title = self.schema.get("title") or self.name
        return f"{why}。请流程管理员精简表单“{title}”后重新部署；本事项按原版本办理，须办结的请联系系统管理员。"

    def prefill(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The values that the page starts with: fields marked ``x-prefill``, from the data. Never a decision.

        A field that names where its value stands (``file.values.post``) takes it from there until the form has been
        filled in: what somebody emptied does not come back.
        """
        ways = {name: way for name, schema in self.fields.items() if (way := schema.get("x-prefill"))}
        known = {name: data[name] for name in ways if data.get(name) is not None}
        paths = {name: way for name, way in ways.items() if isinstance(way, str)}
        if known.keys() & paths:
            return known
        return known | {name: value for name, way in paths.items() if (value := _at(data, way)) is not None}

    def check(self, data: Any, *, today: date, calendar: Calendar, partial: bool = False) -> dict[str, Any]:
        """``data`` as it may be stored, else Invalid with one finding a field (path ``/data/<field>``).

        ``partial``: fields may still be missing (prefilled data of a new instance).
        """
        clean = plain_data(data)
        for name in self._dates:
            if isinstance(clean.get(name), str):
                clean[name] = half_width(clean[name])
        if len(json.dumps(clean, ensure_ascii=False).encode()) > MAX_BYTES:
            raise Invalid("表单内容过大", [Finding("/data", "内容超过 1 MB，请精简文字，材料请以附件提交")])
        findings = [*self._schema_findings(clean, partial), *self._text_findings(clean)]
        bad = {finding.path for finding in findings}
        for name in self._dates:
            if isinstance(clean.get(name), str) and f"/data/{name}" not in bad:
                findings.extend(date_findings(name, clean[name], self.fields[name], today, calendar))
        findings += [one for one in self._same_findings(clean) if one.path not in bad]
        if findings:
            raise Invalid(f"表单有 {len(findings)} 处需要修改", findings)
        return clean

    @cached_property
    def _dates(self) -> tuple[str, ...]:
        """The names of the fields that take a date."""
        return tuple(name for name, schema in self.fields.items() if schema.get("format") == "date")

    @cached_property
    def _unlike(self) -> tuple[tuple[str, str], ...]:
        """(field, the other field whose value it must not have)."""
        return tuple((name, str(schema[UNLIKE])) for name, schema in self.fields.items() if UNLIKE in schema)

    @cached_property
    def listing(self) -> tuple[str, str] | None:
        """(list, kind) of the records that the task is about and its fields pick from; None where it has no list."""
        for schema in self.fields.values():
            for part in (schema, schema.get("items")):
                if isinstance(part, Mapping) and "x-among" in part:
                    return str(part["x-among"]), str(part.get("x-ref"))
        return None

    @cached_property
    def files(self) -> frozenset[str]:
        """The names of the fields that take files."""
        parts = ((name, schema.get("items")) for name, schema in self.fields.items())
        return frozenset(name for name, part in parts if isinstance(part, Mapping) and part.get("x-ref") == FILES)

    def references(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """(path, kind, value) of every picked record in ``data`` (``x-ref``)."""
        return _picked(self._referring, data)

    def picks(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """(path, list, value) of every picked record in ``data`` that must stand on a list (``x-among``)."""
        return _picked(self._picking, data)

    @cached_property
    def _referring(self) -> _Picking:
        return self._saying("x-ref")

    @cached_property
    def _picking(self) -> _Picking:
        return self._saying("x-among")

    def _saying(self, word: str) -> _Picking:
        """The fields that say ``word``, with what each says itself and what its items say (None: nothing)."""
        found: _Picking = []
        for name, schema in self.fields.items():
            items = schema.get("items")
            own, of_items = schema.get(word), items.get(word) if isinstance(items, dict) else None
            if own or of_items:
                found.append((name, str(own) if own else None, str(of_items) if of_items else None))
        return found

    def warnings(self, data: Mapping[str, Any], entered: date, today: date, calendar: Calendar) -> list[str]:
        """The warnings for the person, which never stop anything (``x-warn``)."""
        found = []
        for rule in self.schema.get("x-warn", []):
            passed = calendar.between(entered, today)
            fits = jsonschema_rs.is_valid(rule.get("if", {}), data, pattern_options=_STORED_PATTERNS)
            if passed > int(rule.get("after_working_days", -1)) and fits:
                found.append(str(rule["message"]))
        return found

    def _schema_findings(self, data: dict[str, Any], partial: bool) -> Iterator[Finding]:
        seen: set[str] = set()
        unexpected: list[str] = []
        for error in self._errors(data):
            kind = error.kind.name
            if kind in ("unevaluatedProperties", "additionalProperties"):
                unexpected.extend(f"{_pointer(error.instance_path)}/{name}" for name in error.kind.unexpected)
                continue
            if kind == "required":
                if partial:
                    continue
                path = f"{_pointer(error.instance_path)}/{error.kind.property}"
            else:
                path = _pointer(error.instance_path)
            if path not in seen:
                seen.add(path)
                yield Finding(path, self._message(path, kind, error))
        for path in dict.fromkeys(unexpected):
            known = path.rsplit("/", 1)[-1] in self.fields
            if path not in seen and not (known and (seen or partial)):
                reason = "本次选择的结果不需要填写该项，请删去" if known else "没有这个字段，请删去"
                yield Finding(path, f"{self._label(path)}：{reason}")

    def _errors(self, data: dict[str, Any]) -> Iterable[Any]:
        """The validator's errors: all of them, but of very much content only the first thing. It makes a list of all
        errors at once, and each keeps what it is about: a megabyte of wrong values would take hundreds."""
        if self.parts * values_in(data) <= MOST_PAIRS:
            found: Iterable[Any] = self.validator.iter_errors(data)
            return found
        try:
            self.validator.validate(data)
        except jsonschema_rs.ValidationError as error:
            return [error]
        return []

    def _text_findings(self, data: Mapping[str, Any]) -> Iterator[Finding]:
        for name, value in data.items():
            faults = [(path, fault) for path, text in _texts(f"/data/{name}", value) if (fault := _fault(text))]
            blank = isinstance(value, str) and not value.strip() and name in self.schema.get("required", [])
            if blank and not faults:
                faults = [(f"/data/{name}", "不能只填空格")]
            if faults:
                label = self._label(f"/data/{name}")
                yield from (Finding(path, f"{label}：{fault}") for path, fault in faults)

    def _same_findings(self, data: Mapping[str, Any]) -> Iterator[Finding]:
        """Values that another field has as well, though the form sets them apart (``x-unlike``)."""
        for name, other in self._unlike:
            given, taken = data.get(name), data.get(other)
            if taken and taken in (given if isinstance(given, list) else [given]):
                labels = self._label(f"/data/{name}"), self._label(f"/data/{other}")
                yield Finding(f"/data/{name}", "{}：与“{}”选了同一项，请改选或删去".format(*labels))

    def _label(self, path: str) -> str:
        name = path.split("/")[2] if path.count("/") >= 2 else ""
        return str(self.fields.get(name, {}).get("title") or name or "表单")

    def _title_there(self, path: str, where: Iterable[str | int]) -> str | None:
        """The title that the field at ``path`` has in the branch in which the schema judges it."""
        title, part, name = None, self.schema, path.split("/")[2] if path.count("/") >= 2 else ""
        for step in where:
            title = _at(part, f"properties.{name}.title") or title
            try:
                part = part[step]  # type: ignore[index]  # a step into a list is its position
            except (KeyError, IndexError, TypeError):  # behind a reference, whose steps lie elsewhere
                break
        return title

    def _message(self, path: str, kind: str, error: Any) -> str:
        label = self._title_there(path, error.schema_path) or self._label(path)
        limit = getattr(error.kind, "limit", None)
        texts = {
            "required": "必填，请填写",
            "minLength": "必填，请填写" if limit == 1 else f"至少 {limit} 个字",
            "maxLength": f"不能超过 {limit} 个字",
            "minItems": f"至少选择 {limit} 项",
            "maxItems": f"最多 {limit} 项",
            "minimum": f"不能小于 {limit}",
            "maximum": f"不能大于 {limit}",
            "uniqueItems": "有重复的项，请删去",
            "oneOf": "请从列出的选项中选择",
            "enum": "请从列出的选项中选择",
            "const": "请从列出的选项中选择",
            "pattern": "格式不正确",
            "format": "日期请写成 2026-01-31 的格式" if getattr(error.kind, "format", "") == "date" else "格式不正确",
            "type": "类型不正确，应为" + "或".join(TYPES.get(one, one) for one in getattr(error.kind, "types", [])),
        }
        return f"{label}：{texts.get(kind, '内容不符合要求')}"


def plain_data(data: Any) -> dict[str, Any]:
    """``data`` of a form, tidied and as both databases keep it.

    Raises Invalid (paths ``/data/…``) for what none can keep.
    """
    if not isinstance(data, Mapping):
        raise Invalid("表单内容必须是对象", [Finding("/data", "请按字段提交表单内容")])
    if values_in(data) > MOST_VALUES:
        largest = max(data, key=lambda name: values_in(data[name]))
        message = f"内容最多 {MOST_VALUES:,} 项，请精简或分几次提交"
        raise Invalid("表单内容过多", [Finding(f"/data/{str(largest)[:80]}", message)])
    try:
        clean: dict[str, Any] = normalized(_tidied(dict(data)))
    except Invalid as error:
        findings = [Finding("/data" + found.path, found.message) for found in error.findings]
        raise Invalid("表单内容有误", findings) from error
    return clean


def values_in(data: Any) -> int:
    """How many values ``data`` holds, itself included; counted no further than a little over MOST_VALUES."""
    count, waiting = 1, [data]
    while waiting and count <= MOST_VALUES:
        value = waiting.pop()
        held = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
        count += len(held)
        waiting += [one for one in held if type(one) not in _SINGLE]
    return count


def _tidied(value: Any, depth: int = 0) -> Any:
    """The texts in ``value`` as people meant them; what is too deep stays for ``normalized`` to refuse."""
    if isinstance(value, str):
        return tidy(value)
    if depth > DEEPEST:
        return value
    if isinstance(value, dict):
        return {name: _tidied(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tidied(item, depth + 1) for item in value]
    return value


def _picked(fields: _Picking, data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, kind, kind_of_items in fields:
        value = data.get(name)
        if kind and isinstance(value, str):
            yield f"/data/{name}", kind, value
        if kind_of_items and isinstance(value, list):
            for position, item in enumerate(value):
                yield f"/data/{name}/{position}", kind_of_items, str(item)


def load_form(name: str, schema: bytes, ui_schema: bytes | None) -> Form:
    """The form ``name`` of a bundle. Raises Invalid when either file is not what it should be."""
    content = _json(f"forms/{name}.json", schema)
    counted = unfolded(content)
    parts = counted or LARGEST_FORM  # one that refers to itself unfolds with the data alone
    if parts > LARGEST_STORED:
        message = f"引用展开后超过 {LARGEST_STORED:,} 处，不能使用；请精简引用后重新部署"
        raise Invalid(f"表单 {name} 过大", [Finding(f"forms/{name}.json", message)])
    try:
        validator = _validator(content)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise Invalid(
            f"表单 {name} 不是有效的 JSON Schema", [Finding(f"forms/{name}.json", "请用 liaison check 检查后修改")]
        ) from error
    return Form(
        name=name,
        schema=content,
        ui_schema=_json(f"forms/{name}.ui.json", ui_schema) if ui_schema else {},
        fields=dict(_fields(content)),
        validator=validator,
        parts=parts,
        endless=counted is None,
    )


_PATTERNS = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=1_000_000)
"""An engine whose time grows with the text, whatever the pattern; the checks admit what it knows."""
_STORED_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000, size_limit=1_000_000)
"""For patterns that were deployed before: they may look ahead."""


def _validator(schema: dict[str, Any]) -> Any:
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, pattern_options=_PATTERNS)
    except (ValueError, jsonschema_rs.ValidationError):
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, pattern_options=_STORED_PATTERNS)


def _at(data: Any, path: str) -> Any:
    """The value in ``data`` under a path of names; None where nothing does."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """(path, text) of every text in ``value``."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(f"{path}/{name}", item)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(f"{path}/{position}", item)


def _fault(text: str) -> str:
    return unusable(text, allowed="\n\r\t")


def _json(name: str, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            f"{name} 不是有效的 JSON", [Finding(name, "请核对引号、逗号和括号，或用 liaison check 检查")]
        ) from error
    if not isinstance(value, dict):
        raise Invalid(f"{name} 的内容必须是对象", [Finding(name, "请以 { 开头")])
    return value


def _fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property of the form; a branch that only tests a value (``if``) does not define a field."""
    for key in ("then", "else"):
        if isinstance(schema.get(key), dict):
            yield from _fields(schema[key])
    for key in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(key, []):
            if isinstance(branch, dict):
                yield from _fields(branch)
    for name, content in schema.get("properties", {}).items():
        if isinstance(content, dict):
            yield name, content


def _pointer(path: list[str | int]) -> str:
    return "/data" + "".join(f"/{part}" for part in path)
