"""The append-only journal: what happened, to what, by whom, when; hash-chained per stream.

A stream is an instance (``instance:…``) or a record of the people side (``talent:…``, ``unit:…``, ``calendar``,
``access``). The journal is the truth; whatever else is stored can be rebuilt from it.
"""

from service.history.bulk import begin_streams, extend_streams
from service.history.journal import (
    LATE_BY,
    append,
    count,
    head_columns,
    hold,
    last_event,
    last_of,
    lock,
    lock_all,
    next_seq,
    said,
    stream_events,
    streams,
)
from service.history.models import HistoryEvent, HistoryHead, OutboxEntry, of_kinds
from service.history.outbox import MAX_ATTEMPTS, OUTBOX_KINDS, claim, give_up, lease, postpone, settle
from service.history.played import note_played, played, played_until
from service.history.retrying import note_failure, revive
from service.history.retrying import stream_of as notice_stream
from service.history.telling import Happened
from service.history.verify import DOUBTFUL, Chain, Mismatch, StoredEvent, chains, verify_stream, verify_streams
from service.history.versions import Edits, Later, Stale, require_version, version_of, versions_of

__all__ = [
    "DOUBTFUL",
    "LATE_BY",
    "MAX_ATTEMPTS",
    "OUTBOX_KINDS",
    "Chain",
    "Edits",
    "Happened",
    "HistoryEvent",
    "HistoryHead",
    "Later",
    "Mismatch",
    "OutboxEntry",
    "Stale",
    "StoredEvent",
    "append",
    "begin_streams",
    "chains",
    "claim",
    "count",
    "extend_streams",
    "give_up",
    "head_columns",
    "hold",
    "last_event",
    "last_of",
    "lease",
    "lock",
    "lock_all",
    "next_seq",
    "note_failure",
    "note_played",
    "notice_stream",
    "of_kinds",
    "played",
    "played_until",
    "postpone",
    "require_version",
    "revive",
    "said",
    "settle",
    "stream_events",
    "streams",
    "verify_stream",
    "verify_streams",
    "version_of",
    "versions_of",
]
