"""The access log: who was shown, searched for, printed and exported whose data, when, from where, and why.

Not the journal, which tells what was done: entries are written beside requests, kept for a set time, and put under the
journal in batches.
"""

from service.access_log.entries import ACTS, WAYS, Look, words
from service.access_log.handing import last_exported, note_exported, note_printed_out
from service.access_log.keeping import Keeper, write
from service.access_log.sealing import LONGEST, end_keeping, is_over, seal_entries, waiting
from service.access_log.shown import note_absent, note_restricted, note_shown

__all__ = [
    "ACTS",
    "LONGEST",
    "WAYS",
    "Keeper",
    "Look",
    "end_keeping",
    "is_over",
    "last_exported",
    "note_absent",
    "note_exported",
    "note_printed_out",
    "note_restricted",
    "note_shown",
    "seal_entries",
    "waiting",
    "words",
    "write",
]
