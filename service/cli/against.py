"""``liaison verify --against``: the journal held against heads that were kept elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from service import clock, seals
from service.audit.tables.names import named
from service.cli.setup import opened
from service.seals.witnesses import collect


def against_heads(place: Path, progress: Callable[[int, int], None] | None, *, as_json: bool) -> NoReturn:
    """Checks and ends: with 1 where something is not as it was sealed. Raises Invalid for files that are no heads."""
    witnesses = collect(place)
    with opened() as database, database.reading(long=True) as session:
        checked = seals.check_against(session, witnesses, progress, lambda stream: named(session, stream))
        names = {stream: named(session, stream) for stream in {one.stream for one in checked.mismatches}}
    found, last = checked.mismatches, witnesses[-1].head
    if as_json:
        listed = [{**asdict(one), "name": names[one.stream]} for one in found]
        said = {"ok": not found, "mismatches": listed, "remarks": checked.remarks}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        _told(checked, names)
        day = f"{clock.local(last.made_at):%Y-%m-%d %H:%M}"
        good = f"核对通过：与 {len(witnesses)} 次封存一致，到 {day} 为止的 {last.size} 条记录没有被改动。"
        click.echo(f"发现 {len(found)} 处不符。" if found else good)
    sys.exit(1 if found else 0)


def _told(checked: seals.Checked, names: Mapping[str, str]) -> None:
    """Writes what a check of the seals found, a line each; ``names`` has the name of each stream."""
    for one in checked.mismatches:
        place = f"{names[one.stream]} 第 {one.seq} 条" if one.seq else names[one.stream]
        values = f"（应为 {one.must}，现为 {one.have}）" if one.must is not None else ""
        click.echo(f"{place}：{one.what}{values}")
    for remark in checked.remarks:
        click.echo(f"注意：{remark}")
