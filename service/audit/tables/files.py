"""How the journals of whichever records make the rows of their files. Pure.

The bytes of those that stand in the store are looked at apart (``verifying/stored.py``).
"""

from __future__ import annotations

from service.history.folding import Digest, Event, Held, Rows
from service.storage.models import Attachment
from service.storage.rules import media_type


def fold_file(rows: Rows, event: Event) -> None:
    """A file attached to the record of the stream, or taken back."""
    data = event.data
    if event.kind == "file_attached":
        told = {"stream": rows.stream, "added_by": event.actor, "added_at": event.at, "withdrawn_at": None}
        told |= {"media_type": media_type(data["name"]), "task_id": None, "field": None}
        told["content"] = None if data.get("stored") else Digest(data["sha256"])
        if event.task is not None:
            told |= {"task_id": event.task, "field": data["field"]}
        rows.put(Attachment, data["id"], data, told)
    elif event.kind == "file_withdrawn":
        rows.set(Attachment, data["id"], withdrawn_at=event.at)


FILES = Held(Attachment, Attachment.stream, "附件", lambda row: row["name"])
