"""The page before a visit says what the database says, to those who may see the customer, with masks."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text
from sqlmodel import col, select

from bot.app import Tierbot, build
from bot.clock import FixedClock, ShiftedClock
from bot.demo import history, story
from bot.errors import Hidden, NotAllowed
from bot.services import access
from bot.services.access import Actor
from bot.services.ask import brief
from bot.services.ask.brief import chart, pack
from bot.services.ask.brief.pack import Quarter
from bot.wording.ask.briefs import ProspectCard, VisitBrief
from db.audit import AuditEntry
from db.book import people
from db.book.customers import Customer
from db.book.people import Person
from db.graded.credit import CreditApproval
from tests import factories

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
TODAY = NOW.date()
YEAR = date(2025, 11, 10)  # the windows of twelve months are open at their start
EARLIER = date(2024, 11, 10)
TALKS = ("visit", "call", "meeting", "training", "review", "survey", "credit_review", "other")


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tierbot]:
    """The demo's book, of which every fourth customer is looked at; with a promise, a complaint and a credit limit."""
    folder: Path = tmp_path_factory.mktemp("demo")
    settings = story.demo_settings(folder, "http://127.0.0.1:9/api/")
    bot = build(settings, clock=ShiftedClock(FixedClock(NOW)))
    history.fill(bot, lambda _: None)
    with bot.database.write() as session:
        acme = session.exec(select(Customer.id).where(Customer.code == "C-0001")).one() or 0
        factories.promise(session, acme, TODAY + timedelta(days=3), what="Send the drawings")
        factories.complaint(session, acme, TODAY - timedelta(days=20))
        session.add(
            CreditApproval(
                customer_id=acme, assessed_on=TODAY, grade="AA", scheme_version_id=1, approved_limit=Decimal(90_000),
                approved_terms=30, currency="CNY", reason="as proposed", approved_by="Finn", approved_on=TODAY,
                approved_at=NOW,
            )
        )  # fmt: skip
        factories.person(session, "Finn", role="finance")
        for name in ("Initech", "Umbrella"):
            prospect = factories.customer(session, name, record_type="prospect")
            factories.contact(session, prospect, TODAY - timedelta(days=9))
            factories.contact_person(session, prospect, phone="+8613812345678")
    yield bot
    bot.close()


def actor(bot: Tierbot, name: str) -> Actor:
    with bot.database.read() as session:
        number = session.exec(select(Person.id).where(col(Person.name).startswith(name))).one()
        person = people.row_by_id(session, number or 0, NOW)
    assert person is not None
    return access.actor_of(person, bot.settings)


def page(bot: Tierbot, customer: int, name: str = "Finn") -> Any:
    with bot.database.read() as session:
        return brief.brief(
            session, bot.scheme_cache, bot.rules_in(session), actor(bot, name), customer, TODAY
        )


def rows(bot: Tierbot, sql: str, **values: Any) -> pd.DataFrame:
    with bot.database.reader.connect() as connection:
        return pd.read_sql(text(sql), connection, params=values)


def customers(bot: Tierbot) -> list[int]:
    return [int(number) for number in rows(bot, "SELECT id FROM customer ORDER BY id")["id"]][-1::-4]


def test_every_line_of_every_page_is_what_the_database_says(bot: Tierbot) -> None:
    orders = rows(
        bot, "SELECT customer_id, ordered_on, amount / 10000.0 AS amount, currency FROM customer_order"
    )
    invoices = rows(
        bot,
        "SELECT customer_id, external_id, invoiced_on, due_on, paid_on, amount / 10000.0 AS amount FROM invoice",
    )
    activities = rows(bot, "SELECT id, customer_id, kind, happened_on, note, person_id FROM activity")
    touches = rows(
        bot, "SELECT customer_id, due_on FROM touch WHERE state IN ('planned', 'reminded', 'snoozed')"
    )
    people_of = rows(bot, "SELECT customer_id, name FROM contact_person")
    evidence = rows(bot, "SELECT customer_id FROM fact WHERE evidence IS NOT NULL AND superseded_at IS NULL")
    graded = rows(
        bot,
        "SELECT a.customer_id, a.tier, a.score, g.as_of FROM assessment a JOIN grading_run g ON g.id = a.run_id"
        " JOIN customer c ON c.id = a.customer_id AND c.record_type = g.purpose"
        " WHERE g.status = 'published' ORDER BY a.run_id",
    )
    seen = {"account": 0, "prospect": 0}
    for customer in customers(bot):
        shown = page(bot, customer)
        mine = activities[(activities.customer_id == customer) & activities.kind.isin(TALKS)]
        mine = mine.sort_values(["happened_on", "id"], ascending=False)
        assert [str(one.happened_on) for one in shown.contacts] == [*mine.happened_on[:4]]
        assert [one.said for one in shown.contacts] == [
            None if pd.isna(note) else note for note in mine.note[:4]
        ]
        assert shown.more_contacts == max(0, len(mine) - 4)
        assert len(shown.people) + shown.more_people == (people_of.customer_id == customer).sum()
        assert len(shown.facts) + shown.more_facts == (evidence.customer_id == customer).sum()
        due = sorted(touches[touches.customer_id == customer].due_on)
        assert [str(one.step.due_on) for one in shown.steps] == due[:4]
        assert shown.more_steps == max(0, len(due) - 4)
        newest = graded[graded.customer_id == customer]
        if len(newest) and shown.graded is not None:
            last = newest.iloc[-1]
            assert (shown.graded.tier.id, str(shown.graded.as_of)) == (last.tier, last.as_of)
            assert shown.graded.score == pytest.approx(last.score) or pd.isna(last.score)
        if isinstance(shown, ProspectCard):
            seen["prospect"] += 1
            continue
        seen["account"] += 1
        bought = orders[(orders.customer_id == customer) & (orders.ordered_on <= str(TODAY))]
        year = bought[bought.ordered_on > str(YEAR)]
        before = bought[(bought.ordered_on > str(EARLIER)) & (bought.ordered_on <= str(YEAR))]
        positive = bought[bought.amount > 0]
        if not len(positive):
            assert sum(one.orders for one in shown.trade) == 0
        else:
            (trade,) = shown.trade
            assert trade.year == pytest.approx(year.amount.sum())
            assert trade.year_before == pytest.approx(before.amount.sum())
            assert trade.orders == (year.amount > 0).sum()
            assert trade.last is not None
            assert str(trade.last.day) == positive.ordered_on.max()
            assert trade.last.amount == pytest.approx(
                positive[positive.ordered_on == positive.ordered_on.max()].amount.sum()
            )
            days = pd.to_datetime(pd.Series(sorted(set(positive.ordered_on))))
            gap = days.diff().dt.days.median() if len(days) >= 3 else None
            assert trade.usual_gap == gap
        owed = invoices[(invoices.customer_id == customer) & (invoices.invoiced_on <= str(TODAY))]
        owed = owed[owed.paid_on.isna() | (owed.paid_on > str(TODAY))]
        assert sum(one.exposure for one in shown.credit) == pytest.approx(owed.amount.sum())
        late = owed[(owed.due_on < str(TODAY)) & (owed.amount > 0)]
        assert len(shown.invoices) + shown.more_invoices == len(late)
    assert seen["account"] > 50
    assert seen["prospect"] > 0


def test_what_was_promised_complained_and_approved_is_on_the_page(bot: Tierbot) -> None:
    shown = page(bot, 1)
    assert isinstance(shown, VisitBrief)
    assert [(one.what, one.due_on) for one in shown.promises] == [
        ("Send the drawings", TODAY + timedelta(days=3))
    ]
    assert [(one.is_open, one.reported_on) for one in shown.complaints] == [
        (True, TODAY - timedelta(days=20))
    ]
    assert (shown.credit[0].grade, shown.credit[0].approved_by, shown.credit[0].terms_days) == (
        "AA",
        "Finn",
        30,
    )
    assert [one.as_of for one in shown.history] == sorted((one.as_of for one in shown.history), reverse=True)
    assert shown.rise is not None


def test_who_does_not_see_a_customer_gets_no_page(bot: Tierbot) -> None:
    assert page(bot, 1, "Anna").name == "ACME"
    with pytest.raises(Hidden):
        page(bot, 1, "Lin")


def test_a_stated_share_is_shown_as_a_percentage(bot: Tierbot) -> None:
    text = str(bot.renderer.slots(page(bot, 1, "Anna"), "en").body)
    assert re.search(r"Invoices paid on time \(share of amount\)\* \d+(\.\d)?% · as of", text), text


def test_limits_and_personal_data_are_masked_until_who_may_asks_for_all_which_is_recorded(
    bot: Tierbot,
) -> None:
    masked = page(bot, 1, "Anna")
    assert (masked.credit[0].limited, masked.credit[0].masked, masked.credit[0].limit) == (True, True, None)
    assert all("•" in (one.phone or "•") and "•" in (one.email or "•") for one in masked.people)
    assert any(one.value is None for one in page(bot, 1).facts)
    whole = brief.in_full(bot.database, bot.scheme_cache, bot.rules, actor(bot, "Anna"), 1, TODAY)
    assert whole.credit[0].limit == 90_000  # type: ignore[union-attr]
    assert not any("•" in (one.phone or "") for one in whole.people)
    assert all(one.value is not None for one in whole.facts)
    with bot.database.read() as session:
        newest = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert newest is not None
    assert newest.action == "personal_shown"
    assert "approved_limit" in str(newest.after)
    assert "90" not in str(newest.after)


def test_who_only_sees_a_customer_gets_nothing_in_full(bot: Tierbot) -> None:
    with bot.database.write() as session:
        factories.person(session, "Sam", role="sales_ops")
    shown = page(bot, 1, "Sam")
    assert (shown.may_unmask, shown.may_log) == (False, False)
    with pytest.raises(NotAllowed):
        brief.in_full(bot.database, bot.scheme_cache, bot.rules, actor(bot, "Sam"), 1, TODAY)


def test_what_moved_is_counted_from_the_grading_in_force_at_the_last_contact(bot: Tierbot) -> None:
    moved = 0
    for customer in customers(bot):
        shown = page(bot, customer)
        if shown.graded is None or shown.graded.before is None:
            continue
        assert shown.graded.before.as_of <= shown.contacts[0].happened_on < shown.graded.as_of
        moved += 1
    assert moved > 3


def test_a_history_of_scores_has_the_boundaries_of_the_newest_scheme(bot: Tierbot) -> None:
    with bot.database.read() as session:
        found = chart.score_history(session, bot.scheme_cache, actor(bot, "Anna"), 1)
        with pytest.raises(Hidden):
            chart.score_history(session, bot.scheme_cache, actor(bot, "Lin"), 1)
    stored = rows(
        bot,
        "SELECT a.score, g.as_of FROM assessment a JOIN grading_run g ON g.id = a.run_id"
        " WHERE a.customer_id = 1 AND g.purpose = 'account' AND g.status = 'published' ORDER BY a.run_id",
    )
    assert [(str(one.as_of), one.score) for one in found.points] == [
        (row.as_of, row.score) for row in stored.itertuples()
    ][-24:]
    scores = [one.at for one in found.boundaries]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == 0


@pytest.mark.parametrize(("language", "title"), [("en", "Tiers"), ("zh", "等级")])
def test_the_review_of_a_quarter_is_a_workbook_of_what_the_database_says(
    bot: Tierbot, language: str, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr(pack, "workbook", lambda sheets, created: made.update(sheets=sheets) or b"xlsx")
    quarter = Quarter.read("2026Q3")
    content = pack.review_pack(
        bot.database, bot.scheme_cache, bot.rules, actor(bot, "Anna"), 1, quarter,
        language=language, today=TODAY, now=NOW,
    )  # fmt: skip
    assert content == b"xlsx"
    sheets = {sheet.name: sheet for sheet in made["sheets"]}
    assert len(sheets) == 8
    assert title in sheets
    orders = rows(
        bot,
        "SELECT sum(amount) / 10000.0 AS net FROM customer_order WHERE customer_id = 1"
        " AND ordered_on BETWEEN '2026-07-01' AND '2026-09-30'",
    )
    by_quarter = list(sheets.values())[1].rows
    assert by_quarter[0][0] == "2026Q3"
    assert by_quarter[0][3] == pytest.approx(orders.net[0])
    assert [row[0] for row in by_quarter] == [
        "2026Q3", "2026Q2", "2026Q1", "2025Q4", "2025Q3", "2025Q2", "2025Q1", "2024Q4",
    ]  # fmt: skip
    talks = rows(
        bot,
        "SELECT count(*) AS n FROM activity WHERE customer_id = 1 AND kind NOT IN ('complaint', 'gift', 'greeting',"
        " 'birthday', 'referral') AND happened_on BETWEEN '2026-07-01' AND '2026-09-30'",
    )
    assert len(list(sheets.values())[3].rows) == talks.n[0]
    with pytest.raises(Hidden):
        pack.review_pack(
            bot.database, bot.scheme_cache, bot.rules, actor(bot, "Lin"), 1, quarter,
            language=language, today=TODAY, now=NOW,
        )  # fmt: skip


@pytest.mark.parametrize("text", ["2026", "2026Q5", "Q3", "2026Q0", ""])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="quarter"):
        Quarter.read(text)


def test_a_quarter_that_has_not_begun_has_no_review(bot: Tierbot) -> None:
    with pytest.raises(Exception, match="has not begun"):
        pack.review_pack(
            bot.database, bot.scheme_cache, bot.rules, actor(bot, "Anna"), 1, Quarter.read("2027Q1"),
            language="en", today=TODAY, now=NOW,
        )  # fmt: skip
