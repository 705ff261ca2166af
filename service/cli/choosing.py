"""Of which district a command is, where one installation serves several: ``--district``, ``--all-districts``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from service.config.districts import (
    CONFIG,
    VARIABLE,
    District,
    Known,
    find_district,
    find_districts,
    read_all,
    require_apart,
)
from service.config.settings import PREFIX
from service.errors import Invalid

OF_ALL = frozenset({"serve", "worker", "districts"})
"""The commands that are for all districts at once."""
FOR_ONE = frozenset({"run"})
"""Those that make no sense for one after the other."""
NOWHERE = "没有指明各区的目录：请写 --districts 目录，或设 LIAISON_DISTRICTS"
_KEY, _READ = "liaison.district", "liaison.districts"


def choose(ctx: click.Context, folder: Path | None, name: str | None, *, every: bool) -> None:
    """Makes the command that of one district: its configuration, its variables. Raises Invalid where nobody knows of
    which it is, or the district shares with another what must be its own; ``every`` leaves that to ``each``.
    """
    called = ctx.invoked_subcommand
    if folder is None:
        if name is not None or every:
            raise Invalid(NOWHERE)
        return
    if name is not None and called != "districts":
        district = find_district(folder, name, os.environ)
        _require_its_own(district, ctx.meta.get(_READ) or read_all(folder, os.environ))
        of(ctx, district)
    elif called is not None and called not in OF_ALL and not every:
        raise Invalid(f"本套程序为几个区服务：请用 liaison --district 区 {called} …（每个区都做的用 --all-districts）")


def _require_its_own(district: District, found: Known) -> None:
    """Raises Invalid where the district's settings are bad or it is not held apart: a command would write into another
    district's database."""
    own = district.settings()
    others = {name: settings for name, (_, settings) in found.settings.items()}
    require_apart({**others, district.name: own}, of=district.name)


def read_once(ctx: click.Context, found: Known) -> None:
    """Tells the command of one of many districts what all are like: not each reads the folder again."""
    ctx.meta[_READ] = found


def folder_of_districts() -> Path | None:
    """The folder of the districts, where the command is for all of them; None for a command of one, or of a
    single installation."""
    root = click.get_current_context().find_root()
    found: Path | None = root.params.get("districts")
    return None if _KEY in root.meta else found


def of(ctx: click.Context, district: District) -> None:
    """From now on the command is that of the district, as if it were the only one."""
    ctx.obj = district.folder / CONFIG
    ctx.meta[_KEY] = district.name
    ctx.with_resource(_environment(district.variables()))


def each(ctx: click.Context, called: str | None) -> list[District]:
    """The districts for which the command ``called`` is done one after the other; none unless ``--all-districts`` says
    so. Raises Invalid where there are none, or it cannot be done so."""
    folder = ctx.params.get("districts")
    if not ctx.params.get("all_districts") or folder is None or called is None:
        return []
    if ctx.params.get("district") is not None:
        raise Invalid("--district 和 --all-districts 只写一个")
    if called in OF_ALL | FOR_ONE:
        raise Invalid(f"liaison {called} 不能用 --all-districts：请去掉它，或用 --district 写明一个区")
    found = find_districts(folder, os.environ)
    if not found:
        raise Invalid(f"{folder} 里还没有区：请用 liaison districts add 名称 --host 主机名 建立")
    return found


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The process and its children know the variables of the district, and no other of ours."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")]:
        if name != f"{PREFIX}BIND":
            del os.environ[name]
    os.environ.update(variables)
    os.environ.pop(VARIABLE, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
