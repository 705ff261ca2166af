"""Reports of change, as an employer makes them."""

from __future__ import annotations

from tests.factories.rounds import begin

MOVED = {
    "talent_id": "T0001",
    "change_type": "job_change",
    "event_date": "2026-09-10",
    "reported_on": "2026-09-16",
    "description": "调往新的单位",
    "leaves_district": False,
    "new_employer": "新材料研究院",
}


def reported(world, user="liaison-district_office", step="report_for_employer", **changes):
    begin(world, "change_report", user)
    said = {**MOVED, **changes}
    world.do(user, step, {name: value for name, value in said.items() if value is not None})


def known(world):
    world.do("leader", "acknowledge_change", {})
    world.do("office", "acknowledge_report", {})
