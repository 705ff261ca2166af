"""People and contacts of the people side, without any process."""

from __future__ import annotations

from datetime import datetime

from service import contacts, talents
from service.clock import SHANGHAI
from service.workdays import Calendar
from tests.factories.people import EARLY, actor

CALENDAR = Calendar.from_config()


OFFICE = actor(("talent_office", None), username="office")


LIAISON = actor(("liaison", "hrss"), username="liaison-hrss")


STRANGER = actor(("liaison", "edu"), username="liaison-edu")


AUDITOR = actor(("auditor", None), username="auditor")


ADMIN = actor(("admin", None), username="admin")


NOW = datetime(2026, 9, 16, 9, 0, tzinfo=SHANGHAI)


TODAY = NOW.date()


SECRET = "近期情绪低落，家中老人住院"


def add_talent(session, name="梁思远", **fields):
    fields = {"employer": "华南精密仪器有限公司", "category": 2, "actor": OFFICE, "now": EARLY, **fields}
    return talents.add_talent(session, name=name, **fields)


def contact(session, chief, *who, **fields):
    fields = {
        "form": "visit",
        "held_on": TODAY,
        "topics": [3],
        "summary": "到企业走访，了解研发进展。",
        "calendar": CALENDAR,
        "actor": LIAISON,
        "now": NOW,
        **fields,
    }
    return contacts.record_contact(session, leader_id=chief.id, talent_ids=[one.id for one in who], **fields)
