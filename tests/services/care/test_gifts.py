"""Gifts: recorded within the limits of the firm, refused over them, suggested, and taken back."""

import threading
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.errors import BadInput, BotError, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.care import gifts
from bot.services.care.gifts import GiftStanding, NewGift, OverLimit, hints, views
from bot.services.care.plan import CarePlan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.gift_rules.rules import GiftRules, shipped_rules
from bot.wording import catalogue
from bot.wording.actions import Pointer
from bot.wording.care.gifts import GiftLogged
from bot.wording.care.greetings import Greetings
from bot.wording.rendering import Renderer
from db.audit import AuditEntry
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.book.facts import Activity
from db.book.people import Person, Team
from db.book.trade.exchange_rates import ExchangeRate
from db.care.records.gifts import Gift
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.conftest import OpenAnother, all_on_postgresql, on_sqlite
from tests.services.book import MONDAY, SETTINGS, Book, at, rules

DAY = timedelta(days=1)
BIRTHDAYS = {
    "plan": "people",
    "version": 1,
    "tiers": {
        "C": [{"id": "birthday", "kind": "birthday", "name": {"en": "Birthday greeting", "zh": "生日祝福"}}]
    },
}
TEXT = Renderer()
RULES: dict[str, Any] = {
    "currency": "CNY",
    "limits": {
        "default": {"gift": 200, "customer_year": 500, "person_year": 300},
        "A": {"gift": 400, "customer_year": 1000},
    },
    "compliance": [
        {
            "id": "public",
            "name": {"en": "no gifts to the public sector", "zh": "不得向公共部门送礼"},
            "when": {"customer_type": ["government"], "country": ["CN"]},
            "gift": 0,
        },
        {
            "id": "modest",
            "name": {"en": "modest gifts only", "zh": "只送小礼品"},
            "when": {"industry": ["Banks"]},
            "gift": 50,
        },
    ],
    "occasions": [
        {"id": "birthday", "name": {"en": "Birthday", "zh": "生日"}},
        {"id": "visit", "name": {"en": "Visit", "zh": "拜访"}},
    ],
    "suggestions": [
        {"id": "tea", "name": {"en": "A tin of tea", "zh": "好茶"}, "value": 180, "interests": ["tea", "茶"]},
        {"id": "wine", "name": {"en": "Wine", "zh": "酒"}, "value": 150, "countries": ["FR"]},
        {"id": "cake", "name": {"en": "A cake", "zh": "蛋糕"}, "value": 90, "occasions": ["birthday"]},
        {"id": "card", "name": {"en": "A card", "zh": "贺卡"}, "value": 20, "also": ["card"]},
    ],
}
TEA = NewGift(what="Green tea", value=Decimal(150), currency="CNY", given_on=MONDAY)


def firm_rules(**changes: Any) -> GiftRules:
    return GiftRules.model_validate(RULES | changes)


@dataclass
class Office(Book):
    """A book in which Anna looks after ACME in the team of Lin, Ben after nobody; Wu Lei works at ACME."""

    acme: int = 0

    def fill(self, tier: str = "C") -> None:
        self.rules = replace(self.rules, gifts=firm_rules())
        with self.database.write() as session:
            team = factories.team(session, "East")
            anna = factories.person(session, "Anna", team_id=team)
            lin = factories.person(session, "Lin", role="team_lead", team_id=team)
            session.get_one(Team, team).lead_id = lin
            factories.person(session, "Ben", team_id=factories.team(session, "West"))
            factories.person(session, "Ops", role="sales_ops")
            self.acme = factories.customer(session, "ACME", owner_id=anna)
            session.add(
                ContactPerson(
                    customer_id=self.acme, source="tierbot", name="Wu Lei", interests="Tea, football"
                )
            )
        self.grade({self.acme: tier})

    def who(self, name: str) -> Actor:
        return self.actor(f"U0{name.upper()}")

    def change(self, **values: Any) -> None:
        with self.database.write() as session:
            session.get_one(Customer, self.acme).sqlmodel_update(values)

    def give(self, by: str = "Anna", form: str | None = None, meant: int = 0, **changes: Any) -> GiftLogged:
        acted = gifts.record_gift(
            self.database,
            self.who(by),
            replace(TEA, **changes),
            meant=meant or self.acme,
            source="slack",
            external_id=form or f"view:{next(self.presses)}",
            rules=self.rules,
            settings=SETTINGS,
            now=self.clock.now(),
        )
        assert isinstance(acted.message, GiftLogged)
        return acted.message

    def refused(self, **how: Any) -> str:
        with pytest.raises(OverLimit) as error:
            self.give(**how)
        return error.value.text()

    def undo(self, gift_id: int, by: str = "Anna", version: int = 0) -> Any:
        pointer = Pointer(id=gift_id, version=version)
        return gifts.undo(self.database, self.who(by), pointer, **self.pressed()).message

    def standing(self, by: str = "Anna", **asked: Any) -> GiftStanding:
        with self.database.read() as session:
            return gifts.standing(session, self.who(by), self.rules, self.acme, MONDAY, **asked)

    def suggested(self, **asked: Any) -> list[str]:
        ((_, advice),) = self.standing(**asked).advice
        return [one.name.en for one in advice.suggested]

    def why_none(self, **asked: Any) -> str:
        ((_, advice),) = self.standing(**asked).advice
        assert advice.suggested == ()
        return str(advice.why_none)

    def change_person(self, **values: Any) -> None:
        with self.database.write() as session:
            session.exec(select(ContactPerson)).one().sqlmodel_update(values)

    def all(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(col(table.id))))

    def acts(self) -> list[str]:
        return [one.action for one in self.all(AuditEntry) if one.action.startswith("gift")]


@pytest.fixture
def office(database: Database) -> Office:
    book = Office(database, rules=rules(), clock=FixedClock(at(MONDAY, 9)))
    book.fill()
    return book


@on_sqlite
def test_a_gift_is_also_a_contact_of_its_day_and_giver(office: Office) -> None:
    said = office.give(contact_person="wu lei", occasion="birthday", given_on=MONDAY - DAY)
    assert (said.value, said.person, said.left, said.allowed) == ("CNY 150", "Wu Lei", "CNY 150", False)
    (gift,), (contact,) = office.all(Gift), office.all(Activity)
    assert (gift.what, gift.value, gift.occasion, gift.state) == ("Green tea", 150, "birthday", "within")
    assert (contact.kind, contact.happened_on, contact.note) == ("gift", MONDAY - DAY, None)
    assert (gift.activity_id, gift.source, gift.external_id) == (
        *(contact.id, contact.source, contact.external_id),
    )
    assert office.acts() == ["gift_recorded"]


@on_sqlite
@pytest.mark.parametrize(
    ("tier", "given", "gift", "sentence"),
    [
        (
            "C",
            [],
            {"value": Decimal(201)},
            "A gift to ACME may be worth CNY 200 at most, and this one is worth CNY 201; ask Lin, who may record it"
            " with a reason.",
        ),
        (
            "C",
            [200, 200],
            {"value": Decimal("100.50")},
            "Gifts to ACME may be worth CNY 500 in 2026, of which CNY 100 is left, and this one is worth CNY 100.50;"
            " ask Lin, who may record it with a reason.",
        ),
        (
            "A",
            [],
            {"value": Decimal(310), "contact_person": "Wu Lei"},
            "Gifts to Wu Lei of ACME may be worth CNY 300 in 2026, of which CNY 300 is left, and this one is worth"
            " CNY 310; ask Lin, who may record it with a reason.",
        ),
    ],
    ids=["one gift", "a year of the customer", "a year of the contact person, as of every tier"],
)
def test_a_gift_over_a_limit_is_refused_with_what_is_left_and_whom_to_ask(
    database: Database, tier: str, given: list[int], gift: dict[str, Any], sentence: str
) -> None:
    office = Office(database, rules=rules(), clock=FixedClock(at(MONDAY, 9)))
    office.fill(tier)
    for place, value in enumerate(given):
        office.give(value=Decimal(value), what=f"Gift {place}")
    assert office.refused(**gift) == sentence
    assert len(office.all(Gift)) == len(office.all(Activity)) == len(given)


@on_sqlite
def test_what_is_left_of_a_year_may_be_given_to_the_last_cent_and_the_next_year_begins_anew(
    office: Office,
) -> None:
    office.give(value=Decimal(200), what="One", given_on=date(2025, 12, 30))
    office.give(value=Decimal(200), what="Two")
    office.give(value=Decimal(200), what="Three")
    assert office.give(value=Decimal(100), what="Four").left == "CNY 0"
    assert "CNY 0 is left" in office.refused(value=Decimal("0.01"), what="Five")
    assert office.give(value=Decimal(200), what="Six", given_on=date(2025, 12, 31)).left == "CNY 100"


@on_sqlite
@pytest.mark.parametrize(
    ("customer", "sentence"),
    [
        (
            {"customer_type": "Government", "country": "China"},
            "Gifts to ACME are not allowed (no gifts to the public sector); ask Lin, who may record it with a reason.",
        ),
        (
            {"industry": "banks"},
            "A gift to ACME may be worth CNY 50 at most (modest gifts only), and this one is worth CNY 150; ask Lin, who"
            " may record it with a reason.",
        ),
    ],
)
def test_compliance_forbids_or_lowers_what_the_tier_allows(
    office: Office, customer: dict[str, str], sentence: str
) -> None:
    office.change(**customer)
    assert office.refused() == sentence


@on_sqlite
def test_a_refusal_is_one_chinese_sentence_too(office: Office) -> None:
    office.change(customer_type="government", country="CN")
    with pytest.raises(OverLimit) as error:
        office.give()
    words = catalogue.catalogue("zh")
    assert error.value.text(words) == "不得向ACME送礼（不得向公共部门送礼）；请联系Lin，其可写明原因后登记。"


@on_sqlite
def test_a_rule_is_about_customers_that_meet_all_of_it_and_says_where_that_is_not_known(
    office: Office,
) -> None:
    office.change(customer_type="government", country="DE", industry="Retail")
    assert office.give()
    assert office.standing().warnings == ()
    office.change(country=None)
    (warning,) = office.standing().warnings
    assert "not known whether this concerns the customer: no gifts to the public sector" in warning


@on_sqlite
def test_who_leads_the_team_records_a_gift_over_a_limit_with_a_reason_that_stays_with_it(
    office: Office,
) -> None:
    over = {"by": "Lin", "value": Decimal(900)}
    assert office.refused(**over).endswith("; you may record it all the same: give the reason.")
    assert office.refused(by="Anna", value=Decimal(900), reason="Ten years with us").endswith(
        "with a reason."
    )
    said = office.give(**over, reason="Ten years with us")
    assert said.allowed
    (gift,) = office.all(Gift)
    assert (gift.state, gift.reason) == ("allowed", "Ten years with us")
    (entry,) = [one for one in office.all(AuditEntry) if one.action == "gift_allowed"]
    assert '"limit":"gift"' in entry.after
    assert "Ten years" not in entry.after


@on_sqlite
def test_a_reason_that_is_not_needed_is_not_kept(office: Office) -> None:
    assert not office.give(by="Lin", reason="Just in case").allowed
    assert office.all(Gift)[0].reason is None


@on_sqlite
@pytest.mark.parametrize(
    ("budgets", "sentence"),
    [
        ({"owner_year": 250}, "The budget of Anna for gifts is CNY 250 in 2026, of which CNY 100 is left"),
        (
            {"team_year": 250},
            "The budget of the team East for gifts is CNY 250 in 2026, of which CNY 100 is left",
        ),
    ],
)
def test_a_budget_is_of_all_customers_of_its_account_manager_or_team(
    office: Office, budgets: dict[str, int], sentence: str
) -> None:
    office.rules = replace(office.rules, gifts=firm_rules(budgets=budgets))
    with office.database.write() as session:
        anna = session.exec(select(Person).where(Person.name == "Anna")).one()
        other = factories.customer(session, "Globex", owner_id=anna.id)
    office.give(meant=other)
    assert office.refused().startswith(sentence)


@on_sqlite
def test_other_currencies_are_converted_by_the_rate_of_the_day_and_one_without_a_rate_is_asked(
    office: Office,
) -> None:
    office.rules = replace(office.rules, currency="USD")
    euro = {"value": Decimal(20), "currency": "EUR"}
    with pytest.raises(BadInput, match="there is no rate from EUR to USD on or before 2026-03-02"):
        office.give(**euro)
    with office.database.write() as session:
        for currency, rate in (("EUR", "1.2"), ("CNY", "0.15")):
            session.add(ExchangeRate(firm_currency="USD", currency=currency, day=MONDAY - DAY, rate=rate))
    assert office.give(**euro).left == "CNY 340"  # 500 less 20 x 1.2 / 0.15
    assert "this one is worth CNY 400" in office.refused(value=Decimal(50), currency="EUR")


@on_sqlite
def test_without_a_currency_of_the_firm_another_one_is_asked(office: Office) -> None:
    with pytest.raises(BadInput, match="EUR cannot be converted to CNY, because the firm has no currency"):
        office.give(currency="EUR")


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"given_on": MONDAY + 2 * DAY}, "day"),
        ({"what": " "}, "what"),
        ({"what": "Tea\nand cake"}, "what"),
        ({"value": Decimal(0)}, "value"),
        ({"value": Decimal("1.005")}, "value"),
        ({"currency": "yuan"}, "currency"),
        ({"occasion": "wedding"}, "occasion"),
        ({"contact_person": "Mr Wong"}, "person"),
        ({"contact_person": 99}, "person"),
        ({"reason": "x"}, "reason"),
    ],
)
def test_what_cannot_be_is_said_at_its_input(office: Office, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as error:
        office.give(**changes)
    assert error.value.field == field
    assert office.all(Gift) == []


@on_sqlite
def test_the_same_form_again_corrects_and_is_not_counted_beside_itself(office: Office) -> None:
    office.give(form="view:1", value=Decimal(200))
    assert office.give(form="view:1", value=Decimal(200)).repeated
    said = office.give(form="view:1", value=Decimal(190), given_on=MONDAY - DAY)
    assert (said.corrected, said.left) == (True, "CNY 310")
    assert [one.happened_on for one in office.all(Activity)] == [MONDAY - DAY]
    assert office.acts() == ["gift_recorded", "gift_corrected"]


@on_sqlite
def test_the_same_content_in_another_form_within_minutes_is_the_same_gift(office: Office) -> None:
    office.give()
    assert office.give().repeated
    assert len(office.all(Gift)) == 1
    office.clock.advance(timedelta(minutes=11))
    assert not office.give().repeated


@on_sqlite
def test_who_recorded_a_gift_takes_it_back_for_ten_minutes_and_the_lead_at_any_time(office: Office) -> None:
    first = office.give()
    assert "Green tea" in office.undo(first.gift_id).what
    assert (office.all(Gift), office.all(Activity)) == ([], [])
    second = office.give()
    with pytest.raises(Hidden):
        office.undo(second.gift_id, "Ben")
    office.clock.advance(timedelta(minutes=11))
    with pytest.raises(Conflict, match="ten minutes"):
        office.undo(second.gift_id)
    office.undo(second.gift_id, "Lin")
    assert office.all(Gift) == []
    assert office.acts() == ["gift_recorded", "gift_undone"] * 2


@on_sqlite
def test_a_gift_of_the_lead_is_not_taken_back_by_the_account_manager(office: Office) -> None:
    said = office.give(by="Lin")
    with pytest.raises(NotAllowed):
        office.undo(said.gift_id)
    with pytest.raises(Conflict, match="changed this gift"):
        office.undo(said.gift_id, "Lin", version=7)


@on_sqlite
def test_suggestions_follow_interests_occasion_country_and_limit(office: Office) -> None:
    assert office.suggested() == ["A tin of tea", "A card"]
    assert office.suggested(occasion="birthday") == ["A tin of tea", "A cake", "A card"]
    office.change_person(interests="Football, teamwork", culture="FR")
    assert office.suggested() == ["Wine", "A card"]
    office.give(value=Decimal(200), what="One")
    office.give(value=Decimal(200), what="Two")
    assert office.suggested() == ["A card"]


@on_sqlite
def test_who_may_not_see_interests_is_suggested_nothing_by_them(office: Office) -> None:
    """As who got a step of the customer: they may log contacts with it, and see no masked fields."""
    office.plan()
    with office.database.write() as session:
        step = session.exec(select(Touch)).first()
        assert step is not None
        step.assignee_id = office.who("Ben").person_id
    assert office.suggested(by="Ben") == ["A card"]


@on_sqlite
def test_what_was_given_before_is_not_suggested_again(office: Office) -> None:
    office.give(contact_person="Wu Lei", what="a tin of TEA", given_on=date(2024, 5, 1))
    office.give(what="Card for the office")
    assert office.why_none() == "No suggestion of the rules fits, or it was given before."


@on_sqlite
@pytest.mark.parametrize(
    ("person", "asked", "sentence"),
    [
        ({"do_not_contact": True}, {}, "Wu Lei is not to be contacted."),
        ({"greetings": "none"}, {}, "Wu Lei wants no greetings."),
        ({"greetings": "birthday"}, {"occasion": "visit"}, "Wu Lei wants greetings on birthdays only."),
    ],
)
def test_who_wants_no_greetings_is_suggested_no_gift(
    office: Office, person: dict[str, Any], asked: dict[str, str], sentence: str
) -> None:
    office.change_person(**person)
    assert office.why_none(**asked) == sentence


@on_sqlite
def test_where_gifts_are_forbidden_the_reason_stands_in_place_of_suggestions(office: Office) -> None:
    office.change(customer_type="government", country="CN")
    assert office.why_none() == "Nothing may be given (no gifts to the public sector)."
    assert office.standing().warnings == (
        "Gifts to this customer are not allowed (no gifts to the public sector).",
    )


@on_sqlite
def test_a_year_that_is_nearly_spent_is_a_warning(office: Office) -> None:
    office.give(value=Decimal(200), what="One")
    assert [one for one in office.standing().warnings if "left" in one] == []
    office.give(value=Decimal(200), what="Two")
    assert "For this customer in 2026: CNY 100 of CNY 500 left" in office.standing().warnings


@on_sqlite
def test_lists_show_the_gifts_of_customers_that_one_may_see(office: Office) -> None:
    office.give(contact_person="Wu Lei")

    def listed(name: str, **query: Any) -> list[str | None]:
        with office.database.read() as session:
            found = views.list_gifts(session, office.who(name), office.rules, views.GiftQuery(**query))
        return [one.what for one in found.gifts]

    assert listed("Anna") == listed("Lin") == listed("Ops", owner="anna@example.com") == ["Green tea"]
    assert listed("Anna", customer_id=office.acme) == ["Green tea"]
    assert listed("Ben") == listed("Anna", year=2025) == []
    with pytest.raises(Hidden):
        listed("Ben", customer_id=office.acme)


def all_hints(office: Office, reader: str = "Anna", **asked: Any) -> Any:
    with office.database.read() as session:
        named = hints.ToGive(
            person=session.exec(select(ContactPerson)).one(),
            customer=session.get_one(Customer, office.acme),
            tier="C",
            **{"occasion": "birthday"} | asked,
        )
        readers = {office.who(reader).person_id}
        return hints.hints(session, office.rules, [named], MONDAY, readers).get(named.person.id or 0)


@on_sqlite
def test_a_reminder_says_what_is_left_what_fits_and_what_was_given_last(office: Office) -> None:
    hint = all_hints(office)
    assert (hint.left, hint.suggested.en, hint.value, hint.last) == (
        *("CNY 200", "A tin of tea", "CNY 180", None),
    )
    office.give(value=Decimal(150), what="Tea", contact_person="Wu Lei")
    hint = all_hints(office)
    assert (hint.left, hint.suggested.en, hint.last, hint.last_on) == (*("CNY 150", "A cake", "Tea", MONDAY),)


@on_sqlite
def test_interests_choose_a_gift_only_for_the_account_manager(office: Office) -> None:
    assert all_hints(office, "Lin").suggested.en == "A cake"


@on_sqlite
def test_a_reminder_says_that_no_gift_is_allowed_and_by_which_rule(office: Office) -> None:
    office.change(customer_type="government", country="CN")
    hint = all_hints(office)
    assert (hint.forbidden, hint.rule.en, hint.suggested) == (True, "no gifts to the public sector", None)


@on_sqlite
def test_reminders_say_nothing_of_gifts_where_the_firm_uses_none(office: Office) -> None:
    office.rules = replace(office.rules, gifts=shipped_rules())
    assert all_hints(office) is None
    office.give()
    assert all_hints(office).left == "CNY 200"


@on_sqlite
@pytest.mark.parametrize("wish", [{"greetings": "none"}, {"do_not_contact": True}])
def test_who_wants_no_greetings_is_not_named_with_a_gift(office: Office, wish: dict[str, Any]) -> None:
    office.change_person(**wish)
    assert all_hints(office) is None


@on_sqlite
def test_the_digest_and_the_greeting_of_a_birthday_have_the_line(office: Office) -> None:
    office.give(what="Cake", contact_person="Wu Lei", given_on=date(2025, 3, 9))
    office.change_person(birthday="1980-03-10")
    office.rules = replace(office.rules, plans=CarePlans((CarePlan.model_validate(BIRTHDAYS),)))
    office.go(MONDAY + DAY)
    ((_, digest),) = office.digests()
    words = " ".join(TEXT.slots(digest, "en").rows)
    assert (
        "CNY 200 left for a gift · suggested: A tin of tea (CNY 180) · last one: Cake on Mar 9, 2025" in words
    )
    office.go(MONDAY + 8 * DAY)
    (greeted,) = [one for _, one in office.sent() if isinstance(one, Greetings)]
    assert "suggested: A tin of tea (CNY 180)" in " ".join(TEXT.slots(greeted, "en").body)


@all_on_postgresql
@pytest.mark.parametrize("several", [False, True], ids=["one customer", "customers of one budget"])
def test_those_who_record_at_the_same_moment_do_not_exceed_a_limit_together(
    open_another: OpenAnother, several: bool
) -> None:
    office = Office(open_another(), rules=rules(), clock=FixedClock(at(MONDAY, 9)))
    office.fill("A")
    office.rules = replace(office.rules, gifts=firm_rules(budgets={"owner_year": 1000}))
    with office.database.write() as session:
        anna = session.exec(select(Person).where(Person.name == "Anna")).one()
        others = [factories.customer(session, f"Other {number}", owner_id=anna.id) for number in range(5)]
    whom = others if several else [office.acme] * 5
    together = threading.Barrier(len(whom))
    refused: list[BotError] = []

    def give(meant: int, number: int) -> None:
        own = Office(open_another(), rules=office.rules, clock=FixedClock(at(MONDAY, 9)))
        value = Decimal(190) if several else Decimal(390)
        together.wait()
        try:
            own.give(meant=meant, what=f"Gift {number}", value=value, form=f"form:{number}")
        except OverLimit as error:
            refused.append(error)

    most = 2
    if several:
        office.give(value=Decimal(390), what="Before")
        most = 3  # of the 610 that are left
    threads = [threading.Thread(target=give, args=[meant, place]) for place, meant in enumerate(whom)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == len(whom) - most
    assert sum(one.value for one in office.all(Gift)) <= 1000
    assert len(office.all(Activity)) == len(office.all(Gift)) == most + several
