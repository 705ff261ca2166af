"""The guide's tables of actions, records and lists are those of the code, none left out."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from service.actions import action_table
from service.checks.forms import LISTINGS, REFERENCES
from service.config import load
from service.processes.properties import PAGES, PROCESS, TASK, stages_of
from service.rights import RIGHTS
from service.usecases import listing_table, reference_table
from tests.factories.scripts import load_script

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def make() -> ModuleType:
    return load_script("tables/make")


def test_the_guide_is_current(make: ModuleType) -> None:
    for path in (make.GUIDE, make.ADMINISTRATORS):
        guide = path.read_text()
        assert make.filled(guide) == guide, f"run make docs: {path.name}"


def test_the_guide_explains_every_action_record_and_list(make: ModuleType) -> None:
    guide = make.GUIDE.read_text()
    table = guide.partition("<!-- actions:")[2].partition("<!-- /actions -->")[0]
    explained = dict(re.findall(r"^\| `(\w+)` [^|]+\| [^|]+\| ([^|]+) \|", table, re.MULTILINE))
    actions = action_table(load(HOME / "config", environ={}))
    assert explained.keys() == actions.keys()
    assert [name for name, said in explained.items() if not re.search(r"[\u4e00-\u9fff]{4}", said)] == []
    named = [
        f'| `"{word}": "{code}"` |' for word, codes in (("x-ref", REFERENCES), ("x-among", LISTINGS)) for code in codes
    ]
    assert [row for row in named if row not in guide] == []


def test_the_guide_explains_every_property_page_and_process(make: ModuleType) -> None:
    guide = make.GUIDE.read_text()
    for name in (*PROCESS, *TASK):
        said = re.search(rf"^\| `{name}` \| (.+) \| `(.+)` \|$", guide, re.MULTILINE)
        assert said is not None, name
        assert re.search(r"[\u4e00-\u9fff]{4}", said[1]), name
    assert [code for code, name in PAGES.items() if f"| `{code}` | {name} |" not in guide] == []
    shipped = [folder.name for folder in (HOME / "bpmn").iterdir() if folder.is_dir()]
    assert [
        name for name in shipped if not re.search(rf"^\| `{name}` [^|]+\| [^|]+\| [^|]+\|", guide, re.MULTILINE)
    ] == []


def test_the_administrators_guide_explains_every_right(make: ModuleType) -> None:
    guide = make.ADMINISTRATORS.read_text()
    assert [right for right, one in RIGHTS.items() if f"| `{right}` {one.name} |" not in guide] == []


def test_every_row_of_the_guides_tables_has_an_example(make: ModuleType) -> None:
    for table in (make.actions_table(), make.records_table(), make.lists_table()):
        assert [line for line in table.splitlines() if line.rstrip(" |").endswith("|") or line.endswith("|  |")] == []
    assert "出厂图没有用到" not in make.actions_table()


def test_the_examples_of_properties_keep_their_own_rules() -> None:
    for one in (*PROCESS.values(), *TASK.values()):
        assert one.example
        assert not one.longest or len(one.example) <= one.longest
    assert PROCESS["page"].example in PAGES
    assert [code for code, name in stages_of(PROCESS["stages"].example) if not name] == []


def test_the_checks_know_the_records_and_lists_of_the_wiring() -> None:
    assert REFERENCES.keys() == reference_table().keys()
    assert LISTINGS.keys() == listing_table().keys()


def test_a_table_is_made_between_its_marks(make: ModuleType) -> None:
    stale = "前\n<!-- lists: docs/tables/make.py -->\n旧\n<!-- /lists -->\n后"
    made = make.filled(stale)
    assert "旧" not in made
    assert made.startswith("前\n<!-- lists")
    assert "talents_to_hand_over" in made
