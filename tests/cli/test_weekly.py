"""`care weekly`: the figures of a week, by person and tier, of the customers that one may see."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock, local_instant
from bot.settings import Settings
from db.book.people import Team
from db.care.touches import Touch
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program

DAY = timedelta(days=1)
TODAY = SystemClock().now().date()
LAST = TODAY - (TODAY.weekday() + 7) * DAY  # the first day of the week that is told now
ZONE = Settings(_env_file=None).zone


@pytest.fixture
def firm(program: Program, file: Path) -> Program:
    """Anna and Bo of Lin's team East, Cy of West; each has a customer with a step that was skipped last week."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        east, west = factories.team(session, "East"), factories.team(session, "West")
        lin = factories.person(session, "Lin", role="team_lead", team_id=east)
        session.get_one(Team, east).lead_id = lin
        for name, team in (("Anna", east), ("Bo", east), ("Cy", west)):
            owner = factories.person(session, name, team_id=team)
            customer = factories.customer(session, f"Customer of {name}", code=name, owner_id=owner)
            session.add(
                Touch(
                    dedupe_key=name, customer_id=customer, plan="standard", step="revisit", kind="revisit", tier="A",
                    due_on=LAST, remind_at=local_instant(LAST, 9, 0, ZONE), state="skipped", reason="They are away",
                    closed_at=local_instant(LAST + DAY, 12, 0, ZONE), created_at=local_instant(LAST, 9, 0, ZONE),
                )
            )  # fmt: skip
        factories.customer(session, "Nobody's", code="NO")
    database.close()
    return program


def test_it_shows_the_week_that_is_over_by_person_and_tier_and_what_is_behind_it(firm: Program) -> None:
    shown = firm("care", "weekly")
    assert (shown.code, shown.err) == (0, "")
    assert f"Care from {LAST} to {LAST + 6 * DAY}." in shown.out
    assert "Skipped because: “They are away” 3×." in shown.out
    for name in ("Anna", "Bo", "Cy", "Nobody's"):
        assert name in shown.out


def test_for_scripts_it_is_json(firm: Program) -> None:
    week = firm("care", "weekly", "--json").json
    assert (week["first_day"], week["last_day"]) == (str(LAST), str(LAST + 6 * DAY))
    assert (week["figures"]["skipped"], week["figures"]["no_owner"], week["figures"]["unattended"]) == (
        3,
        1,
        1,
    )
    assert [(one["name"], one["skipped"]) for one in week["people"]] == [
        ("Anna", 1), ("Bo", 1), ("Cy", 1), (None, 0),
    ]  # fmt: skip
    assert [(one["tier"], one["skipped"]) for one in week["tiers"]] == [("A", 3), ("unrated", 0)]
    assert [(row["section"], row["code"], row["reason"]) for row in week["rows"]] == [
        ("no_owner", "NO", None),
        *(("skipped", name, "They are away") for name in ("Anna", "Bo", "Cy")),
    ]


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (("--as", "lin@example.com"), ["Anna", "Bo"]),
        (("--as", "cy@example.com"), ["Cy"]),
        (("--as", "cy@example.com", "--team", "East"), []),
        (("--team", "East"), ["Anna", "Bo"]),
        (("--team", "East", "--person", "bo@example.com"), ["Bo"]),
        (("--person", "bo@example.com", "--as", "cy@example.com"), []),
        (("--week", str(LAST + 3 * DAY)), ["NO", "Anna", "Bo", "Cy"]),
        (("--limit", "1"), ["NO", "Anna"]),
    ],
)
def test_it_shows_what_is_asked_for_as_far_as_one_may_see_it(
    firm: Program, arguments: tuple[str, ...], codes: list[str]
) -> None:
    week = firm("care", "weekly", "--json", *arguments).json
    assert [row["code"] for row in week["rows"]] == codes
    assert week["figures"]["skipped"] + week["figures"]["no_owner"] == len(codes) + week["more"]


def test_an_earlier_week_is_the_one_beside_the_next(firm: Program) -> None:
    week = firm("care", "weekly", "--json", "--week", str(LAST - DAY)).json
    assert (week["last_day"], week["figures"]["skipped"]) == (str(LAST - DAY), 0)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--week", str(TODAY)), 2, "is not over yet."),
        (("--week", "last"), 2, "last is not a date."),
        (("--team", "North"), 3, "There is no team North."),
        (("--person", "zoe@example.com"), 3, "There is no person with the e-mail"),
    ],
)
def test_what_cannot_be_shown_is_said(
    firm: Program, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    refused = firm("care", "weekly", *arguments)
    assert (refused.code, sentence in refused.err) == (code, True)
