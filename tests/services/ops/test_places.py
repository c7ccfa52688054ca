"""What is said of places whose public holidays are not known."""

from datetime import date
from typing import Any

import pytest

from bot.services.ops import places
from bot.settings import Settings
from bot.working_days import public_holidays
from db.book.people import Person
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite

TODAY = date(2026, 3, 2)


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **{f"TIERBOT_{name.upper()}": value for name, value in values.items()})


@pytest.mark.parametrize(
    ("values", "problem", "notice"),
    [
        ({"timezone": "Asia/Shanghai"}, None, None),
        ({"timezone": "UTC", "country": "DE-BY"}, None, None),
        ({"timezone": "UTC"}, None, "TIERBOT_COUNTRY is empty, and the time zone UTC is no country's"),
        ({"country": "DE-XX"}, "TIERBOT_COUNTRY: DE has no region 'XX'; use one of BB", None),
    ],
)
def test_a_firm_whose_holidays_are_not_known_is_told(
    values: dict[str, str], problem: str | None, notice: str | None
) -> None:
    found = places.problems(settings(**values)), places.notices(settings(**values), TODAY)
    for expected, phrases in zip((problem, notice), found, strict=True):
        assert [expected in one.text() for one in phrases if expected] == ([True] if expected else [])
        assert len(phrases) == (expected is not None)


def test_make_up_days_that_the_library_does_not_have_yet_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    shanghai, next_year = settings(timezone="Asia/Shanghai"), date(2027, 3, 2)
    assert places.notices(shanghai, TODAY) == []
    known = public_holidays.year_of

    def before_the_announcement(place: str | None, year: int) -> public_holidays.YearOfPlace:
        return known(place, year) if year < next_year.year else public_holidays.YearOfPlace()

    monkeypatch.setattr(places, "year_of", before_the_announcement)
    (notice,) = places.notices(shanghai, next_year)
    assert notice.text().startswith(
        "The make-up working days of CN in 2027 are not known to this installation"
    )
    assert places.notices(settings(timezone="Europe/Berlin"), next_year) == []  # which never had any


@on_sqlite
def test_people_whose_holidays_are_not_known_are_named_by_their_place(database: Database) -> None:
    with database.write() as session:
        for number, place in enumerate(("CN", "DE-XX", "XK", "QQ", "QQ", None)):
            person = session.get_one(Person, factories.person(session, f"P{number}"))
            person.country = place
    with database.read() as session:
        assert [one.text() for one in places.notices_of_people(session)] == [
            "The region DE-XX is not known: only the public holidays of the whole country count there.",
            "No public holidays of QQ are known: its people are reminded on them too.",
        ]
