"""One byte form of a JSON document, the same on every machine and both databases."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from service.errors import Finding, Invalid

DEEPEST = 50
"""How many objects and lists may stand in each other; no form needs more, and a page of brackets must not crash us."""


def dumps(value: Any) -> str:
    """``value`` as canonical JSON text: sorted keys, no spaces, no escapes that are not needed, no NaN."""
    return _encode(value)


def loads(text: Any) -> Any:
    """The value of a JSON text, as ``json.loads`` gives it; of one that begins and ends without spaces at once."""
    try:
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except (StopIteration, TypeError):
        pass
    return json.loads(text)


_reader: Any = json.JSONDecoder()
_scan: Callable[[Any, int], tuple[Any, int]] = _reader.scan_once


def encoder(
    *, separators: tuple[str, str] = (",", ":"), sort_keys: bool, allow_nan: bool, escaped: bool = False
) -> Callable[[Any], str]:
    """The function that writes a value as ``json.JSONEncoder`` does, made once; ``escaped``: with all escapes.

    The library's own makes another one for each text. A value that holds itself is refused as one that is too deep
    (RecursionError).
    """
    usual = json.JSONEncoder(
        sort_keys=sort_keys, separators=separators, ensure_ascii=escaped, allow_nan=allow_nan, check_circular=False
    )
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without the library's C
        return usual.encode
    item, key = separators
    quoted = json.encoder.encode_basestring_ascii if escaped else json.encoder.encode_basestring
    write = make(None, usual.default, quoted, None, key, item, sort_keys, False, allow_nan)

    def encode(value: Any) -> str:
        return "".join(write(value, 0))

    return encode


_encode = encoder(sort_keys=True, allow_nan=False)


def written(value: Any) -> tuple[Any, str]:
    """A copy of ``value`` as ``normalized`` gives it, and its canonical text: one pass for what is kept and sealed.

    Raises what ``normalized`` raises.
    """
    found = _through(_encode, value)
    if found is not None:
        return found
    copy = _copied(value, "")
    return copy, dumps(copy)


def normalized(value: Any) -> Any:
    """A deep copy of a JSON ``value`` in the form in which both databases give it back unchanged.

    PostgreSQL keeps numbers as decimals, so a whole float (1e16, 2.0) would come back as another text: it becomes an
    int. Tuples become lists. Raises Invalid, naming the place as a JSON pointer, for what a database cannot keep:
    NaN and infinities, the NUL character, halves of surrogate pairs, keys that are not text, other types; and for
    objects and lists more than ``DEEPEST`` deep.
    """
    found = _through(_in_order, value)
    return found[0] if found is not None else _copied(value, "")


def _through(write: Callable[[Any], str], value: Any) -> tuple[Any, str] | None:
    """A copy of ``value`` by way of its text, and that text; None where the text might say something else, or what a
    database cannot keep: then ``_copied`` looks at it piece by piece.

    The encoder writes keys that are not texts as if they were, whole floats and NUL characters; of all this the copy
    or the text shows it.
    """
    try:
        text = write(value)
        text.encode()
        copy = _decode(text)
    except (ValueError, TypeError, RecursionError):
        return None
    shallow = text.count("{") + text.count("[") <= DEEPEST
    return (copy, text) if shallow and "\\u0000" not in text and copy == value else None


_in_order = encoder(separators=(", ", ": "), sort_keys=False, allow_nan=False)


def _no_whole(said: str) -> float:
    value = float(said)
    if value.is_integer():
        raise ValueError(said)
    return value


_decode = json.JSONDecoder(parse_float=_no_whole).decode


def _copied(value: Any, path: str, *, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise _invalid("/" + path.split("/")[1], f"嵌套超过 {DEEPEST} 层")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _invalid(path, "不是有限的数值")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {_key(key, path): _copied(item, f"{path}/{key}", depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item, f"{path}/{position}", depth=depth + 1) for position, item in enumerate(value)]
    raise _invalid(path, f"类型 {type(value).__name__} 无法保存")


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise _invalid(path, "字段名必须是文本")
    return _text(key, path)


def _text(value: str, path: str) -> str:
    if "\x00" in value:
        raise _invalid(path, "含有无法保存的控制字符")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _invalid(path, "含有残缺的字符") from None
    return value


def _invalid(path: str, message: str) -> Invalid:
    return Invalid(f"内容无法保存：{path or '/'} {message}", [Finding(path or "/", message)])
