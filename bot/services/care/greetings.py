"""One message for an occasion, from all customers whom one person greets on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.services.care.occasion_days import OccasionDay
from bot.wording import greeting_texts
from bot.wording.care.greetings import GreetedCustomer, GreetedTier, Greetings, GreetingSection
from bot.wording.parts import GreetingText, PersonPart, TierPart
from bot.wording.rendering import escape
from bot.working_days.countries import code_of
from grading.scheme.model import Name

MOST_CUSTOMERS = 100  # as many as a menu of Slack's takes
_MOST_CHARACTERS = 12_000  # Slack refuses messages of about 13,200
_MOST_PARAGRAPHS = 46  # of 50 blocks, without header, footer, buttons and a note
_A_PARAGRAPH = 10  # customers, as in the template
_MOST_BY_NAME = 10  # birthdays of one day, for each of which there is room for a text of its own
_A_HINT = 250  # what is said of a gift
_A_TEXT = greeting_texts.MOST_CHARACTERS + 100  # with the line above it


@dataclass(frozen=True, kw_only=True)
class ToGreet:
    """A customer to greet, its tier and country, and whether it gets the text for the highest tiers.

    `languages` are those of its contact people, by their ids.
    """

    customer: GreetedCustomer
    tier: TierPart
    country: str | None
    top: bool
    languages: Mapping[int, str] = field(default_factory=dict)


def is_top(tier: TierPart, *, prospect: bool) -> bool:
    """Whether a customer gets the warm text: the highest tier, but no prospect, whom nobody can thank for orders."""
    return tier.rank == 0 and not prospect


def greetings(
    occasion_id: str,
    occasion: Name,
    day: OccasionDay,
    to_greet: Iterable[ToGreet],
    languages: frozenset[str],
    *,
    day_off: bool = False,
) -> Greetings:
    """The message for an occasion, best tiers first; who finds no room in it is not named.

    `languages` are those of `greeting_texts.languages`. A holiday that a plan defines itself has the id `other`.
    """
    in_order = sorted(to_greet, key=lambda one: (one.tier.rank, one.tier.id, one.customer.name))
    by_name = sum(one.customer.is_birthday for one in in_order) <= _MOST_BY_NAME
    sections: dict[GreetingText, dict[TierPart, list[GreetedCustomer]]] = {}
    characters = paragraphs = 0
    for one in in_order[:MOST_CUSTOMERS]:
        parts = list(_parts(one, occasion_id, languages, by_name=by_name))
        for text, customer in parts:
            is_new = text not in sections
            row = sections.get(text, {}).get(one.tier, [])
            characters += _length(customer) + _A_TEXT * is_new
            paragraphs += (len(row) % _A_PARAGRAPH == 0) + 2 * is_new
        if characters > _MOST_CHARACTERS or paragraphs > _MOST_PARAGRAPHS:
            break
        for text, customer in parts:
            sections.setdefault(text, {}).setdefault(one.tier, []).append(customer)
    return Greetings(
        occasion=occasion,
        day=day.day,
        estimated=day.estimated,
        day_off=day_off,
        sections=tuple(
            GreetingSection(
                text=text,
                tiers=tuple(
                    GreetedTier(tier=tier, customers=tuple(customers)) for tier, customers in tiers.items()
                ),
            )
            for text, tiers in sections.items()
        ),
    )


def _parts(
    one: ToGreet, occasion_id: str, languages: frozenset[str], *, by_name: bool
) -> Iterator[tuple[GreetingText, GreetedCustomer]]:
    """The text for a customer; where people are greeted who speak several languages, one for each."""
    usual = greeting_texts.language_of(code_of(one.country), languages)
    spoken: dict[str, list[PersonPart]] = {}
    for person in one.customer.people:
        own = one.languages.get(person.contact_person_id, usual)
        spoken.setdefault(own if own in languages else "en", []).append(person)
    for language, people in (spoken or {usual: []}).items():
        named = one.customer.is_birthday and by_name
        text = GreetingText(
            occasion_id=occasion_id, language=language, top=one.top, name=people[0].name if named else ""
        )
        yield text, replace(one.customer, people=tuple(people))


def _length(customer: GreetedCustomer) -> int:
    """The characters of a customer's row, of its button or place in the menu, and of its tier's name."""
    name, code = len(escape(customer.label)), len(escape(customer.code))
    people = sum(len(escape(person.name)) + len(escape(person.role or "")) + 30 for person in customer.people)
    people += sum(_A_HINT for person in customer.people if person.gift is not None)
    return len(escape(customer.name)) + code + people + 10 + min(75, name + code)
