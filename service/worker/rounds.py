"""The work of once on a working day, by name: each in a transaction of its own, one that fails holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from service.audit.ways import keeping
from service.ledger import revisits
from service.rights import SYSTEM
from service.studio import drafts
from service.usecases import eligibility, posts
from service.worker import daily

ROUNDS: Mapping[str, Callable[[Session, datetime], object]] = {
    "提醒录入放假安排": lambda session, now: daily.remind_of_missing_notice(session, now=now),
    "发起联系关系调整": lambda session, now: posts.open_handovers(session, actor=SYSTEM, now=now),
    "清理弃置的流程草稿": lambda session, now: drafts.sweep(session, now),
    "汇总流程图谱": lambda session, now: keeping.daily(session, now),
    "提醒重新研判": lambda session, now: revisits.remind(session, now=now),
    "发起资格复核": lambda session, now: eligibility.open_reviews(session, actor=SYSTEM, now=now),
}
"""Work of once on a working day, each in a transaction of its own."""
