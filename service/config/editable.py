"""The settings that an administrator may change by a page: the office's own, each with its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.config import labels
from service.config.office import INDICATORS
from service.config.settings import Settings
from service.config.supervision import FACTS

STREAM, CHANGED = "configuration", "settings_changed"
"""The stream of the journal that tells the settings, and the kind of the entry that a page makes."""
ORGANIZATION = "organization_loaded"
"""The kind of entries of ``STREAM`` that tell the whole organization where it differs from the start before."""
DEFAULT = "本系统默认，非文件规定"
TIME, TEXT, AREA, WHOLE, MAYBE, FLAG = "time", "text", "area", "whole", "maybe", "flag"
LIST, NAMES, SERIES = "list", "names", "series"
"""How a value is typed: ``MAYBE`` a whole number or nothing, ``LIST`` a text a line, ``NAMES`` code = name a line,
``SERIES`` code | name | format | when it begins anew a line."""
LONG = frozenset({AREA, LIST, NAMES, SERIES})
"""Those that take several lines."""


@dataclass(frozen=True, slots=True)
class Editable:
    """A setting. ``name`` is as the file has it; ``supervision.`` stands before those of ``supervision.toml``.

    ``basis`` is the sentence of the policy, or that there is none; ``note`` says what it does, from when on.
    """

    name: str
    label: str
    kind: str
    note: str = ""
    basis: str = DEFAULT
    low: int = 0
    high: int = 0
    unit: str = ""
    longest: int = 500

    @property
    def file(self) -> str:
        """The file of ``config/`` that has it."""
        return "supervision.toml" if self.name.startswith("supervision.") else "settings.toml"


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that are changed together."""

    code: str
    title: str
    settings: Sequence[Editable]
    lead: str = ""


_MOST = 999_999_999
"""The greatest number that is typed for a setting of ``[process]``."""
_WEIGHTS: Mapping[str, str] = {
    "quota": "联系对象达到规定人数",
    "contacts": "联系对象本年有联系记录",
    "interviews": "访谈次数（B类）",
    "entered_in_time": "联系记录按时登记",
    "opinions_handled": "意见建议有处理结果",
    "needs_in_time": "需求未超期",
    "answers_in_time": "责任单位按时答复",
    "reports_in_time": "半年报告按时报送",
}
_OPINION = Editable(
    "process.group_opinion_required",
    "每件需求在反馈前都要领导小组意见",
    FLAG,
    "召开过专题会议或上会的，无论此项如何都要。以后登记的需求按新的办理，在办的不变。",
)
_NUMBERS = (
    "写 {year}（年份）和 {seq}（流水号，{seq:04d} 为四位）各一次。以后给出的编号按新的写，已给出的不变，流水号接着编。"
)
_GROUPS: tuple[Group, ...] = (
    Group(
        "hours",
        "上下班时间",
        (
            Editable("office_opens", "上班时间", TIME, "24 小时制，例如 09:00"),
            Editable("office_closes", "下班时间", TIME, "应晚于上班时间"),
        ),
        "提醒、邮件只在工作日的这段时间内发出。已排定的提醒时刻不变，该步骤的期限重新计算时才改。",
    ),
    Group(
        "numbers",
        "编号",
        (
            Editable("number_format", "受理编号", TEXT, _NUMBERS, longest=40),
            Editable("circular_format", "通报文号", TEXT, _NUMBERS, longest=40),
            Editable(
                "papers",
                "文书的文号",
                NAMES,
                "一行一个：文书 = 文号，例如 反馈函 = 南人才办函〔{year}〕{seq}号；每年从 1 编起，"
                "写 {year} 和 {seq} 各一次。没有写的文书不编号。以后给出的文号按新的写，已给出的不变。",
            ),
            Editable(
                "counters",
                "其他编号系列",
                SERIES,
                "流程图的“给号”动作使用。一行一个：代码 | 名称 | 格式 | 每年（或 每月、从不），"
                "例如 approval | 批示 | 南人才批〔{year}〕{seq}号 | 每年。启用后不要改代码，否则从 1 重编。",
            ),
        ),
    ),
    Group(
        "contact",
        "区人才办联系方式",
        tuple(
            Editable(
                f"contact.{name}", label, TEXT, note, "《实施方案》要求问题径向区人才办反映；联系方式由区人才办填写"
            )
            for name, label, note in (
                ("name", "名称", ""),
                ("phone", "电话", "只写数字、空格和 - + ( )"),
                ("email", "电子邮箱", "例如 名称@域名"),
                ("address", "地址", ""),
            )
        ),
        "显示在“帮助”页面。",
    ),
    Group(
        "limits",
        "期限和上限",
        (
            Editable(
                "contacts.entry_days",
                "联系后几个工作日内登记为按时",
                WHOLE,
                "晚于此数只作标示，不影响登记。改后，以前的记录也按新的天数标示。",
                low=0,
                high=60,
                unit="个工作日",
            ),
            Editable(
                "contacts.report_days",
                "半年结束后几个工作日内报送半年报告",
                WHOLE,
                "已发出的征集按发出时的期限。《实施方案》规定每半年报送，没有规定几日内。",
                low=1,
                high=120,
                unit="个工作日",
            ),
            Editable(
                "extension_days",
                "申请延期一次最多延后几个工作日",
                WHOLE,
                "从现在的期限算起，已过期的从当天算起。",
                low=1,
                high=250,
                unit="个工作日",
            ),
            Editable(
                "most_instances",
                "一步最多由几个单位同时办",
                WHOLE,
                "超过的不予提交，名单要分几次办。",
                low=1,
                high=1000,
                unit="份",
            ),
        ),
    ),
    Group("process", "流程设置", (_OPINION,), "流程图里的条件读取这些设置；每件需求在登记时记下当时的值。"),
    Group(
        "supervision",
        "督办",
        (
            Editable(
                "supervision.urge.text",
                "催办时先填好的文字",
                AREA,
                f"花括号里只能写：{'、'.join(FACTS)}",
            ),
            Editable(
                "supervision.urge.channels",
                "催办的方式",
                NAMES,
                "一行一个：代码 = 名称。system 要有。以前登记的催办按代码显示名称，启用后不要改代码。",
            ),
            Editable("supervision.circular.step", "审批通报的步骤名称", TEXT, "与流程图里该步骤的名称一致", longest=40),
            Editable("supervision.operations.accept", "督办台“受理”办哪些选项", LIST, "一行一个，与表单里的选项一致"),
            Editable("supervision.operations.issue", "督办台“签发”办哪些选项", LIST, "一行一个，与表单里的选项一致"),
        ),
        "《实施方案》规定以催办、通报等方式督促；文字、方式和步骤名称由区人才办定。",
    ),
    Group(
        "tags",
        "一并开展的活动",
        (
            Editable(
                "tags",
                "活动标签",
                NAMES,
                "一行一个：代码 = 名称，例如 stationed = 驻点直联。已用过的代码不要删。",
                "《实施方案》四（二）要求与驻点直联等工作一并开展；标签名称由区人才办定",
            ),
        ),
    ),
    Group(
        "assessment",
        "考核指标的权重",
        tuple(Editable(f"assessment.{name}", _WEIGHTS[name], MAYBE, low=0, high=1000) for name in INDICATORS),
        "《实施方案》没有规定权重。全部留空的，只列数字、不计分。",
    ),
)


def groups(settings: Settings) -> Sequence[Group]:
    """All that may be changed, by groups; the office's own names in ``[process]`` among them.

    Of those the ones that a page gives back as it was told them: fractions and longer numbers are the file's alone.
    """
    known = {one.name for group in _GROUPS for one in group.settings}
    more = [
        _of_process(name, value)
        for name, value in settings.process.items()
        if f"process.{name}" not in known and _typeable(value)
    ]
    return tuple(
        replace(group, settings=(*group.settings, *more)) if group.code == "process" else group for group in _GROUPS
    )


def by_name(settings: Settings) -> Mapping[str, Editable]:
    """The same by their names."""
    return {one.name: one for group in groups(settings) for one in group.settings}


def label_of(name: str) -> str:
    """The name of a setting for people, whether a page changes it or a file alone; one that has none by its name."""
    typed = next((one.label for group in _GROUPS for one in group.settings if one.name == name), None)
    return typed or labels.label_of(name) or name


def _of_process(name: str, value: Any) -> Editable:
    """A setting that the office has added for its diagrams, typed as what it is."""
    kind = FLAG if isinstance(value, bool) else WHOLE if isinstance(value, int) else TEXT
    note = "本单位在配置文件里加的，流程图里写作 settings." + name
    return Editable(f"process.{name}", name, kind, note, low=-_MOST, high=_MOST)


def _typeable(value: Any) -> bool:
    return isinstance(value, bool | str) or (isinstance(value, int) and abs(value) <= _MOST)
