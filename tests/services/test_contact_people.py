"""Contact people: who sees, adds, changes and removes them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.errors import BotError, Conflict, NotAllowed, NotFound
from bot.services.access import Actor
from bot.services.contact_people import acts, views
from db.audit import AuditEntry
from db.book.contact_people import BY_HAND, ContactPerson
from db.care import marks
from db.care.planning import CustomerCare
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY

pytestmark = on_sqlite
NOW = factories.AT
TODAY = MONDAY


def enter(session: Session, customer_id: int, name: str = "Li Ming", **values: Any) -> int:
    person = ContactPerson(customer_id=customer_id, source=BY_HAND, name=name, **values)
    session.add(person)
    session.flush()
    return person.id or 0


def actor(person_id: int, role: str, team_id: int | None = None) -> Actor:
    return Actor(
        person_id=person_id, name=role, role=role, team_id=team_id, led_teams=frozenset(), slack_user_id="U",
        language="en", timezone="UTC",
    )  # fmt: skip


@pytest.fixture
def firm(database: Database) -> tuple[Database, int, int, dict[str, Actor]]:
    """ACME of Anna with a contact person, and who may look at it."""
    with database.write() as session:
        team = factories.team(session, "East")
        anna = factories.person(session, "Anna", team_id=team)
        ben = factories.person(session, "Ben")
        acme = factories.customer(session, "ACME", owner_id=anna)
        person = enter(session, acme, phone="+49 170 7391826", birthday="1985-03-08", note="secret")
    who = {
        "owner": actor(anna, "account_manager", team),
        "other": actor(ben, "account_manager"),
        "lead": actor(90, "team_lead", team),
        "ops": actor(91, "sales_ops"),
        "finance": actor(92, "finance"),
        "viewer": actor(93, "viewer"),
        "admin": actor(94, "admin"),
    }
    return database, acme, person, who


def _listed(database: Database, who: Actor, acme: int, person: int) -> object:
    with database.read() as session:
        return views.listed(session, who, acme, TODAY)


DOORS: dict[str, tuple[Callable[..., object], str]] = {
    "list": (_listed, "owner lead ops finance admin"),
    "rows": (lambda d, w, c, p: views.rows(d, w, c, TODAY, full=False), "owner lead ops finance admin"),
    "rows in full": (lambda d, w, c, p: views.rows(d, w, c, TODAY, full=True), "owner lead finance admin"),
    "in full": (lambda d, w, c, p: views.in_full(d, w, c, TODAY), "owner lead finance admin"),
    "form to change": (lambda d, w, c, p: views.to_change(d, w, p, TODAY), "owner lead admin"),
    "add": (lambda d, w, c, p: acts.add(d, w, c, {"name": w.role}, now=NOW), "owner lead ops admin"),
    "change": (lambda d, w, c, p: acts.change(d, w, p, {"role": w.role}, now=NOW), "owner lead ops admin"),
    "remove": (lambda d, w, c, p: acts.remove(d, w, p), "owner lead ops admin"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["owner", "other", "lead", "ops", "finance", "viewer", "admin"])
def test_each_door_opens_for_those_who_may(firm: Any, door: str, name: str) -> None:
    database, acme, person, who = firm
    go, allowed = DOORS[door]
    if name in allowed.split():
        go(database, who[name], acme, person)
        return
    with pytest.raises(BotError) as refused:
        go(database, who[name], acme, person)
    sees = name in DOORS["list"][1].split()
    assert isinstance(refused.value, NotAllowed if sees else NotFound)
    with database.read() as session:
        (left,) = session.exec(select(ContactPerson))
        assert (left.name, left.role) == ("Li Ming", None)
        assert session.exec(select(AuditEntry)).all() == []


def test_masks_are_lifted_only_in_full_and_that_is_recorded(firm: Any) -> None:
    database, acme, person, who = firm
    (masked,) = views.rows(database, who["owner"], acme, TODAY, full=False)
    assert (masked.phone, masked.birthday, masked.next_birthday, masked.note) == (
        "+4•••26",
        "•••",
        None,
        None,
    )
    (full,) = views.rows(database, who["owner"], acme, TODAY, full=True)
    assert (full.phone, full.birthday, full.note) == ("+49 170 7391826", "1985-03-08", "secret")
    with database.read() as session:
        (entry,) = session.exec(select(AuditEntry))
        assert (entry.action, entry.object_kind, entry.object_id) == (
            "personal_shown",
            "contact_person",
            str(person),
        )
        assert entry.after is not None
        assert '"fields":["birthday","note","phone"]' in entry.after.replace(" ", "")


def test_a_contact_person_who_is_not_there_looks_like_one_of_others(firm: Any) -> None:
    database, _, person, who = firm
    refusals = []
    for number, one in ((person, who["other"]), (999, who["admin"])):
        with pytest.raises(NotFound) as refused:
            acts.remove(database, one, number)
        refusals.append(refused.value.text())
    assert len(set(refusals)) == 1


def test_a_change_lets_the_care_of_the_customer_be_planned_again(firm: Any) -> None:
    database, acme, person, who = firm
    with database.write() as session:
        session.add(CustomerCare(customer_id=acme, tier="A"))
    acts.change(database, who["owner"], person, {"birthday": "lunar 08-15"}, now=NOW)
    with database.read() as session:
        assert marks.due(session, NOW, 9) == [acme]


def test_a_change_after_somebody_elses_is_refused(firm: Any) -> None:
    database, _, person, who = firm
    state = views.to_change(database, who["owner"], person, TODAY).state
    acts.change(database, who["lead"], person, {"role": "Buyer"}, now=NOW)
    with pytest.raises(Conflict, match="Li Ming was changed meanwhile"):
        acts.change(database, who["owner"], person, {"role": "Boss"}, state=state, now=NOW)


@pytest.mark.parametrize("name", ["Li Ming", "li ming", "Ming, Li", " Li  Ming "])
def test_a_name_is_there_once_for_a_customer(firm: Any, name: str) -> None:
    database, acme, _, who = firm
    with pytest.raises(Conflict, match="ACME has a contact person Li Ming already"):
        acts.add(database, who["owner"], acme, {"name": name}, now=NOW)
