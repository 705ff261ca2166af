"""设置: what an administrator changes by a page, the API or the command line, each change journaled with its reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import history
from service.config import Settings
from service.config.editable import CHANGED, STREAM, Editable, Group, by_name, groups
from service.config.overlay import in_words, outranked_by, overlaid, require_kind, shown, value_of
from service.documents.templates import about, house_templates
from service.errors import Finding, Invalid
from service.history import Edits, HistoryEvent, require_version, version_of
from service.history.records import record
from service.history.versions import pairs
from service.reports.numbering import PAPERS as REPORT_PAPERS
from service.rights import Actor, require
from service.usecases.configuration import differing
from service.usecases.in_force import changed_by_pages

RIGHT = "change_settings"
LONGEST_REASON = 200
RECENT = 30
"""Changes that the page lists."""
ENVIRONMENT, PAGE, FILE = "environment", "page", "file"
SOURCES: Mapping[str, str] = {ENVIRONMENT: "环境变量", PAGE: "设置页", FILE: "配置文件"}
"""The places that say a setting, the highest first."""
EDITS = Edits(STREAM, (CHANGED,), changes=lambda data: pairs(data["typed"]))


@dataclass(frozen=True, slots=True)
class Held:
    """A setting as it holds: ``value`` as the file would write it, ``of_file`` without what pages have set.

    ``source`` is a key of ``SOURCES``, ``variable`` that of the environment which outranks. ``change`` is the last
    entry of a page about it; ``masked``: a page has set it, but the environment outranks that.
    """

    setting: Editable
    value: Any
    of_file: Any
    source: str
    variable: str
    change: HistoryEvent | None
    masked: bool

    @property
    def words(self) -> str:
        """The value in a line."""
        return in_words(self.setting, self.value, titles_of(self.setting))

    @property
    def words_of_file(self) -> str:
        """The value that would hold without the page, in a line."""
        return in_words(self.setting, self.of_file, titles_of(self.setting))


@dataclass(frozen=True, slots=True)
class Sheet:
    """All settings by their groups, the last changes by pages, and the version that a save names.

    ``fault``: why nothing of what pages have set holds, where it contradicts the files; '' where it does not.
    """

    groups: Sequence[tuple[Group, Sequence[Held]]]
    changes: Sequence[HistoryEvent]
    version: int
    fault: str = ""


def titles_of(one: Editable) -> Mapping[str, str]:
    """Code → the words that people read and type in its place: of the numbers of papers the titles of the papers."""
    if one.name != "papers":
        return {}
    of_steps = {
        name.removesuffix(".typ"): told.title
        for name, content in house_templates().items()
        if name.endswith(".typ") and (told := about(content)).each and told.title
    }
    return {**of_steps, **REPORT_PAPERS}


def sheet(session: Session, settings: Settings) -> Sheet:
    """The settings as they hold; ``settings`` are those of the start. The caller has asked for the right."""
    changed, events, fault = changed_by_pages(session), changes(session), ""
    try:
        now = overlaid(settings, changed)
    except Invalid as error:
        now, changed, fault = settings, {}, error.message
    last = {name: event for event in events for name in event.data["changes"]}

    def held(one: Editable) -> Held:
        variable, by_page = outranked_by(settings, one.name), one.name in changed
        source = ENVIRONMENT if variable else PAGE if by_page else FILE
        of_file = value_of(settings, one.name)
        change = last.get(one.name)
        return Held(one, value_of(now, one.name), of_file, source, variable, change, bool(variable) and by_page)

    listed = [(group, [held(one) for one in group.settings]) for group in groups(settings)]
    return Sheet(listed, events[: -RECENT - 1 : -1], version_of(session, EDITS), fault)


def set_by_page(session: Session) -> Collection[str]:
    """The names of the settings that pages have set."""
    return changed_by_pages(session).keys()


def changes(session: Session) -> list[HistoryEvent]:
    """The entries of pages about settings, in order."""
    return [event for event in history.stream_events(session, STREAM) if event.kind == CHANGED]


def change_settings(
    session: Session,
    *,
    settings: Settings,
    values: Mapping[str, Any],
    reset: Collection[str] = (),
    reason: str,
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Sets ``values`` (name → value as the file would write it) over the files, and lets the files say those of
    ``reset`` again; in force in every process with its next transaction. Gives whether anything is another.

    ``settings`` are those of the start; ``seen`` is the version that was read. Raises NotAllowed, Stale, and Invalid
    that names each bad value at ``/<name>``.
    """
    require(actor, RIGHT)
    history.lock(session, STREAM)
    require_version(session, EDITS, seen)
    known, before = by_name(settings), changed_by_pages(session)
    _require_known(settings, known, values, reset)
    for name, value in values.items():
        require_kind(known[name], value)
    after = {name: value for name, value in before.items() if name not in reset}
    try:
        was = overlaid(settings, before)
    except Invalid:  # the files have come to contradict the page: what is reset is the way out
        was = overlaid(settings, after)
    after |= {name: value for name, value in values.items() if name not in reset and value != value_of(was, name)}
    will = overlaid(settings, after)
    if after == before:
        return False
    differ = {
        name: (one, value_of(was, name), value_of(will, name))
        for name, one in known.items()
        if value_of(was, name) != value_of(will, name) or (name in before) != (name in after)
    }
    data = {
        "changes": {
            name: [in_words(one, old, titles_of(one)), in_words(one, new, titles_of(one))]
            for name, (one, old, new) in differ.items()
        },
        "typed": {name: [shown(one, old), shown(one, new)] for name, (one, old, new) in differ.items()},
        "set": after,
        "reset": sorted(set(reset) & before.keys()),
        "reason": _reason(reason),
        "values": differing(was, will, settings.secret_key),
    }
    record(session, STREAM, CHANGED, data, actor=actor, now=now)
    return True


def _require_known(
    settings: Settings, known: Mapping[str, Editable], values: Mapping[str, Any], reset: Collection[str]
) -> None:
    findings = [
        Finding(f"/{name}", f"没有可以在页面上修改的设置 {name}") for name in [*values, *reset] if name not in known
    ]
    findings += [
        Finding(f"/{name}", f"{known[name].label}：由环境变量 {variable} 设定，页面上不能改，请在服务器上改环境变量")
        for name in values
        if name in known and (variable := outranked_by(settings, name))
    ]
    if findings:
        raise Invalid("设置没有保存：" + "；".join(one.message for one in findings), findings)


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    fault = "请写明为什么改" if not reason else "" if len(reason) <= LONGEST_REASON else f"最多 {LONGEST_REASON} 字"
    if fault:
        raise Invalid("设置没有保存", [Finding("/reason", f"理由：{fault}")])
    return reason
