"""What is about to be sent is checked against the rights of that moment, whatever kind of message it is."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.services.ask import bounds
from bot.services.delivery import channels, kinds, outbox
from bot.services.delivery.rights import named_customers
from bot.services.delivery.worker import Step
from bot.services.recipients import Place
from bot.wording.care.digest import CareDigest, CareRow
from bot.wording.care.greetings import GreetedCustomer, GreetedTier, Greetings, GreetingSection
from bot.wording.channels import Trouble, TroubledChannel
from bot.wording.message_base import Message
from bot.wording.messages import Hit, OwnTierChanged, Reminder, TierChanged, TierDigest, load
from bot.wording.notices import ChannelTrouble, LimitReached
from bot.wording.parts import GreetingText, Since, TierPart, Who
from db.book import deputies
from db.book.customers import Customer, Ownership
from db.book.people import Deputy, Person, Team, TeamView
from db.care import due_touches
from db.care.touches import Touch, TouchMessage, TouchRole
from db.engine import Database
from db.graded.changes import ALERT, OWN_ALERT
from db.outbox.messages import OutboxMessage
from grading.scheme.model import Name
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.book import MONDAY, Book
from tests.services.delivery.outbox_harness import SECOND, START, UNPACED, Harness

A, B = TierPart(id="A", rank=0), TierPart(id="B", rank=1)
MARCH = date(2026, 3, 1)


@dataclass
class Firm:
    """Anna of team East, whose lead is Olga, and Ben of team West; the customers are Anna's."""

    harness: Harness
    anna: int
    ben: int
    olga: int
    acme: int
    globex: int

    def to(self, person: str) -> Place:
        return Place(person_id={"anna": self.anna, "ben": self.ben, "olga": self.olga}[person])

    def change(self, person_id: int, **values: Any) -> None:
        with self.harness.database.write() as session:
            session.exec(update(Person).where(col(Person.id) == person_id).values(**values))

    def give(self, customer: int, owner: int) -> None:
        with self.harness.database.write() as session:
            found = col(Ownership.customer_id) == customer
            session.exec(update(Ownership).where(found).values(person_id=owner))

    def write(self, kind: str, place: Place, message: Message, key: str = "key") -> int:
        with self.harness.database.write() as session:
            number = outbox.enqueue(
                session,
                kind=kind,
                place=place,
                message=message,
                language="en",
                dedupe_key=key,
                now=self.harness.clock.now(),
            )
            if kind in kinds.SHOWN:
                for customer in named_customers(outbox.body_of(message, None)[0]):
                    touch = session.merge(due_touch(customer))
                    session.flush()
                    due_touches.link(session, number, [touch.id or 0], TouchRole.DIGEST)
            return number

    def touches(self) -> dict[int, str]:
        """Customer -> the state of its touch."""
        with self.harness.database.read() as session:
            return {touch.customer_id: touch.state for touch in session.exec(select(Touch))}

    def deliver(self) -> list[str]:
        """Send until nothing more moves; where the messages went."""
        for _ in range(3):
            self.harness.deliver(SECOND)
        return [entry.where for entry in self.harness.slack.entries]

    def message(self, outbox_id: int) -> Message:
        return load(json.loads(self.harness.row(outbox_id).body_json))

    def rows(self) -> list[tuple[str, str, str | None]]:
        """(address, state, class of the error) of every message."""
        with self.harness.database.read() as session:
            found = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))
            return [(row.address, row.state, row.error_class) for row in found]


@pytest.fixture
def firm(database: Database) -> Firm:
    with database.write() as session:
        east = factories.team(session, "East", channel="C0EAST", language="en")
        west = factories.team(session, "West", channel="C0WEST", language="zh")
        anna = factories.person(session, "Anna", team_id=east)
        ben = factories.person(session, "Ben", team_id=west, language="zh")
        olga = factories.person(session, "Olga", team_id=east, role="team_lead")
        session.get_one(Team, east).lead_id = olga
        acme = factories.customer(session, "ACME", owner_id=anna)
        globex = factories.customer(session, "Globex", owner_id=anna)
    options = replace(UNPACED, fallback_channel="C0FIRM")
    harness = Harness(database, options)
    return Firm(harness=harness, anna=anna, ben=ben, olga=olga, acme=acme, globex=globex)


def move(customer: int, **values: Any) -> dict[str, Any]:
    return {
        "customer_id": customer, "version": 1, "name": "ACME", "code": "C-1", "before": B, "after": A, "up": True,
        "score_before": 50.0, "score_after": 80.0, "capped_by": None, "held": False, "parts": (), "as_of": MARCH,
    } | values  # fmt: skip


def reminder(customer: int) -> Reminder:
    return Reminder(
        touch_id=1, version=1, customer_id=customer, customer_version=1, name="ACME", code="C-1", tier=A, score=80.0,
        kind="revisit", step=Name(en="Revisit", zh="回访"), hint=None, due_on=MARCH, at_latest=None, last_contact=None,
    )  # fmt: skip


def due_touch(customer: int) -> Touch:
    """A touch with its customer's number that was shown."""
    return Touch(
        id=customer, dedupe_key=f"k{customer}", customer_id=customer, step="revisit", kind="revisit", tier="A",
        due_on=MARCH, remind_at=START, state="reminded", created_at=START,
    )  # fmt: skip


def care_digest(*customers: int) -> CareDigest:
    rows = tuple(
        CareRow(
            touch_id=customer, version=1, customer_id=customer, name=f"N{customer}", code="C", tier=A, section="due",
            step=Name(en="Revisit", zh="回访"), kind="revisit", due_on=MARCH, minutes=30,
        )
        for customer in customers
    )  # fmt: skip
    return CareDigest(day=MARCH, rows=rows, due=len(rows), minutes=30 * len(rows))


def greeting(*customers: int) -> Greetings:
    greeted = tuple(
        GreetedCustomer(customer_id=one, version=1, name=f"N{one}", code="C", touch_id=one, touch_version=1)
        for one in customers
    )
    text = GreetingText(occasion_id="new_year", language="en", top=False)
    section = GreetingSection(text=text, tiers=(GreetedTier(tier=A, customers=greeted),))
    return Greetings(occasion=Name(en="New Year", zh="元旦"), day=MARCH, estimated=False, sections=(section,))


def digest(*customers: int, own: bool = False, more: int = 0) -> TierDigest:
    """A digest that names some customers, and counts more."""
    hits = tuple(
        Hit(
            customer_id=customer, version=1, name=f"N{customer}", code="C", tier=A, score=80.0, cause="data",
            before=Since(tier=B, score=50.0, as_of=MARCH),
        )
        for customer in customers
    )  # fmt: skip
    total = len(customers) + more
    return TierDigest(total=total, own=own, by_data=total, moves=((B, A, total),), largest=hits, as_of=MARCH)


KINDS: dict[str, Callable[[int], Message]] = {
    kinds.REMINDER: reminder,
    kinds.DIGEST: care_digest,
    kinds.GREETING: greeting,
    OWN_ALERT: lambda customer: OwnTierChanged(**move(customer)),
    ALERT: lambda customer: TierChanged(**move(customer), owner=Who(name="Anna", slack_user_id="U0ANNA")),
    "of a later version": lambda customer: OwnTierChanged(**move(customer)),
}
# What may happen to the rights of Anna, or of her team's channel, between writing and sending.
LOST: dict[str, Callable[[Firm], None]] = {
    "the customer is another team's": lambda firm: firm.give(firm.acme, firm.ben),
    "the owner moves to another team": lambda firm: firm.change(firm.anna, team_id=2, role="viewer"),
}


@all_on_postgresql
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("place", ["person", "channel"])
def test_no_kind_of_message_reaches_those_who_may_not_see_the_customer_any_more(
    firm: Firm, kind: str, lost: str, place: str
) -> None:
    where = firm.to("anna") if place == "person" else Place(channel="C0EAST")
    firm.write(kind, where, KINDS[kind](firm.acme))
    LOST[lost](firm)
    assert not {"U0ANNA", "C0EAST"} & set(firm.deliver())
    assert firm.rows()[0][1] in ("sent", "dead")
    assert firm.rows()[0][2] in (None, "not_theirs")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["person", "channel"])
def test_every_kind_goes_where_it_was_meant_to_while_nothing_changes(
    firm: Firm, kind: str, place: str
) -> None:
    person = kind in (kinds.REMINDER, *kinds.SHOWN, OWN_ALERT) or place == "person"
    where = firm.to("anna") if person else Place(channel="C0EAST")
    firm.write(kind, where, KINDS[kind](firm.acme))
    assert firm.deliver() == ["U0ANNA" if person else "C0EAST"]


@pytest.mark.parametrize(
    "gone", [{"active": False}, {"slack_status": "left"}, {"slack_status": "guest"}], ids=str
)
@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_message_reaches_a_person_who_has_left(
    firm: Firm, kind: str, gone: dict[str, Any]
) -> None:
    firm.write(kind, firm.to("anna"), KINDS[kind](firm.acme))
    firm.change(firm.anna, **gone)
    assert firm.deliver() == (["U0OLGA"] if kind == OWN_ALERT else [])
    expected = ("person:3", "sent", None) if kind == OWN_ALERT else ("person:1", "dead", "left")
    assert firm.rows() == [expected]


@pytest.mark.parametrize("waits", ["not due yet", "not in Slack yet"])
def test_what_waits_for_a_person_who_has_left_waits_no_longer(firm: Firm, waits: str) -> None:
    own = firm.write(OWN_ALERT, firm.to("anna"), KINDS[OWN_ALERT](firm.acme), "own")
    note = firm.write("of a later version", firm.to("anna"), KINDS[OWN_ALERT](firm.acme), "note")
    later = firm.harness.clock.now() + timedelta(minutes=10)
    for row in (own, note):
        firm.harness.change(row, next_at=later if waits == "not due yet" else firm.harness.clock.now())
    firm.change(firm.anna, active=False, slack_user_id=None if waits == "not in Slack yet" else "U0ANNA")
    firm.deliver()
    assert firm.rows()[0][0] == "person:3"
    assert firm.rows()[1] == ("person:1", "dead", "left")


def test_an_alert_goes_to_the_new_owner_in_their_language(firm: Firm) -> None:
    own = firm.write(OWN_ALERT, firm.to("anna"), KINDS[OWN_ALERT](firm.acme), "own")
    in_channel = firm.write(ALERT, Place(channel="C0EAST"), KINDS[ALERT](firm.acme), "channel")
    firm.give(firm.acme, firm.ben)
    assert sorted(firm.deliver()) == ["C0WEST", "U0BEN"]
    assert [json.loads(firm.harness.row(row).body_json)["language"] for row in (own, in_channel)] == [
        "zh",
        "zh",
    ]
    alert = firm.message(in_channel)
    assert isinstance(alert, TierChanged)
    assert alert.owner == Who(name="Ben", slack_user_id="U0BEN")
    assert firm.harness.tallies()["redirected_total"] == 2


def test_the_lead_of_an_owner_who_left_reads_that_it_is_a_customer_of_the_team(firm: Firm) -> None:
    own = firm.write(OWN_ALERT, firm.to("anna"), KINDS[OWN_ALERT](firm.acme))
    firm.change(firm.anna, slack_status="left")
    assert firm.deliver() == ["U0OLGA"]
    assert firm.message(own) == OwnTierChanged(**move(firm.acme), for_lead=True)


def name_deputy(firm: Firm, person: int, deputy: int, ends: timedelta = timedelta(days=1)) -> None:
    now = firm.harness.clock.now()
    with firm.harness.database.write() as session:
        session.add(Deputy(person_id=person, deputy_id=deputy, starts_at=now, ends_at=now + ends))


# What becomes of the owner, and of the deputy Ben -> who reads an alert, and in which part.
DEPUTIES: dict[str, tuple[dict[str, Any], dict[str, Any], str, dict[str, Any]]] = {
    "away": ({}, {}, "U0BEN", {"absent": "Anna"}),
    "left": ({"slack_status": "left"}, {}, "U0BEN", {"absent": "Anna"}),
    "switched off": ({"active": False}, {}, "U0BEN", {"absent": "Anna"}),
    "away, and the deputy has left": ({}, {"active": False}, "U0ANNA", {}),
    "away, and the deputy is not in Slack": ({}, {"slack_user_id": None}, "U0ANNA", {}),
    "both have left": ({"active": False}, {"slack_status": "guest"}, "U0OLGA", {"for_lead": True}),
    "no role any more": ({"role": "viewer"}, {}, "U0OLGA", {"for_lead": True}),
}


@all_on_postgresql
@pytest.mark.parametrize("case", DEPUTIES)
def test_the_deputy_reads_of_the_customers_before_the_owner_and_the_lead(firm: Firm, case: str) -> None:
    owner, deputy, reader, part = DEPUTIES[case]
    own = firm.write(OWN_ALERT, firm.to("anna"), KINDS[OWN_ALERT](firm.acme))
    name_deputy(firm, firm.anna, firm.ben)
    firm.change(firm.anna, **owner or {"name": "Anna"})
    firm.change(firm.ben, **deputy or {"name": "Ben"})
    assert firm.deliver() == [reader]
    assert firm.message(own) == OwnTierChanged(**move(firm.acme), **part)


def test_what_waits_for_a_deputy_whose_time_is_over_goes_to_the_owner(firm: Firm) -> None:
    name_deputy(firm, firm.anna, firm.ben, timedelta(minutes=1))
    own = firm.write(OWN_ALERT, firm.to("ben"), OwnTierChanged(**move(firm.acme), absent="Anna"))
    note = firm.write("of a later version", firm.to("ben"), KINDS[OWN_ALERT](firm.acme), "note")
    firm.harness.clock.advance(timedelta(minutes=1))
    assert firm.deliver() == ["U0ANNA"]
    assert firm.message(own) == OwnTierChanged(**move(firm.acme))
    assert (firm.harness.row(note).state, firm.harness.row(note).error_class) == ("dead", "not_theirs")


def test_a_note_reaches_a_deputy_and_a_team_that_sees_only_as_long_as_they_may(firm: Firm) -> None:
    name_deputy(firm, firm.anna, firm.ben)
    with firm.harness.database.write() as session:
        cara = factories.person(session, "Cara", role="viewer", team_id=factories.team(session, "Care"))
        session.add(TeamView(team_id=3, seen_team_id=1))
    for place in (firm.to("ben"), Place(person_id=cara)):
        firm.write("of a later version", place, KINDS[OWN_ALERT](firm.acme), place.address)
    assert sorted(firm.deliver()) == ["U0BEN", "U0CARA"]
    for place in (firm.to("ben"), Place(person_id=cara)):
        firm.write("of a later version", place, KINDS[OWN_ALERT](firm.acme), f"{place.address} again")
    with firm.harness.database.write() as session:
        deputies.end(session, firm.anna, firm.harness.clock.now())
        deputies.hide(session, 3, 1)
    firm.deliver()
    assert [row[1:] for row in firm.rows()] == [("sent", None)] * 2 + [("dead", "not_theirs")] * 2


def test_a_digest_for_a_deputy_is_not_of_their_own_customers(firm: Firm) -> None:
    own = firm.write(OWN_ALERT, firm.to("anna"), digest(firm.acme, firm.globex, own=True))
    name_deputy(firm, firm.anna, firm.ben)
    assert firm.deliver() == ["U0BEN"]
    assert firm.message(own) == digest(firm.acme, firm.globex, own=False)


def test_an_alert_that_nobody_may_read_is_dropped_with_the_reason(firm: Firm) -> None:
    outbox_id = firm.write(OWN_ALERT, firm.to("anna"), KINDS[OWN_ALERT](firm.acme))
    for person in (firm.anna, firm.olga):
        firm.change(person, active=False)
    assert firm.deliver() == []
    row = firm.harness.row(outbox_id)
    assert (row.state, row.error_class) == ("dead", "left")
    assert row.error == "the person has left, or was switched off, before it could be sent"
    assert firm.harness.tallies()["dead_total:left"] == 1


def test_nothing_is_said_of_a_customer_that_was_erased(firm: Firm) -> None:
    firm.write(ALERT, Place(channel="C0EAST"), KINDS[ALERT](99))
    assert firm.deliver() == []
    assert firm.rows() == [("channel:C0EAST", "dead", "erased")]


def test_of_a_customer_that_was_joined_the_owner_of_what_it_is_now_hears(firm: Firm) -> None:
    firm.write(OWN_ALERT, firm.to("anna"), KINDS[OWN_ALERT](firm.globex))
    with firm.harness.database.write() as session:
        session.exec(update(Customer).where(col(Customer.id) == firm.globex).values(joined_into=firm.acme))
    firm.give(firm.acme, firm.ben)
    assert firm.deliver() == ["U0BEN"]


def test_the_firms_channel_hears_of_every_customer(firm: Firm) -> None:
    firm.write(ALERT, Place(channel="C0FIRM"), KINDS[ALERT](firm.acme))
    firm.give(firm.acme, firm.ben)
    assert firm.deliver() == ["C0FIRM"]


def test_a_digest_is_divided_among_those_whose_customers_they_are_now(firm: Firm) -> None:
    own = firm.write(OWN_ALERT, firm.to("anna"), digest(firm.acme, firm.globex, own=True, more=5))
    firm.give(firm.acme, firm.ben)
    assert sorted(firm.deliver()) == ["U0ANNA", "U0BEN"]
    assert firm.message(own) == digest(firm.globex, own=True, more=5)
    assert firm.message(own + 1) == digest(firm.acme, own=True)
    assert [state for _, state, _ in firm.rows()] == ["sent", "sent"]


def test_a_digest_whose_customers_all_have_one_new_owner_goes_there_as_it_is(firm: Firm) -> None:
    own = firm.write(OWN_ALERT, firm.to("anna"), digest(firm.acme, firm.globex, own=True, more=5))
    for customer in (firm.acme, firm.globex):
        firm.give(customer, firm.ben)
    assert firm.deliver() == ["U0BEN"]
    assert firm.message(own) == digest(firm.acme, firm.globex, own=True, more=5)


def test_a_digest_is_divided_again_when_more_of_its_customers_move(firm: Firm) -> None:
    firm.harness.slack.down = True
    firm.write(OWN_ALERT, firm.to("anna"), digest(firm.acme, firm.globex, 99, own=True))
    firm.give(firm.acme, firm.ben)
    firm.harness.deliver()
    firm.give(firm.globex, firm.ben)
    firm.harness.slack.down = False
    for _ in range(4):
        firm.harness.deliver(60 * SECOND)
    assert sorted(entry.where for entry in firm.harness.slack.entries) == ["U0BEN", "U0BEN"]
    assert firm.rows() == [(f"person:{firm.ben}", "sent", None)] * 2


def test_rights_that_change_after_a_message_was_claimed_count_too(firm: Firm) -> None:
    """A batch may take half a minute to send."""
    first = firm.write("test", Place(channel="C0FIRST"), digest(own=False), "first")
    firm.harness.clock.advance(SECOND)  # due at the same moment, the two would go in any order
    firm.write(OWN_ALERT, firm.to("anna"), KINDS[OWN_ALERT](firm.acme))

    def meanwhile(step: str) -> None:
        if step == Step.SEND_AFTER and firm.harness.row(first).state == "sending":
            firm.give(firm.acme, firm.ben)
            firm.harness.clock.advance(SECOND)

    firm.harness.deliver(on_step=meanwhile)
    assert [entry.where for entry in firm.harness.slack.entries] == ["C0FIRST"]
    assert firm.deliver() == ["C0FIRST", "U0BEN"]


def test_a_digest_of_customers_with_a_new_owner_is_due_again_for_them(database: Database) -> None:
    book = Book(database, delivers=False)
    with database.write() as session:
        anna, ben = factories.person(session, "Anna"), factories.person(session, "Ben")
        customer = factories.customer(session, "ACME", owner_id=anna)
    book.grade({customer: "A"})
    book.plan()
    with database.write() as session:
        due = {"remind_at": book.clock.now(), "due_on": MONDAY}
        session.exec(update(Touch).where(col(Touch.step) == "revisit").values(**due))
    book.clock.advance(timedelta(hours=1))
    book.remind()
    with database.write() as session:
        session.exec(update(Ownership).values(person_id=ben))
    harness = Harness(database)
    harness.clock.advance(book.clock.now() - harness.clock.now())
    for _ in range(3):
        harness.deliver(SECOND)
    assert harness.states() == ["dead"]
    book.clock.advance(harness.clock.now() - book.clock.now())
    book.remind()
    for _ in range(3):
        harness.deliver(SECOND)
    assert [entry.where for entry in harness.slack.entries] == ["U0BEN"]
    assert book.reminded_of() == [(f"person:{who}", "ACME") for who in (anna, ben)]


@pytest.mark.parametrize(("kind", "make"), [(kinds.DIGEST, care_digest), (kinds.GREETING, greeting)])
def test_a_customer_that_went_elsewhere_is_taken_out_and_its_step_is_due_again(
    firm: Firm, kind: str, make: Callable[..., Message]
) -> None:
    number = firm.write(kind, firm.to("anna"), make(firm.acme, firm.globex))
    firm.give(firm.acme, firm.ben)
    assert firm.deliver() == ["U0ANNA"]
    message = firm.message(number)
    assert message == make(firm.globex)
    assert firm.touches() == {firm.acme: "planned", firm.globex: "reminded"}
    with firm.harness.database.read() as session:
        assert [row.touch_id for row in session.exec(select(TouchMessage))] == [firm.globex]


def test_a_step_that_was_given_to_a_colleague_is_no_longer_said_to_the_owner(firm: Firm) -> None:
    firm.write(kinds.DIGEST, firm.to("anna"), care_digest(firm.acme, firm.globex))
    with firm.harness.database.write() as session:
        session.exec(update(Touch).where(col(Touch.id) == firm.acme).values(assignee_id=firm.olga))
    assert firm.deliver() == ["U0ANNA"]
    assert firm.message(1) == care_digest(firm.globex)
    assert firm.touches()[firm.acme] == "planned"


def test_a_digest_that_only_counts_a_customer_of_somebody_else_lets_go_of_it(firm: Firm) -> None:
    number = firm.write(kinds.DIGEST, firm.to("anna"), care_digest(firm.globex))
    with firm.harness.database.write() as session:
        touch = session.merge(due_touch(firm.acme))
        session.flush()
        due_touches.link(session, number, [touch.id or 0], TouchRole.DIGEST)
    firm.give(firm.acme, firm.ben)
    assert firm.deliver() == ["U0ANNA"]
    assert firm.touches() == {firm.acme: "planned", firm.globex: "reminded"}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (channels.KIND, ChannelTrouble(channel="#managers", trouble="is_archived")),
        (
            bounds.KIND,
            LimitReached(who=Who(name="Anna", slack_user_id="U0ANNA"), limit=500, day=date(2026, 3, 2)),
        ),
    ],
    ids=[channels.KIND, bounds.KIND],
)
def test_what_only_admins_are_told_reaches_nobody_who_is_no_admin_any_more(
    firm: Firm, kind: str, message: Message
) -> None:
    firm.change(firm.olga, role="admin")
    firm.change(firm.ben, role="admin")
    for person in ("olga", "ben"):
        firm.write(kind, firm.to(person), message, key=person)
    firm.change(firm.ben, role="account_manager")
    assert firm.deliver() == ["U0OLGA"]
    assert [row[1:] for row in firm.rows()] == [("sent", None), ("dead", "not_theirs")]


def test_admins_who_have_left_are_not_written_to(firm: Firm) -> None:
    """Their messages would be dead every day, and the doctor red for nothing."""
    firm.change(firm.olga, role="admin")
    firm.change(firm.ben, role="admin", slack_status="left")
    with firm.harness.database.write() as session:
        trouble = TroubledChannel(channel="#managers", trouble=Trouble.ARCHIVED)
        channels.tell_admins(session, [trouble], firm.harness.options, START)
    assert [row[0] for row in firm.rows()] == [firm.to("olga").address]
