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
from service.errors import Conflict
from service.http.context import actor, db, settings, wired
from service.processes.rules import one_line
from service.rehearsal.scenarios import expecting
from service.rehearsal.scenarios.expecting import Change
from service.rehearsal.scenarios.mending import Mended
from service.rehearsal.wording import NOTHING, Wording
from service.studio import drafts
from service.studio.mending import Proposals, shown
from service.usecases.studio import Read, house_of, mended
from service.web.access import requires
from service.web.answers import done, listed, sent, text
from service.web.studio import RIGHT, tab_page
from service.web.studio_scenarios import ENDPOINT

blueprint = Blueprint("studio_mending", __name__)

CHOICE = "choose:"
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
    words = _Words(found.new, house_of(settings(), wired().organization).plan.names)
    for one in found.found:
        times = Counter(words.step(taken.label) for taken in one.taken)
        ways = [f"补上{step}{f'，共 {count} 次' if count > 1 else ''}" for step, count in times.items()]
        ways += [f"不再办「{one_line(name)}」，新版没有这一步" for name in one.dropped]
        ways += [
            f"「{step}」{'补填' if fresh else '不再填'}「{title}」{'（样例）' if fresh else ''}"
            for step, title, fresh in one.fields
        ]
        yield Told(one, shown(one), ways, [words.change(each) for each in one.changes])


class _Words(Wording):
    """Changes of what scenarios expect, as sentences."""

    def change(self, one: Change) -> str:
        """A change of what is expected, as a sentence."""
        if one.item == expecting.END:
            before, after = (self.step(end) if end else "仍在办" for end in (one.before, one.after))
            return f"结束：原为{before}，现为{after}"
        if one.item in _LISTS:
            return self._listed(one)
        if one.item == expecting.DUE:
            new = "，新步骤" if one.before is None and one.named else ""
            if not one.before and not one.after:
                return f"{self.step(one.label)}没有期限{new}"
            return f"{self.step(one.label)}的期限：{one.before or NOTHING} → {one.after or NOTHING}{new}"
        if one.item == expecting.LATE:
            before, after = (NOTHING if days is None else f"{days} 个工作日" for days in (one.before, one.after))
            return f"{self.step(one.label)}的逾期：{before} → {after}"
        before, after = (self.value(one.label, value) for value in (one.before, one.after))
        return f"{self.field(one.label)}：{before} → {after}"

    def _listed(self, one: Change) -> str:
        left, came = (self.steps(some) for some in (one.before, one.after))
        where = f"{self.step(one.label)}之后" if one.label and one.item != expecting.OPEN else ""
        said = "，".join([*([f"少了{left}"] if left else []), *([f"多了{came}"] if came else [])])
        return f"{_LISTS[one.item]}：{where}{said}"
