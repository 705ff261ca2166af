"""Files that people attach to records (附件): rows in the database, their bytes in a store beside it."""

from service.storage.attachments import (
    Infected,
    Received,
    attachment_names,
    attachments_called,
    attachments_of,
    content_of,
    files_of_tasks,
    get_attachment,
    keep,
    receive,
    stored_contents,
    stored_digests,
    stored_names,
)
from service.storage.models import Attachment, StagedFile
from service.storage.ofd import words_of
from service.storage.rules import CALLED, KINDS, LARGEST, SHOWN, TAKEN, kind_of
from service.storage.stores import Store, chosen, store_of

__all__ = [
    "CALLED",
    "KINDS",
    "LARGEST",
    "SHOWN",
    "TAKEN",
    "Attachment",
    "Infected",
    "Received",
    "StagedFile",
    "Store",
    "attachment_names",
    "attachments_called",
    "attachments_of",
    "chosen",
    "content_of",
    "files_of_tasks",
    "get_attachment",
    "keep",
    "kind_of",
    "receive",
    "store_of",
    "stored_contents",
    "stored_digests",
    "stored_names",
    "words_of",
]
