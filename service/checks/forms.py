"""Forms: JSON Schema 2020-12 without surprises, in Chinese, closed, with texts of bounded length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from service.checks import patterns
from service.checks.bundle import Bundle
from service.checks.findings import CheckContext, Report
from service.checks.form_files import file_faults
from service.checks.form_model import Field, Form, subschemas
from service.checks.sampling import names_in
from service.checks.tasks import reserved
from service.checks.values import compared
from service.checks.wording import data, every
from service.checks.wording import form as form_named
from service.processes.bounds import REFERRING
from service.processes.form_dates import WORKDAY
from service.processes.forms import NEW_UNIT, OTHERS_GO_ON, UNLIKE
from service.processes.privacy import KINDS
from service.processes.terms import TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCES: Mapping[str, str] = {
    "talents": "人才",
    "leaders": "领导的一项任职",
    "units": "单位",
    "people": "人员",
    "cases": "事项",
    "briefs": "专报",
    "files": "附件，随表单一起上传",
}
"""The kinds of records that a form may pick (``x-ref``), each with what it is; the wiring finds them."""
LISTINGS: Mapping[str, str] = {
    "talents_to_check": "本单位须核对信息的人才",
    "talents_to_hand_over": "结束任职的领导留下的、待移交的联系对象",
}
"""The lists from which a form may pick (``x-among``), each with what stands on it; the wiring finds them."""
DATES = frozenset({"past", "future"})

_OWN = frozenset(
    {
        *("x-ref", "x-among", "x-prefill", "x-date", "x-dates", "x-within-working-days", "x-warn", "x-print"),
        *("x-own", "x-private", "x-options", "x-fill", "x-shared", "x-file-kinds", UNLIKE, WORKDAY),
        *(NEW_UNIT, OTHERS_GO_ON),
    }
)
_TICKED: Mapping[str, str] = {
    "x-own": "只说本步骤，不进入事项的数据",
    "x-print": "印在需求处理单上",
    "x-shared": "几件事项一次登记时共用",
    WORKDAY: "日期须是工作日",
    NEW_UNIT: "本轮已在办理或已答复的单位不能选",
}
_PATH = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_NAMING = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_TESTING = frozenset({"if", "not", "contains", "propertyNames", "x-warn"})
_VALUES = frozenset({"const", "enum", "default", "examples"})
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=1_000_000)
"""The engine that the service runs patterns with: its time grows with the text, and it knows no looking ahead."""

LONGEST_FILL = 1_000
"""Characters of what a field is filled with, before its values stand in it."""
MOST_ITEMS = 1_000
"""Of a list in a form."""


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rules form-schema, form-reference, form-closed, form-title, form-text-limit, form-keyword, form-default,
    form-ui, form-unused and data-name."""
    decisions, tested = _decided(bundle), _tested(bundle)
    used = {node.form for process in bundle.processes.values() for node in process.nodes.values()}
    for form in bundle.forms.values():
        report.looking_at(form.file)
        checker = _Checker(form, report)
        if not checker.is_schema():
            continue
        checker.check(decisions, tested, context.functions)
        if form.name not in used:
            report.warning(
                form.file, 1, form.name, "form-unused", "没有哪个任务用这张表单，请删去，或在任务的“表单”里选它"
            )
    for name, ui in bundle.ui.items():
        _ui(name, ui, bundle.forms.get(name), report)


def _decided(bundle: Bundle) -> frozenset[str]:
    """Fields that a gateway branches on."""
    return frozenset(
        name
        for process in bundle.processes.values()
        for flow in process.flows.values()
        if flow.condition
        for name, _ in compared(flow.condition)
    )


def _tested(bundle: Bundle) -> frozenset[str]:
    """Fields that a condition of a flow names in whatever way."""
    conditions = (flow.condition for process in bundle.processes.values() for flow in process.flows.values())
    return frozenset(name for condition in conditions if condition for name in names_in(condition))


class _Checker:
    """One form under inspection."""

    def __init__(self, form: Form, report: Report) -> None:
        self.form, self.report = form, report

    def is_schema(self) -> bool:
        """Whether the file is a usable JSON Schema of an object at all; says why when it is not."""
        schema = self.form.schema
        if not isinstance(schema, dict):
            self._error("form-schema", "表单应是一个 JSON Schema 对象")
            return False
        dialect = schema.get("$schema", DIALECT)
        if dialect != DIALECT:
            self._error("form-schema", f"$schema 应为 {DIALECT}", "$schema")
            return False
        if not self._references_are_local(schema):
            return False
        try:
            jsonschema_rs.meta.validate({**schema, "$schema": DIALECT})
            jsonschema_rs.Draft202012Validator(schema, offline=True, pattern_options=_PATTERNS)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            at = "/".join(str(part) for part in getattr(error, "instance_path", []))
            message = f"不是有效的 JSON Schema 2020-12：{at or '表单'} 处{_schema_words(error)}"
            self._error("form-schema", message, at.rpartition("/")[2])
            return False
        if schema.get("type") != "object":
            self._error("form-schema", "表单的 type 应为 object", "type")
            return False
        return True

    def check(self, decisions: frozenset[str], tested: frozenset[str], functions: frozenset[str]) -> None:
        """Everything that a valid schema must hold besides."""
        schema = self.form.schema
        if not _chinese(schema.get("title")):
            self._error("form-title", "表单没有中文标题（title）", "title")
        if schema.get("unevaluatedProperties") is not False and schema.get("additionalProperties") is not False:
            self._error("form-closed", '表单应写 "unevaluatedProperties": false，不接受多余的数据')
        self._conditions(schema)
        self._limits(schema)
        for field in self.form.fields.values():
            self._field(field, decisions, tested, functions)
        self._own_words(schema)
        for key, message in file_faults(schema, self.form.fields.values()):
            self._error("form-keyword", message, key)

    def _field(
        self, field: Field, decisions: frozenset[str], tested: frozenset[str], functions: frozenset[str]
    ) -> None:
        schema, name = field.schema, field.name
        if reserved(field, functions):
            self._error("data-name", f"字段名 {name[:60]} 应用小写英文字母、数字和下划线，且不能是系统给出的名称", name)
        if not _chinese(schema.get("title")):
            self._error("form-title", f"字段 {name} 没有中文标题（title）", name)
        if name in decisions and field.values is not None:
            if "default" in schema:
                self._error("form-default", f"流程按{data(name)}决定去向，不能有默认值（default）", name)
            if schema.get("x-prefill") and schema.get("type") != "boolean":
                self._error("form-default", f"流程按{data(name)}决定去向，不能预先填上（x-prefill）", name)

        if (other := schema.get(UNLIKE, "")) != "" and (other == name or str(other) not in self.form.fields):
            self._error("form-keyword", f"字段{data(name)}的 x-unlike 应为本表单另一个字段的名称", UNLIKE)
        if schema.get(NEW_UNIT) is True and schema.get("x-ref") != "units":
            self._error("form-keyword", f"字段{data(name)}不是选一个单位的，不能写 {NEW_UNIT}", NEW_UNIT)
        if OTHERS_GO_ON in schema and schema[OTHERS_GO_ON] not in list(field.values or ()):
            self._error("form-keyword", f"字段{data(name)}的 {OTHERS_GO_ON} 应为它自己的一个选项的代码", OTHERS_GO_ON)
        if name in tested and field.values is not None and "x-fill" in schema:
            self._error("form-default", f"流程按{data(name)}决定去向，不能由系统填好（x-fill），须由人选", name)

    def _limits(self, schema: Mapping[str, Any]) -> None:
        """Texts and lists have an end, and patterns are such that a browser comes to one."""
        for name, part, tested in located(schema):
            if not tested and _is_open_text(part):
                self._error(
                    "form-text-limit",
                    f"文字字段{data(name)}没有写最多多少字（maxLength）；请写上，例如标题 100、正文 4000",
                    name,
                )
            if not tested and _is_of(part, "array") and not _whole(part.get("maxItems"), 0):
                self._error("form-list-limit", f"字段{data(name)}没有写最多几项（maxItems）；请写上，例如 30", name)
            elif _whole(part.get("maxItems"), MOST_ITEMS + 1):
                self._error("form-list-limit", f"字段{data(name)}的项数（maxItems）最多 {MOST_ITEMS:,}", name)
            for pattern in _patterns(part):
                longest = int(part["maxLength"]) if _whole(part.get("maxLength"), 1) else patterns.UNBOUNDED_TEXT
                reason = patterns.problem(pattern, longest)
                if reason is not None:
                    self._error("form-pattern", f"字段{data(name)}的格式要求（pattern）“{pattern[:80]}”{reason}", name)

    def _conditions(self, schema: Mapping[str, Any]) -> None:
        """Names that conditions and ``required`` use must be fields."""
        for part in subschemas(schema):
            condition = part.get("if")
            tested = condition.get("properties") if isinstance(condition, dict) else None
            for name in tested if isinstance(tested, dict) else ():
                self._known(name, "条件（if）")
            if isinstance(condition, dict) and isinstance(tested, dict):
                missing = sorted(set(tested) - set(condition.get("required") or ()))
                for name in missing:
                    self._error(
                        "form-schema",
                        f"条件（if）里的{data(name)}还要写进该条件的 required，否则没填时条件也成立",
                        name,
                    )
        for name in _required(schema):
            self._known(name, "必填（required）")

    def _known(self, name: str, where: str) -> None:
        if name not in self.form.fields:
            self._error("form-schema", f"{where}里的 {name} 不是本表单的字段；请改成已有的字段，或加上这个字段", name)

    def _own_words(self, schema: Mapping[str, Any]) -> None:
        for part in subschemas(schema):
            for word, value in part.items():
                # a field may be called x-…, a keyword not: fields stand under properties and are objects
                if not word.startswith("x-") or (isinstance(value, dict) and word not in _OWN):
                    continue
                problem = _own_word_problem(word, value)
                if problem is not None:
                    self._error("form-keyword", problem, word)

    def _references_are_local(self, schema: Mapping[str, Any]) -> bool:
        local = True
        for part in subschemas(schema):
            for word in (*REFERRING, "$id"):
                value = part.get(word)
                if isinstance(value, str) and (word == "$id" or not value.startswith("#")):
                    self._error(
                        "form-reference", f"只能引用本文件内的定义（#/$defs/…），不能用 {word}：{value[:80]}", word
                    )
                    local = False
        return local

    def _error(self, rule: str, message: str, key: str = "") -> None:
        line = self.form.line(key) if key else 1
        self.report.error(self.form.file, line, self.form.name, rule, message)


def _schema_words(error: Exception) -> str:
    """The validator's words about a schema, in words for process owners."""
    kind = getattr(error, "kind", None)
    name = getattr(kind, "name", "")
    if name == "type":
        return "应为" + "或".join(TYPES.get(one, one) for one in getattr(kind, "types", []))
    if name == "$ref" or isinstance(error, jsonschema_rs.ReferencingError):
        return "引用的定义不存在，请核对 $ref"
    if name in ("format", "pattern"):
        return "写法不对；pattern 应为正则表达式"
    if name in ("minimum", "exclusiveMinimum"):
        return f"不能小于 {getattr(kind, 'limit', 0)}"
    return "的内容不是规范里有的写法"


def _own_word_problem(word: str, value: Any) -> str | None:
    if word not in _OWN:
        return f"不认识 {word}；可用：{'、'.join(sorted(_OWN))}"
    if word == "x-ref" and value not in sorted(REFERENCES):
        return f"x-ref 应为 {'、'.join(sorted(REFERENCES))} 之一"
    if word == "x-among" and value not in sorted(LISTINGS):
        return f"x-among 应为 {'、'.join(sorted(LISTINGS))}，和 x-ref 写在一起"
    if word == "x-prefill" and not isinstance(value, bool) and not _PATH.fullmatch(str(value)):
        return "x-prefill 应为 true 或 false，或数据所在的位置，例如 file.values.post"
    if word == "x-fill" and not (isinstance(value, str) and value.strip() and len(value) <= LONGEST_FILL):
        return f"x-fill 应为文字，最多 {LONGEST_FILL} 字，花括号里写式子，例如 {{today()}}"
    if word in _TICKED and value is not True:
        return f"{word} 应为 true（{_TICKED[word]}）"
    if word == "x-date" and value not in sorted(DATES):
        return "x-date 应为 past（今天或以前）或 future（今天以后）"
    if word == "x-within-working-days" and not _whole(value, 1):
        return "x-within-working-days 应为正整数（工作日）"
    if word == "x-private" and value not in KINDS:
        return f"x-private 应为 {'、'.join(KINDS)} 之一"
    if word == "x-warn":
        return _warn_problem(value)
    return None


def _warn_problem(value: Any) -> str | None:
    if not isinstance(value, list):
        return "x-warn 应为列表"
    for entry in value:
        if not isinstance(entry, dict) or set(entry) - {"if", "after_working_days", "message"}:
            return "x-warn 的每一项应只有 if、after_working_days、message"
        if not _chinese(entry.get("message")):
            return "x-warn 的每一项应有中文提示（message）"
        if "after_working_days" in entry and not _whole(entry["after_working_days"], 0):
            return "x-warn 的 after_working_days 应为不小于 0 的整数"
        if "if" in entry:
            try:
                jsonschema_rs.Draft202012Validator(entry["if"], offline=True)
            except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError):
                return "x-warn 的 if 不是有效的 JSON Schema"
    return None


def _ui(name: str, ui: Any, form: Form | None, report: Report) -> None:
    file = f"forms/{name}.ui.json"
    if form is None:
        report.error(file, 1, name, "form-ui", f"没有对应的表单 forms/{name}.json")
        return
    if not isinstance(ui, dict):
        report.error(file, 1, name, "form-ui", "界面设置应是一个对象")
        return
    order = ui.get("ui:order", [])
    for field in [*(key for key in ui if not key.startswith("ui:")), *_order(order)]:
        if field not in form.fields:
            report.error(
                file, 1, name, "form-ui", f"界面设置里的{data(field)}不是{form_named(form.file)}的字段；请删去"
            )
    if isinstance(order, list) and order and "*" not in order:
        missing = sorted(set(form.fields) - set(_order(order)))
        if missing:
            message = f'字段的次序（ui:order）漏了{every(missing)}；请补上，或加一项 "*"'
            report.error(file, 1, name, "form-ui", message)


def _order(order: Any) -> Iterator[str]:
    for field in order if isinstance(order, list) else []:
        if field != "*":
            yield str(field)


def _required(schema: Any, depth: int = 0) -> Iterator[str]:
    """Names required of the form itself, in any branch."""
    if not isinstance(schema, dict) or depth > 10:
        return
    yield from (name for name in schema.get("required", ()) if isinstance(name, str))
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            yield from _required(part, depth + 1)
    for word in ("then", "else"):
        yield from _required(schema.get(word), depth + 1)


def located(
    schema: Any, name: str = "（表单）", *, tested: bool = False
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Each schema in a form: the field that it is part of, itself, whether it only tests a value (``if``, ``not``)."""
    if isinstance(schema, list):
        for part in schema:
            yield from located(part, name, tested=tested)
    if not isinstance(schema, dict):
        return
    yield name, schema, tested
    for word, value in schema.items():
        if word in _NAMING and isinstance(value, dict):
            for field, part in value.items():
                yield from located(part, name if word == "patternProperties" else str(field), tested=tested)
        elif word not in _VALUES:
            yield from located(value, name, tested=tested or word in _TESTING)


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    keyed = schema.get("patternProperties")
    yield from keyed if isinstance(keyed, dict) else ()


def _is_of(schema: Mapping[str, Any], kind: str) -> bool:
    kinds = schema.get("type")
    return kinds == kind or (isinstance(kinds, list) and kind in kinds)


def _is_open_text(schema: Mapping[str, Any]) -> bool:
    text = _is_of(schema, "string")
    bounded = {"maxLength", "enum", "const", "oneOf", "x-ref"} & schema.keys()
    return text and not bounded and schema.get("format") not in ("date", "date-time", "time", "uuid")


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _chinese(text: object) -> bool:
    return isinstance(text, str) and _CHINESE.search(text) is not None
