"""The session of a transaction, which costs a step of a case little.

SQLAlchemy's own follows the relations of each object that is added, plans an order for each flush, and asks at each
question whether it still has its connection. Rows that are written by hand (``by_hand``) need none of it, and what is
no object of the session at all waits here for the next flush.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction, UOWTransaction
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.session import SessionTransactionState

from service.db.by_hand import Written, written
from service.db.prepared import ask_no_more, together

Send = Callable[["LeanSession", Connection], None]
_States = Sequence[Any]


class LeanSession(Session):
    """Objects of one transaction; ``queue`` and ``follow`` hold what is written with them and is none of them."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._queue: dict[Send, None] = {}
        self._following: dict[Send, None] = {}
        self._at: tuple[SessionTransaction | None, Any] = (None, None)

    def queue(self, send: Send) -> None:
        """At the next flush ``send`` writes, once, what waits elsewhere; before the objects of the session."""
        self._queue[send] = None

    def follow(self, send: Send) -> None:
        """The same, behind the objects that are written by hand; it asks nothing."""
        self._following[send] = None

    def connection(self, *given: Any, **more: Any) -> Connection:
        """As of any session; remembered for as long as its transaction, or savepoint, goes on."""
        transaction, found = self._at
        if transaction is None or transaction is not self._transaction or given or more:
            found = super().connection(*given, **more)
            self._at = (self._transaction, found)
        elif transaction._state is not SessionTransactionState.ACTIVE:
            return super().connection()  # which says why there is none
        made: Connection = found
        return made

    def add(self, instance: object, **more: Any) -> None:
        """As of any session. A row that is written by hand and points to no object is taken in alone."""
        table = written(type(instance))
        state: Any = instance_state(instance) if table is not None else None
        if table is None or state.key is not None or state.session_id or not table.stands_alone(state):
            super().add(instance, **more)
            return
        if self._transaction is None:
            self._autobegin_t()
        self._new[state] = instance
        state.insert_order, state.session_id = len(self._new), self.hash_key
        state._orphaned_outside_of_session = False
        if state.modified:
            state._strong_obj = instance

    def flush(self, objects: Any = None) -> None:
        """As of any session."""
        if self._told() or self._new or self._deleted or self.identity_map._modified or self._flushing:
            super().flush() if objects is None else super().flush(objects)

    def _is_clean(self) -> bool:
        return not self._told() and super()._is_clean()

    def _told(self) -> bool:
        return bool(self._queue or self._following)

    def _flush(self, objects: Any = None) -> None:
        if objects is None:
            try:
                self._send()
            except BaseException:
                transaction: Any = self._transaction
                transaction._begin().rollback(_capture_exception=True)
                raise
        if self._new or self._deleted or self.identity_map._modified:
            super()._flush(objects)

    def _send(self) -> None:
        """Sends what is queued, then the rows that are written by hand, new ones and what has changed, then what
        follows them."""
        waiting = self._waiting()
        if not (self._told() or waiting):
            return
        connection = self.connection()
        _told_before(connection, waiting)  # listeners may ask, so nothing is under way yet
        queued, following = self._queue, self._following
        self._queue, self._following = {}, {}
        with together(connection):
            for send in queued:
                send(self, connection)
            for table, fresh, moved in waiting:
                if fresh:
                    table.insert(connection, fresh)
                if moved:
                    table.update(connection, moved)
            for send in following:
                send(self, connection)
        context: Any = UOWTransaction(self)
        self.dispatch.after_flush(self, context)
        for table, fresh, moved in waiting:
            self._settle(table, fresh, moved)

    def _waiting(self) -> list[tuple[Written, _States, _States]]:
        """The objects of each table that is written by hand which are new, and those which have changed."""
        new: dict[Written, list[Any]] = defaultdict(list)
        changed: dict[Written, list[Any]] = defaultdict(list)
        for state in self._new:
            if (table := written(state.class_)) is not None:
                new[table].append(state)
        for state in self.identity_map._modified:
            if (table := written(state.class_)) is not None and state not in self._deleted:
                changed[table].append(state)
        for states in changed.values():
            if len(states) > 1:
                states.sort(key=lambda state: str(state.key[1]))
        touched = new.keys() | changed.keys()
        return [(table, new.get(table, ()), changed.get(table, ())) for table in Written.tables() if table in touched]

    def _settle(self, table: Written, fresh: _States, moved: _States) -> None:
        """The objects are as their rows are now; should the transaction, or the savepoint, fail, it knows which."""
        transaction: Any = self._transaction
        known: Any = self.identity_map
        for state in fresh:
            state.key = (table.model, (state.dict[table.key],), None)
            known._add_unpresent(state, state.key)
            transaction._new[state] = True
            del self._new[state]
        for state in moved:
            transaction._dirty[state] = True
            known._modified.discard(state)
        for state in (*fresh, *moved):
            state.committed_state.clear()
            state.expired_attributes.difference_update(state.dict)
            state.modified = state.expired = False
            state._strong_obj = None


def _told_before(connection: Connection, waiting: Iterable[tuple[Written, _States, _States]]) -> None:
    for table, fresh, moved in waiting:
        heard = table.mapper.dispatch
        if fresh and heard.before_insert:
            for state in fresh:
                heard.before_insert(table.mapper, connection, state)
        if moved and heard.before_update:
            for state in moved:
                heard.before_update(table.mapper, connection, state)


def lean(session: Session) -> LeanSession:
    """The session of a transaction, for what leaves with its rows. Raises TypeError for another one."""
    if not isinstance(session, LeanSession):
        raise TypeError(f"this is written with the rows of a LeanSession, not of a {type(session).__name__}")
    return session


def changes(session: Session, models: Collection[type[Any]]) -> bool:
    """Whether objects of these models were made, changed or deleted since the last flush."""
    if any(state.class_ in models for states in (session._new, session._deleted) for state in states):
        return True
    modified = session.identity_map._modified
    return bool(modified) and any(
        state.class_ in models and session.is_modified(state.obj()) for state in list(modified)
    )


def sends(session: Session, models: Collection[type[Any]]) -> bool:
    """Whether objects of these models may be among those of the flush that is under way."""
    groups = (session._new, session.identity_map._modified, session._deleted)
    return any(state.class_ in models for states in groups for state in states)


@event.listens_for(LeanSession, "after_rollback")
@event.listens_for(LeanSession, "after_soft_rollback")
def _forget(session: LeanSession, *_: object) -> None:
    """Nothing waits any more; before a savepoint all had been sent."""
    session._queue.clear()
    session._following.clear()
    ask_no_more(session)
