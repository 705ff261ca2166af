"""The wording of notices: ``notifications.toml``, which the office edits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from types import MappingProxyType

from service.config.reader import Table, braces, invalid, read_file
from service.errors import Finding, NotFound

FILE = "notifications.toml"
TABLE = "whom"
"""The table of the file that says who gets word of which event."""
_HEAD = re.compile(r"\s*\[\s*([^\[\]\s]+)\s*\]")
_KEY = re.compile(r"\s*\"?([\w-]+)\"?\s*=")

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "task": "新待办",
        "due_soon": "即将到期",
        "due_today": "今日到期",
        "urge": "催办",
        "circular": "通报",
        "accepted": "已受理",
        "rejected": "不予受理",
        "late": "办理超期",
        "result": "办结",
        "reassigned": "转办",
        "claim_ended": "任务退回待办",
        "returned": "退回",
        "copied": "抄送",
        "joined_ended": "并案办结",
        "mentioned": "沟通提及",
        "due_changed": "期限变更",
        "extension_asked": "申请延期",
        "extension_refused": "不同意延期",
        "calendar_missing": "放假安排缺失",
        "incident": "运行异常",
        "stuck": "事项无法继续",
        "reminder": "工作提醒",
        "vacancy": "联络员空缺",
        "brief": "专报签发",
        "roster_decided": "名单报备",
        "links_changed": "联系关系报告",
        "report_submitted": "半年报告报送",
        "report_returned": "半年报告退回",
        "circular_told": "通报情况",
        "opinion": "领导登记意见建议",
        "sealed": "日志封存",
        "verification_failed": "核验发现不符",
        "policy_changed": "政策变化",
        "stamp_asked": "用印申请",
        "stamp_decided": "用印结果",
        "access_proposed": "权限申请待审批",
        "access_decided": "权限申请的结果",
    }
)
"""Every kind of notice with its Chinese name; the file must word each of them, and may add kinds of its own."""

FOR_DIAGRAMS = ("due_soon", "due_today", "rejected", "reminder")
"""Those of them that a diagram may send as it likes; the others say what the service has done."""

PLACEHOLDERS = ("number", "title", "task", "unit", "due_on", "days", "reason", "by", "text", "state", "deadline")
"""The names that wording may hold in braces. A value that a notice does not know is left out as ——."""

FILER, LEADER, UNITS, HEADS, LIAISONS, OFFICE = "登记人", "联系领导", "相关单位", "单位负责人", "单位联络员", "区人才办"
WHOM: Mapping[str, str] = MappingProxyType(
    {
        FILER: "登记该事项的人；已离任的，由其单位的联络员",
        LEADER: "联系该人才的领导",
        UNITS: "超期、受通报、参加会议、参与办理的单位的办理人员",
        HEADS: "这些单位的主要负责同志",
        LIAISONS: "这些单位的联络员",
        OFFICE: "区人才办",
    }
)
"""The words of the table ``[whom]`` for those who get word of an event, each with what it means."""

USUAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "accepted": (FILER,),
        "rejected": (FILER,),
        "late": (FILER, LEADER),
        "circular": (UNITS, HEADS),
        "circular_told": (LEADER, FILER),
        "result": (FILER, LEADER),
    }
)
"""Receivers of the product's own events, where a file of an earlier release does not name them."""

_UNKNOWN = "——"
_ABSENT = "\x00"
MAY_BE_ABSENT = ("number", "title", "task", "unit")
"""Values that a case lacks at first, such as a number before it is accepted."""
_SPARED = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        ("（\x00）", ""),
        ("，\x00(?=。)|(?<=请)\x00(?=尽快|及时|办理)|\x00(?=，请)", ""),
        ("^“\x00”[：，]|^\x00[：，]|[：—]\x00$|（\x00$", ""),
        ("关于“\x00”|“\x00”(?=已到|退回|转给|抄送|的沟通)", "该事项"),
        ("的“\x00”|“\x00”的?", ""),
    )
)
"""How wording is made whole where a name in it is not known: brackets and quotation marks go with it."""
_ENDS = ("。", "！", "？", "!", "?", "…")
"""Marks that end the sentence of a text that is filled in."""
_MARKS = ("。", "，", "；", "、", "：")
"""Marks of the wording that stand beside it."""
_WEAK = "，、；：,;:.．· \u3000\t\r\n"
"""Characters that such a text may trail off with: nothing of it is left before a mark."""
_CLOSING = "”’」』"


@dataclass(frozen=True, slots=True)
class Wording:
    """How one kind of notice reads. ``receipt``: the reader is asked to confirm it (催办).

    ``outside``: it also goes out by mail and the other channels, where the settings open them; else only where a person
    has chosen so. ``name`` is what the kind is called. ``whom``: words of ``WHOM``, who gets it where what sends it
    leaves that to the office; None: the table does not say.
    """

    kind: str
    subject: str
    text: str
    receipt: bool
    outside: bool = True
    name: str = ""
    whom: tuple[str, ...] | None = None

    def render(self, values: Mapping[str, object]) -> tuple[str, str]:
        """Subject and text with ``values`` filled in; missing or None values read ——."""
        known = {name: _ABSENT if values.get(name) is None else str(values[name]) for name in PLACEHOLDERS}
        for name in MAY_BE_ABSENT:
            known[name] = known[name] or _ABSENT
        return _spared(_filled(self.subject, known)), _spared(_filled(self.text, known))


def load_notifications(directory: Path) -> Mapping[str, Wording]:
    """The wording of each kind from ``directory/notifications.toml``, with who gets it.

    Raises ``Invalid`` naming every mistake and, where one stands on a line of its own, that line.
    """
    root = Table(read_file(directory / FILE), "", [])
    whom = _whom(root)
    wordings: dict[str, Wording] = {}
    for kind, name in KINDS.items():
        if not root.has(kind):
            root.fault(kind, f"缺少“{name}”的通知文字，请补上 [{kind}]")
        else:
            wordings[kind] = _wording(root.table(kind), kind, name)
    for kind in root.names():
        if kind in KINDS or kind == TABLE:
            continue
        table = root.table(kind)
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", kind):
            root.fault(kind, "代码只能用小写字母、数字和下划线，以字母开头，最多 40 个字符")
        if not table.has("name"):
            near = get_close_matches(kind, KINDS, n=1)
            meant = f"是否想写 [{near[0]}]？" if near else ""
            root.fault(kind, f"没有这种通知。{meant}另加一种的，请写名称 name（图里的 notice 用代码 {kind} 发出）")
            continue
        wordings[kind] = _wording(table, kind, table.text("name", longest=20))
    for kind in whom.keys() - wordings.keys():
        root.findings.append(Finding(f"{TABLE}.{kind}", "没有这种提醒，请改正代码，或补上它的文字"))
    root.close()
    if root.findings:
        raise invalid(FILE, with_lines(root.findings, (directory / FILE).read_text("utf-8-sig")))
    return MappingProxyType({kind: replace(one, whom=whom.get(kind)) for kind, one in wordings.items()})


def _whom(root: Table) -> Mapping[str, tuple[str, ...]]:
    """The table ``[whom]``: kind → words of ``WHOM``, with what it does not say as usual."""
    table, found = root.table(TABLE), dict(USUAL)
    for kind in table.names():
        said = table.texts(kind)
        for word in said:
            if word not in WHOM:
                near = get_close_matches(word, WHOM, n=1, cutoff=0.4)
                meant = f"是否想写“{near[0]}”？" if near else ""
                table.fault(kind, f"没有“{word}”这种收件人。{meant}可写：{'、'.join(WHOM)}")
        found[kind] = tuple(dict.fromkeys(said))
    return found


def with_lines(findings: Sequence[Finding], text: str) -> list[Finding]:
    """The findings, each with the number of the line on which its ``table.key`` (or its ``[table]``) stands."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.match(line):
            table = head[1]
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(f"{table}.{key[1]}" if table else key[1], number)
    return [
        Finding(one.path, f"第 {lines[one.path]} 行：{one.message}" if one.path in lines else one.message)
        for one in findings
    ]


def _wording(table: Table, kind: str, name: str) -> Wording:
    made = Wording(
        kind,
        _template(table, "subject", 80),
        _template(table, "text", 500),
        receipt=table.boolean("receipt", default=False),
        outside=table.boolean("outside", default=True),
        name=name,
    )
    table.close()
    return made


def get_wording(wordings: Mapping[str, Wording], kind: str) -> Wording:
    """The wording of ``kind``; raises ``NotFound``."""
    if kind not in wordings:
        raise NotFound(f"没有“{kind}”这种通知")
    return wordings[kind]


def name_of(wordings: Mapping[str, Wording], kind: str) -> str:
    """The name of a kind for people; one that the office has given up since reads as a plain reminder."""
    own = wordings.get(kind)
    return KINDS.get(kind) or (own.name if own is not None else "") or KINDS["reminder"]


def _filled(template: str, known: Mapping[str, str]) -> str:
    """The template with its names filled in: what people typed and the wording around it share one mark between them.

    Of the comma, semicolon or full stop that a text ends with nothing is left before another mark; one that asks or
    exclaims, or ends with a quoted sentence, needs no full stop after it.
    """
    text, value = "", ""
    for literal, name, _, _ in Formatter().parse(template):
        text += _before(literal, value) + _after(literal, value)
        value = known[name] if name else ""
        if text.endswith(_MARKS):
            value = value.lstrip("".join(_MARKS))
    return text + value


def _before(literal: str, value: str) -> str:
    """The text filled in, as it stands before ``literal``."""
    mark = literal.lstrip(_CLOSING)[:1]
    if not mark or mark not in _MARKS:
        return value
    return value.rstrip(_WEAK + "。")


def _after(literal: str, value: str) -> str:
    """``literal`` as it stands after the text filled in."""
    rest = literal.lstrip(_CLOSING)
    ended = rest.startswith("。") and value.rstrip(_WEAK + "。").rstrip(_CLOSING).endswith(_ENDS)
    return literal[: len(literal) - len(rest)] + rest[1:] if ended else literal


def _spared(text: str) -> str:
    """The text without marks around nothing; what is missing elsewhere reads ——."""
    for pattern, instead in _SPARED:
        text = pattern.sub(instead, text)
    return text.replace(_ABSENT, _UNKNOWN)


def _template(table: Table, key: str, longest: int) -> str:
    """Text whose braces hold known names only: a format field may otherwise reach into objects."""
    text = table.text(key, longest=longest)
    try:
        fields = braces(text)
    except ValueError:
        table.fault(key, "花括号不成对")
        return ""
    for name, spec, how in fields:
        if name not in PLACEHOLDERS or spec or how:
            table.fault(key, f"不能使用 {{{name}}}，可用的有：{'、'.join(PLACEHOLDERS)}")
            return ""
    return text
