"""The words of the journal's entries for auditors: what was done, and what an entry says of it. Nothing restricted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from service.access_log.fields import ENTRIES as ACCESS_LOG
from service.attachments import ENTRIES as FILES
from service.audit.fields import ENTRIES as VERIFICATIONS
from service.audit.questions.places import asked_words, way_words
from service.auth.fields import ENTRIES as ACCOUNTS
from service.clock import span_words
from service.config.editable import CHANGED, label_of
from service.config.labels import TIMES_OF_DAY
from service.config.secrets import shown
from service.contacts.fields import ENTRIES as CONTACTS
from service.exchange.fields import ENTRIES as IMPORTS
from service.fields import CHANGED_UNSEEN, NOTHING, Entry, Field, hides_change
from service.history.notices import ENTRIES as NOTICES
from service.jobs.fields import ENTRIES as JOBS
from service.ledger.circulars import ENTRIES as CIRCULARS
from service.ledger.fields import ENTRIES as LEDGER
from service.ledger.reported import ENTRIES as REPORTED
from service.liaisons.fields import ENTRIES as LIAISONS
from service.notifications.fields import ENTRIES as DELIVERY
from service.people.fields import ENTRIES as PEOPLE
from service.processes.fields import ENTRIES as PROCESSES
from service.processes.moves import KEEP
from service.processes.rules import one_line
from service.reports.fields import ENTRIES as REPORTS
from service.seals.fields import ENTRIES as SEALS
from service.studio.fields import ENTRIES as STUDIO
from service.talents.fields import ENTRIES as TALENTS
from service.talents.masks import redacted

WORDS: Mapping[str, Entry] = {
    **ACCESS_LOG,
    **FILES,
    **ACCOUNTS,
    **CONTACTS,
    **IMPORTS,
    **NOTICES,
    **JOBS,
    **CIRCULARS,
    **LEDGER,
    **REPORTED,
    **LIAISONS,
    **DELIVERY,
    **PEOPLE,
    **PROCESSES,
    **REPORTS,
    **SEALS,
    **STUDIO,
    **TALENTS,
    **VERIFICATIONS,
}
"""Kind of entry → its word and fields, of all features."""

SAID: Mapping[str, str] = {
    "reason": "理由",
    "text": "内容",
    "note": "说明",
    "number": "编号",
    "title": "标题",
    "to_name": "转给",
    "late_days": "超期工作日",
    "source": "来源",
    "message": "内容",
    "name": "名称",
}
"""Names in an entry's data that are told where the entry's own fields do not tell them, and their titles."""
FIRST: Mapping[str, str] = {"settings_loaded": "系统设置首次记录", "organization_loaded": "组织配置首次记录"}
"""The words for entries of a first start: there is nothing yet that they could differ from."""
SETTINGS: Mapping[str, str] = {
    "access_kept": "access_log.keep_days",
    "accounts.by_two": "accounts.grants_by_two",
    "accounts.proposal_lifetime": "accounts.proposal_days",
    "accounts.separate": "accounts.separate_administrators",
    "longest_jump": "longest_jump_hours",
    "longest_outage": "longest_outage_days",
    "mail.retry_for": "mail.retry_hours",
    "passwords.longest_age": "passwords.longest_days",
    "passwords.warned": "passwords.warn_days",
    "rate_limits.sign_in_window": "rate_limits.sign_in_window_minutes",
    "second_factor.roles": "second_factor.required_for",
    "sessions.idle": "session_idle_minutes",
    "sessions.longest": "session_hours",
    "timeouts.connect": "timeouts.connect_seconds",
    "timeouts.idle_in_transaction": "timeouts.idle_in_transaction_seconds",
    "timeouts.lock": "timeouts.lock_seconds",
    "timeouts.long_statement": "timeouts.long_statement_seconds",
    "timeouts.statement": "timeouts.statement_seconds",
    "timeouts.tcp": "timeouts.tcp_seconds",
    "token_lifetime": "token_days",
}
"""Settings whose names in the journal are others than in settings.toml."""
TAGS = "contacts.tags."
_OF_FILES = {*FILES, *IMPORTS}
"""Kinds of entries whose ``name`` is that of a file."""
LONGEST = 400
HANDED_OUT = ("exported", "printed_out")
"""Kinds of entries that keep an address and its filters as they were asked for."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PICKED: Mapping[str, str] = {"units": "unit", "people": "person", "leaders": "leader", "talents": "talent"}
"""Kind of picked record → the prefix of its stream."""
Named = Callable[[str], str]


def word(kind: str) -> str:
    """The word for a kind of entry."""
    return WORDS[kind].word if kind in WORDS else "其他记录"


def done(kind: str, data: Mapping[str, Any]) -> str:
    """The word for an entry, by what it says."""
    return FIRST[kind] if kind in FIRST and not data.get("changes") else word(kind)


def setting(name: str) -> str:
    """A setting as the settings' file writes it: [accounts] grants_by_two."""
    name = SETTINGS.get(name, name.replace(TAGS, "tags."))
    section, _, key = name.rpartition(".")
    return f"[{section}] {key}" if section else key


def titled(name: str) -> str:
    """A setting by its name for people, and where its file has it: 授权两个人（[accounts] grants_by_two）."""
    worded = label_of(name)
    return f"{worded}（{setting(name)}）" if worded != name else setting(name)


def picked(kind: str, data: Mapping[str, Any]) -> Iterator[str]:
    """The streams of the records that an entry of a record names, to be learnt before it is told."""
    for one in WORDS[kind].fields if kind in WORDS else ():
        if one.pick in PICKED and one.name in data:
            value = data[one.name]
            for each in value if isinstance(value, list | Mapping) else [value]:
                if isinstance(each, str) and each:
                    yield f"{PICKED[one.pick]}:{each}"


def detail(kind: str, stream: str, data: Mapping[str, Any], named: Named, longest: int = LONGEST) -> str:
    """An entry in a line, as an auditor may see it: personal data of talents masked, no content of forms.

    ``named`` calls the record of a stream by its name; what is longer than ``longest`` characters is cut.
    """
    shown = redacted(data, contact=False, identity=False) if stream.startswith("talent:") else data
    told = list(_process(kind, shown)) if stream.startswith("instance:") else list(_record(kind, shown, named))
    text = "；".join(_single(one) for one in told if one and _ID.search(one) is None)  # ids say nothing to people
    return text if len(text) <= longest else f"{text[:longest]}…"


def told(kind: str, data: Mapping[str, Any], named: Named) -> list[str]:
    """The sentences of an entry of a record, as ``data`` has them: whoever asks has masked what must be."""
    return [_single(one) for one in _record(kind, data, named) if one and _ID.search(one) is None]


def _single(text: str) -> str:
    return " ".join(text.split())


def _process(kind: str, data: Mapping[str, Any]) -> Iterator[str]:
    if kind == "migrated":
        yield f"第 {data['from']['version']} 版 → 第 {data['to']['version']} 版"
        yield "期限不变" if data.get("due") == KEEP else f"期限按第 {data['to']['version']} 版重新计算"
    elif "step" in data and data.get("name"):
        yield f"步骤「{one_line(data['name'])}」"
    for name in ("reason", "text", "note", "number", "to_name"):
        if data.get(name):
            yield f"{SAID[name]}：{data[name]}"
    if kind == "acknowledged":
        yield f"签收时已催办 {data['urges']} 次" if data.get("urges") else "签收的是步骤，当时还没有催办"
    if data.get("late_days"):
        yield f"超期 {data['late_days']} 个工作日"
    if kind == "printed":
        yield f"文件：{data.get('name')}"
        yield f"SHA-256：{data.get('sha256')}"


def _record(kind: str, data: Mapping[str, Any], named: Named) -> Iterator[str]:
    entry = WORDS.get(kind)
    told = set()
    for one in entry.fields if entry is not None else ():
        told.add(one.name)
        value = data.get(one.name)
        if kind in HANDED_OUT and isinstance(value, str):
            value = {"asked": asked_words, "way": way_words}.get(one.name, str)(value)
        if entry is not None and entry.changes and isinstance(value, list) and len(value) == 2:
            first, last = (_text(one, each, named) or NOTHING for each in value)
            yield f"{one.label}：{first} → {last}{CHANGED_UNSEEN if hides_change(value) else ''}"
        elif text := _text(one, value, named):
            yield f"{one.label}：{text}"
    if "username" in data and "username" not in told:
        yield f"账号：{data['username']}"
    for name, title in SAID.items():
        if name not in told and data.get(name) and isinstance(data[name], str | int):
            yield f"{'文件' if name == 'name' and kind in _OF_FILES else title}：{data[name]}"
    changes = data.get("changes")
    if isinstance(changes, Mapping):
        for name, pair in changes.items():
            before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
            if kind == "settings_loaded":
                before, after = shown(name, before), shown(name, after)
            title = titled(name) if kind == "settings_loaded" else label_of(name) if kind == CHANGED else name
            yield f"{title}：{value_words(before, name)} → {value_words(after, name)}"


def _text(one: Field, value: Any, named: Named) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(text for each in value[:10] if (text := _text(one, each, named)))
    if isinstance(value, Mapping):
        if one.pick in PICKED:
            return "、".join(
                f"{named(f'{PICKED[one.pick]}:{key}')}：{one.choices.get(said, said)}" for key, said in value.items()
            )
        return str(value.get("name") or "")
    if one.among in ("roles", "job_kinds"):
        return named(f"{one.among.removesuffix('s')}:{value}")
    if one.pick:
        return named(f"{PICKED[one.pick]}:{value}") if one.pick in PICKED else ""
    return str(one.choices.get(value, value))


def value_words(value: Any, name: str = "") -> str:
    """A value of the setting ``name`` as the journal keeps it, in words."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(str, value))
    return str(value).removesuffix(":00") if name in TIMES_OF_DAY else span_words(str(value))
