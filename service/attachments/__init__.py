"""Files attached to records (附件), by hand or with a step's form, with the rights of the record."""

from service.attachments.handing import hand_in
from service.attachments.records import (
    ENTRIES,
    LOOKED_THROUGH,
    MOST,
    READ_WITHDRAWN,
    RESTRICTED,
    Files,
    attach,
    attachment_for,
    files_called,
    files_of,
    hides_files,
    record_history,
    require_attach,
    withdraw_attachment,
)
from service.attachments.refused import STREAM as REFUSED
from service.attachments.refused import note_refused
from service.attachments.staged import (
    MOST_STAGED,
    drop_staged,
    file_name,
    forget_bytes,
    forget_staged,
    may_name,
    require_room,
    stage,
    staged_file,
    staged_files,
)

__all__ = [
    "ENTRIES",
    "LOOKED_THROUGH",
    "MOST",
    "MOST_STAGED",
    "READ_WITHDRAWN",
    "REFUSED",
    "RESTRICTED",
    "Files",
    "attach",
    "attachment_for",
    "drop_staged",
    "file_name",
    "files_called",
    "files_of",
    "forget_bytes",
    "forget_staged",
    "hand_in",
    "hides_files",
    "may_name",
    "note_refused",
    "record_history",
    "require_attach",
    "require_room",
    "stage",
    "staged_file",
    "staged_files",
    "withdraw_attachment",
]
