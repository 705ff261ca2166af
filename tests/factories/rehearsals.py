"""Rehearsals of shipped and of small bundles, by the shipped settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from service import clock
from service.config import load, load_organization
from service.processes.bundles import Compiled, compile_bundle, read_bundle
from service.rehearsal.core import Plan, Rehearsal
from service.usecases.rehearsals import plan_of
from service.workdays import Calendar, load_notices

HOME = Path(__file__).parents[2]
CONFIG = HOME / "config"
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=clock.SHANGHAI)

NEED = {
    "talent_id": "t-1",
    "leader_id": "80ebf2c0-e1c5-5486-b772-68e4b6491f56",
    "channel": "visit",
    "received_on": "2026-03-02",
    "title": "子女转学",
    "description": "小学三年级转学学位",
    "category": "education",
    "town": "dali",
    "on_the_spot": False,
}
DISPATCH = {"opinion": "请办理", "basis": "competent", "lead_unit": "edu", "assisting_units": ["dali"]}


@cache
def plan() -> Plan:
    """The plan that the shipped settings hand to a rehearsal."""
    return plan_of(load(CONFIG, {}), load_organization(CONFIG))


@cache
def calendar() -> Calendar:
    """The shipped calendar."""
    return Calendar.from_config(load_notices(CONFIG))


@cache
def shipped(process: str) -> Compiled:
    """A shipped bundle, compiled once."""
    return compile_bundle(read_bundle(HOME / "bpmn" / process, HOME / "forms" / process), process)


def made_of(body: bytes, forms: Mapping[str, bytes], key: str = "p") -> Compiled:
    """A small bundle."""
    return compile_bundle({"bpmn/p.bpmn": body, **{f"forms/{name}.json": form for name, form in forms.items()}}, key)


def begun(process: str = "request", *, by: str = "liaison@hrss", at: datetime = MONDAY, **more: Any) -> Rehearsal:
    """A rehearsal of a shipped process at its start."""
    return Rehearsal(shipped(process), calendar(), plan(), at, by=by, **more)


def handed_out() -> Rehearsal:
    """A need that is with the units edu (主办) and dali (协办), the talent told."""
    rehearsal = begun()
    rehearsal.do("record_need", NEED, by="liaison@hrss")
    rehearsal.do("accept", {"decision": "accept"})
    rehearsal.do("dispatch", DISPATCH)
    rehearsal.do("feedback_accepted", {"channel": "phone", "given_on": "2026-03-02", "content": "已受理"})
    return rehearsal
