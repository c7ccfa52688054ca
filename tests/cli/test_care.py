"""`tierbot care list|plan|explain|preview|capacity|calendar|approve|retire`: output as text and as JSON, questions and refusals."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import build
from bot.cli.output import care_explained
from bot.clock import SystemClock
from bot.jobs import plan_care
from bot.services.care import touch_diff
from bot.settings import load
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program
from tests.services.care.planned_book import CONDITIONS

DAY = timedelta(days=1)
TODAY = SystemClock().now().date()


@pytest.fixture
def book(file: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program over a book of two account managers with a customer each; Lea leads the team of one of them."""
    monkeypatch.setenv("TIERBOT_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setenv("TIERBOT_TIMEZONE", "UTC")
    monkeypatch.setenv("LOGNAME", "grace")
    file.with_name("own.yaml").write_text(CONDITIONS, encoding="utf-8")
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        east = factories.team(session, "East")
        anna, ben = (
            factories.person(session, "Anna", team_id=east),
            factories.person(session, "Ben", team_id=factories.team(session, "West")),
        )
        factories.person(session, "Lea", role="team_lead", team_id=east)
        factories.person(session, "Sam", role="sales_ops")
        acme = factories.customer(session, "ACME", owner_id=anna, country="CN", code="C-1")
        globex = factories.customer(session, "Globex", owner_id=ben, country="DE", code="C-2")
        factories.contact(session, acme, TODAY - 60 * DAY, "visit")
        factories.contact(session, globex, TODAY - 40 * DAY, "visit")
        factories.graded(session, {acme: "A", globex: "A"}, as_of=TODAY - DAY)
    database.close()
    bot = build(load())
    plan_care(bot)
    bot.close()
    return program


def listed(book: Program, *options: str) -> list[tuple[str, str, int]]:
    rows = book("care", "list", "--json", "--days", "0", *options).json
    return [(row["customer"], row["step"], row["days_over"]) for row in rows if row["step"] == "revisit"]


def test_due_steps_are_listed_the_longest_over_their_limit_first(book: Program) -> None:
    assert listed(book) == [("ACME", "revisit", 15), ("Globex", "revisit", 0)]
    assert listed(book, "--overdue") == [("ACME", "revisit", 15)]
    table = book("care", "list").out.splitlines()
    assert table[0].split()[:2] == ["code", "name"]
    assert table[1].split()[:3] == ["C-1", "ACME", "A"]
    assert book("care", "list", "--limit", "1").out.splitlines()[-1].startswith("These are 1 of ")


@pytest.mark.parametrize(
    ("options", "customers"),
    [
        (["--team", "East"], ["ACME"]),
        (["--owner", "ben@example.com"], ["Globex"]),
        (["--team", "East", "--owner", "ben@example.com"], []),
        (["--as", "anna@example.com"], ["ACME"]),
        (["--as", "lea@example.com"], ["ACME"]),
        (["--as", "anna@example.com", "--owner", "ben@example.com"], []),
        (["--as", "sam@example.com"], ["ACME", "Globex"]),
    ],
)
def test_a_list_shows_only_customers_that_are_wanted_and_may_be_seen(
    book: Program, options: list[str], customers: list[str]
) -> None:
    assert [customer for customer, _, _ in listed(book, *options)] == customers
    days = book("care", "preview", "--json", "--days", "0", *options).json
    assert days["customers"] == len(customers)


def test_the_plans_in_force_are_listed_and_each_is_shown_in_words(book: Program) -> None:
    shipped = book("care", "plan").out
    assert "standard" in shipped
    assert "file" in shipped
    shown = book("care", "plan", "own.yaml").out
    assert "20 days after the last contact (visit), at the latest after 60 days" in shown
    assert "country: CN" in shown
    assert book("care", "approve", "own.yaml", "--yes").code == 0
    (own, *_) = book("care", "plan", "--json").json
    assert (own["plan"], own["version"], own["by"]) == ("own", 1, "operator:grace")


def test_a_preview_shows_the_days_to_come_and_what_another_plan_changes(book: Program) -> None:
    shown = book("care", "preview", "--days", "30").out
    assert shown.startswith("Due until ")
    assert "over the limit  Anna" in shown
    with_plan = book("care", "preview", "--plan", "own.yaml").out
    assert with_plan.startswith("Of the open steps of 2 customers it would add ")
    assert "C-1 ACME new on " in with_plan
    found = book("care", "preview", "--plan", "own.yaml", "--json").json
    assert found["changes"] == {
        what: sum(step[what] for step in found["steps"]) for what in ("added", "moved", "dropped", "kept")
    }


def test_a_plan_is_put_in_force_only_after_the_question_and_ended_by_the_next(
    book: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(given: bool) -> None:
        def confirm(text: str, **_: object) -> bool:
            asked.append(text)
            if not given:
                raise SystemExit(1)
            return True

        monkeypatch.setattr("typer.confirm", confirm)

    answer(False)
    refused = book("care", "approve", "own.yaml")
    assert (refused.code, refused.out.startswith("Of the open steps of 2 customers")) == (1, True)
    assert "own" not in [plan["plan"] for plan in book("care", "plan", "--json").json]
    answer(True)
    day = TODAY + 5 * DAY
    approved = book("care", "approve", "own.yaml", "--from", str(day))
    assert approved.out.splitlines()[-1] == f"own@1 is in force from {day} on, approved by operator:grace."
    retired = book("care", "retire", "own")
    assert retired.out.splitlines()[-1] == "own@1 is retired."
    assert asked == ["Put it in force?", "Put it in force?", "Retire it?"]


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (
            "care approve nothing --yes",
            3,
            "There is no care plan nothing: neither a file, nor one of the shipped",
        ),
        ("care approve own.yaml --yes --as anna@example.com", 4, "Only sales operations and admins decide"),
        ("care plan --as lea@example.com", 4, "Only sales operations and admins decide about care plans."),
        ("care preview --plan own.yaml --as lea@example.com", 4, "Only sales operations and admins decide"),
        ("care capacity --plan own.yaml --as lea@example.com", 4, "Only sales operations and admins decide"),
        ("care capacity --team West --as lea@example.com", 4, "You can see your own hours."),
        ("care capacity --team North", 3, "There is no team North."),
        ("care calendar link --as anna@example.com", 6, "There are no calendar links here yet"),
        ("care calendar revoke --as anna@example.com", 3, "Anna has no calendar link."),
        ("care calendar revoke", 3, "Name the person by --person EMAIL"),
        (
            "care retire own --as lea@example.com",
            4,
            "Only sales operations and admins decide about care plans.",
        ),
        ("care retire own", 3, "No care plan own was approved."),
        ("care list --team North", 3, "There is no team North."),
        ("care list --owner nobody@example.com", 3, "There is no person with the e-mail"),
        ("care explain C-2 --as anna@example.com", 3, ""),
        ("care approve own.yaml --from soon --yes", 2, "soon is not a date."),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    book: Program, command: str, code: int, said: str
) -> None:
    done = book(*command.split())
    assert (done.code, done.err[: len(said)]) == (code, said)


def test_a_plan_that_lacks_the_tiers_of_a_scheme_in_force_warns_before_it_is_approved(
    book: Program, tmp_path: Path
) -> None:
    gold = "tiers:\n  gold: []\n"
    (tmp_path / "gold.yaml").write_text(
        f"plan: gold\nversion: 1\nschemes: [retail]\n{gold}", encoding="utf-8"
    )
    (tmp_path / "all.yaml").write_text(f"plan: all\nversion: 1\n{gold}", encoding="utf-8")
    assert "Warning" not in book("care", "preview", "--plan", str(tmp_path / "gold.yaml")).out
    for command in (["preview", "--plan"], ["approve", "--yes"]):
        out = book("care", *command, str(tmp_path / "all.yaml")).out
        assert "Warning: it does not name the tiers A, B" in out
        assert "Their customers would be owed nothing." in out


def test_before_anything_is_planned_the_list_says_so(program: Program) -> None:
    assert program("db", "upgrade").code == 0
    assert program("care", "list").out.strip() == (
        "No care was planned yet. A running Tierbot plans it, or `tierbot tick`."
    )


def test_the_care_of_a_customer_is_explained_step_by_step(book: Program) -> None:
    shown = book("care", "explain", "C-1").out
    assert shown.startswith("C-1 ACME: tier A by plain, account manager Anna")
    assert f"Revisit – over its limit since {TODAY - 14 * DAY}" in shown
    assert f"counted from: visit on {TODAY - 60 * DAY} by test" in shown
    assert "VIP follow-up – not due: the contact to come back to was found too late" in shown
    found = book("care", "explain", "C-1", "--json").json
    revisit = next(step for step in found["owed"] if step["step"] == "revisit")
    assert (revisit["clock"]["contact"]["kind"], revisit["state"]) == ("visit", "planned")


def test_every_reason_that_planning_writes_has_words() -> None:
    written = {value for name, value in vars(touch_diff).items() if name.isupper() and isinstance(value, str)}
    assert written - care_explained.REASONS.keys() == set()


OFTEN = """\
plan: often
version: 1
tiers:
  A:
    - id: visit
      kind: revisit
      name: {en: Visit, zh: 拜访}
      minutes: 300
      every_days: 1
      at_most_days: 2
      counts: [visit]
"""


def test_what_a_plan_means_in_hours_is_shown_before_it_is_approved(
    book: Program, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.with_name("often.yaml").write_text(OFTEN, encoding="utf-8")
    monkeypatch.setenv("TIERBOT_CARE_SHARE", "10")
    shown = book("care", "capacity", "--plan", "often.yaml", "--weeks", "1", "--json").json
    anna = next(one for one in shown["people"] if one["name"] == "Anna")
    # One visit of 300 minutes on each day, from today to the end of the next week.
    days = [7 - TODAY.weekday(), 7]
    assert anna["owes"] == [300 * number for number in days]
    assert {(step["step"], step["count"], step["minutes"]) for step in shown["steps_instead"]} == {
        ("visit", 2 * sum(days), 2 * 300 * sum(days))
    }
    for week, owed, there in zip(shown["weeks"], anna["owes"], anna["has"], strict=True):
        assert anna["over"][week] == owed - there
    given = [one for one in anna["would_have_to_give"] if one["week"] == shown["weeks"][1]]
    # Ten per cent of forty hours are 240 minutes: not one visit fits.
    assert [(one["tier"], one["step"], one["count"], one["minutes"]) for one in given] == [
        ("A", "visit", 7, 7 * 300)
    ]
    lines = book("care", "capacity", "--plan", "often.yaml", "--weeks", "1").out.splitlines()
    count = 2 * sum(days)
    assert any(f"it means {count} steps and {count * 5:,.1f} hours; without it" in line for line in lines)
    assert any(line.startswith("Over their hours would be: Anna in 2 weeks (now in ") for line in lines)
    assert any(line.startswith("What would have to give") for line in lines)
    approved = book("care", "approve", "often.yaml", "--yes").out.splitlines()
    assert any(" hours; without it, " in line for line in approved)
    assert any(line.startswith("Over their hours would be: Anna in 14 weeks (now in ") for line in approved)


def test_people_see_their_hours_by_week(book: Program) -> None:
    own = book("care", "capacity", "--as", "anna@example.com", "--json").json
    assert [one["name"] for one in own["people"]] == ["Anna"]
    assert len(own["weeks"]) == 14
    team = book("care", "capacity", "--team", "East", "--as", "lea@example.com", "--json").json
    assert team["people"] == own["people"]
    table = book("care", "capacity", "--person", "anna@example.com").out.splitlines()
    assert table[0].startswith("Care of 1 customer until ")
    assert table[0].endswith("The hours there are 30 per cent of the working time (TIERBOT_CARE_SHARE).")
    assert table[2].split()[0] == "Anna"


def test_the_link_of_a_calendar_is_made_shown_whole_and_revoked(
    book: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERBOT_PUBLIC_URL", "https://tierbot.example.com/bot/")
    made = book("care", "calendar", "link", "--as", "anna@example.com")
    assert re.fullmatch(
        r"https://tierbot\.example\.com/bot/calendar/[A-Za-z]{44}\.ics", made.out.splitlines()[1]
    )
    again = book("care", "calendar", "link", "--person", "anna@example.com", "--json").json
    assert (again["person"], again["replaced"], again["url"] in made.out) == ("Anna", True, False)
    revoked = book("care", "calendar", "revoke", "--person", "anna@example.com")
    assert revoked.out.strip() == "The calendar link of Anna opens nothing any more."
    audit = book("audit", "show").out
    assert (audit.count("calendar link made"), audit.count("calendar link revoked")) == (2, 1)
