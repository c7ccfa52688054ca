"""Customer profiles: who sees, sets, removes and takes back what; what becomes history."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.errors import BadInput, BotError, Conflict, NotAllowed, NotFound
from bot.services.access import Actor
from bot.services.traits import acts, search, views
from bot.services.traits.acts import SavedProfile
from bot.services.traits.fields import shipped_fields
from bot.services.traits.values import WrongTraits
from db.audit import AuditEntry
from db.book import traits
from db.book.customers import Customer
from db.book.traits import BY_HAND, Trait
from db.care import marks
from db.care.planning import CustomerCare
from db.engine import Database
from db.processes import InboundKey, Repeated
from tests import factories
from tests.conftest import on_sqlite
from tests.services.test_contact_people import actor

pytestmark = on_sqlite
FIELDS = shipped_fields()
NOW = factories.AT
TODAY = NOW.date()
DAY = timedelta(days=1)
Firm = tuple[Database, int, dict[str, Actor]]


@pytest.fixture
def firm(database: Database) -> Firm:
    """ACME of Anna, of which a personal and another value are known, and who may look at it."""
    with database.write() as session:
        team = factories.team(session, "East")
        anna = factories.person(session, "Anna", team_id=team)
        ben = factories.person(session, "Ben")
        acme = factories.customer(session, "ACME", owner_id=anna)
        for field, value in (("needs", "seals"), ("occupation", "a secret trade")):
            session.add(stored(acme, field, value))
    who = {
        "owner": actor(anna, "account_manager", team),
        "other": actor(ben, "account_manager"),
        "lead": actor(90, "team_lead", team),
        "ops": actor(91, "sales_ops"),
        "finance": actor(92, "finance"),
        "viewer": actor(93, "viewer"),
        "admin": actor(94, "admin"),
    }
    return database, acme, who


def stored(customer: int, field: str, value: str, **others: Any) -> Trait:
    values = {"as_of": TODAY - 30 * DAY, "source": "crm", "recorded_at": NOW - 30 * DAY, **others}
    return Trait(customer_id=customer, field=field, value=value, **values)


def _shown(database: Database, who: Actor, customer: int) -> object:
    with database.read() as session:
        return views.shown(session, who, customer, FIELDS)


def put(database: Database, who: Actor, customer: int, **given: Any) -> SavedProfile:
    options = {name: given.pop(name) for name in ("as_of", "state", "request", "now") if name in given}
    return acts.save(database, who, customer, FIELDS, given, **{"now": NOW, **options})


def remove(database: Database, who: Actor, customer: int, field: str, *values: str) -> SavedProfile:
    return acts.remove(database, who, customer, FIELDS, field, values, now=NOW)


def undo_last(database: Database, who: Actor, customer: int, now: Any = NOW) -> SavedProfile:
    return acts.undo(database, who, customer, state_of(database, customer), now=now)


def state_of(database: Database, customer: int) -> str:
    with database.read() as session:
        return acts.state_of(traits.last_change(session, customer))


DOORS: dict[str, tuple[Callable[..., object], str]] = {
    "list": (_shown, "owner lead ops finance admin"),
    "rows": (lambda d, w, c: views.stored(d, w, c, FIELDS, full=False), "owner lead ops finance admin"),
    "rows in full": (lambda d, w, c: views.stored(d, w, c, FIELDS, full=True), "owner lead finance admin"),
    "in full": (lambda d, w, c: views.in_full(d, w, c, FIELDS), "owner lead finance admin"),
    "form": (lambda d, w, c: views.to_change(d, w, c, FIELDS), "owner lead admin"),
    "set": (lambda d, w, c: put(d, w, c, loyalty=["high"]), "owner lead admin"),
    "remove": (lambda d, w, c: remove(d, w, c, "needs"), "owner lead admin"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["owner", "other", "lead", "ops", "finance", "viewer", "admin"])
def test_each_door_opens_for_those_who_may(firm: Firm, door: str, name: str) -> None:
    database, acme, who = firm
    go, allowed = DOORS[door]
    if name in allowed.split():
        go(database, who[name], acme)
        return
    with pytest.raises(BotError) as refused:
        go(database, who[name], acme)
    sees = name in DOORS["list"][1].split()
    assert isinstance(refused.value, NotAllowed if sees else NotFound)
    with database.read() as session:
        assert [one.value for one in traits_of(session)] == ["seals", "a secret trade"]
        assert session.exec(select(AuditEntry)).all() == []


def traits_of(session: Session, *, also_history: bool = False) -> list[Trait]:
    found = session.exec(select(Trait).order_by(col(Trait.id))).all()
    return [one for one in found if also_history or one.superseded_at is None]


def known(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(one.field, one.value) for one in traits_of(session)]


def test_personal_values_are_shown_only_in_full_and_that_is_recorded(firm: Firm) -> None:
    database, acme, who = firm
    masked = str(_shown(database, who["owner"], acme))
    assert "secret" not in masked
    assert "seals" in masked
    assert "secret" not in str(views.stored(database, who["owner"], acme, FIELDS, full=False))
    assert "a secret trade" in str(views.in_full(database, who["owner"], acme, FIELDS))
    with database.read() as session:
        (entry,) = session.exec(select(AuditEntry))
        assert (entry.action, entry.object_kind, entry.object_id) == ("personal_shown", "customer", str(acme))
        assert entry.after == '{"fields":["occupation"]}'


def test_the_form_of_who_does_a_step_of_the_customer_has_no_personal_fields(firm: Firm) -> None:
    database, acme, who = firm
    helper = replace(who["viewer"], given=frozenset({acme}))
    with database.write() as session:
        session.get_one(Customer, acme).customer_type = None
    own = {one.id for one in views.to_change(database, who["owner"], acme, FIELDS).fields}
    given = views.to_change(database, helper, acme, FIELDS)
    assert own - {one.id for one in given.fields} == {"lifestyle", "hobbies", "education", "occupation"}
    assert "secret" not in str(given.values)


def test_a_new_value_is_dated_signed_and_the_earlier_one_becomes_history(firm: Firm) -> None:
    database, acme, who = firm
    saved = put(database, who["owner"], acme, needs=["manuals", "pumps"], loyalty=["忠诚"], as_of=TODAY - DAY)
    assert (saved.set, saved.removed, saved.past) == (("needs", "loyalty"), (), ())
    found = views.stored(database, who["owner"], acme, FIELDS, full=True, with_history=True)
    rows = [(one.field, one.value, one.as_of, one.source, one.author, one.counts) for one in found]
    yesterday = (TODAY - DAY, BY_HAND, "account_manager")
    assert rows == [
        ("needs", "manuals", *yesterday, True),
        ("needs", "pumps", *yesterday, True),
        ("needs", "seals", TODAY - 30 * DAY, "crm", None, False),
        ("loyalty", "high", *yesterday, True),
        ("occupation", "a secret trade", TODAY - 30 * DAY, "crm", None, True),
    ]
    with database.read() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "profile_changed"))
        assert entry.after == '{"set":["needs","loyalty"]}'  # never a value


def test_a_value_of_an_earlier_day_becomes_history_at_once(firm: Firm) -> None:
    database, acme, who = firm
    saved = put(database, who["owner"], acme, needs=["belts"], as_of=TODAY - 60 * DAY)
    assert saved.past == ("needs",)
    assert ("needs", "seals") in known(database)
    assert ("needs", "belts") not in known(database)
    history = views.stored(database, who["owner"], acme, FIELDS, full=False, with_history=True)
    assert [one.value for one in history if one.field == "needs"] == ["seals", "belts"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"benefits": ["beauty"]}, "benefits: 'beauty' is not one of price"),
        (
            {"education": ["master"]},
            "education: is for persons, and the customer type 'manufacturer' is not a person's",
        ),
        ({"nonsense": ["x"]}, "nonsense is not a field of the customer profile; use one of needs, benefits"),
        ({"loyalty": ["high"], "as_of": TODAY + 2 * DAY}, "The day lies in the future"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_the_field_and_nothing_changes(
    firm: Firm, given: dict[str, Any], problem: str
) -> None:
    database, acme, who = firm
    with database.write() as session:
        session.get_one(Customer, acme).customer_type = "manufacturer"
    with pytest.raises(BadInput) as refused:
        put(database, who["owner"], acme, **{"needs": ["new"], **given})
    assert problem in str(refused.value)
    assert isinstance(refused.value, WrongTraits) == (
        "field" not in problem and "day" not in problem.casefold()
    )
    assert known(database) == [("needs", "seals"), ("occupation", "a secret trade")]


def test_removing_leaves_history_and_one_value_can_be_removed_by_any_of_its_words(firm: Firm) -> None:
    database, acme, who = firm
    put(database, who["owner"], acme, benefits=["price", "quality"])
    assert remove(database, who["owner"], acme, "benefits", "质量").removed == ("benefits",)
    assert ("benefits", "price") in known(database)
    assert ("benefits", "quality") not in known(database)
    with pytest.raises(NotFound, match="There is no such value: quality"):
        remove(database, who["owner"], acme, "benefits", "quality")
    assert remove(database, who["owner"], acme, "needs").removed == ("needs",)
    assert remove(database, who["owner"], acme, "needs").moment is None
    with database.read() as session:
        assert len(traits_of(session, also_history=True)) == 4


def test_undo_takes_back_the_last_change_only_for_ten_minutes(firm: Firm) -> None:
    database, acme, who = firm
    before = known(database)
    first = put(database, who["owner"], acme, needs=["pumps"], occupation=[])
    with pytest.raises(Conflict, match="ten minutes"):
        undo_last(database, who["owner"], acme, NOW + acts.UNDO + DAY / 1000)
    second = put(database, who["owner"], acme, loyalty=["low"])
    assert first.moment is not None
    with pytest.raises(Conflict, match="Somebody has changed"):
        acts.undo(database, who["owner"], acme, acts.state_of(first.moment), now=NOW)
    assert acts.undo(database, who["owner"], acme, acts.state_of(second.moment), now=NOW).set == ("loyalty",)
    assert known(database) == [("needs", "pumps")]
    assert set(undo_last(database, who["owner"], acme).set) == {"needs", "occupation"}
    assert known(database) == before


def test_undo_does_not_take_back_what_a_file_brought(firm: Firm) -> None:
    database, acme, who = firm
    with database.write() as session:
        session.add(stored(acme, "loyalty", "low", recorded_at=NOW, batch_id=7))
    with pytest.raises(Conflict):
        undo_last(database, who["owner"], acme)
    assert ("loyalty", "low") in known(database)


def test_a_form_counts_once_and_not_over_a_change_that_came_between(firm: Firm) -> None:
    database, acme, who = firm
    state, request = state_of(database, acme), InboundKey(team_id="T", kind="profile_form", key="V1")
    put(database, who["owner"], acme, loyalty=["high"], state=state, request=request)
    with pytest.raises(Repeated):
        put(database, who["owner"], acme, loyalty=["high"], state=state, request=request)
    with pytest.raises(Conflict, match="meanwhile"):
        put(database, who["lead"], acme, loyalty=["low"], state=state)
    assert ("loyalty", "high") in known(database)


def test_a_change_has_the_care_of_the_customer_planned_again(firm: Firm) -> None:
    database, acme, who = firm
    with database.write() as session:
        session.add(CustomerCare(customer_id=acme, look_at=None))
    put(database, who["owner"], acme, loyalty=["high"])
    with database.read() as session:
        assert session.get_one(CustomerCare, acme).look_at == marks.MARKED


def test_a_field_that_the_file_has_no_more_is_shown_by_its_id_and_masked(firm: Firm) -> None:
    database, acme, who = firm
    with database.write() as session:
        session.add(stored(acme, "shoe_size", "size of shoe"))
    assert "size of shoe" not in str(_shown(database, who["owner"], acme))
    full = views.in_full(database, who["owner"], acme, FIELDS)
    assert [(row.field.en, row.values[0].en) for row in full.traits][-1] == ("shoe_size", "size of shoe")
    assert remove(database, who["owner"], acme, "shoe_size").removed == ("shoe_size",)


def test_customers_are_found_by_value_among_those_one_may_see_and_never_by_a_personal_field(
    firm: Firm,
) -> None:
    database, acme, who = firm
    put(database, who["owner"], acme, benefits=["price"])
    with database.read() as session:

        def found(name: str, what: str) -> list[str]:
            return [
                one.name
                for one in search.find(session, who[name], FIELDS, search.wanted(FIELDS, what), 9).customers
            ]

        assert found("owner", "benefits=价格") == found("ops", "benefits") == ["ACME"]
        assert found("owner", "benefits=quality") == found("other", "benefits=price") == []
    with pytest.raises(NotAllowed, match="occupation is personal"):
        search.wanted(FIELDS, "occupation=doctor")
    with pytest.raises(BadInput, match="'beauty' is not one of"):
        search.wanted(FIELDS, "benefits=beauty")
