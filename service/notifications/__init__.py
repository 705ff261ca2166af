"""Notices: the journal's ``notice`` events told to people, in their inbox and, where the settings say so, by mail."""

from service.notifications.commands import Office, mark_all_read, mark_read, set_mail_address
from service.notifications.delivery import Delivery
from service.notifications.models import MailAddress, Notification, NotificationDelivery
from service.notifications.queries import inbox, mail_address, unread_count

__all__ = [
    "Delivery",
    "MailAddress",
    "Notification",
    "NotificationDelivery",
    "Office",
    "inbox",
    "mail_address",
    "mark_all_read",
    "mark_read",
    "set_mail_address",
    "unread_count",
]
