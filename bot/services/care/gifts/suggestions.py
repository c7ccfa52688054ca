"""What is suggested as a gift: by the rules of the firm, what is known of the person, and what was given before."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.errors import N_, Phrase
from bot.services.gift_rules.limits import Room, named
from bot.services.gift_rules.rules import GiftRules, Suggestion
from bot.services.name_keys import HAN
from bot.working_days.countries import code_of
from db.book.contact_people import ContactPerson, WantedGreetings
from db.care.gifts import StoredGift
from db.types import money_units
from grading.scheme.model import Name

MOST = 3
BIRTHDAY = "birthday"


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """A gift that fits, what it is worth in ten-thousandths, and the interest by which it was chosen."""

    name: Name
    units: int
    interest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What is suggested, the best on top; `why_none` says why nothing is."""

    suggested: tuple[Suggested, ...] = ()
    why_none: Phrase | None = None


def advise(
    rules: GiftRules,
    rooms: Sequence[Room],
    *,
    person: ContactPerson | None,
    country: str | None,
    occasion: str | None,
    before: Iterable[StoredGift],
    by_interests: bool = True,
) -> Advice:
    """What may be given to a person, or else to a customer, within what is left, and was not given before.

    `before` are the gifts to the customer. Without the right to see interests in full nothing is chosen by them.
    """
    if (refused := _unwanted(person, occasion)) is not None:
        return Advice(why_none=refused)
    left = min(rooms, key=lambda room: room.left, default=None)
    if left is not None and left.left == 0:
        rule = Phrase(N_(" (%(rule)s)"), rule=named(left.rule)) if left.rule else ""
        return Advice(why_none=Phrase(N_("Nothing may be given%(rule)s."), rule=rule))
    given = [one.what for one in before if one.what and (person is None or _is_to(one, person))]
    theirs = code_of((person.culture or person.country if person else None) or country)
    interests = person.interests if person is not None and by_interests else None
    found: list[Suggested] = []
    for one in rules.suggestions:
        units = money_units(one.value)
        if (left is not None and units > left.left) or not _fits(one, occasion, theirs):
            continue
        if any(_mentions(what, _words_of(one)) for what in given):
            continue
        interest = _mentions(interests or "", one.interests)
        if one.interests and interest is None:
            continue
        found.append(Suggested(name=one.name, units=units, interest=interest))
    # What fits an interest comes before what fits everybody.
    found.sort(key=lambda one: one.interest is None)
    if not found:
        return Advice(why_none=Phrase(N_("No suggestion of the rules fits, or it was given before.")))
    return Advice(suggested=tuple(found[:MOST]))


def _unwanted(person: ContactPerson | None, occasion: str | None) -> Phrase | None:
    if person is None:
        return None
    if person.do_not_contact:
        return Phrase(N_("%(person)s is not to be contacted."), person=person.name)
    if person.greetings == WantedGreetings.NONE:
        return Phrase(N_("%(person)s wants no greetings."), person=person.name)
    if person.greetings == WantedGreetings.BIRTHDAY and occasion not in (None, BIRTHDAY):
        return Phrase(N_("%(person)s wants greetings on birthdays only."), person=person.name)
    return None


def _is_to(gift: StoredGift, person: ContactPerson) -> bool:
    """Whether a gift was to this person; one to nobody in particular may have been."""
    return gift.contact_person_id in (None, person.id)


def _fits(one: Suggestion, occasion: str | None, country: str | None) -> bool:
    if one.occasions and occasion not in one.occasions:
        return False
    return not one.countries or country in {code_of(each) for each in one.countries}


def _words_of(one: Suggestion) -> tuple[str, ...]:
    """The words by which a gift is known as one that was suggested."""
    return one.name.en, one.name.zh, *one.also, *one.interests


def _mentions(text: str, words: Iterable[str]) -> str | None:
    """The first of some words that a text has, as a word of its own where it is not Chinese."""
    folded = text.casefold()
    for word in words:
        wanted = word.casefold()
        if wanted in folded and (HAN.search(word) or re.search(rf"\b{re.escape(wanted)}\b", folded)):
            return word
    return None
