"""Files that people attach to records (附件): kept in the database, so that a backup holds them."""

from service.storage.attachments import attachments_of, get_attachment, keep
from service.storage.models import Attachment
from service.storage.rules import KINDS, LARGEST

__all__ = ["KINDS", "LARGEST", "Attachment", "attachments_of", "get_attachment", "keep"]
