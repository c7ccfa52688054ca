"""What a tier is promised stands once in a digest, on the first row of those who are promised it, and on each card."""

from typing import Any

import pytest

from bot.clock import FixedClock
from bot.services.ask import lookup
from bot.services.care.service.promised import promise_to
from bot.wording import messages
from bot.wording.messages import TierCard
from bot.wording.rendering import Renderer
from bot.wording.service_parts import ServicePromise, ServiceTerm, promise_of
from db.care.touches import Touch
from db.engine import Database
from grading.scheme.model import Name, Service, Tier
from tests import factories
from tests.services.book import MONDAY, Book, at
from tests.services.care.test_todo import listed

TEXT = factories.PLAIN_SCHEME.replace(
    "{id: A, at: 70,",
    "{id: A, at: 70, policy: {service: {visits_a_year: 12, response_days: 1, extras: [{en: x, zh: y}]}},",
)


@pytest.fixture
def book(database: Database) -> Book:
    """Three customers of Anna with two steps each that are due: two in A, which is promised something, one in B."""
    book = Book(database, clock=FixedClock(at(MONDAY)))
    with database.write() as session:
        anna = factories.person(session)
        ids = {name: factories.customer(session, name, owner_id=anna) for name in ("ACME", "Best", "Globex")}
        factories.graded(
            session, {ids["ACME"]: "A", ids["Best"]: "A", ids["Globex"]: "B"}, as_of=MONDAY, text=TEXT
        )
        for customer in ids.values():
            for step in ("revisit", "vip_follow_up"):
                values: dict[str, Any] = {
                    "kind": "revisit",
                    "tier": "A",
                    "due_on": MONDAY,
                    "latest_on": MONDAY,
                }
                session.add(
                    Touch(
                        **values,
                        customer_id=customer,
                        step=step,
                        dedupe_key=f"{step}:{customer}",
                        remind_at=at(MONDAY),
                        state="reminded",
                        created_at=at(MONDAY),
                    )
                )
    return book


def test_what_is_counted_of_a_promise_stands_once_in_a_digest_on_the_first_row_with_it(book: Book) -> None:
    digest = listed(book, "U0ANNA")
    assert [(row.name, row.service is not None) for row in digest.rows] == [
        ("ACME", True), ("ACME", False), ("Best", False), ("Best", False), ("Globex", False), ("Globex", False),
    ]  # fmt: skip
    slots = Renderer().slots(digest, "en")
    assert "Service promise: 12 visits a year · complaints answered within 1 day" in slots.rows[0]
    assert not any("Service promise" in row for row in slots.rows[1:])
    assert messages.load(messages.dump(digest)) == digest


def test_a_card_says_all_of_it_and_that_of_another_tier_nothing(book: Book) -> None:
    with book.database.read() as session:
        cards = [
            lookup.answer(session, book.scheme_cache, book.rules, book.actor("U0ANNA"), name, MONDAY)
            for name in ("ACME", "Globex")
        ]
        promises = [promise_to(session, book.scheme_cache, card.customer_id) for card in cards]  # type: ignore[attr-defined]
    first, second = cards
    assert isinstance(first, TierCard)
    assert isinstance(second, TierCard)
    assert [first.service, second.service] == promises
    assert second.service is None
    body = "\n".join(Renderer().slots(first, "zh").body)
    assert ":scroll: *服务承诺：* 每年拜访 12 次 · 投诉 1 天内答复 · y" in body
    assert messages.load(messages.dump(first)) == first


@pytest.mark.parametrize(
    ("service", "english", "chinese"),
    [
        (Service(response_days=0), "complaints answered on the same day", "投诉当天答复"),
        (Service(visits_a_year=1), "1 visit a year", "每年拜访 1 次"),
        (Service(calls_a_year=2), "2 calls a year", "每年致电 2 次"),
        (Service(trainings_a_year=3), "3 trainings a year", "每年培训 3 次"),
        (Service(reviews_a_year=4), "4 business reviews a year", "每年业务回顾 4 次"),
        (Service(surveys_a_year=1), "1 survey a year", "每年满意度调查 1 次"),
        (Service(training_days_a_year=2), "training days a year: 2", "每年培训天数：2"),
        (Service(delivery="standard"), "standard delivery", "标准发货"),
        (Service(payment_days=0), "payment at once", "立即付款"),
        (Service(payment_days=1), "payment within 1 day", "1 天内付款"),
        (Service(discount_percent=12.5), "12.5% discount", "折扣 12.5%"),
        (Service(dedicated=(Name(en="<b> & *x*", zh="甲"),)), "&lt;b&gt; &amp; ∗x∗", "甲"),
    ],
)
def test_every_key_is_said_in_both_languages(service: Service, english: str, chinese: str) -> None:
    promise = promise_of(Tier(id="A", at=0, name=Name(en="A", zh="甲"), policy={"service": service}))
    assert promise is not None
    assert [Renderer().promise_text(promise, language) for language in ("en", "zh")] == [english, chinese]


def test_a_tier_without_anything_in_its_service_is_promised_nothing() -> None:
    name = Name(en="A", zh="甲")
    assert promise_of(Tier(id="A", at=0, name=name)) is None
    assert promise_of(Tier(id="A", at=0, name=name, policy={"service": Service()})) is None
    assert promise_of(Tier(id="A", at=0, name=name, policy={"service": "text"})) == ServicePromise(
        terms=(ServiceTerm(key="text", name=Name(en="text", zh="text")),)
    )
