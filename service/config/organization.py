"""The organization by office, not person: ``organization.toml`` gives roles, towns, categories and the first units."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from service.config.reader import Table, invalid, read_file
from service.errors import NotFound
from service.rights import GONE, OWN_ROLES, RIGHTS, SCOPES, RoleRights, scopes_of

Item = TypeVar("Item")

FILE = "organization.toml"
STANDS_IN = "talent_office"
"""The role that stands in where the file names none."""
GIVEN_LISTS = ("towns", "categories", "kinds")
"""The lists of choices that every organization has."""
_SCOPE = r"all|origin|own|data:[a-z][a-z0-9_]*"


@dataclass(frozen=True, slots=True)
class Role:
    """A role; a lane of a diagram bears its ``id``.

    ``scope`` says whose matters it covers: ``all``; ``origin``: those that its own unit started; ``data:<name>``:
    those whose data ``<name>`` is its unit; ``own``: those that concern the person.

    ``stand_ins`` are the roles that act in turn where nobody can act in this one, the first that somebody holds. A role
    that is bound to a unit stands in for the own unit only, or for the leaders whom that unit serves.

    ``rights`` is what the file lets a role do that an office has added.
    """

    id: str
    name: str
    scope: str
    stand_ins: tuple[str, ...] = ()
    rights: RoleRights = field(default_factory=RoleRights)

    @property
    def data_name(self) -> str | None:
        """The data name of a ``data:<name>`` scope."""
        return self.scope.partition(":")[2] or None


@dataclass(frozen=True, slots=True)
class Named:
    """A town, a category of needs or a kind of unit: its code and Chinese name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class OrganizationUnit:
    """A unit of the first directory (H1). ``town`` is a town's code or None; ``short`` are its short names."""

    code: str
    name: str
    kind: str
    town: str | None
    is_member_unit: bool
    short: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Organization:
    """Everything of ``organization.toml``, by id or code in the file's order."""

    roles: Mapping[str, Role]
    towns: Mapping[str, Named]
    categories: Mapping[str, Named]
    kinds: Mapping[str, Named]
    units: Mapping[str, OrganizationUnit]
    stages: Mapping[str, Named]
    options: Mapping[str, Mapping[str, Named]] = field(default_factory=dict)

    @property
    def lists(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """The choices that forms may take from here: (code, name) of towns, categories, kinds of units, and of the
        office's own lists."""
        given = {"towns": self.towns, "categories": self.categories, "kinds": self.kinds, **self.options}
        return {name: tuple((one.code, one.name) for one in each.values()) for name, each in given.items()}

    def get_role(self, role_id: str) -> Role:
        """The role ``role_id``; raises ``NotFound``."""
        if role_id not in self.roles:
            raise NotFound(f"没有角色“{role_id}”，可用的有：{'、'.join(self.roles)}")
        return self.roles[role_id]

    def get_unit(self, code: str) -> OrganizationUnit:
        """The unit ``code``; raises ``NotFound``."""
        if code not in self.units:
            raise NotFound(f"没有单位“{code}”")
        return self.units[code]


def load_organization(directory: Path) -> Organization:
    """The organization of ``directory/organization.toml``; raises ``Invalid`` naming every mistake."""
    root = Table(read_file(directory / FILE), "", [])
    roles = _read(root, "roles", _read_role)
    _check_stand_ins(root, roles)
    towns = _read(root, "towns", _read_named)
    categories = _read(root, "categories", _read_named)
    kinds = _read(root, "kinds", _read_named)
    units = _read(root, "units", partial(_read_unit, towns=towns, kinds=kinds))
    stages = _read(root, "stages", _read_named) if root.has("stages") else {}
    options = _read_options(root.table("options"))
    root.close()
    if root.findings:
        raise invalid(FILE, root.findings)
    return Organization(
        MappingProxyType(roles),
        MappingProxyType(towns),
        MappingProxyType(categories),
        MappingProxyType(kinds),
        MappingProxyType(units),
        MappingProxyType(stages),
        MappingProxyType(options),
    )


def _read(root: Table, key: str, read: Callable[[Table], tuple[str, Item]]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for table in root.tables(key):
        code, item = read(table)
        table.close()
        if code and code in found:
            table.fault("id" if table.has("id") else "code", f"“{code}”重复，请改用别的代码")
        found.setdefault(code, item)
    if root.value(key) in (None, []):
        root.fault(key, f"至少要有一项，写成 [[{key}]]")
    return found


def _read_options(table: Table) -> dict[str, Mapping[str, Named]]:
    """The office's own lists of choices, each ``[[options.<name>]]``."""
    found: dict[str, Mapping[str, Named]] = {}
    for name in table.names():
        if name in GIVEN_LISTS:
            table.fault(name, f"{name} 是系统给出的选项表，请换一个名称")
        elif not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
            table.fault(name, "名称只能用小写字母、数字和下划线，以字母开头，最多 40 个字符")
        found[name] = MappingProxyType(_read(table, name, _read_named))
    return found


def _read_role(table: Table) -> tuple[str, Role]:
    role = Role(
        id=table.code("id"),
        name=table.text("name", longest=40),
        scope=table.text("scope", pattern=_SCOPE, hint="应为 all、origin、own 或 data:数据名"),
    )
    # A role that names none has the office that coordinates all matters stand in.
    stand_ins = table.texts("stand_ins") if table.has("stand_ins") else (STANDS_IN,)
    stand_ins = tuple(one for one in stand_ins if one != role.id)
    return role.id, replace(role, stand_ins=stand_ins, rights=_read_rights(table, role))


def _read_rights(table: Table, role: Role) -> RoleRights:
    """The rights of the role; the product's own keep theirs, which no file changes."""
    if role.id in OWN_ROLES:
        for key in ("rights", "of_unit", "delegable"):
            if table.value(key) is not None:
                table.fault(key, f"{role.name}是产品自带的角色，权限由产品规定，请删去；需要别的权限时，另加一个角色")
        return replace(OWN_ROLES[role.id], name=role.name)
    of_unit = table.boolean("of_unit", default=role.scope == "origin" or role.data_name is not None)
    delegable = table.boolean("delegable", default=True)
    given = table.table("rights")
    found: dict[str, str] = {}
    for right in given.names():
        scope = str(given.value(right))
        if right in GONE:
            continue
        if right not in RIGHTS:
            close = difflib.get_close_matches(right, RIGHTS, n=1)
            hint = f"是不是 {close[0]}（{RIGHTS[close[0]].name}）？" if close else "能写的见管理员指南的“角色的权限”"
            given.fault(right, f"没有这项权限，{hint}")
        elif scope not in scopes_of(RIGHTS[right]):
            allowed = "、".join(f"{one}（{SCOPES[one]}）" for one in scopes_of(RIGHTS[right]))
            given.fault(right, f"“{RIGHTS[right].name}”的范围应为：{allowed}")
        elif scope == "unit" and not of_unit:
            given.fault(right, "范围 unit 是本单位，而这个角色不分单位；请写 of_unit = true，或把范围改成 all")
        else:
            found[right] = scope
    return RoleRights(of_unit, delegable, MappingProxyType(found), role.name)


def _check_stand_ins(root: Table, roles: Mapping[str, Role]) -> None:
    for number, role in enumerate(roles.values()):
        for unknown in (one for one in role.stand_ins if one not in roles and one != STANDS_IN):
            root.fault(f"roles[{number}].stand_ins", f"没有角色“{unknown}”，应为：{'、'.join(roles)}")


def _read_named(table: Table) -> tuple[str, Named]:
    named = Named(table.code("code"), table.text("name", longest=40))
    return named.code, named


def _read_unit(table: Table, *, towns: Mapping[str, Named], kinds: Mapping[str, Named]) -> tuple[str, OrganizationUnit]:
    unit = OrganizationUnit(
        code=table.code("code"),
        name=table.text("name", longest=60),
        kind=table.text("kind", choices=kinds),
        town=table.text("town", choices=towns) if table.has("town") else None,
        is_member_unit=table.boolean("is_member_unit", default=False),
        short=table.texts("short") if table.has("short") else (),
    )
    return unit.code, unit
