"""Mistakes planted in the shipped processes are found, each at its element, with a message that tells the fix."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from service.checks import CheckContext, check
from service.config import load, load_organization
from service.processes.options import frozen
from service.proof import prove
from service.usecases import check_context
from tests.factories.mistakes import CHECK, MISTAKES, PROOF, ROOT, Mistake, shipped
from tests.factories.rehearsals import calendar, plan
from tests.factories.wording import unnamed

CONTEXT = check_context(load(ROOT / "config", {}), load_organization(ROOT / "config"))
PROCESSES = sorted(path.name for path in (ROOT / "bpmn").iterdir())
FIX = re.compile(r"请|应|改|可用|不能|写成|删去|要")
PLANTED = [one for one in MISTAKES if one.by == CHECK]


def context(process: str, *, based: bool = False) -> CheckContext:
    return replace(CONTEXT, key=process, base=shipped(process) if based else None)


def test_the_corpus_is_large_and_each_mistake_has_a_name_of_its_own() -> None:
    assert len(MISTAKES) >= 60
    assert [name for name, count in Counter(one.name for one in MISTAKES).items() if count > 1] == []


@pytest.mark.parametrize("mistake", PLANTED, ids=lambda one: one.name)
def test_a_planted_mistake_is_found_at_its_element(mistake: Mistake) -> None:
    found = check(mistake.files(), context=context(mistake.process, based=mistake.based))
    there = [
        one
        for one in found
        if (one.file, one.element, one.rule, one.severity)
        == (mistake.file, mistake.element, mistake.rule, mistake.severity)
    ]
    assert there, "\n".join(map(str, found))
    assert all(FIX.search(one.message) for one in there)
    assert [one.message for one in found if unnamed(one.message, mistake.files())] == []


@pytest.mark.parametrize("mistake", [one for one in MISTAKES if one.by == PROOF], ids=lambda one: one.name)
def test_a_mistake_that_no_look_at_the_drawing_finds_is_found_by_the_proof(mistake: Mistake) -> None:
    files = frozen(mistake.files(), CONTEXT.options)
    assert [str(one) for one in check(files, context=context(mistake.process)) if one.severity == "error"] == []
    proof = prove(files, mistake.process, calendar(), plan())
    there = [
        one
        for one in (*proof.faults, *proof.warnings)
        if (one.file, one.element, one.kind, one.severity)
        == (mistake.file, mistake.element, mistake.rule, mistake.severity)
    ]
    assert there, "\n".join(map(str, (*proof.faults, *proof.warnings)))
    assert all(FIX.search(one.message) for one in there)
    assert [one.message for one in (*proof.faults, *proof.warnings) if unnamed(one.message, files)] == []


@pytest.mark.parametrize("based", [False, True])
@pytest.mark.parametrize("process", PROCESSES)
def test_no_shipped_process_has_a_finding(process: str, based: bool) -> None:
    assert [str(one) for one in check(shipped(process), context=context(process, based=based))] == []
