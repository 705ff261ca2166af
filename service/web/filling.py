"""Plain forms of records: read as typed, and shown again with every fault at its field when they are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from service.errors import Conflict, Finding, Invalid
from service.fields import AREA, DATE, FLAG, LINES, NUMBER, PICK, PICKS, SECRET, Field
from service.history import Edits, Stale, version_of
from service.http.context import db
from service.spelling import half_width
from service.usecases.names import Names
from service.web import stale
from service.web.answers import sent, typed_day


@dataclass(slots=True)
class Filling:
    """A form with what stands in it, as text by field, and what is wrong, by field; ``""`` is about the whole."""

    fields: Sequence[Field]
    typed: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    alike: Sequence[Mapping[str, str]] = ()
    """Records that may be the same one: ``{name, detail, address, why}``."""
    doubts: Sequence[str] = ()
    """Points that speak against it, and yet may be meant."""
    confirmed: bool = False
    """Whether somebody looked at those that are alike, or at the doubts, and means it all the same."""
    version: int | None = None
    """The version of the record that the form shows; ``None`` for a new record."""
    stale: bool = False
    """Whether somebody else changed the record while the form was filled in."""

    @classmethod
    def of(cls, fields: Sequence[Field], values: Mapping[str, object], edits: Edits | None = None) -> Filling:
        """A form that shows the values of a record, whose version is counted by ``edits``."""
        typed = {one.name: one.shown(values.get(one.name)) for one in fields}
        return cls(fields, typed, version=None if edits is None else version_of(db(), edits))

    @classmethod
    def sent(cls, fields: Sequence[Field]) -> Filling:
        """A form as it was sent."""
        given = sent()
        texts = {one.name: given.get(one.name) for one in fields}
        typed = {name: _text(value) for name, value in texts.items()}
        return cls(fields, typed, confirmed=given.get("confirm_duplicate") == "yes", version=stale.version(given))

    def values(self) -> dict[str, Any]:
        """The values of the right types; empty ones are None.

        Raises ``Invalid`` for what is no date or number, and for dates and records that must be there.
        """
        found: dict[str, Any] = {}
        faults: list[Finding] = []
        for one in self.fields:
            try:
                found[one.name] = _value(one, self.typed.get(one.name, ""))
            except ValueError:
                said = "日期请写成 2026-01-31 的形式" if one.kind == DATE else "请从列表中选择"
                faults.append(Finding(f"/{one.name}", f"{one.label}：{said}"))
                continue
            if one.required and one.kind in (DATE, PICK) and found[one.name] is None:
                faults.append(Finding(f"/{one.name}", f"请{'填写' if one.kind == DATE else '选择'}{one.label}"))
        if faults:
            raise Invalid("填写的内容有误", faults)
        return found

    def refuse(self, error: Invalid | Conflict) -> None:
        """Takes over what is wrong; faults of fields that the form has not are told above it."""
        if isinstance(error, Stale):
            self._catch_up(error)
        names = {one.name for one in self.fields}
        for finding in error.findings:
            name = finding.path.strip("/").split("/")[0]
            self.wrong.setdefault(name if name in names else "", []).append(finding.message)
        if not error.findings:
            self.wrong.setdefault("", []).append(error.message)

    def _catch_up(self, error: Stale) -> None:
        """Goes on from the present version: what was typed stays, what nobody touched here becomes as it is now."""
        known = {one.name: one for one in self.fields}
        kept, words = set(), {}
        for name, later in error.later.items():
            one = known.get(name)
            if one is None:
                continue
            words[name] = (self._word(one, later.was), self._word(one, later.now))
            if self.typed.get(name, "") not in (one.shown(later.was), one.shown(later.now)):
                kept.add(name)
            else:
                self.typed[name] = one.shown(later.now)
        error.findings = stale.findings(error, kept, words)
        self.stale, self.version = True, error.version

    def _word(self, one: Field, value: object) -> str:
        """A value of the record in the words of the form."""
        if one.kind in (PICK, PICKS):
            names = Names(db())
            return "、".join(names.record(one.pick, each) for each in one.shown(value).split())
        text = one.shown(value)
        return dict(one.options).get(text, text) if one.kind != FLAG else "是" if text else "否"

    def summary(self) -> list[tuple[str, str]]:
        """(field, message) of everything that is wrong, in the order of the form."""
        order = ["", *(one.name for one in self.fields)]
        found = [(name, message) for name in order for message in self.wrong.get(name, [])]
        if not self.stale:
            return found
        labels = {
            one.name: one.label for one in self.fields
        }  # what others changed names its field where it is not at it
        return [(name, f"{labels[name]}：{message}" if name else message) for name, message in found]

    def labels(self) -> dict[str, dict[str, str]]:
        """Field → id → name of what the pickers show."""
        names = Names(db())
        return {
            one.name: {value: names.record(one.pick, value) for value in self.typed.get(one.name, "").split()}
            for one in self.fields
            if one.kind in (PICK, PICKS)
        }


def submitted(
    form: Filling, operation: Callable[[dict[str, Any]], ResponseReturnValue], page: Callable[[Filling], str]
) -> ResponseReturnValue:
    """Answers the form's values with ``operation``; where it is refused nothing is changed and ``page`` shows why."""
    try:
        values = form.values()
        with db().begin_nested():
            return operation(values)
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return page(form), 409 if isinstance(error, Conflict) else 422


def form_page(form: Filling, *, title: str, action: str, back: str, submit: str = "保存", lead: str = "") -> str:
    """The page of a form that is sent to ``action``; ``lead`` says what it is for."""
    groups: dict[str, list[Field]] = {}
    for one in form.fields:
        groups.setdefault(one.group, []).append(one)
    return render_template(
        "records/form.html",
        form=form,
        groups=groups,
        labels=form.labels(),
        title=title,
        action=action,
        back=back,
        submit=submit,
        lead=lead,
    )


def changed(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that differ from the record's, so that somebody else's change of another field stays."""
    return {name: value for name, value in values.items() if value != before.get(name)}


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(one for one in value if isinstance(one, str))
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _value(one: Field, typed: str) -> object:
    text = typed.strip()
    if one.kind == SECRET:
        return typed or None
    if one.kind == FLAG:
        return text == "yes"
    if one.kind in (LINES, PICKS):
        return [line for part in text.splitlines() if (line := part.strip())]
    if not text:
        return None
    if one.kind == DATE:
        return typed_day(text)
    if one.kind == NUMBER:
        return int(half_width(text))
    return " ".join(text.split()) if one.kind == AREA else text
