"""Bundles: the files of one process, content-addressed, and what they compile to (kept per digest, by its parts)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import engine
from service.engine.program import BPMN, SPIFF
from service.engine.xml import parse_xml
from service.errors import Finding, Invalid, NotFound
from service.processes.forms import Form, load_form
from service.processes.models import DefinitionFile
from service.processes.privacy import marks_of
from service.processes.properties import stages_of
from service.processes.rules import REGISTER, STAGES
from service.processes.shelf import Part, Shelf

LARGEST = 12_000_000
"""Bytes of files whose definitions a process keeps: what is made of them takes eight times as much, about 100 MB."""
LONGEST_TITLE = 200
_SPIFF = f"{{{SPIFF}}}"
_BPMN = f"{{{BPMN}}}"
PRINT = "print"
_SUFFIXES = (".bpmn", ".dmn", ".json", ".typ")
_PICTURES = (".typ", ".docx", ".toml", ".svg", ".png")
_NOTHING: Mapping[str, Part] = {}


@dataclass(frozen=True)
class Compiled:
    """A definition ready to run: the engine's program, the forms by name, and the drawings of its processes.

    ``diagrams`` maps a process id to its name and the XML of the file that draws it; ``prints`` are the files of its
    print templates by name.
    """

    digest: str
    program: engine.Program
    forms: Mapping[str, Form]
    diagrams: Mapping[str, tuple[str, str]]
    prints: Mapping[str, bytes] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict, repr=False)
    """All of that by the digest of the files that each was made of."""

    def form_of(self, process: str, task: str) -> Form:
        """The form of a user task: its property ``form``, else the form named like the task."""
        name = self.program.user_tasks[process, task].properties.get("form") or task
        if name not in self.forms:
            raise NotFound(f"步骤 {task} 没有表单 {name}")
        return self.forms[name]

    def own_fields(self, process: str, task: str) -> frozenset[str]:
        """The fields of a user task's form about its own step alone: the case's data keep what another form said of it.

        Those are the fields marked ``x-own`` that another form of the bundle has and does not mark.
        """
        found = self._own.get((process, task))
        if found is None:  # each input of a case asks
            fields = self.form_of(process, task).fields.items()
            found = self._own[process, task] = self._common & {name for name, one in fields if one.get("x-own")}
        return found

    @cached_property
    def _own(self) -> dict[tuple[str, str], frozenset[str]]:
        return {}

    @cached_property
    def _common(self) -> frozenset[str]:
        """The names of the fields that at least one form does not mark as its own step's."""
        every = (form.fields.items() for form in self.forms.values())
        return frozenset(name for fields in every for name, schema in fields if not schema.get("x-own"))

    @property
    def stages(self) -> tuple[str, ...]:
        """The codes of the stages of the process in their order: its property ``stages``, else the five of a need."""
        return tuple(self.stage_names)

    @cached_property
    def stage_names(self) -> Mapping[str, str]:
        """Code → name of each of its stages, in their order; an empty name is left to the settings."""
        return dict(stages_of(self.program.properties.get("stages", ""))) or dict(STAGES)

    @cached_property
    def private(self) -> Mapping[str, str]:
        """The fields of its forms that are private (``x-private``), each with its kind."""
        return dict(mark for form in self.forms.values() for mark in marks_of(form.schema))

    @cached_property
    def ends(self) -> Mapping[str, str]:
        """Id → name of the end events of the main diagram, in their order."""
        _, xml = self.diagrams[self.program.key]
        main = [
            one for one in parse_xml(xml.encode(), name=self.program.key).iter() if one.get("id") == self.program.key
        ]
        events = (one for process in main for one in process if one.tag == f"{_BPMN}endEvent")
        return {str(one.get("id")): " ".join((one.get("name") or "").split()) for one in events}

    @cached_property
    def told_texts(self) -> tuple[str, ...]:
        """The fields of the form by which a need is registered in which people write in their own words: no choices,
        no picked records, no dates, nothing private. A search of the ledger looks through them."""
        form = self.forms.get(REGISTER)
        fields = form.fields.items() if form is not None else ()
        return tuple(name for name, schema in fields if is_own_words(schema) and name not in self.private)

    @cached_property
    def given_numbers(self) -> Mapping[tuple[str, str], int]:
        """(action, parameter) → the whole number that the diagrams give it; the first, where they give several."""
        found: dict[tuple[str, str], int] = {}
        for _, xml in self.diagrams.values():
            for operator in parse_xml(xml.encode(), name=self.program.key).iter(f"{_SPIFF}serviceTaskOperator"):
                for one in operator.iter(f"{_SPIFF}parameter"):
                    value = one.get("value") or ""
                    if value.isdigit():
                        found.setdefault((str(operator.get("id")), str(one.get("id"))), int(value))
        return found

    @cached_property
    def openings(self) -> dict[Hashable, object]:
        """The memory of ``first_steps`` of the step that a new case opens with: pages ask it of every process."""
        return {}

    @cached_property
    def profiles(self) -> dict[Hashable, object]:
        """The memory of ``profiles`` of what the version says of itself to people: pages ask it of every process."""
        return {}

    @property
    def given(self) -> tuple[str, ...]:
        """The values with which the service starts the process (property ``given``): nobody starts it by hand."""
        return tuple(self.program.properties.get("given", "").split())

    def title_of(self, data: Mapping[str, Any]) -> str:
        """The title of a case with ``data``: by the process's property ``title``, else by the field ``title``."""
        expression = self.program.properties.get("title")
        if not expression:
            return str(data.get("title") or "")
        try:
            return str(engine.evaluate(expression, data, engine.PURE) or "")[:LONGEST_TITLE]
        except engine.ExpressionError:  # what it names is not there yet
            return str(self.program.spec.description or self.program.key)


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """A bundle that may be deployed as the process ``key``: its files, what they compile to, and the checks' warnings.

    ``service.checks.gate`` makes it, nobody else: where somebody has one, the checks have passed.
    """

    key: str
    files: Mapping[str, bytes]
    compiled: Compiled
    findings: Sequence[object] = ()


def is_own_words(schema: Mapping[str, Any]) -> bool:
    """Whether people write a field in their own words."""
    given = ("format", "oneOf", "anyOf", "enum", "const", "x-ref", "x-options", "x-private")
    return schema.get("type") == "string" and not any(name in schema for name in given)


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over names, lengths and bytes of the files in the order of their names."""
    seal = hashlib.sha256()
    for name in sorted(files):
        content = files[name]
        seal.update(f"{name}\0{len(content)}\0".encode())
        seal.update(content)
    return seal.hexdigest()


def read_bundle(bpmn: Path, forms: Path) -> dict[str, bytes]:
    """The files of the process folders ``bpmn/<process>`` and ``forms/<process>`` under their bundle names.

    The print templates lie in ``forms/<process>/print``.
    """
    if not bpmn.is_dir():
        raise NotFound(f"没有流程目录 {bpmn}")
    files: dict[str, bytes] = {}
    for folder, prefix in ((bpmn, "bpmn"), (forms, "forms"), (forms / "print", PRINT)):
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if path.is_file() and path.suffix in (_PICTURES if prefix == PRINT else _SUFFIXES):
                    files[f"{prefix}/{path.name}"] = path.read_bytes()
    if not files:
        raise Invalid(f"{bpmn} 里没有流程文件", [Finding(str(bpmn), "请放入 .bpmn 文件")])
    return files


def compile_bundle(files: Mapping[str, bytes], key: str, known: Mapping[str, Part] = _NOTHING) -> Compiled:
    """Parses diagrams, tables and forms. Raises Invalid with findings.

    ``known``: parts by their digest, which are taken as they are where this bundle has the same.
    """
    used: dict[str, Part] = {}

    def once(kind: str, names: Iterable[str], make: Callable[[], Any]) -> Any:
        own = {name: files[name] for name in names if name in files}
        digest = f"{kind} {digest_of(own)}"
        if (part := known.get(digest)) is None:
            part = Part(sum(map(len, own.values())), make())
        used[digest] = part
        return part.made

    drawings = [name for name in files if name.endswith((".bpmn", ".dmn"))]
    program, diagrams = once(f"program {key}", drawings, lambda: (engine.parse(files, key), _diagrams(files)))
    forms: dict[str, Form] = {}
    for name in files:
        if name.startswith("forms/") and name.endswith(".json") and not name.endswith(".ui.json"):
            form = name.removeprefix("forms/").removesuffix(".json")
            forms[form] = once("form", (name, f"forms/{form}.ui.json"), partial(_form, files, form))
    prints = {
        name.removeprefix(f"{PRINT}/"): once(PRINT, (name,), partial(files.__getitem__, name))
        for name in files
        if name.startswith(f"{PRINT}/")
    }
    return Compiled(digest_of(files), program, forms, diagrams, prints, used)


def _diagrams(files: Mapping[str, bytes]) -> dict[str, tuple[str, str]]:
    return {
        process: (title, engine.utf8(content, name).decode())
        for name, content in files.items()
        if name.endswith(".bpmn")
        for process, title in engine.processes_in(content, name)
    }


def _form(files: Mapping[str, bytes], form: str) -> Form:
    return load_form(form, files[f"forms/{form}.json"], files.get(f"forms/{form}.ui.json"))


_shelf: Shelf[Compiled] = Shelf(LARGEST)


def compiled(session: Session, digest: str, key: str) -> Compiled:
    """The definition with ``digest``, parsed at most once in this process while it is in use; of what another has too
    there is one."""
    if (found := _shelf.find((digest, key))) is not None:
        return found
    made = compile_bundle(files_of(session, digest), key, _shelf.parts)
    if made.digest != digest:
        raise Invalid(f"定义文件与摘要不符：{digest}", [Finding(digest, f"实际内容的摘要是 {made.digest}")])
    return _shelf.put((digest, key), made, made.parts)


def keep_files(session: Session, digest: str, files: Mapping[str, bytes]) -> None:
    """Stores the files of a bundle, once."""
    if not session.scalar(select(func.count()).where(DefinitionFile.digest == digest)):
        session.add_all(
            DefinitionFile(digest=digest, name=name, content=content) for name, content in sorted(files.items())
        )
        session.flush()


def files_of(session: Session, digest: str) -> dict[str, bytes]:
    """The stored files of a bundle. Raises NotFound."""
    rows = session.execute(
        select(DefinitionFile.name, DefinitionFile.content)
        .where(DefinitionFile.digest == digest)
        .order_by(DefinitionFile.name)
    )
    files = {row.name: row.content for row in rows}
    if not files:
        raise NotFound(f"没有摘要为 {digest} 的定义")
    return files
