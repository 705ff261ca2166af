"""XML as text and tree at once: every element knows its own words in the file: what stays is kept byte for byte.

For text that ``engine.xml.parse_xml`` has taken: well-formed, without DTD, entities of its own and instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape

_TOKEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|[^<]+", re.DOTALL)
_NAME = re.compile(r"</?\s*([^\s/>]+)")
_ATTRIBUTE = re.compile(r"([^\s=\"'<>/]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_CHARACTER = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|amp|lt|gt|quot|apos);")

DEFAULTS: Mapping[str, str] = {
    "cancelActivity": "true",
    "isInterrupting": "true",
    "isSequential": "false",
    "isForCompensation": "false",
    "isClosed": "false",
    "isImmediate": "false",
    "isCollection": "false",
    "isReference": "false",
    "isUnlimited": "true",
    "triggeredByEvent": "false",
    "parallelMultiple": "false",
    "startQuantity": "1",
    "completionQuantity": "1",
    "gatewayDirection": "Unspecified",
    "processType": "None",
    "associationDirection": "None",
    "ordering": "Parallel",
    "expressionLanguage": "http://www.w3.org/1999/XPath",
    "typeLanguage": "http://www.w3.org/2001/XMLSchema",
}
"""Attributes of BPMN that say nothing where they say this: an editor leaves them out."""


class Unreadable(ValueError):
    """The text declares namespaces in more places than the root: it is kept as it came."""


@dataclass
class Element:
    """An element: ``name`` as written, ``attributes`` in their order, decoded; ``inside``: texts as written, elements.

    ``opening`` and ``closing`` are its tags as written; an empty ``closing`` closes itself. ``digest`` is kept by
    ``sameness.said`` once it was asked.
    """

    name: str
    attributes: dict[str, str]
    opening: str
    space: Mapping[str, str]
    inside: list[str | Element] = field(default_factory=list)
    closing: str = ""
    digest: str = ""

    @cached_property
    def key(self) -> str:
        """Its name in Clark's way, ``{namespace}local``, whatever the prefix."""
        return qualified(self.name, self.space, attribute=False)

    @property
    def local(self) -> str:
        """Its name without a namespace."""
        return self.name.rpartition(":")[2]

    @property
    def elements(self) -> list[Element]:
        """The elements in it."""
        return [one for one in self.inside if isinstance(one, Element)]

    @property
    def text(self) -> str:
        """Its own text, decoded, without comments and outer white space."""
        return decoded("".join(one for one in self.inside if isinstance(one, str) and not is_comment(one))).strip()

    @cached_property
    def said(self) -> Mapping[str, str]:
        """Its attributes by qualified name, without declarations and without what goes without saying."""
        return {
            qualified(name, self.space, attribute=True): value
            for name, value in self.attributes.items()
            if not name.startswith("xmlns") and DEFAULTS.get(name) != value
        }

    def get(self, name: str) -> str | None:
        """The value of an attribute without prefix."""
        return self.attributes.get(name)

    def walk(self) -> Iterator[Element]:
        """It and all elements below it."""
        yield self
        for one in self.elements:
            yield from one.walk()

    def written(self) -> str:
        """Its text in the file."""
        parts = [self.opening]
        parts += [one if isinstance(one, str) else one.written() for one in self.inside]
        return "".join([*parts, self.closing])


@dataclass(frozen=True)
class Document:
    """A file: what stands before and after its root."""

    before: str
    root: Element
    after: str

    def written(self) -> str:
        """The text of the file."""
        return self.before + self.root.written() + self.after

    @property
    def comments(self) -> list[str]:
        """Its comments, in their order."""
        inside = [part for one in self.root.walk() for part in one.inside if isinstance(part, str)]
        return [part for part in (*_tokens(self.before), *inside, *_tokens(self.after)) if is_comment(part)]


def read(text: str) -> Document:
    """The document that well-formed ``text`` is. Raises Unreadable."""
    before: list[str] = []
    after: list[str] = []
    stack: list[Element] = []
    root: Element | None = None
    for token in _tokens(text):
        if token.startswith("</"):
            done = stack.pop()
            done.closing = token
        elif not token.startswith("<") or token.startswith(("<!", "<?")):
            (stack[-1].inside if stack else before if root is None else after).append(token)
        else:
            made = _element(token, root)
            if stack:
                stack[-1].inside.append(made)
            elif root is None:
                root = made
            if not token.endswith("/>"):
                stack.append(made)
    if root is None or stack:
        raise Unreadable(text[:40])
    return Document("".join(before), root, "".join(after))


def qualified(name: str, space: Mapping[str, str], *, attribute: bool) -> str:
    """A name as written as ``{namespace}local``; an attribute without prefix has no namespace."""
    prefix, colon, local = name.rpartition(":")
    if attribute and not colon:
        return name
    return f"{{{space.get(prefix, prefix)}}}{local}"


def is_comment(text: str) -> bool:
    """Whether a text between elements is a comment."""
    return text.startswith("<!--")


def decoded(text: str) -> str:
    """The text that a piece of source, as written, says."""
    if "<![CDATA[" in text:
        text = re.sub(r"<!\[CDATA\[(.*?)\]\]>", lambda one: one[1].replace("&", "&amp;"), text, flags=re.DOTALL)
    return _CHARACTER.sub(lambda one: unescape(one[0]), text) if "&" in text else text


def escaped(text: str, *, attribute: bool) -> str:
    """A text as it is written: in an attribute in double quotes, a single quote is itself."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if not attribute:
        return text
    return text.replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")


def tag(name: str, attributes: Mapping[str, str], *, closed: bool) -> str:
    """An opening tag, as editors write it."""
    said = "".join(f' {key}="{escaped(value, attribute=True)}"' for key, value in attributes.items())
    return f"<{name}{said} />" if closed else f"<{name}{said}>"


def _tokens(text: str) -> Sequence[str]:
    return [found[0] for found in _TOKEN.finditer(text)]


def _element(token: str, root: Element | None) -> Element:
    found = _NAME.match(token)
    if found is None:
        raise Unreadable(token[:40])
    given = {
        name: decoded(re.sub(r"[\n\t\r]", " ", value[1:-1])) for name, value in _ATTRIBUTE.findall(token[found.end() :])
    }
    declared = {name.partition(":")[2]: value for name, value in given.items() if name.split(":")[0] == "xmlns"}
    if root is None:
        return Element(found[1], given, token, declared)
    if declared:
        raise Unreadable(token[:40])
    return Element(found[1], given, token, root.space)
