"""What is known of a contact person: each value checked and as it is stored, however it came in."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from bot.birthdays import read_birthday
from bot.errors import N_, BadInput, Phrase, joined
from bot.services.contact_people.languages import language_named
from bot.working_days.checks import check_country, check_zone
from db.book.contact_people import ContactChannel, WantedGreetings

LONGEST_TEXT, LONGEST_NOTE = 200, 2_000  # characters
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+").fullmatch
_FEWEST_DIGITS = 4


def check_email(value: str) -> str:
    """An e-mail address in lower case."""
    address = unicodedata.normalize("NFKC", value).lower()
    if len(address) > LONGEST_TEXT or not _EMAIL(address):
        raise ValueError(Phrase(N_("%(cell)s is not an e-mail address"), cell=repr(value[:60])))
    return address


def check_phone(value: str) -> str:
    """A telephone number, as it is written."""
    if sum(letter.isdigit() for letter in value) < _FEWEST_DIGITS:
        raise ValueError(Phrase(N_("%(value)s is not a telephone number"), value=repr(value[:60])))
    return check_line(value)


def check_line(value: str) -> str:
    """A text on one line."""
    if not value.isprintable():
        raise ValueError(Phrase(N_("holds a line break or a control character; write it on one line")))
    return _no_longer(value, LONGEST_TEXT)


def check_paragraph(value: str) -> str:
    """A text that may have several lines."""
    if "\0" in value:
        raise ValueError(Phrase(N_("holds a NUL byte")))
    return _no_longer(value, LONGEST_NOTE)


def check_language(value: str) -> str:
    """The code of a language by its code or name."""
    if (found := language_named(value)) is None:
        raise ValueError(
            Phrase(N_("%(value)s is not a language; use a code such as zh, en or de"), value=repr(value[:60]))
        )
    return found


def check_birthday(value: str) -> str:
    """A birthday as it is stored."""
    try:
        return str(read_birthday(value))
    except BadInput as error:
        raise ValueError(error.phrase) from None


def one_of_words(words: type[StrEnum]) -> Callable[[str], str]:
    """A check that a value is one of these words."""

    def check(value: str) -> str:
        if value not in list(words):
            raise ValueError(
                Phrase(
                    N_("%(value)s is not one of %(words)s"), value=repr(value[:60]), words=", ".join(words)
                )
            )
        return value

    return check


CHECKS: Mapping[str, Callable[[str], str]] = {  # column -> what checks it
    "name": check_line,
    "role": check_line,
    "channel": one_of_words(ContactChannel),
    "email": check_email,
    "phone": check_phone,
    "language": check_language,
    "zone": check_zone,
    "country": check_country,
    "culture": check_country,
    "birthday": check_birthday,
    "greetings": one_of_words(WantedGreetings),
    "interests": check_paragraph,
    "note": check_paragraph,
}


class WrongValues(BadInput):
    """Values of a contact person that cannot be stored: column -> what is wrong, in `problems`."""

    def __init__(self, problems: Mapping[str, Phrase]) -> None:
        self.problems = dict(problems)
        lines = [
            Phrase(
                N_("%(field)s: %(problem)s."), field=f"--{name}" if name != "name" else name, problem=problem
            )
            for name, problem in self.problems.items()
        ]
        super().__init__(N_("%(problems)s"), problems=joined(lines, "\n"))


def checked(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Values as they are stored; an empty one is None. Raises WrongValues."""
    stored: dict[str, Any] = {}
    problems: dict[str, Phrase] = {}
    for name, text in given.items():
        value = (text or "").strip()
        try:
            stored[name] = CHECKS[name](value) if value else None
        except ValueError as error:
            problems[name] = error.args[0]
    if "name" in stored and stored["name"] is None:
        problems["name"] = Phrase(N_("is missing"))
    if problems:
        raise WrongValues(problems)
    if "greetings" in stored:
        stored["greetings"] = stored["greetings"] or WantedGreetings.ALL
    return stored


def _no_longer(value: str, limit: int) -> str:
    if len(value) > limit:
        raise ValueError(
            Phrase(
                N_("has %(length)s characters; at most %(limit)s are taken"),
                length=f"{len(value):,}",
                limit=f"{limit:,}",
            )
        )
    return value
