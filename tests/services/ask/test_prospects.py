"""Prospects that people add by hand: under a code of their own, once, after similar names were asked about; and taken back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import col, select

from bot.errors import BadInput, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.ask import lookup, prospects
from bot.services.ask.prospects import AddedProspect, GivenProspect, SimilarNames
from bot.wording.actions import Action, Pointer
from db.audit import AuditEntry
from db.book.by_hand import prospects as rows
from db.book.customers import Customer, CustomerKey, CustomerName, Ownership
from db.book.facts import Fact
from db.engine import Database
from db.graded import due_regrades
from db.processes import InboundKey, Repeated
from tests import factories
from tests.conftest import all_on_postgresql, on_sqlite
from tests.services.book import MONDAY, SETTINGS, Book


@dataclass
class Office(Book):
    """Anna and Ben of two teams; ACME is Anna's, Umbrella is Ben's."""

    ids: dict[str, int] = field(default_factory=dict)
    forms: Iterator[int] = field(default_factory=count)

    def fill(self) -> None:
        with self.database.write() as session:
            for name, role in (
                ("Anna", "account_manager"),
                ("Ben", "account_manager"),
                ("Vic", "viewer"),
                ("Sam", "sales_ops"),
            ):
                team = factories.team(session, f"Team of {name}")
                self.ids[name] = factories.person(session, name, role=role, team_id=team)
            factories.customer(session, "ACME Pumps GmbH", code="K1", owner_id=self.ids["Anna"])
            factories.customer(session, "Umbrella", code="K2", owner_id=self.ids["Ben"])

    def by(self, name: str) -> Actor:
        return self.actor(f"U0{name.upper()}")

    def add(self, by: str | Actor, name: str, *, form: str | None = None, **given: Any) -> AddedProspect:
        is_new = given.pop("is_new", False)
        before_commit = given.pop("before_commit", lambda: None)
        return prospects.add_prospect(
            self.database,
            self.by(by) if isinstance(by, str) else by,
            GivenProspect(name=name, **given),
            is_new=is_new,
            rules=self.rules,
            settings=SETTINGS,
            now=self.clock.now(),
            request=InboundKey(team_id="T1", kind="prospect_form", key=form or f"V{next(self.forms)}"),
            before_commit=before_commit,
        )

    def take_back(self, by: str, added: AddedProspect, **how: Any) -> AddedProspect:
        target = Pointer(id=added.customer_id)
        values: dict[str, Any] = {"now": self.clock.now(), "request": self.press()}
        return prospects.undo(self.database, self.by(by), target, **(values | how))

    def rows(self, table: Any, *conditions: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).where(*conditions)))

    def names(self) -> list[str]:
        return [one.name for one in self.rows(Customer)]


@pytest.fixture
def office(database: Database) -> Office:
    made = Office(database)
    made.fill()
    return made


@all_on_postgresql
def test_who_enters_a_prospect_looks_after_it_and_finds_it_by_name_and_code(office: Office) -> None:
    added = office.add("Anna", "  Zebra   Foods ", country="Germany", region="DACH", lead_source="Trade fair")
    (row,) = office.rows(Customer, Customer.name == "Zebra Foods")
    assert (row.record_type, row.country, row.region, row.code) == ("prospect", "Germany", "DACH", "P-0001")
    (key,) = office.rows(CustomerKey, CustomerKey.customer_id == row.id)
    assert (key.source, key.external_id) == ("tierbot", "P-0001")
    (owned,) = office.rows(Ownership, Ownership.customer_id == row.id)
    assert (owned.person_id, owned.starts_on, owned.ends_on) == (office.ids["Anna"], MONDAY, None)
    (fact,) = office.rows(Fact)
    assert (fact.field, fact.value, fact.author) == ("lead_source", "Trade fair", "Anna")
    assert lookup.one(office.database, office.by("Anna"), "zebra foods") == row.id
    assert lookup.one(office.database, office.by("Anna"), "P-0001") == row.id
    with office.database.read() as session:
        assert row.id in due_regrades.marked(session)
    (entry,) = office.rows(AuditEntry)
    assert (entry.action, entry.object_id) == ("prospect_added", str(row.id))
    assert "Zebra" not in str(entry.after), "the audit names by number"
    assert added.message.owner is not None
    assert added.message.owner.name == "Anna"


@on_sqlite
@pytest.mark.parametrize(
    ("there", "next_code"),
    [
        ([], "P-0001"),
        (["P-0041", "P-7"], "P-0042"),
        (["P-9999"], "P-10000"),
        (["P-x", "PX-3"], "P-0001"),
        (["p-0001"], "P-0002"),
        (["P 0001", "P_2"], "P-0003"),
        (["P-999999999", "P-1000000000"], "P-1000000001"),
    ],
)
def test_the_code_is_the_number_after_the_highest_one(
    office: Office, there: list[str], next_code: str
) -> None:
    with office.database.write() as session:
        for code in there:
            factories.customer(session, f"Of {code}", code=code, archived=True)
    assert office.add("Anna", "Zebra Foods").message.code == next_code


@on_sqlite
def test_a_given_code_is_kept_and_one_that_is_taken_refused(office: Office) -> None:
    assert office.add("Anna", "Zebra Foods", code="Z-1").message.code == "Z-1"
    for taken in ("Z-1", "z-1", "K2"):
        with pytest.raises(BadInput, match="Another customer has this code") as refused:
            office.add("Anna", "Yak Minerals", code=taken)
        assert refused.value.field == "code"
    assert "Yak Minerals" not in office.names()


@on_sqlite
@pytest.mark.parametrize("name", ["ACME Pumps", "acme", "Acme Pump", "K1", "ACME Pumps GmbH"])
def test_similar_names_are_asked_about_and_nothing_is_added_before(office: Office, name: str) -> None:
    before = office.names()
    with pytest.raises(SimilarNames, match="ACME Pumps GmbH K1") as asked:
        office.add("Anna", name)
    assert [one.owner_name for one in asked.value.found] == ["Anna"]
    assert office.names() == before
    office.add("Anna", name, is_new=True)
    assert len(office.names()) == len(before) + 1


@on_sqlite
def test_names_of_customers_that_somebody_may_not_see_are_not_named(office: Office) -> None:
    assert office.add("Anna", "Umbrella").message.act == "added"


@on_sqlite
def test_the_same_form_and_the_same_name_within_minutes_add_one(office: Office) -> None:
    office.add("Anna", "Zebra Foods", form="V1")
    assert office.add("Anna", "Zebra Foods", form="V1").message.act == "repeated"
    assert office.add("Anna", "zebra foods", form="V2", is_new=True).message.act == "repeated"
    assert office.names().count("Zebra Foods") == 1
    assert office.add("Ben", "Zebra Foods").message.act == "added", "he does not see Anna's"


@on_sqlite
def test_a_form_that_was_sent_twice_at_the_same_moment_says_that_it_was_added_before(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one did not see the first when it looked, and waited for it when it took the request."""
    office.add("Anna", "Zebra Foods", form="V1")
    looked, named_since = count(), rows.named_since
    monkeypatch.setattr(rows, "named_since", lambda *given: named_since(*given) if next(looked) else None)
    assert office.add("Anna", "Zebra Foods", form="V1", is_new=True).message.act == "repeated"
    assert office.names().count("Zebra Foods") == 1


@on_sqlite
def test_a_form_that_is_sent_again_after_it_was_taken_back_adds_nothing(office: Office) -> None:
    office.take_back("Anna", office.add("Anna", "Zebra Foods", form="V1"))
    with pytest.raises(Conflict, match="taken back since"):
        office.add("Anna", "Zebra Foods", form="V1")
    assert "Zebra Foods" not in office.names()


@on_sqlite
@pytest.mark.parametrize(
    ("name", "given", "field", "sentence"),
    [
        ("  ", {}, "name", "Write the name"),
        ("?!", {}, "name", "Write the name"),
        ("x" * 201, {}, "name", "at most 200"),
        ("Zebra\u200b Foods", {}, "name", "cannot be shown"),
        ("Zebra", {"code": "C" * 41}, "code", "at most 40"),
        ("Zebra", {"code": "--"}, "code", "letters and digits"),
        ("Zebra", {"region": "x" * 101}, "region", "at most 100"),
        ("Zebra", {"owner": "U0VIC"}, "person", "no role that looks after customers"),
        ("Zebra", {"owner": "U0GONE"}, "person", "does not know this person"),
    ],
)
def test_what_cannot_be_is_refused(
    office: Office, name: str, given: dict[str, str], field: str, sentence: str
) -> None:
    before = office.names()
    with pytest.raises(BadInput, match=sentence) as refused:
        office.add("Sam", name, **({"owner": "U0ANNA"} | given))
    assert (refused.value.field, office.names()) == (field, before)


@on_sqlite
def test_sales_operations_name_who_looks_after_it_and_the_operator_may_name_nobody(office: Office) -> None:
    with pytest.raises(BadInput, match="no role that looks after customers"):
        office.add("Sam", "Zebra Foods")
    assert office.add("Sam", "Zebra Foods", owner="ben@example.com").message.owner is not None
    assert office.add(factories.operator(), "Yak Minerals").message.owner is None
    with pytest.raises(NotAllowed, match="You can add prospects that you look after"):
        office.add("Anna", "Gnu Trading", owner="U0BEN")


@on_sqlite
def test_a_process_that_gives_up_before_the_commit_adds_nothing(office: Office) -> None:
    def stop() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        office.add("Anna", "Zebra Foods", before_commit=stop)
    assert "Zebra Foods" not in office.names()


@all_on_postgresql
def test_within_ten_minutes_it_is_taken_back_and_nothing_of_it_is_left(office: Office) -> None:
    added = office.add("Anna", "Zebra Foods", lead_source="Trade fair")
    assert set(added.message.targets()) == {Action.OPEN, Action.UNDO_PROSPECT}
    office.clock.advance(timedelta(minutes=10))
    taken = office.take_back("Anna", added)
    assert (taken.message.act, taken.message.targets()) == ("taken_back", {})
    assert "Zebra Foods" not in office.names()
    assert office.rows(Fact) == []
    assert office.rows(CustomerName, col(CustomerName.name) == "Zebra Foods") == []
    with office.database.read() as session:
        assert added.customer_id not in due_regrades.marked(session)
    assert [one.action for one in office.rows(AuditEntry)] == ["prospect_added", "prospect_taken_back"]


@on_sqlite
def test_after_that_by_others_and_with_something_recorded_it_stays(office: Office) -> None:
    added = office.add("Anna", "Zebra Foods")
    with pytest.raises(Hidden):
        office.take_back("Ben", added)
    with office.database.write() as session:
        factories.contact(session, added.customer_id, MONDAY)
    with pytest.raises(Conflict, match="Something was recorded"):
        office.take_back("Anna", added)
    other = office.add("Anna", "Yak Minerals")
    office.clock.advance(timedelta(minutes=10, seconds=1))
    with pytest.raises(Conflict, match="ten minutes"):
        office.take_back("Anna", other)
    (acme,) = office.rows(Customer, Customer.code == "K1")
    with pytest.raises(Conflict, match="not added by hand"):
        prospects.undo(
            office.database,
            office.by("Anna"),
            Pointer(id=acme.id),
            now=office.clock.now(),
            request=office.press(),
        )
    assert {"Zebra Foods", "Yak Minerals", "ACME Pumps GmbH"} < set(office.names())


@on_sqlite
def test_a_press_that_comes_twice_takes_back_once(office: Office) -> None:
    added, key = office.add("Anna", "Zebra Foods"), office.press()
    office.take_back("Anna", added, request=key)
    with pytest.raises(Repeated):
        office.take_back("Anna", added, request=key)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("add prospect", ""),
        ("Add  Prospect Zebra Foods", "Zebra Foods"),
        ("new prospect: Zebra", "Zebra"),
        ("新增潜在客户 斑马食品", "斑马食品"),
        ("新增潜在客户", ""),
        ("add prospects", None),
        ("prospect", None),
        ('"add prospect"', None),
    ],
)
def test_which_text_asks_for_the_form(text: str, name: str | None) -> None:
    assert lookup.new_prospect(text) == name
