"""The job that counts 改派率 rule by rule over the cases of a period, and its report as a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, jobs
from service.auth.queries import actor_of
from service.checks.decision_model import decisions_of
from service.engine.xml import parse_xml
from service.errors import Finding, Invalid, LiaisonError, NotFound
from service.ids import as_id
from service.ledger.workbooks import Cell, write_table
from service.processes.definitions import latest
from service.rights import Actor, require
from service.studio import drafts, rates

RATES = "rates"
BATCH = 20
FIGURES = ("取用", "已定", "改了建议", "换了单位", "合计改派", "改派率")
DEFINITION = (
    "改派率 = 合计改派 ÷ 已定。取用：办理中由这条规则得出结果的次数；已定：经办人已按表单作出决定的次数；"
    "改了建议：经办人填的与规则给出的不同；换了单位：派出以后，同一份办理又换了别的单位；两样都有的只算一次。"
    "撤回了的不算。规则按编号对上：改过内容、编号没有变的，新旧各版合在一起算。"
)
"""The rate in words, as page and sheet say it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A count over the answers of rules from ``first`` to ``last``, both days included."""

    process: str
    first: date
    last: date

    def params(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {"process": self.process, "from": self.first.isoformat(), "to": self.last.isoformat()}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Wish:
        """The wish that a job keeps."""
        return cls(said["process"], date.fromisoformat(said["from"]), date.fromisoformat(said["to"]))


def submit(session: Session, *, wish: Wish, actor: Actor, now: datetime) -> jobs.Job:
    """Asks for the count. Raises NotAllowed, NotFound (no such process), Invalid (it ends before it begins)."""
    require(actor, drafts.EDIT)
    if wish.last < wish.first:
        raise Invalid("统计期间不对", [Finding("/to", "结束日期不能早于开始日期")])
    latest(session, wish.process)
    total = rates.how_many(session, wish.process, wish.first, wish.last)
    return jobs.submit(session, kind=RATES, params=wish.params(), actor=actor, now=now, total=total)


def work(run: jobs.Run) -> dict[str, Any]:
    """The work of a count: some cases at a time; items are the times that people did otherwise."""
    wish, tables = Wish.read(run.params), rates.Tables()
    with run.database.reading() as session:
        require(actor_of(session, run.made_by), drafts.EDIT)
    tally, after = rates.Tally.read(run.state.get("tally", {})), as_id(run.state.get("after") or "")
    unread = int(run.state.get("unread", 0))
    while True:
        found: list[rates.Hit] = []
        with run.database.reading() as session:
            period = {"first": wish.first, "last": wish.last}
            ids = rates.cases_of(session, wish.process, **period, after=after, limit=BATCH)
            for case in ids:
                try:
                    found += rates.hits(session, case, wish.first, wish.last, tables)
                except LiaisonError:  # verification names what is wrong with it
                    unread += 1
        if not ids:
            return {**tally.data(), "unread": unread}
        for hit in found:
            tally.take(hit)
        after, changed = ids[-1], [(place, hit) for place, hit in enumerate(found) if hit.changed]
        items = [
            jobs.Item(f"{hit.instance}/{place}", verdict(hit.decision, hit.rule), _data(hit)) for place, hit in changed
        ]
        state = {"after": str(after), "tally": tally.data(), "unread": unread}
        run.tell(done=run.done + len(ids), items=items, state=state)


def _data(hit: rates.Hit) -> dict[str, Any]:
    return {
        "instance": str(hit.instance),
        "number": hit.number,
        "decision": hit.decision,
        "rule": hit.rule,
        "on": clock.local(hit.at).date().isoformat(),
        "overruled": list(hit.overruled),
        "moved": hit.moved,
    }


def verdict(decision: str, rule: str) -> str:
    """The word under which a job's items of one rule are found."""
    return sha256(f"{decision}/{rule}".encode()).hexdigest()[:32]


def job_of(session: Session, job_id: UUID, actor: Actor) -> jobs.Job:
    """The count. Raises NotAllowed, NotFound."""
    found = jobs.visible_job(session, job_id, actor)
    if found.kind != RATES:
        raise NotFound("没有这个改派率的统计")
    return found


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table as its owner knows it: its rules with their descriptions, in order."""

    id: str
    name: str
    rules: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rated:
    """A rule of a table with its figures. ``rate``: per cent, None where nothing was decided."""

    decision: str
    table: str
    place: int
    rule: str
    words: str
    figures: Mapping[str, int]
    rate: int | None
    instead: Sequence[tuple[str, int]]


def rated(result: Mapping[str, Any], tables: Sequence[Table]) -> list[Rated]:
    """The rules of ``tables`` in their order with their figures, and what answered but is there no more."""
    found = []
    for table in tables:
        told, instead = (dict(result.get(name, {}).get(table.id, {})) for name in ("rules", "instead"))
        known = [(place, rule, words) for place, (rule, words) in enumerate(table.rules, start=1)]
        gone = [(0, rule, "（现在没有这一条）") for rule in sorted(told.keys() - {rule for rule, _ in table.rules})]
        for place, rule, words in (*known, *gone):
            figures = told.get(rule, dict.fromkeys(rates.COLUMNS, 0))
            rate = round(100 * figures["changed"] / figures["decided"]) if figures["decided"] else None
            chosen = sorted(instead.get(rule, {}).items(), key=lambda one: (-one[1], one[0]))
            found.append(Rated(table.id, table.name, place, rule, words, figures, rate, chosen))
    return found


def tables_of(files: Mapping[str, bytes]) -> list[Table]:
    """The tables among the files of a process; what cannot be read is left out."""
    found = []
    for name, content in sorted(files.items()):
        if not name.endswith(".dmn"):
            continue
        try:
            root = parse_xml(content, name=name)
        except Invalid:
            continue
        for decision in decisions_of({name: root}).values():
            said = {str(rule.get("id")): rule.findtext("{*}description") or "" for rule in root.iter("{*}rule")}
            rules = [(rule.id, " ".join(said.get(rule.id, "").split())) for rule in decision.rules]
            found.append(Table(decision.id, decision.name or decision.id, rules))
    return found


def sheet(session: Session, job: jobs.Job, tables: Sequence[Table]) -> bytes:
    """The report as a workbook: a row a rule."""
    into = BytesIO()
    columns = ("规则表", "序", "规则", *FIGURES, "改成了什么")
    write_table(_rows(rated(job.result or {}, tables)), into, columns=columns, title="改派率")
    return into.getvalue()


def _rows(found: Sequence[Rated]) -> Iterator[Sequence[Cell]]:
    for one in found:
        figures = [one.figures[name] for name in rates.COLUMNS]
        instead = "；".join(f"{said}（{n} 次）" for said, n in one.instead)
        rate = None if one.rate is None else f"{one.rate}%"
        yield (one.table, one.place or None, one.words, *figures, rate, instead)
    yield (DEFINITION,)


def kind() -> jobs.Kind:
    """The kind of these jobs."""
    return jobs.Kind(RATES, "改派率", drafts.EDIT, work)
