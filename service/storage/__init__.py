"""Files that people attach to records (附件): kept in the database, so that a backup holds them."""

from service.storage.models import Attachment

__all__ = ["Attachment"]
