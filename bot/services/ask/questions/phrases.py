"""The phrases of the grammar: which part of a question each one is. docs/asking.md describes them."""

from functools import cache
from typing import Any

from bot.services.ask.questions.atoms import phrase_keys
from bot.services.ask.questions.grammar import moves
from bot.services.ask.questions.grammar.customers import CUSTOMERS
from bot.services.ask.questions.grammar.lists import LISTS
from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.grammar.small import SMALL


@cache
def phrases() -> dict[tuple[str, ...], tuple[tuple[PhrasePart, Any], ...]]:
    """Keys of a phrase -> what it can be."""
    found: dict[tuple[str, ...], dict[tuple[PhrasePart, Any], None]] = {}
    for part, meaning, written in _every():
        for phrase in written.split("|"):
            keys = phrase_keys(phrase) or (phrase,)
            found.setdefault(keys, {})[part, meaning] = None
    return {keys: tuple(meanings) for keys, meanings in found.items()}


def _every() -> list[tuple[PhrasePart, Any, str]]:
    tables = (SMALL, LISTS, CUSTOMERS)
    rows = [
        (part, meaning, words)
        for table in tables
        for part, meanings in table.items()
        for meaning, words in meanings.items()
    ]
    return [*rows, *moves.rows()]
