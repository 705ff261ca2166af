"""Contacts of leaders and talents: records, opinions, activities, a unit's own matters (C1–C4, F1–F4, O3, R6, R7)."""

from service.contacts.activities import add_activity, cancel_activity, invite, record_attendance
from service.contacts.commands import record_contact, withdraw_contact
from service.contacts.edits import attendance_edits, missed_edits, missed_versions, opinion_edits
from service.contacts.entering import (
    last_contacts,
    latest_activities,
    leader_to_enter,
    leaders_to_enter,
    leaders_to_record,
    may_enter,
)
from service.contacts.filters import ActivityFilter, ContactFilter, InterviewFilter, MatterFilter, OpinionFilter
from service.contacts.interviews import PairCount, contact_counts, interview_counts, interview_progress, interviews_of
from service.contacts.matters import follow_matter, record_matter, solve_matter
from service.contacts.missed import give_missed_reason, pairs_explained
from service.contacts.models import Activity, Contact, Invitation, Matter, Opinion
from service.contacts.opinions import answer_opinion, link_opinion
from service.contacts.queries import (
    Similar,
    activity_of,
    get_activity,
    get_contact,
    get_matter,
    get_opinion,
    restricted_note,
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
    "ActivityFilter",
    "Contact",
    "ContactFilter",
    "InterviewFilter",
    "Invitation",
    "Matter",
    "MatterFilter",
    "Opinion",
    "OpinionFilter",
    "PairCount",
    "Similar",
    "activity_of",
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
    "interview_progress",
    "interviews_of",
    "invite",
    "last_contacts",
    "latest_activities",
    "leader_to_enter",
    "leaders_to_enter",
    "leaders_to_record",
    "link_opinion",
    "may_enter",
    "missed_edits",
    "missed_versions",
    "opinion_edits",
    "pairs_explained",
    "period_of",
    "record_attendance",
    "record_contact",
    "record_matter",
    "restricted_note",
    "restricted_notes",
    "search_activities",
    "search_contacts",
    "search_matters",
    "search_opinions",
    "similar_matters",
    "solve_matter",
    "withdraw_contact",
]
