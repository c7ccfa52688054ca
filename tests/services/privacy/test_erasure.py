"""Erasing customers and people: nothing of them is left or comes back, and nothing of others is lost."""

import json
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, String, Table, text
from sqlmodel import col, select

from bot.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from bot.services.delivery import outbox
from bot.services.privacy import erasure, export, marks, subjects
from bot.services.privacy.erasure import Find
from bot.services.schemes.store import SchemeCache
from bot.wording.messages import TierDigest, load
from db import rewriting, tables, traces, usage
from db.audit import AuditEntry
from db.book import tombstones
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.book.imports import ImportBatch, exclusive
from db.book.people import Deputy, Person, Team
from db.care.touches import Touch
from db.graded.overrides import Override
from db.outbox.messages import OutboxMessage
from db.rewriting import Rewritten
from tests import factories
from tests.conftest import OpenAnother, all_on_postgresql, on_sqlite
from tests.services.privacy import world as book
from tests.services.privacy.world import DAY, NAMES, NUMBERS, PEOPLE, WORDING, World, code, email


def the_customer(text: str) -> Find:
    return partial(subjects.customer_named, text=text)


def the_person(address: str) -> Find:
    return partial(subjects.person, email=address)


def test_of_twenty_customers_and_twenty_people_nothing_is_left_and_nothing_comes_back(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    words = book.all_words()
    assert world.not_found(words) == set()
    assert world.traces_of(["Wildgoose"]) != []
    for n in NUMBERS:
        world.erase(the_customer(f"file:{code(n)}"))
        world.erase(the_person(email(n)))
    assert world.traces_of(words) == []
    for kind, lines, options in book.files():
        if kind == "orders":  # with a wrong row about a customer that stays
            report = world.bring(kind, *lines, **options)
            assert (report.accepted, report.rejected, report.skipped) == (0, 1, 40)
            continue
        with pytest.raises(BadInput, match="rows about nobody but customers or people who were erased"):
            world.bring(kind, *lines, **options)
    assert world.traces_of(words) == []
    logged = capsys.readouterr()
    assert [word for word in words if word in logged.out + logged.err] == []


def test_what_is_about_others_stays(world: World) -> None:
    with world.database.read() as session:
        before = session.get_one(Override, 1).id
    for n in NUMBERS:
        world.erase(the_customer(f"file:{code(n)}"))
    with world.database.read() as session:
        (birch,) = session.exec(select(Customer))
        assert (birch.code, birch.name, birch.parent_id) == ("BIRCH", "Birch", None)
        notes = session.exec(select(Activity.note).where(col(Activity.external_id).like("B%"))).all()
        assert sorted(map(str, notes)) == sorted(f"[erased] {PEOPLE[n]} [erased] {email(n)}" for n in NUMBERS)
        waiting = session.exec(select(OutboxMessage).where(OutboxMessage.channel == "C2")).all()
        assert {row.state for row in waiting} == {"pending"}
        assert {json.loads(row.body_json)["fields"]["code"] for row in waiting} == {"BIRCH"}
        for row in session.exec(select(OutboxMessage).where(OutboxMessage.channel == "C3")):
            digest = load(json.loads(row.body_json))
            assert isinstance(digest, TierDigest)
            assert (digest.total, [hit.code for hit in digest.largest]) == (1, ["BIRCH"])
        dropped = session.exec(select(OutboxMessage).where(OutboxMessage.kind == "own_tier_change")).all()
        assert {(row.state, row.error_class, row.body_json) for row in dropped} == {("dead", "erased", "{}")}
        assert before is not None
    assert [
        path.read_text("utf-8-sig").count("BIRCH") for path in (world.data_dir / "rejects").iterdir()
    ] == [1]


def test_a_person_keeps_their_decisions_under_another_name(world: World) -> None:
    number = world.person_ids()[email(0)]
    kept = erasure.preview(
        world.database, factories.operator(), the_person(email(0)), WORDING, data_dir=world.data_dir
    )
    assert (kept.without_owner, kept.without_lead) == ((code(0),), ("East",))
    world.erase(the_person(email(0)))
    with world.database.read() as session:
        person = session.get_one(Person, number)
        assert (person.name, person.email) == (f"Former colleague {number}", f"erased-{number}@invalid")
        assert (person.active, person.role, person.slack_user_id, person.team_id) == (
            False,
            "viewer",
            None,
            None,
        )
        customer = world.ids()[code(0)]
        override = session.exec(select(Override).where(Override.customer_id == customer)).one()
        assert {override.approver, override.set_by, override.ended_by} == {f"Former colleague {number}"}
        assert override.reason == f"{NAMES[0]} says [erased], [erased]"
        assert session.exec(select(Touch.closed_by).where(Touch.customer_id == customer)).one() == number
        assert number in session.exec(select(Activity.person_id)).all()
        assert session.exec(select(Team.lead_id).where(Team.name == "East")).one() is None
        owned = session.exec(select(Ownership).where(Ownership.person_id == number)).all()
        assert [row.ends_on for row in owned] == [DAY]
        deputies = session.exec(select(Deputy.person_id, Deputy.deputy_id)).all()
        assert [pair for pair in deputies if number in pair] == []
        assert number not in session.exec(select(usage.DailyUse.person_id)).all()
        (acted,) = session.exec(select(AuditEntry).where(AuditEntry.action == "erased"))
        assert (acted.object_kind, acted.object_id) == ("person", str(number))
    with pytest.raises(Conflict, match="was erased already"):
        world.erase(the_person(f"erased-{number}@invalid"))


def test_again_takes_back_who_was_erased_with_everything_that_was_joined(world: World) -> None:
    world.erase(the_customer(f"file:{code(3)}"))
    world.erase(the_person(email(4)))
    people, customers, old, orders, *_ = book.files()
    with pytest.raises(BadInput, match="nobody of this code, name or address was erased"):
        world.bring(customers[0], *customers[1], again=("Nobody",))
    assert world.bring(customers[0], *customers[1], again=(code(3),), dry_run=True).created == 1
    assert world.bring(customers[0], *customers[1]).created == 0
    assert world.bring(customers[0], *customers[1], again=(code(3),)).created == 1
    assert world.bring(old[0], *old[1], **old[2]).created == 1
    assert world.bring(orders[0], *orders[1]).created == 1
    assert world.bring(people[0], *people[1], again=(email(4),)).created == 1
    assert world.person_ids().keys() >= {email(4)}


@pytest.mark.parametrize(
    ("lines", "options", "created"),
    [
        (["code,name", "K1,Zephyr Quill"], {}, 0),
        (["code,name", "K1,Another name"], {}, 0),
        (["code,name", "K1,ZEPHYR quill"], {"source": "crm"}, 0),
        (["code,name", "Ｋ１,Another name"], {}, 0),  # full-width, as Chinese input methods write it
        (["code,name", "ｋ１,Ｚｅｐｈｙｒ　Ｑｕｉｌｌ"], {"source": "crm"}, 0),
        (["code,name", "K1,Another name"], {"source": "crm"}, 1),  # another system's K1 is another customer
        (["code,name", "K7,Zephyr Quill"], {"source": "crm"}, 1),
    ],
)
def test_a_customer_is_known_again_by_its_key_or_by_code_and_name(
    small: World, lines: list[str], options: dict[str, Any], created: int
) -> None:
    small.erase(the_customer("K1"))
    assert small.bring("customers", *lines, "K9,Other", **options).created == created + 1


def test_of_two_erased_customers_with_the_same_code_neither_comes_back(small: World) -> None:
    small.bring("customers", "code,name", "K1,Kestrel", source="crm")
    small.erase(the_customer("file:K1"))
    small.erase(the_customer("crm:K1"))
    rows = ["code,name", "K1,Zephyr Quill", "K9,Other"]
    assert small.bring("customers", *rows, source="shop").created == 1
    assert small.bring("customers", "code,name", "K1,Kestrel", "K8,More", source="shop").created == 1


@all_on_postgresql
@pytest.mark.parametrize("written", ["Étoile Müller", "étoile müller", "ÉTOILE MÜLLER", "éTOILE Müller"])
@pytest.mark.parametrize("name", ["Étoile Müller", "ÉTOILE MÜLLER", "étoile müller"])
def test_a_name_is_found_in_texts_in_whatever_case(small: World, name: str, written: str) -> None:
    small.bring("customers", "code,name", f"K5,{name}")
    small.bring(
        "activities", "customer,date,kind,id,note", f"K2,2026-02-02,call,A1,Like {written} but cheaper"
    )
    small.erase(the_customer("K5"))
    with small.database.read() as session:
        assert session.exec(select(Activity.note)).one() == "Like [erased] but cheaper"


def test_rows_that_refer_to_somebody_erased_come_in_without_them(small: World) -> None:
    small.erase(the_customer("K1"))
    small.erase(the_person("anna.quist@example.com"))
    rows = ["code,name,parent,owner", "K5,Kite,K1,anna.quist@example.com", "K6,Kale,,Anna Quist"]
    report = small.bring("customers", *rows)
    assert (report.created, report.rejected) == (2, 0)
    assert [one.type.name for one in report.findings] == ["erased-people-named"]
    lines = ["customer,date,kind,person,id", "K5,2026-02-02,visit,anna.quist@example.com,A1"]
    assert small.bring("activities", *lines).created == 1
    assert small.traces_of(["Quist"]) == []


@pytest.mark.parametrize(
    ("kind", "rows", "name"),
    [
        ("people", ["email,name", "anna.quist@example.com,Anna Quist", "eva@example.com,Eva"], "EMAIL"),
        ("customers", ["code,name", "shop@example.com,Quokka", "K9,Other"], "CODE"),
        ("customers", ["code,name", "K1,Zephyr Quill", "K9,Other"], "K1"),
    ],
)
def test_what_is_to_be_typed_after_again_has_no_mask(
    small: World, kind: str, rows: list[str], name: str
) -> None:
    small.bring("customers", "code,name", "shop@example.com,Quokka")
    for find in (the_customer("K1"), the_customer("shop@example.com"), the_person("anna.quist@example.com")):
        small.erase(find)
    report = small.bring(kind, *rows)
    (left_out,) = [one for one in report.findings if one.type.name == "erased-left-out"]
    assert left_out.text().endswith(f"To take one back: --again {name}.")


def test_orders_do_not_make_an_erased_customer_anew(small: World) -> None:
    small.erase(the_customer("K1"))
    orders = ["order_no,customer,date,amount", "7,K1,2026-01-02,5", "8,NEW,2026-01-02,5"]
    report = small.bring("orders", *orders, source="shop", kind_options={"create_customers": True})
    assert (report.customers_created, report.skipped) == (1, 1)


def test_rejected_rows_keep_no_cell_of_a_row_that_names_somebody_erased(small: World) -> None:
    small.erase(the_customer("K1"))
    report = small.bring(
        "order-lines", "order_no,line,product_type,amount,buyer", "77,1,pumps,5,K1", "78,1,pumps,5,K2"
    )
    assert report.rejected == 2
    assert report.rejects_file is not None
    first, second = report.rejects_file.read_text("utf-8-sig").splitlines()[1:]
    assert ("K1" in first, "77" in first, "was erased" in first) == (False, False, True)
    assert "K2" in second


def test_an_import_can_still_be_undone_after_an_erasure(small: World) -> None:
    small.bring("customers", "code,name,parent", "K2,Birch,K1", "K3,Cedar,K1")
    small.bring("customers", "code,name,parent", "K3,Cedar,K2")
    small.erase(the_customer("K1"))
    with small.database.read() as session:
        last = max(number for number in session.exec(select(ImportBatch.id)) if number)
    small.undo(last)
    with small.database.read() as session:
        assert session.exec(select(Customer.parent_id).where(Customer.code == "K3")).one() is None


def test_only_admins_erase_and_export(small: World) -> None:
    for role in ("viewer", "account_manager", "team_lead", "sales_ops", "finance"):
        with pytest.raises(NotAllowed):
            erasure.preview(
                small.database,
                factories.operator(role=role),
                the_customer("K1"),
                WORDING,
                data_dir=small.data_dir,
            )
        with pytest.raises(NotAllowed):
            small.erase(the_customer("K1"), factories.operator(role=role))
        with pytest.raises(NotAllowed):
            export.export(
                small.database,
                SchemeCache(),
                factories.operator(role=role),
                the_customer("K1"),
                WORDING,
                data_dir=small.data_dir,
                now=book.NOW,
            )
    with pytest.raises(NotFound):
        small.erase(the_customer("K77"))
    with exclusive(small.database), pytest.raises(Conflict, match="An import is running"):
        small.erase(the_customer("K1"))
    assert small.ids().keys() >= {"K1"}


def test_no_other_customer_gets_the_number_of_one_that_was_erased(small: World) -> None:
    newest = max(small.ids().values())
    small.erase(the_customer("K2"))
    small.bring("customers", "code,name", "K9,Kestrel")
    assert small.ids()["K9"] > newest


def test_the_last_admin_is_not_erased(small: World) -> None:
    small.bring("people", "email,name,role", "eva@example.com,Eva,admin", "ida@example.com,Ida,admin")
    small.erase(the_person("eva@example.com"))
    with pytest.raises(Conflict, match="Nobody would be an admin any more"):
        small.erase(the_person("ida@example.com"))
    assert "ida@example.com" in small.person_ids()


def test_an_erased_text_is_not_sent_again(world: World) -> None:
    world.erase(the_customer(f"file:{code(0)}"))
    with world.database.read() as session:
        number = session.exec(select(OutboxMessage.id).where(OutboxMessage.error_class == "erased")).first()
    assert number is not None
    with pytest.raises(Conflict, match="text was deleted"):
        outbox.retry(world.database, number, actor=factories.operator(), now=book.NOW)


def test_whoever_ends_a_process_while_it_rewrites_the_file_finds_the_marks_written(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(database: object) -> Rewritten:
        raise KeyboardInterrupt

    monkeypatch.setattr(rewriting, "finish", end)
    with pytest.raises(KeyboardInterrupt):
        small.erase(the_customer("K1"))
    with small.database.read() as session:
        assert sorted(marks.load(small.data_dir)) == sorted(tombstones.every(session.connection())) != []


def test_without_the_file_of_marks_an_erasure_is_done_and_says_what_is_missing(small: World) -> None:
    in_the_way = small.data_dir / f".{marks.FILE}.partial"
    in_the_way.mkdir()
    erased = small.erase(the_customer("K1"))
    assert erased.unwritten is not None
    assert str(erased.unwritten).endswith("erased.json cannot be written: Is a directory.")
    assert small.ids().keys() == {"K2"}
    in_the_way.rmdir()
    assert small.erase(the_customer("K2")).unwritten is None


def test_before_anything_is_erased_a_file_of_marks_that_cannot_be_read_is_named(small: World) -> None:
    (small.data_dir / marks.FILE).write_text("[1", encoding="utf-8")
    with pytest.raises(NotReady, match="cannot be read"):
        small.erase(the_customer("K1"))
    assert small.ids().keys() == {"K1", "K2"}


@on_sqlite
def test_while_another_process_reads_the_log_keeps_the_bytes_and_that_is_said(
    small: World, open_another: OpenAnother, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "WAIT_MILLISECONDS", 1)
    other = open_another()
    with other.reader.connect() as reading:
        reading.execute(text("SELECT count(*) FROM customer")).scalar_one()
        assert small.erase(the_customer("K1")).rewritten is Rewritten.LOG_IN_USE
        assert rewriting.is_due(small.database)
        assert small.traces_of(["Zephyr Quill"]) != []
    assert rewriting.finish(small.database) is Rewritten.DONE
    assert small.traces_of(["Zephyr Quill"]) == []
    assert not rewriting.is_due(small.database)


def test_every_column_is_sorted_by_what_an_erasure_does_with_it() -> None:
    assert traces.unsorted() == []


def test_a_new_table_is_erased_with_its_customer_and_its_texts_must_be_sorted() -> None:
    new = Table(
        "contact",
        tables.metadata,
        Column("id", Integer, primary_key=True),
        Column("customer_id", ForeignKey("customer.id"), nullable=False),
        Column("person_id", ForeignKey("person.id")),
        Column("phone", String),
    )
    caches = traces.customer_tables, traces._links
    try:
        for cached in caches:
            cached.cache_clear()
        assert new in traces.customer_tables()
        assert traces.unsorted() == ["contact.person_id", "contact.phone"]
    finally:
        tables.metadata.remove(new)
        for cached in caches:
            cached.cache_clear()


def test_a_short_or_shared_name_is_not_searched_for_in_texts(small: World) -> None:
    small.bring(
        "people", "email,name", "bo@example.com,Bo", "li1@example.com,Li Wei", "li2@example.com,Li Wei"
    )
    small.bring("activities", "customer,date,kind,id,note", "K2,2026-02-02,call,A1,Bo and Li Wei were there")
    for address, left in (("bo@example.com", ("Bo",)), ("li1@example.com", ("Li Wei",))):
        kept = erasure.preview(
            small.database, factories.operator(), the_person(address), WORDING, data_dir=small.data_dir
        )
        assert kept.unsearched == left
        small.erase(the_person(address))
    with small.database.read() as session:
        assert session.exec(select(Activity.note)).one() == "Bo and Li Wei were there"
