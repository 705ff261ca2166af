"""Contacts of leaders and talents: records, opinions, activities, a unit's own matters (C1–C4, F1–F4, O3, R6, R7)."""

from service.contacts.activities import add_activity, cancel_activity, invite, record_attendance
from service.contacts.commands import (
    answer_opinion,
    give_missed_reason,
    link_opinion,
    record_contact,
    withdraw_contact,
)
from service.contacts.edits import attendance_edits, missed_edits, missed_versions, opinion_edits
from service.contacts.interviews import PairCount, contact_counts, interview_counts
from service.contacts.matters import follow_matter, record_matter, solve_matter
from service.contacts.models import Activity, Contact, Invitation, Matter, Opinion
from service.contacts.queries import (
    ContactFilter,
    Similar,
    get_activity,
    get_contact,
    get_matter,
    get_opinion,
    restricted_notes,
    search_activities,
    search_contacts,
    search_matters,
    search_opinions,
    similar_matters,
)
from service.contacts.rules import FORMS, INBOUND_FORMS, OPINION_STATUSES, TOPICS, form_name, half_of, period_of

__all__ = [
    "FORMS",
    "INBOUND_FORMS",
    "OPINION_STATUSES",
    "TOPICS",
    "Activity",
    "Contact",
    "ContactFilter",
    "Invitation",
    "Matter",
    "Opinion",
    "PairCount",
    "Similar",
    "add_activity",
    "answer_opinion",
    "attendance_edits",
    "cancel_activity",
    "contact_counts",
    "follow_matter",
    "form_name",
    "get_activity",
    "get_contact",
    "get_matter",
    "get_opinion",
    "give_missed_reason",
    "half_of",
    "interview_counts",
    "invite",
    "link_opinion",
    "missed_edits",
    "missed_versions",
    "opinion_edits",
    "period_of",
    "record_attendance",
    "record_contact",
    "record_matter",
    "restricted_notes",
    "search_activities",
    "search_contacts",
    "search_matters",
    "search_opinions",
    "similar_matters",
    "solve_matter",
    "withdraw_contact",
]
