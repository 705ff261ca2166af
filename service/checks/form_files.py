"""Fields that take files: lists of them, short, each once, of kinds that the service takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.checks.form_model import Field, subschemas
from service.checks.wording import data
from service.processes.terms import FILE_KINDS

KIND = "files"
KINDS = "x-file-kinds"
MOST_FILES = 20
"""Files of one field."""


def file_faults(schema: Mapping[str, Any], fields: Iterable[Field]) -> Iterator[tuple[str, str]]:
    """(key, words) of everything wrong with the fields that take files."""
    meant = set()
    for field in fields:
        items = field.schema.get("items")
        takes = isinstance(items, dict) and items.get("x-ref") == KIND
        if takes:
            meant.add(id(items))
            most = field.schema.get("maxItems")
            if isinstance(most, int) and most > MOST_FILES:
                yield field.name, f"附件字段{data(field.name)}的项数（maxItems）最多 {MOST_FILES}"
            if field.schema.get("uniqueItems") is not True:
                yield field.name, f'附件字段{data(field.name)}应写 "uniqueItems": true，同一个文件不重复'
        if KINDS in field.schema and not takes:
            yield field.name, f"{KINDS} 只用在附件字段上，{data(field.name)}不是附件；请删去"
        elif KINDS in field.schema and not _kinds(field.schema[KINDS]):
            yield field.name, f"{data(field.name)}的 {KINDS} 应为列表，各项是 {'、'.join(FILE_KINDS)} 之一"
    for part in subschemas(schema):
        if part.get("x-ref") == KIND and id(part) not in meant:
            yield "x-ref", '附件须是列表字段：写作 "type": "array"，在 items 里写 "x-ref": "files"'


def _kinds(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(one in FILE_KINDS for one in value)
