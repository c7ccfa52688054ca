"""Customers that are handed over: with all that is open, today or on a day to come, told once, and taken back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from bot.errors import BadInput, BotError, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.care import handover
from bot.services.care.handover import GivenHandover, HandoverAct
from bot.services.delivery import kinds
from bot.services.imports import join_customers
from bot.wording.actions import Action, Pointer
from bot.wording.ask.handovers import HandedOn, HandedToYou, OpenWork
from bot.wording.message_base import Message
from db.audit import AuditEntry
from db.book import customers
from db.book.by_hand.handovers import Handover
from db.book.customers import Customer, Ownership
from db.book.people import Person, Team
from db.care import touches
from db.care.records import promises
from db.care.records.complaints import Complaint
from db.care.touches import Touch
from db.engine import Database
from db.outbox.messages import OutboxMessage
from db.processes import InboundKey, Repeated
from tests import factories
from tests.conftest import all_on_postgresql, on_postgresql, on_sqlite
from tests.services.book import MONDAY, SETTINGS, Book
from tests.services.delivery.outbox_harness import Harness

DAY = timedelta(days=1)
NOTE = "They want *two* lines, <soon>."


@dataclass
class Office(Book):
    """A book in which Anna looks after ACME in the team of Lin; Tom is of her team, Ben of another one."""

    acme: int = 0
    ids: dict[str, int] = field(default_factory=dict)
    forms: Iterator[int] = field(default_factory=count)

    def fill(self) -> None:
        with self.database.write() as session:
            east, west = (factories.team(session, name) for name in ("East", "West"))
            for name, role, team in (
                ("Anna", "account_manager", east),
                ("Lin", "team_lead", east),
                ("Tom", "account_manager", east),
                ("Ben", "account_manager", west),
                ("Vic", "viewer", west),
                ("Ada", "admin", None),
            ):
                self.ids[name] = factories.person(session, name, role=role, team_id=team)
            session.get_one(Team, east).lead_id = self.ids["Lin"]
            self.acme = factories.customer(session, "ACME", owner_id=self.ids["Anna"])
        self.grade({self.acme: "A"})
        self.plan()

    def by(self, name: str) -> Actor:
        return self.actor(f"U0{name.upper()}")

    def give(self, by: str, to: str, day: date | None = None, **how: Any) -> HandoverAct:
        given = GivenHandover(to=f"U0{to.upper()}", starts_on=day, note=how.pop("note", NOTE))
        values: dict[str, Any] = {
            "meant": self.acme,
            "source": "slack",
            "external_id": f"view:{next(self.forms)}",
            "rules": self.rules,
            "settings": SETTINGS,
            "now": self.clock.now(),
        }
        return handover.hand_over(self.database, self.scheme_cache, self.by(by), given, **(values | how))

    def take_back(self, by: str, act: HandoverAct | Pointer, **how: Any) -> HandoverAct:
        target = act if isinstance(act, Pointer) else act.message.targets().get(Action.UNDO_HANDOVER)
        target = target or Pointer(id=act.handover_id)  # type: ignore[union-attr]
        values: dict[str, Any] = {**self.pressed(), "settings": SETTINGS}
        return handover.undo(self.database, self.scheme_cache, self.by(by), target, **(values | how))

    def begin(self, day: date) -> int:
        return handover.begin_due(
            self.database, self.scheme_cache, self.rules, SETTINGS, today=day, now=self.clock.now()
        )

    def owner(self) -> str | None:
        with self.database.read() as session:
            row = customers.get_row(session, self.acme)
        return row.owner_name if row else None

    def owned(self) -> list[tuple[int, date, date | None]]:
        with self.database.read() as session:
            rows = session.exec(select(Ownership).order_by(col(Ownership.id)))
            return [(one.person_id, one.starts_on, one.ends_on) for one in rows]

    def told(self) -> list[tuple[str, Message]]:
        """(name, message) of every direct message about a handover."""
        names = {f"person:{number}": name for name, number in self.ids.items()}
        return [
            (names[to], message) for to, message in self.sent() if isinstance(message, HandedToYou | HandedOn)
        ]

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(col(table.id))))

    def audited(self) -> list[str]:
        return [one.action for one in self.rows(AuditEntry) if "hand" in one.action]


@pytest.fixture
def office(database: Database) -> Office:
    made = Office(database)
    made.fill()
    return made


@all_on_postgresql
def test_a_customer_goes_over_with_all_that_is_open(office: Office) -> None:
    anna, ben = office.ids["Anna"], office.ids["Ben"]
    with office.database.write() as session:
        factories.complaint(session, office.acme, MONDAY, handler_id=anna)
        factories.complaint(session, office.acme, MONDAY, handler_id=office.ids["Lin"])
        factories.promise(session, office.acme, MONDAY + 3 * DAY)
        factories.promise(session, office.acme, MONDAY + 4 * DAY, keeper_id=anna)
        session.exec(update(Touch).values(assignee_id=anna))
    steps = len(office.rows(Touch))
    done = office.give("Anna", "Ben")
    assert (done.message.act, done.message.work) == ("done", OpenWork(steps=steps, complaints=2, promises=2))
    assert office.owner() == "Ben"
    assert office.owned() == [(anna, factories.LONG_AGO, MONDAY), (ben, MONDAY, None)]
    assert {one.assignee_id for one in office.rows(Touch)} == {None}
    assert [one.handler_id for one in office.rows(Complaint)] == [None, office.ids["Lin"]]
    with office.database.read() as session:
        found = promises.open_of_customers(session, [office.acme])
    assert [one.whose for one in found] == [ben, ben]
    assert office.audited() == ["customer_handed_over"]
    (entry,) = [one for one in office.rows(AuditEntry) if one.action == "customer_handed_over"]
    assert "lines" not in str(entry.after), "the audit has no texts"


@on_sqlite
def test_both_are_told_once_and_who_did_it_is_not(office: Office) -> None:
    with office.database.write() as session:
        factories.complaint(session, office.acme, MONDAY)
    office.give("Lin", "Ben")
    (to, page), (former, said) = office.told()
    assert (to, former) == ("Ben", "Anna")
    assert isinstance(page, HandedToYou)
    assert isinstance(said, HandedOn)
    assert (page.note, page.by and page.by.name, page.former and page.former.name) == (NOTE, "Lin", "Anna")
    assert (page.tier and page.tier.id, page.complaints and page.complaints.count) == ("A", 1)
    assert [step.due_on for step in page.steps] == [one.due_on for one in office.rows(Touch)]
    assert (said.act, said.to and said.to.name) == ("done", "Ben")
    office.give("Ben", "Tom")
    assert [name for name, _ in office.told()][2:] == ["Tom"], "Ben knows it"
    office.give("Tom", "Anna")
    assert [name for name, _ in office.told()][3:] == ["Anna"]


@on_sqlite
def test_the_messages_arrive_although_the_former_one_no_longer_sees_the_customer(office: Office) -> None:
    office.give("Lin", "Ben")
    harness = Harness(office.database, clock=office.clock)
    harness.deliver()
    assert {(one.kind, one.state) for one in office.rows(OutboxMessage)} == {
        (kinds.HANDOVER, "sent"), (kinds.HANDED_ON, "sent"),
    }  # fmt: skip


@on_sqlite
def test_what_was_due_is_in_the_next_digest_of_the_new_one_and_no_longer_in_that_of_the_former(
    office: Office,
) -> None:
    due = office.touches(office.acme)[0].due_on
    office.go(due)
    assert office.reminded_of() == [(f"person:{office.ids['Anna']}", "ACME")]
    office.stand()
    office.give("Anna", "Tom")
    assert [row.name for one in office.redrawn() for row in getattr(one, "rows", ())] == []
    office.go(due + DAY)
    assert (f"person:{office.ids['Tom']}", "ACME") in office.reminded_of()


@on_sqlite
def test_the_same_form_twice_does_one_thing_also_for_who_no_longer_has_the_customer(office: Office) -> None:
    office.give("Anna", "Ben", external_id="view:V1")
    again = office.give("Anna", "Ben", external_id="view:V1")
    assert again.message.act == "repeated"
    assert len(office.rows(Handover)) == 1
    assert len(office.told()) == 1
    with pytest.raises(Hidden):
        office.give("Tom", "Ben", external_id="view:V1")


@on_sqlite
@pytest.mark.parametrize(
    ("to", "how", "refusal"),
    [
        ("Anna", {}, "Anna looks after this customer already"),
        ("Vic", {}, "Vic has no role that looks after customers"),
        ("Gone", {}, "does not know this person"),
        ("Ben", {"day": MONDAY - DAY}, "Choose today or a later day"),
        ("Ben", {"day": MONDAY + 367 * DAY}, "Choose today or a later day"),
        ("Ben", {"note": "x" * 2_001}, "at most 2,000 characters"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    office: Office, to: str, how: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(BadInput, match=refusal):
        office.give("Anna", to, **how)
    assert (office.owner(), office.rows(Handover), office.told()) == ("Anna", [], [])


@on_sqlite
def test_somebody_who_has_left_gets_no_customer(office: Office) -> None:
    with office.database.write() as session:
        session.get_one(Person, office.ids["Ben"]).active = False
    with pytest.raises(BadInput, match="Ben has left"):
        office.give("Anna", "Ben")
    assert office.owner() == "Anna"


@on_sqlite
def test_a_process_that_gives_up_before_the_commit_hands_nothing_over(office: Office) -> None:
    def stop() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        office.give("Anna", "Ben", before_commit=stop)
    assert (office.owner(), office.told(), office.audited()) == ("Anna", [], [])


@all_on_postgresql
def test_within_ten_minutes_it_is_taken_back_as_if_it_had_not_been(office: Office) -> None:
    with office.database.write() as session:
        factories.complaint(session, office.acme, MONDAY, handler_id=office.ids["Anna"])
    owned = office.owned()
    done = office.give("Lin", "Ben")
    office.clock.advance(timedelta(minutes=10))
    taken = office.take_back("Lin", done)
    assert taken.message.act == "taken_back"
    assert taken.message.targets() == {}
    assert (office.owner(), office.owned()) == ("Anna", owned)
    assert [(name, getattr(one, "act", None)) for name, one in office.told()][2:] == [
        ("Ben", "taken_back"),
        ("Anna", "taken_back"),
    ]
    assert office.audited() == ["customer_handed_over", "handover_taken_back"]
    with pytest.raises(Conflict, match="taken back before"):
        office.take_back("Lin", done)


@on_sqlite
def test_a_customer_of_nobody_is_nobodys_again(office: Office) -> None:
    with office.database.write() as session:
        session.exec(update(Ownership).values(ends_on=MONDAY))
    done = office.give("Ada", "Ben")
    assert (done.message.former, office.owner()) == (None, "Ben")
    office.take_back("Ada", done)
    assert office.owner() is None


def too_late(office: Office) -> None:
    office.clock.advance(timedelta(minutes=10, seconds=1))


@on_sqlite
@pytest.mark.parametrize(
    ("by", "meanwhile", "error", "refusal"),
    [
        ("Lin", too_late, Conflict, "ten minutes"),
        ("Ada", lambda office: None, NotAllowed, "Only the person who did this"),
        ("Lin", lambda office: office.give("Ben", "Tom"), Conflict, "another account manager since"),
        ("Anna", lambda office: None, Hidden, "no longer there, or not for you"),
    ],
)
def test_after_that_and_by_others_it_stays(
    office: Office, by: str, meanwhile: Any, error: type[BotError], refusal: str
) -> None:
    done = office.give("Lin", "Ben")
    meanwhile(office)
    owner = office.owner()
    with pytest.raises(error, match=refusal):
        office.take_back(by, done)
    assert office.owner() == owner != "Anna"


@on_sqlite
def test_by_command_it_is_never_too_late_for_who_may_hand_over_the_customer_now(office: Office) -> None:
    done = office.give("Lin", "Ben")
    too_late(office)
    with pytest.raises(NotAllowed, match="hand a customer over"):
        office.take_back("Lin", done, within=None)
    office.take_back("Ada", done, within=None)
    assert office.owner() == "Anna"


@all_on_postgresql
def test_what_later_handovers_have_made_stays_also_when_it_is_with_the_same_person_again(
    office: Office,
) -> None:
    first = office.give("Lin", "Ben")
    second = office.give("Ben", "Tom")
    third = office.give("Tom", "Ben")
    owned = office.owned()
    for by, act in (("Ada", first), ("Lin", first), ("Ben", second)):
        within = {"within": None} if by == "Ada" else {}
        with pytest.raises(Conflict, match="another account manager since"):
            office.take_back(by, act, **within)
    assert office.owned() == owned
    for by, act, owner in (("Tom", third, "Tom"), ("Ben", second, "Ben"), ("Lin", first, "Anna")):
        office.take_back(by, act)
        assert office.owner() == owner


@on_sqlite
def test_a_customer_that_another_one_was_joined_into_is_not_taken_away(office: Office) -> None:
    with office.database.write() as session:
        stays = factories.customer(session, "Birch", code="STAYS", owner_id=office.ids["Tom"])
        session.get_one(Customer, office.acme).code = "GOES"
    done = office.give("Anna", "Ben")
    join_customers(office.database, "GOES", "STAYS", clock=office.clock, actor=factories.operator("test"))
    with pytest.raises(Conflict, match="joined with another one since"):
        office.take_back("Anna", Pointer(id=done.handover_id))
    with office.database.read() as session:
        row = customers.get_row(session, stays)
    assert row is not None
    assert row.owner_name == "Tom"


@on_postgresql
def test_of_two_handovers_at_the_same_moment_the_second_finds_the_customer_with_another_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = touches.lock

    def lock_after_another(session: Session, customer_ids: list[int]) -> None:
        monkeypatch.setattr(touches, "lock", lock)
        office.give("Lin", "Tom")
        lock(session, customer_ids)

    monkeypatch.setattr(touches, "lock", lock_after_another)
    with pytest.raises(Hidden):
        office.give("Anna", "Ben")
    assert office.owner() == "Tom"


@on_sqlite
def test_the_button_of_another_customer_takes_nothing_back(office: Office) -> None:
    done = office.give("Lin", "Ben")
    with pytest.raises(Hidden):
        handover.undo(
            office.database,
            office.scheme_cache,
            office.by("Lin"),
            Pointer(id=done.handover_id, mark=1),
            settings=SETTINGS,
            **office.pressed(),
        )
    assert office.owner() == "Ben"


@all_on_postgresql
def test_on_a_day_to_come_it_is_done_by_the_job_and_told_then(office: Office) -> None:
    planned = office.give("Anna", "Ben", MONDAY + 7 * DAY)
    assert (planned.message.act, planned.message.may_undo) == ("planned", True)
    assert (office.owner(), office.told()) == ("Anna", [])
    with pytest.raises(Conflict, match="Take that back first"):
        office.give("Anna", "Tom")
    assert office.begin(MONDAY + 6 * DAY) == 0
    assert office.begin(MONDAY + 7 * DAY) == 1
    assert office.owned()[-1] == (office.ids["Ben"], MONDAY + 7 * DAY, None)
    assert [name for name, _ in office.told()] == ["Ben", "Anna"]
    assert office.begin(MONDAY + 8 * DAY) == 0
    assert office.audited() == ["handover_planned", "customer_handed_over"]


@on_sqlite
def test_a_planned_one_is_taken_back_until_its_day_by_all_who_may_hand_over(office: Office) -> None:
    planned = office.give("Anna", "Ben", MONDAY + 7 * DAY)
    office.clock.advance(5 * DAY)
    with pytest.raises(Hidden):
        office.take_back("Ben", planned)
    office.take_back("Lin", planned)
    assert office.begin(MONDAY + 7 * DAY) == 0
    assert (office.owner(), office.told()) == ("Anna", [])
    assert office.give("Anna", "Tom").message.act == "done"


def becomes_anothers(office: Office) -> None:
    with office.database.write() as session:
        session.exec(update(Ownership).values(person_id=office.ids["Tom"]))


def changes(name: str, **values: Any) -> Any:
    def change(office: Office) -> None:
        with office.database.write() as session:
            session.get_one(Person, office.ids[name]).sqlmodel_update(values)

    return change


@on_sqlite
@pytest.mark.parametrize(
    "meanwhile",
    [
        becomes_anothers,
        changes("Ben", active=False),
        changes("Ben", role="viewer"),
        changes("Lin", role="viewer"),
    ],
    ids=["another owner", "the new one has left", "the new one is a viewer", "who planned it may no longer"],
)
def test_what_may_no_longer_be_done_on_its_day_is_not_and_who_planned_it_hears_that(
    office: Office, meanwhile: Any
) -> None:
    office.give("Lin", "Ben", MONDAY + DAY)
    meanwhile(office)
    owner = office.owner()
    office.begin(MONDAY + DAY)
    assert office.owner() == owner != "Ben"
    assert [(name, getattr(one, "act", None)) for name, one in office.told()] == [("Lin", "lapsed")]
    assert office.audited() == ["handover_planned", "handover_lapsed"]
    assert office.begin(MONDAY + DAY) == 0


@on_sqlite
def test_the_form_says_what_is_open_and_shows_a_planned_one_instead(office: Office) -> None:
    with office.database.read() as session:
        asked = handover.to_hand_over(session, office.by("Anna"), office.acme, office.clock.now())
    assert (asked.planned, asked.work.steps) == (None, len(office.rows(Touch)))
    office.give("Anna", "Ben", MONDAY + DAY)
    with office.database.read() as session:
        asked = handover.to_hand_over(session, office.by("Anna"), office.acme, office.clock.now())
    assert asked.planned is not None
    assert asked.planned.may_undo


@on_sqlite
def test_a_press_that_comes_twice_takes_back_once(office: Office) -> None:
    done = office.give("Lin", "Ben")
    key = InboundKey(team_id="T1", kind="block_actions", key="once")
    office.take_back("Lin", done, request=key)
    with pytest.raises(Repeated):
        office.take_back("Lin", done, request=key)
    assert office.audited().count("handover_taken_back") == 1
