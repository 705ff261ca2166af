"""How journals make saved views and the cases looked at again: verification folds and compares them. Pure."""

from __future__ import annotations

from service.history.folding import Event, Family, Held, Rows
from service.ledger.fields import POLICY_CHANGED, REVISITED, VIEW_DROPPED, VIEW_SAVED
from service.ledger.models import LedgerView, PolicyChange, Revisit


def _view(rows: Rows, event: Event) -> None:
    if event.kind == VIEW_SAVED:
        rows.put(LedgerView, rows.name, event.data, id=rows.name, saved_at=event.at)
    elif event.kind == VIEW_DROPPED:
        rows.drop(LedgerView, rows.name)


def _policy(rows: Rows, event: Event) -> None:
    data = event.data
    if event.kind == POLICY_CHANGED:
        rows.put(PolicyChange, rows.name, data, id=rows.name, marked_by=event.actor, marked_at=event.at)
        untold = dict.fromkeys(("result", "note", "done_by", "done_at"))
        for case in data["cases"]:
            rows.put(Revisit, case, untold, change_id=rows.name, instance_id=case)
    elif event.kind == REVISITED:
        rows.set(Revisit, data["instance_id"], data, done_by=event.actor, done_at=event.at)


FAMILIES = (
    Family("ledger_view", (Held(LedgerView, LedgerView.id, "台账视图", lambda row: row["name"]),), _view),
    Family(
        "policy",
        (
            Held(PolicyChange, PolicyChange.id, "政策变化", lambda row: row["policy"]),
            Held(Revisit, Revisit.change_id, "重新研判的事项", lambda row: row["instance_id"]),
        ),
        _policy,
    ),
)
