"""补上新步骤: scenarios that no longer hold, each as it would go on, with what would be expected otherwise.

Nothing is taken silently: what becomes of a case is shown item by item, and what is accepted is what was shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.config import Organization, load_notifications
from service.errors import Conflict
from service.http.context import actor, db, settings, wired
from service.processes.bundles import Compiled
from service.processes.rules import one_line
from service.rehearsal.scenarios import expecting
from service.rehearsal.scenarios.expecting import Change
from service.rehearsal.scenarios.mending import Mended
from service.studio import drafts
from service.studio.mending import Proposals, shown
from service.usecases.studio import Read, house_of, mended
from service.web.access import requires
from service.web.answers import done, listed, sent, text
from service.web.studio import RIGHT, tab_page
from service.web.studio_scenarios import ENDPOINT

blueprint = Blueprint("studio_mending", __name__)

CHOICE = "choose:"
NOTHING = "没有"
_LISTS = {
    expecting.PASSED: "办过的步骤",
    expecting.OPEN: "最后待办的步骤",
    expecting.FIRED: "触发的定时",
    expecting.NOTICES: "发出的提醒",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A proposal as the page tells it: ``ways`` what is done otherwise, ``changes`` what is expected otherwise."""

    mended: Mended
    shown: str
    ways: Sequence[str]
    changes: Sequence[str]


def _proposed(draft_id: UUID) -> tuple[Read, Proposals | None]:
    given: Mapping[str, Any] = request.args if request.method == "GET" else sent()
    chosen = {}
    for name, value in given.items():
        parts = name.removeprefix(CHOICE).split("/")
        if name.startswith(CHOICE) and len(parts) == 3 and isinstance(value, str):
            chosen[parts[0], parts[1], parts[2]] = value
    return mended(wired().database, house_of(settings(), wired().organization), draft_id, chosen, g.actor)


@blueprint.get("/studio/<uuid:draft_id>/scenarios/mend")
@requires(right=RIGHT, ahead=_proposed)
def page(draft_id: UUID) -> ResponseReturnValue:
    """How each scenario that no longer holds would go on."""
    _, found = g.ahead
    draft = drafts.get(db(), draft_id, actor())
    told = list(_told(found)) if found is not None else []
    return tab_page(
        "studio/mending.html",
        draft,
        ENDPOINT,
        runs=found is not None,
        asked=found.asked if found is not None else (),
        choice=CHOICE,
        plain=[one for one in told if one.mended.content and one.mended.plain],
        others=[one for one in told if one.mended.content and not one.mended.plain],
        lost=[one.mended for one in told if not one.mended.content],
    )


@blueprint.post("/studio/<uuid:draft_id>/scenarios/mend")
@requires(right=RIGHT, ahead=_proposed)
def accept(draft_id: UUID) -> ResponseReturnValue:
    """Takes the chosen proposals (``accept``) into the draft, each as it was shown (``shown:<file>``)."""
    read, found = g.ahead
    fields = sent()
    wanted = [one for one in (found.found if found is not None else ()) if one.file in listed(fields, "accept")]
    if not wanted or any(one.content is None or shown(one) != text(fields, f"shown:{one.file}") for one in wanted):
        raise Conflict("流程或用例在这期间又有改动，结果与刚才显示的不同；请重新打开这一页，看过再采用")
    revision = read.revision
    for one in wanted:
        content = (one.content or "").encode()
        given: dict[str, Any] = {"revision": revision, "actor": actor(), "now": clock.now()}
        revision = drafts.put(db(), draft_id=draft_id, name=one.file, content=content, **given)
    return done(f"已更新 {len(wanted)} 个用例。", url_for(ENDPOINT, draft_id=draft_id))


def _told(found: Proposals) -> Iterator[Told]:
    words = _Words(found.new, wired().organization)
    for one in found.found:
        times = Counter(words.step(taken.label) for taken in one.taken)
        ways = [f"补上「{step}」{f'，共 {count} 次' if count > 1 else ''}" for step, count in times.items()]
        ways += [f"不再办「{one_line(name)}」，新版没有这一步" for name in one.dropped]
        ways += [
            f"「{step}」{'补填' if fresh else '不再填'}「{title}」{'（样例）' if fresh else ''}"
            for step, title, fresh in one.fields
        ]
        yield Told(one, shown(one), ways, [words.change(each) for each in one.changes])


class _Words:
    """Labels and values of scenarios in the words of the drawing, the forms and the organization."""

    def __init__(self, made: Compiled, organization: Organization) -> None:
        self._names = {node: one_line(name) for (_, node), name in made.program.names.items()}
        self._units = {code: one.name for code, one in organization.units.items()}
        self._kinds = {kind: one.name for kind, one in load_notifications(wired().config).items() if one.name}
        self._fields = {name: schema for form in made.forms.values() for name, schema in form.fields.items()}

    def step(self, label: str) -> str:
        """``handle/edu`` as 办理（区教育局）."""
        node, _, slot = label.partition("/")
        name = self._names.get(node) or self._kinds.get(node) or node
        return f"{name}（{self._units.get(slot, slot)}）" if slot else name

    def change(self, one: Change) -> str:
        """A change of what is expected, as a sentence."""
        if one.item == expecting.END:
            before, after = (self._names.get(end, end) if end else "仍在办" for end in (one.before, one.after))
            return f"结束：原为「{before}」，现为「{after}」"
        if one.item in _LISTS:
            return self._listed(one)
        if one.item == expecting.DUE:
            new = "，新步骤" if one.before is None and one.named else ""
            return f"「{self.step(one.label)}」的期限：{one.before or NOTHING} → {one.after or NOTHING}{new}"
        if one.item == expecting.LATE:
            before, after = (NOTHING if days is None else f"{days} 个工作日" for days in (one.before, one.after))
            return f"「{self.step(one.label)}」的逾期：{before} → {after}"
        name, _, slot = one.label.partition("/")
        title = str(self._fields.get(name, {}).get("title") or name)
        whose = f"（{self._units.get(slot, slot)}）" if slot else ""
        return f"{title}{whose}：{self._value(name, one.before)} → {self._value(name, one.after)}"

    def _listed(self, one: Change) -> str:
        left, came = ("、".join(self.step(label) for label in some) for some in (one.before, one.after))
        where = f"「{self.step(one.label)}」之后" if one.label and one.item != expecting.OPEN else ""
        said = "，".join([*([f"少了「{left}」"] if left else []), *([f"多了「{came}」"] if came else [])])
        return f"{_LISTS[one.item]}：{where}{said}"

    def _value(self, name: str, value: Any) -> str:
        if value is None:
            return NOTHING
        options = self._fields.get(name, {}).get("oneOf", ())
        return str(next((one.get("title") for one in options if one.get("const") == value), value))[:80]
