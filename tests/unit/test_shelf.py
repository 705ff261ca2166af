"""Definitions in memory: what several have alike stands there once, and nobody's own pushes another's out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from service.processes.bundles import Compiled, compile_bundle, read_bundle
from service.processes.shelf import Part, Shelf

HOME = Path(__file__).parents[2]
PROCESS = "instruction"


def shipped(process: str = PROCESS) -> dict[str, bytes]:
    return read_bundle(HOME / "bpmn" / process, HOME / "forms" / process)


def of_district(number: int) -> dict[str, bytes]:
    """The shipped bundle with another title on one form."""
    files = shipped()
    name = next(name for name in sorted(files) if name.startswith("forms/") and not name.endswith(".ui.json"))
    return files | {name: files[name].replace(b'"title": "', f'"title": "{number} '.encode(), 1)}


def put(shelf: Shelf[Compiled], files: Mapping[str, bytes]) -> Compiled:
    made = compile_bundle(files, PROCESS, shelf.parts)
    return shelf.put(made.digest, made, made.parts)


def test_a_hundred_districts_with_choices_of_their_own_share_the_rest() -> None:
    shelf: Shelf[Compiled] = Shelf(1_000_000)
    made = [put(shelf, of_district(number)) for number in range(100)]
    assert len({one.digest for one in made}) == 100
    assert all(shelf.find(one.digest) is one for one in made)
    assert len({id(one.program) for one in made}) == 1
    forms = {id(form) for one in made for form in one.forms.values()}
    assert len(forms) == len(made[0].forms) - 1 + 100
    assert shelf.size < 10 * sum(map(len, shipped().values()))


def test_what_is_shared_is_what_the_files_say() -> None:
    shelf: Shelf[Compiled] = Shelf(1_000_000)
    put(shelf, of_district(1))
    shared, alone = put(shelf, of_district(2)), compile_bundle(of_district(2), PROCESS)
    assert shared.digest == alone.digest
    assert {name: form.schema for name, form in shared.forms.items()} == {
        name: form.schema for name, form in alone.forms.items()
    }
    assert (shared.diagrams, shared.prints) == (alone.diagrams, alone.prints)


def test_the_same_drawing_as_another_process_is_another_part() -> None:
    files = shipped("request")
    main = compile_bundle(files, "request")
    called = next(process for process in main.diagrams if process != "request")
    other = compile_bundle(files, called, main.parts)
    assert (main.program.key, other.program.key) == ("request", called)
    assert all(form is main.forms[name] for name, form in other.forms.items())


def test_those_last_asked_for_stay_and_a_shared_part_with_them() -> None:
    shelf: Shelf[str] = Shelf(100)
    common = Part(40, "common")
    for name in ("a", "b", "c"):
        shelf.put(name, name, {"common": common, name: Part(20, name)})
    assert shelf.size == 100
    assert shelf.find("a") == "a"
    shelf.put("d", "d", {"common": common, "d": Part(20, "d")})
    assert [shelf.find(name) for name in ("a", "b", "c", "d")] == ["a", None, "c", "d"]
    assert (shelf.size, set(shelf.parts)) == (100, {"common", "a", "c", "d"})
    shelf.put("large", "large", {"large": Part(500, "large")})  # larger than all that may be: there while it is used
    assert (shelf.size, set(shelf.parts), shelf.find("large")) == (500, {"large"}, "large")


def test_whoever_comes_second_gets_what_the_first_has_put() -> None:
    shelf: Shelf[str] = Shelf(100)
    assert shelf.put("a", "first", {"x": Part(1, "x")}) == "first"
    assert shelf.put("a", "second", {"x": Part(1, "x")}) == "first"
    assert shelf.size == 1
