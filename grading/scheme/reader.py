"""Turns the text of a scheme into a Scheme, or into a SchemeError with every problem of the file.

pydantic checks each value by itself against `Content`, then `rules` checks the values against each other.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grading.phrases import N_, Phrase
from grading.scheme import rules
from grading.scheme.model import Content, Scheme
from grading.scheme.problems import MISSING, SchemeError, listed, suggest
from grading.scheme.text import NOT_A_WORD, Document, canonical_hash, plain
from grading.scheme.types import FAULT, SERVICE

_NO_GROUP = (N_("expected keys and values, found %(found)s"), N_("give %(keys)s"))
_NO_NUMBER = (N_("expected a number, found %(found)s"), N_("write a number without quotes"))
_NO_TEXT = (N_("expected text, found %(found)s"), N_("write a word; put it in quotes"))
_UNKNOWN_KEY = (N_('unknown key "%(key)s"'), "%(near_key)s")
_OTHER = (N_("this cannot be read: %(error)s"), N_("write it as the shipped schemes do"))
_SENTENCES = {  # message and remedy by pydantic's type of error, for some types together with the key
    "bool_type": (N_("expected true or false, found %(found)s"), N_("write true or false without quotes")),
    "dataclass_type": _NO_GROUP,
    "dict_type": _NO_GROUP,
    "dict_type policy": (_NO_GROUP[0], N_("write policy: {key: value}")),
    "dict_type score": (
        N_("expected a score function, found %(found)s"),
        N_("write score: {fn: points, knots: [[0, 0], [100, 100]]}"),
    ),
    "dict_type values": (
        N_("expected words with their scores, found %(found)s"),
        N_("write values: {word: score, other: score}"),
    ),
    "extra_forbidden": _UNKNOWN_KEY,
    "finite_number": (N_("the number is not finite"), N_("write an ordinary number")),
    "float_type": _NO_NUMBER,
    "int_from_float": (N_("%(shown)s is not a whole number"), N_("write it without a fraction")),
    "int_type": _NO_NUMBER,
    "json_invalid": (
        N_("the values are nested too deeply, or hold half a character"),
        N_("write them in a simpler way"),
    ),
    "literal_error": (N_("%(shown)s is not known here"), "%(near_word)s"),
    "missing": MISSING,
    "name_in_one_language": (
        N_("a name is given in English and in Chinese"),
        N_('write %(key)s: {en: %(shown)s, zh: "…"}'),
    ),
    "string_too_short": _NO_TEXT,
    "string_type": _NO_TEXT,
    "tuple_type": (N_("expected a list, found %(found)s"), N_('begin each entry with "- "')),
    "unexpected_keyword_argument": _UNKNOWN_KEY,
    "union_tag_invalid": (N_("%(found)s is not a score function"), "%(near_word)s"),
    "union_tag_not_found": (
        N_('"fn" is missing'),
        N_("add fn: points or fn: bands or fn: map or fn: scale"),
    ),
}


def parse_scheme(text: str, *, source: str, published: bool = False) -> Scheme:
    """Read and validate a scheme; `source` is the file name that problems give.

    A published version may have keys that are not applied, which are refused in a new one: it never changes, and grades as
    it always did. Raises SchemeError with every problem found, in the order of the file.
    """
    return _parsed(text, source, published)


@lru_cache(maxsize=64)  # a command and a running bot read the same few texts again and again
def _parsed(text: str, source: str, published: bool) -> Scheme:
    document = Document(text, source)
    values = plain(document.root)
    content = None
    try:
        # As JSON: only there pydantic is strict about numbers and words and still takes a list for a tuple.
        content = _content().validate_json(json.dumps(values))
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            _add(document, fault)
    fields = rules.check(document, published=published)
    if content is None or document.problems:
        raise SchemeError(document.problems)
    return Scheme(**vars(content), fields=fields, sha256=canonical_hash(values))


@cache
def _content() -> TypeAdapter[Content]:
    return TypeAdapter(Content)


@cache
def _schema() -> dict[str, Any]:
    return _content().json_schema()


def _add(document: Document, fault: Any) -> None:
    """Record an error of pydantic at its place in the file, in the product's own words."""
    kind, location, context = fault["type"], fault["loc"], fault.get("ctx", {})
    node, key = document.root, str(location[-1]) if location else ""
    for step in location:  # also names the types that pydantic chose, and keys that are not there
        if step in node:
            node = node[step]
        elif node.items and isinstance(step, int):
            node = node.items[step]
    if kind == "union_tag_invalid":
        node = node["fn"]
    elif kind == "union_tag_not_found":
        key = "fn"
    elif kind == "int_type" and isinstance(node.value, float):
        kind = "int_from_float" if math.isfinite(node.value) else "finite_number"
    elif kind == "literal_error" and not document.word(node):
        kind = "string_type"
    elif kind == "dataclass_type" and isinstance(node.value, str) and {key, *location} & {"name", "names"}:
        kind = "name_in_one_language"
    if kind == FAULT:
        sentences = (context["message"], context["remedy"])
    else:
        sentences = _SENTENCES.get(f"{kind} {key}") or _SENTENCES.get(kind, _OTHER)
    allowed = context.get("expected") or context.get("expected_tags", "")  # 'a', 'b' or 'c'
    values: dict[str, Callable[[], str]] = {
        **{name: partial(str, value) for name, value in context.items()},
        "found": lambda: node.found,
        "shown": lambda: node.shown,
        "key": lambda: key.removeprefix(NOT_A_WORD),
        "keys": lambda: listed(_keys(location)),
        "near_key": lambda: suggest(key, _keys(location[:-1])),
        "near_word": lambda: suggest(str(node.value), re.findall("'([^']+)'", allowed)),
        "error": lambda: fault["msg"],
    }
    message, remedy = (
        Phrase(text, **{name: values[name]() for name in re.findall(r"%\((\w+)\)s", text)})
        for text in sentences
    )
    document.add(node, message, remedy, key if kind in ("missing", "union_tag_not_found") else "")


def _keys(location: Sequence[int | str]) -> list[str]:
    """The keys that a file may have at a location of pydantic's, from the JSON schema of its content."""
    here: Any = _schema()
    for step in location:
        if step == SERVICE:
            continue
        if "discriminator" in here:
            here = {"$ref": here["discriminator"]["mapping"][step]}
        else:
            here = here.get("properties", {}).get(step) or here.get(
                "items", here.get("additionalProperties", {})
            )
        here = here.get("anyOf", here.get("oneOf", [here]) if "discriminator" not in here else [here])
        here = next((one for one in here if "$ref" in one), here[0])
        if "$ref" in here:
            here = _schema()["$defs"][here["$ref"].rsplit("/", 1)[1]]
    return list(here.get("properties", ()))
