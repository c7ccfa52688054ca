"""Whose public holidays count, and whether they are known: what `tierbot check` says of it."""

from datetime import date

from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.settings import Settings
from bot.working_days import checks
from bot.working_days.public_holidays import is_known, year_of
from db.book import deputies

ANNOUNCED = 3  # years in which official make-up days came before, so that they are missed


def problems(settings: Settings) -> list[Phrase]:
    """What is wrong with the firm's place: a region that its country does not have."""
    try:
        checks.check_place(settings.place or "")
    except ValueError as error:
        return [Phrase(N_("TIERBOT_COUNTRY: %(problem)s."), problem=error.args[0])]
    return []


def notices(settings: Settings, today: date) -> list[Phrase]:
    """What is not known of the firm's place."""
    place = settings.place
    if place is None:
        sentence = N_(
            "TIERBOT_COUNTRY is empty, and the time zone %(zone)s is no country's: people without a country are reminded on"
            " public holidays too. Set it to a code such as CN."
        )
        return [Phrase(sentence, zone=settings.timezone)]
    return _unknown([place.partition("-")[0]]) + _without_make_up_days(place, today)


def notices_of_people(session: Session) -> list[Phrase]:
    """The same of the places that people of the book have."""
    return _unknown(deputies.places(session))


def _unknown(places: list[str]) -> list[Phrase]:
    found = []
    for place in places:
        country = place.partition("-")[0]
        if not is_known(country):
            sentence = N_("No public holidays of %(place)s are known: its people are reminded on them too.")
            found.append(Phrase(sentence, place=country))
        elif not is_known(place):
            sentence = N_(
                "The region %(place)s is not known: only the public holidays of the whole country count there."
            )
            found.append(Phrase(sentence, place=place))
    return found


def _without_make_up_days(place: str, today: date) -> list[Phrase]:
    """A place that has had official make-up days in each of the last years, and none in this one."""
    before = [year_of(place, today.year - back).make_up_days for back in range(1, ANNOUNCED + 1)]
    if not all(before) or year_of(place, today.year).make_up_days:
        return []
    sentence = N_(
        "The make-up working days of %(place)s in %(year)s are not known to this installation: install a newer version"
        " of the package holidays."
    )
    return [Phrase(sentence, place=place, year=today.year)]
