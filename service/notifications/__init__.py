"""Notices: the journal's ``notice`` events told to people, in their inbox and, where the settings say so, by mail."""

from service.notifications.addresses import set_chat_address, set_choices, set_mail_address
from service.notifications.commands import mark_all_read, mark_read, mark_signed, own_notice
from service.notifications.delivery import Delivery
from service.notifications.letter_lists import unsent
from service.notifications.letters import retry_all
from service.notifications.models import MailAddress, Notification, NotificationDelivery, OwedLetter
from service.notifications.post import Post
from service.notifications.queries import Waiting, inbox, mail_address, receipts_owed, received, signed_for, waiting
from service.notifications.telling import Office

__all__ = [
    "Delivery",
    "MailAddress",
    "Notification",
    "NotificationDelivery",
    "Office",
    "OwedLetter",
    "Post",
    "Waiting",
    "inbox",
    "mail_address",
    "mark_all_read",
    "mark_read",
    "mark_signed",
    "own_notice",
    "receipts_owed",
    "received",
    "retry_all",
    "set_chat_address",
    "set_choices",
    "set_mail_address",
    "signed_for",
    "unsent",
    "waiting",
]
