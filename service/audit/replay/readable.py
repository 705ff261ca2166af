"""A case whose journal somebody has damaged: its readers are told which entries, and no page breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from service import history
from service.errors import DAMAGE, Conflict, Finding, LiaisonError
from service.processes.models import Instance
from service.processes.recording import stream_of

MOST = 20
"""Damaged entries that are named."""


@contextmanager
def readable(session: Session, instance: Instance) -> Iterator[None]:
    """Within the block the case's journal is told.

    Raises Conflict, with a finding an entry, where that fails and entries were changed, taken out or put in. A journal
    whose hashes are whole fails as it does: that is a defect, not damage.
    """
    try:
        yield
    except LiaisonError:  # what it says is for its reader already
        raise
    except DAMAGE:
        found = history.verify_stream(session, stream_of(instance.id))
        if not found:
            raise
        raise Conflict(
            f"事项 {instance.number or instance.id} 的日志被改动，读不出来，不能回放和导出。"
            "请不要继续办理，由审计人员到“核验”页核验，并按《审计人员指南》第三节处置",
            [Finding("", placed(one)) for one in found[:MOST]],
        ) from None


def placed(one: history.Mismatch) -> str:
    """The words for a fault of a chain, with the number of its entry."""
    return one.what if f"第 {one.seq} 条" in one.what else f"第 {one.seq} 条：{one.what}"
