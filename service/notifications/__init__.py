"""Notices: the journal's ``notice`` events told to people, in their inbox and, where the settings say so, by mail."""

from service.notifications.commands import Office, mark_all_read, mark_read, set_mail_address
from service.notifications.delivery import Delivery
from service.notifications.letters import retry_all, unsent
from service.notifications.models import MailAddress, Notification, NotificationDelivery, OwedLetter
from service.notifications.post import Post
from service.notifications.queries import inbox, mail_address, unread_count

__all__ = [
    "Delivery",
    "MailAddress",
    "Notification",
    "NotificationDelivery",
    "Office",
    "OwedLetter",
    "Post",
    "inbox",
    "mail_address",
    "mark_all_read",
    "mark_read",
    "retry_all",
    "set_mail_address",
    "unread_count",
    "unsent",
]
