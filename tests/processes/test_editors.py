"""A diagram that an editor opened and saved again is still the same program."""

from __future__ import annotations

import subprocess
from datetime import datetime

from service.checks import check
from service.clock import SHANGHAI
from service.processes.bundles import read_bundle
from service.usecases import check_context
from tests.factories.node import ASSETS, node_path
from tests.factories.world import HOME, read_config

SAVE = """
import { readFileSync } from "node:fs";
import { BpmnModdle } from "bpmn-moddle";
const moddle = new BpmnModdle();
const { rootElement, warnings } = await moddle.fromXML(readFileSync(0, "utf-8"));
if (warnings.length) throw new Error(warnings.map((warning) => warning.message).join("\\n"));
process.stdout.write((await moddle.toXML(rootElement, { format: true })).xml);
"""
NOW = datetime(2026, 9, 16, 9, 0, tzinfo=SHANGHAI)


def _saved(xml: bytes) -> bytes:
    """The diagram as bpmn-js saves it: it reads and writes with the same library."""
    done = subprocess.run(
        [node_path(), "--input-type=module", "--eval", SAVE], input=xml, cwd=ASSETS, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_the_shipped_diagrams_survive_an_editor() -> None:
    before = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    after = {name: _saved(data) if name.endswith(".bpmn") else data for name, data in before.items()}
    assert after != before
    settings, organization = read_config("sqlite://")
    context = check_context(settings, organization)
    assert check(before, context=context) == []
    assert check(after, context=context) == []
    for name in (name for name in before if name.endswith(".bpmn")):
        for kept in (b"loopDataInputRef>", b"loopDataOutputRef>", b"spiffworkflow:property ", b"bpmn:timeDate"):
            assert after[name].count(kept) == before[name].count(kept), (name, kept)
