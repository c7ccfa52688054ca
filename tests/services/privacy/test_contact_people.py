"""Erasing contact people: nothing of them is left or comes back, and nothing of others is lost."""

import json
from functools import partial

import pytest
from sqlmodel import col, select

from bot.errors import BadInput, NotAllowed, NotFound
from bot.services.privacy import erasure, marks, subjects
from bot.services.privacy.erasure import Find
from bot.wording.care.digest import CareDigest
from bot.wording.messages import load
from db.audit import AuditEntry
from db.book import tombstones
from db.book.contact_people import ContactPerson
from db.book.imports import ImportBatch, ImportChange
from db.care.records.gifts import Gift
from db.care.records.surveys import SurveyScore
from db.care.redraws import Redraw
from db.care.touches import Touch
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.services.privacy import world as book
from tests.services.privacy.world import CONTACTS, DAY, NAMES, NUMBERS, PEOPLE, WORDING, World, code, email


def ids(world: World) -> dict[str, int]:
    """Name -> number of every contact person."""
    with world.database.read() as session:
        return {one.name: one.id or 0 for one in session.exec(select(ContactPerson))}


def the_contact(world: World, name: str) -> Find:
    return partial(subjects.contact_person, contact_person_id=ids(world)[name])


def bring(world: World, *rows: str, columns: str = "customer,name,email", **options: object) -> int:
    return world.bring("contact-persons", columns, *rows, **options).created


def test_of_twenty_contact_people_nothing_is_left_and_nothing_comes_back(world: World) -> None:
    words = [word for n in NUMBERS for word in book.words_of_contact(n)]
    assert world.not_found(words) == set()
    wrong = [f"W{n},NOBODY,{book.quoted(name)},,{book.phone(n)},," for n, name in enumerate(CONTACTS)]
    world.bring("contact-persons", book.CONTACT_COLUMNS, *wrong)
    for name in CONTACTS:
        world.erase(the_contact(world, name))
    assert world.traces_of(words) == []
    columns, *rows = next(lines for kind, lines, _ in book.files() if kind == "contact-persons")
    with pytest.raises(BadInput, match="rows about nobody but customers or people who were erased"):
        world.bring("contact-persons", columns, *rows)
    assert world.bring("contact-persons", columns, *wrong).rejected == len(wrong)
    assert world.traces_of(words) == []


def test_what_is_about_others_stays(world: World) -> None:
    before = ids(world)
    for name in CONTACTS:
        world.erase(the_contact(world, name))
    with world.database.read() as session:
        left = {one.name: one.note for one in session.exec(select(ContactPerson))}
        assert left == {
            f"Birch contact {n}": f"knows [erased], {NAMES[n]} {PEOPLE[n]} {code(n)} {email(n)}"
            for n in NUMBERS
        }
        changes = session.exec(select(ImportChange).where(ImportChange.table_name == "contact_person")).all()
        assert changes == []
        counts = session.exec(
            select(ImportBatch.created, ImportBatch.changed).where(ImportBatch.kind == "contact-persons")
        ).all()
        assert sorted(counts) == [(0, 0), (0, 0), (len(NAMES), 0)]
        erased = session.exec(
            select(AuditEntry).where(AuditEntry.action == "erased").order_by(col(AuditEntry.id))
        ).all()
        assert [(one.object_kind, one.object_id) for one in erased] == [
            ("contact_person", str(before[name])) for name in CONTACTS
        ]


def test_what_waits_about_a_birthday_goes_and_the_rest_of_the_message_stays(world: World) -> None:
    with world.database.read() as session:
        touched = {one.customer_id for one in session.exec(select(Touch)) if one.contact_person_id is None}
    number = ids(world)[CONTACTS[2]]
    with world.database.write() as session:
        customer = session.get_one(ContactPerson, number).customer_id
        session.add(
            Touch(
                dedupe_key="birthday", customer_id=customer, contact_person_id=number, step="birthday", kind="birthday",
                tier="A", due_on=DAY, remind_at=book.NOW, state="planned", created_at=book.NOW,
            )
        )  # fmt: skip
    world.erase(the_contact(world, CONTACTS[2]))
    with world.database.read() as session:
        assert {one.customer_id for one in session.exec(select(Touch))} == touched
        assert session.exec(select(Touch).where(Touch.kind == "birthday")).all() == []
        bodies = session.exec(select(OutboxMessage).where(OutboxMessage.kind == "care_digest")).all()
        digests = [load(json.loads(one.body_json)) for one in bodies]
        for digest in digests:
            assert isinstance(digest, CareDigest)
            assert len(digest.rows) == len(NAMES)  # the birthday's row is gone, BIRCH's is there
            assert CONTACTS[4] in str(digest)
        greetings = session.exec(select(OutboxMessage).where(OutboxMessage.kind == "care_greeting")).all()
        assert all(CONTACTS[4] in one.body_json for one in greetings)
        assert {one.state for one in [*bodies, *greetings]} == {"pending", "sent"}
        assert set(session.exec(select(Redraw.outbox_id))) == {one.id for one in [*bodies, *greetings]}


def test_of_a_gift_to_them_only_what_counts_for_the_customer_is_left(small: World) -> None:
    bring(small, "K1,Ada Quist,")
    rows = ("K1,2026-01-05,Green tea,60,Ada Quist,G1", "K1,2026-01-06,A cake,50,,G2")
    small.bring("gifts", "customer,date,what,value,contact,id", *rows, currency="CNY")
    again = rows[0].replace("Green tea", "Oolong tea")
    small.bring("gifts", "customer,date,what,value,contact,id", again, currency="CNY")
    small.erase(the_contact(small, "Ada Quist"))
    with small.database.read() as session:
        left = [
            (one.what, one.value, one.contact_person_id)
            for one in session.exec(select(Gift).order_by(col(Gift.id)))
        ]
    assert left == [(None, 60, None), ("A cake", 50, None)]
    assert small.traces_of(["Green tea", "Oolong tea"]) == []


def test_what_they_answered_in_a_survey_stays_without_them(small: World) -> None:
    bring(small, "K1,Ada Quist")
    small.bring("surveys", "id,customer,date,score,scale,contact", "S1,K1,2026-01-05,4,1-5,Ada Quist")
    small.bring("surveys", "id,customer,date,score,scale,contact", "S1,K1,2026-01-05,3,1-5,Ada Quist")
    with small.database.read() as session:
        assert session.exec(select(SurveyScore.contact_person_id)).one() == ids(small)["Ada Quist"]
    small.erase(the_contact(small, "Ada Quist"))
    with small.database.read() as session:
        kept = session.exec(select(SurveyScore)).one()
    assert (kept.score, kept.contact_person_id) == ("3", None)
    assert small.traces_of(["Ada Quist"]) == []


@pytest.mark.parametrize(
    ("columns", "row", "created"),
    [
        ("customer,name", "K1,Ada Quist", 0),
        ("customer,name", 'K1,"QUIST, Ada"', 0),
        ("customer,last name,first name", "K1,Quist,Ada", 0),
        ("customer,name", "Zephyr Quill,Ada Quist", 0),  # another name of the customer
        ("customer,name,email", "K2,A. Quist,Ada@Quist.example", 0),  # at another firm now
        ("customer,name,id", "K2,A. Quist,7", 0),
        ("customer,name", "K2,Ada Quist", 1),  # another person may have this name elsewhere
        ("customer,name,id", "K1,Bo Quist,8", 1),
    ],
)
def test_a_contact_person_is_known_again_by_id_address_or_customer_and_name(
    small: World, columns: str, row: str, created: int
) -> None:
    small.bring("customers", "code,name,aliases", "K1,Zephyr Quill,Zephyr Quill")
    bring(small, "K1,Ada Quist,ada@quist.example,7", columns="customer,name,email,id")
    small.erase(the_contact(small, "Ada Quist"))
    others = ",".join(["K2", "Cy", *([""] * (columns.count(",") - 1))])
    assert bring(small, row, others, columns=columns) == created + 1


@pytest.mark.parametrize(
    ("name", "row"), [("Ada Zanzibar", "NOBODY,Zanzibar,Ada"), ("司马青衫", "NOBODY,司马,青衫")]
)
def test_a_rejected_row_with_the_name_in_two_columns_is_removed(small: World, name: str, row: str) -> None:
    bring(small, f"K1,{name},")
    bring(small, row, "NOBODY,Other,Bo", columns="customer,last name,first name")
    assert small.traces_of(row.split(",")[1:2]) != []
    small.erase(the_contact(small, name))
    assert small.traces_of(row.split(",")[1:2]) == []
    assert small.traces_of(["NOBODY"]) != []


def test_a_joined_customer_does_not_bring_the_contact_person_back(small: World) -> None:
    bring(small, "K1,Ada Quist,")
    small.erase(the_contact(small, "Ada Quist"))
    small.bring("joins", "code,into", "K1,K2")
    assert bring(small, "K1,Ada Quist,", "K2,Cy,") == 1


def test_again_takes_a_contact_person_back(small: World) -> None:
    bring(small, "K1,Ada Quist,ada@quist.example")
    small.erase(the_contact(small, "Ada Quist"))
    assert bring(small, "K1,Ada Quist,ada@quist.example", again=("Ada Quist",)) == 1
    assert bring(small, "K1,Ada Quist,ada@quist.example", "K1,Cy,") == 1


def test_a_restored_backup_names_the_contact_people_who_were_erased(small: World) -> None:
    bring(small, "K1,Ada Quist,", "K1,Cy,")
    kept = small.database
    with kept.read() as session:
        ada = session.exec(select(ContactPerson).where(ContactPerson.name == "Ada Quist")).one()
        row = ada.model_dump(exclude={"id"})
    small.erase(the_contact(small, "Ada Quist"))
    with kept.write() as session:
        session.add(ContactPerson(**row))
    (back,) = marks.returned(kept)
    assert (back.code, back.name) == ("Ada Quist", "K1 Zephyr Quill")
    small.erase(marks.find_again(back))
    assert ids(small).keys() == {"Cy"}
    with kept.read() as session:
        assert len({mark.hash for mark in tombstones.every(session.connection())}) > 0


def test_a_name_that_a_colleague_has_too_stays_in_texts(small: World) -> None:
    bring(small, "K1,Anna Quist,anna@quist.example")
    small.bring(
        "activities", "customer,date,kind,id,note", "K2,2026-02-02,call,A1,Anna Quist rang anna@quist.example"
    )
    small.erase(the_contact(small, "Anna Quist"))
    assert small.traces_of(["anna@quist.example"]) == []
    assert small.traces_of(["Anna Quist rang"]) != []


def test_only_admins_erase_contact_people(small: World) -> None:
    bring(small, "K1,Ada Quist,")
    for role in ("viewer", "account_manager", "team_lead", "sales_ops", "finance"):
        with pytest.raises(NotAllowed):
            small.erase(the_contact(small, "Ada Quist"), factories.operator(role=role))
    with pytest.raises(NotFound, match="There is no contact person 99"):
        erasure.preview(
            small.database,
            factories.operator(),
            partial(subjects.contact_person, contact_person_id=99),
            WORDING,
            data_dir=small.data_dir,
        )
