"""What people type into fields: one vocabulary, and its checks. Pure.

A ``Checks`` collects what is wrong with one input, field by field, and refuses it as a whole.
"""

from service.fields.checks import (
    EMAIL,
    FIRST_YEAR,
    LAST_YEAR,
    NAME_LENGTH,
    PASSAGE_LENGTH,
    PHONE,
    TITLE_LENGTH,
    UNIT_CODE,
    Checks,
    merged,
)

__all__ = [
    "EMAIL",
    "FIRST_YEAR",
    "LAST_YEAR",
    "NAME_LENGTH",
    "PASSAGE_LENGTH",
    "PHONE",
    "TITLE_LENGTH",
    "UNIT_CODE",
    "Checks",
    "merged",
]
