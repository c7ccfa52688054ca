"""The names of the customers whom an asker sees, as reading a question needs them, and what looks like a name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from bot.services.ask.questions.atoms import is_chinese
from bot.services.ask.questions.customer.mentions import Mention
from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.tokens import Token

_LEGAL_FORMS = (
    "有限公司",
    "有限责任公司",
    "股份公司",
    "集团",
    " gmbh",
    " ag",
    " kg",
    " ltd",
    " plc",
    " inc.",
    " inc",
    " llc",
    " s.a.",
)


class CustomerNames(Protocol):
    """The names of the customers whom the asker sees."""

    def known(self, text: str) -> bool:
        """Whether it is a whole code or name."""

    def within(self, text: str) -> bool:
        """Whether its words are in the name of a customer."""

    def mentioned(self, text: str, is_open: Callable[[int, int], bool]) -> list[Mention]:
        """The customers that a text names. `is_open`: whether words that nothing else explains are from a place to another."""


@dataclass(frozen=True)
class AskedOnce:
    """Names of which each text is looked up once, however many readings a question has."""

    names: CustomerNames
    found: dict[tuple[str, bool], bool] = field(default_factory=dict)

    def known(self, text: str) -> bool:
        return self._look(text, whole=True)

    def within(self, text: str) -> bool:
        return self._look(text, whole=False)

    def mentioned(self, text: str, is_open: Callable[[int, int], bool]) -> list[Mention]:
        return self.names.mentioned(text, is_open)

    def _look(self, text: str, *, whole: bool) -> bool:
        if (text, whole) not in self.found:
            look = self.names.known if whole else self.names.within
            self.found[text, whole] = look(text)
        return self.found[text, whole]


def is_like_a_code_or_company(text: str) -> bool:
    """Whether a text is one piece with a digit in it, as codes are (C-0002, erp:1004), or ends as companies are named."""
    is_code = " " not in text and text.isascii() and any(map(str.isdigit, text))
    return is_code or is_like_a_company(text)


def is_like_a_company(text: str) -> bool:
    """Whether a text ends as companies are named: GmbH, 有限公司."""
    return text.casefold().endswith(_LEGAL_FORMS)


def is_like_a_name(text: str, tokens: Sequence[Token]) -> bool:
    """Whether words of the firm stand together as companies are named: 华东机械, DACH Chemicals. Tiers are in no name."""
    if any(
        one.field is FilterField.TIER for token in tokens if not token.is_empty for one in token.meaning or ()
    ):
        return False
    return any(
        one.part is other.part is PhrasePart.VALUE
        and text[one.end : other.start] == ("" if is_chinese(text[other.start : other.end]) else " ")
        for one, other in pairwise(tokens)
    )
