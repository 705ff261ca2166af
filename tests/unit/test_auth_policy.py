"""The table of rights."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from service.config.organization import load_organization
from service.errors import NotAllowed
from service.rights import GONE, RIGHTS, ROLES, SYSTEM, may, require
from tests.factories.people import actor

SERVICE = Path(__file__).resolve().parents[2] / "service"
OFFICE = actor(("talent_office", None))
ADMIN = actor(("admin", None))
OWNER = actor(("owner", None))
AUDITOR = actor(("auditor", None))
LIAISON = actor(("liaison", "hrss"))
HANDLER = actor(("responsible_unit", "hrss"))
NOBODY = actor()
ME = UUID(int=1)


@pytest.mark.parametrize(
    ("who", "action", "expected"),
    [
        (ADMIN, "manage_accounts", True),
        (OFFICE, "manage_accounts", False),
        (OWNER, "deploy_definitions", True),
        (ADMIN, "deploy_definitions", True),
        (OFFICE, "deploy_definitions", False),
        (OFFICE, "view_ledger_all", True),
        (AUDITOR, "view_ledger_all", True),
        (LIAISON, "view_ledger_all", False),
        (ADMIN, "view_ledger_all", False),
        (AUDITOR, "verify", True),
        (ADMIN, "verify", True),
        (OFFICE, "verify", False),
        (AUDITOR, "edit_talents", False),
        (HANDLER, "edit_talents", False),
        (NOBODY, "view_definitions", True),
        (NOBODY, "operate_cases", False),
        (SYSTEM, "manage_accounts", True),
    ],
)
def test_roles_have_their_rights_and_no_others(who, action, expected):
    assert may(who, action) is expected


def test_a_units_right_holds_for_that_unit_only():
    assert may(LIAISON, "view_reports", unit="hrss")
    assert not may(LIAISON, "view_reports", unit="edu")
    assert not may(LIAISON, "view_reports")
    assert not may(HANDLER, "name_liaison", unit="hrss")


def test_ones_own_right_holds_for_oneself_only():
    me = actor(person_id=ME)
    assert may(me, "declare_substitute", person_id=ME)
    assert not may(me, "declare_substitute", person_id=UUID(int=2))
    assert not may(NOBODY, "declare_substitute", person_id=None)


def test_a_refusal_names_the_right():
    with pytest.raises(NotAllowed, match="管理账号"):
        require(OFFICE, "manage_accounts")
    require(ADMIN, "manage_accounts")


def test_the_roles_are_those_of_the_organization():
    assert set(load_organization(Path("config")).roles) >= ROLES


@pytest.mark.parametrize("action", sorted(RIGHTS))
def test_every_right_names_known_roles_and_has_a_chinese_name(action):
    right = RIGHTS[action]
    assert right.roles | right.unit_roles <= ROLES
    assert right.everybody or right.staff or right.roles | right.unit_roles
    assert re.search(r"[\u4e00-\u9fff]", right.name)


def test_nobody_can_pose_as_the_system():
    from service.auth.rules import RESERVED

    assert SYSTEM.username in RESERVED
    assert SYSTEM.is_system
    assert not ADMIN.is_system


def test_every_right_is_asked_for_somewhere():
    """A right that nothing asks for promises an office something that it does not give."""
    told = re.compile(r"""["']([a-z_]+)["']""")
    asked = {
        name
        for kind in ("*.py", "*.html")
        for path in SERVICE.rglob(kind)
        if path.name != "policy.py" and "static" not in path.parts and "node_modules" not in path.parts
        for name in told.findall(path.read_text())
    }
    assert sorted(RIGHTS.keys() - asked) == []
    assert not RIGHTS.keys() & GONE
