"""A case of ten years ago is told by the definitions and forms of its time."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from datetime import date
from pathlib import Path

from service.audit.evidence import verifier
from service.processes.models import Instance
from service.rights import SYSTEM
from service.seals import Sealer
from tests.factories.databases import ON_BOTH
from tests.factories.versions import Edits, version
from tests.factories.visitor import Visitor
from tests.factories.workers import mismatches
from tests.factories.world import World

YEARS = 3653
LATER: Edits = {
    "forms/handle.json": [('"title": "办理情况（回复）"', '"title": "十年后的栏目"')],
    "bpmn/request.bpmn": [('name="受理审核"', 'name="十年后的受理"')],
}


@ON_BOTH
def test_a_case_of_ten_years_ago_is_shown_printed_proved_and_verified_as_it_was(world: World, tmp_path: Path) -> None:
    world.finished()
    with world.database.reading() as session:
        old = session.get_one(Instance, world.case)
        digest, day = old.digest, date(2026, 9, 16)
    case = world.case
    version(world, LATER)
    world.clock.advance(days=YEARS)
    world.recorded()  # people work by the new version
    there = dataclasses.replace(world.settings.seal, key_file=tmp_path / "seal.key")
    Sealer(world.database, there, mail=False).seal(by=SYSTEM, now=world.clock.now)
    auditor, page = Visitor(world, "auditor"), f"/cases/{case}/replay"
    shown = auditor.get(page).text
    steps = world.api("auditor").get(f"/instances/{case}/replay").json["steps"]
    handled = next(one["seq"] for one in steps if one["kind"] == "completed" and one["step"] == "handle")
    step = auditor.get(f"{page}/{handled}").text
    assert "办理情况（回复）" in step
    assert "受理审核" in shown
    assert "十年后" not in shown + step
    assert "十年后的受理" in auditor.get(f"/cases/{world.case}/replay").text
    for paper in (f"{page}.pdf", f"/cases/{case}/sheet.pdf", f"/cases/{case}/sheet.pdf?at={handled}"):
        assert auditor.get(paper).data[:5] == b"%PDF-", paper
    answer = auditor.get(f"/cases/{case}/evidence.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    assert "办理情况（回复）" in files[f"definitions/{digest}/forms/handle.json"].decode()
    assert not [name for name in files if "十年后" in files[name].decode(errors="ignore")]
    file = tmp_path / "evidence.zip"
    file.write_bytes(answer.data)
    assert verifier.check(file)[1] == []
    told = auditor.get("/audit/on-a-day", day=day.isoformat()).text
    assert str(json.loads(files["manifest.json"])["number"]) in told
    assert mismatches(world) == []
