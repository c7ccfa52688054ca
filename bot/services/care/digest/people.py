"""Contact people as the messages about steps name them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from bot.birthdays import read_birthday
from bot.clock import zone_named
from bot.services.care.plan import Step
from bot.wording import catalogue
from bot.wording.parts import PersonHours, PersonPart
from db.book.contact_people import ContactPerson
from grading.scheme.model import Name

MOST_HOURS = 3  # people of a row
BEGINS, ENDS = time(9), time(18)  # when people can be called, where they are


def person_part(person: ContactPerson) -> PersonPart:
    """A contact person."""
    return PersonPart(contact_person_id=person.id or 0, name=person.name, role=person.role)


def birthday_part(person: ContactPerson) -> PersonPart:
    """A contact person with their birthday, where that is lunar."""
    birthday = read_birthday(person.birthday) if person.birthday else None
    if birthday is None or not birthday.lunar:
        return person_part(person)
    lunar = Name(en=str(birthday.shown), zh=birthday.shown.text(catalogue.catalogue("zh")))
    return replace(person_part(person), lunar=lunar)


def is_call(step: Step | None) -> bool:
    """Whether a step is done by calling somebody."""
    return step is not None and (
        step.channel in ("phone", "video") or (not step.channel and step.what == "call")
    )


def call_hours(people: Iterable[ContactPerson], day: date, zone: ZoneInfo) -> tuple[PersonHours, ...]:
    """When contact people in another time zone can be called on a day, by the clock of the reader's zone."""
    found = []
    for person in people:
        if person.do_not_contact or not person.zone:
            continue
        theirs = zone_named(person.zone, zone)
        begins, ends = (datetime.combine(day, at, theirs).astimezone(zone) for at in (BEGINS, ENDS))
        if begins.time() == BEGINS and ends.time() == ENDS:
            continue
        found.append(
            PersonHours(
                contact_person_id=person.id or 0,
                name=person.name,
                there=f"{BEGINS:%H:%M}–{ENDS:%H:%M}",
                here=f"{begins:%H:%M}–{ends:%H:%M}",
            )
        )
    return tuple(found[:MOST_HOURS])
