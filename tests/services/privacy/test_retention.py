"""What is kept for a limited time is deleted when that is over, and nothing else."""

import json
import os
from datetime import timedelta
from pathlib import Path

from sqlmodel import col, select

from bot.services.privacy import retention
from bot.settings import Settings
from db.book.by_hand.handovers import Handover
from db.book.customers import Customer
from db.book.facts import Activity
from db.book.imports import ImportChange
from db.care.records.complaints import Complaint, ComplaintStep
from db.care.records.gifts import Gift
from db.care.records.promises import Promise, PromiseDelay
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.services.privacy.world import DAY, NAMES, NOW, World


def settings(**values: int) -> Settings:
    return Settings(**{f"TIERBOT_KEEP_{name.upper()}": value for name, value in values.items()})  # type: ignore[arg-type]


def apply(world: World, *, days: int = 0, **values: int) -> int:
    return retention.apply(
        world.database,
        retention.rules_of(settings(**values)),
        data_dir=world.data_dir,
        today=DAY + timedelta(days=days),
        now=NOW + timedelta(days=days),
    )


def test_by_default_nothing_is_deleted(world: World) -> None:
    assert apply(world, days=5_000) == 0
    assert (world.data_dir / "rejects").is_dir()


def test_the_texts_of_old_gifts_are_deleted_and_their_values_stay(small: World) -> None:
    header = "id,customer,date,what,value"
    small.bring("gifts", header, "G1,K1,2020-01-05,Green tea,60", currency="CNY")
    small.bring("gifts", header, "G1,K1,2020-01-05,Oolong tea,60", currency="CNY")
    small.bring("gifts", header, "G2,K1,2026-06-01,A cake,50", currency="CNY")
    assert apply(small, notes_months=3) == 1
    with small.database.read() as session:
        assert [(one.what, one.value) for one in session.exec(select(Gift).order_by(col(Gift.id)))] == [
            (None, 60),
            ("A cake", 50),
        ]
        assert [one.before for one in session.exec(select(ImportChange))] == ['{"what": null}']


def test_texts_of_a_complaint_are_kept_while_it_is_open_and_then_as_notes(small: World) -> None:
    header = "id,customer,date,kind,what,closed,outcome"
    small.bring("complaints", header, "K1,K2,2026-01-05,quality,leaks,2026-01-09,replaced")
    small.bring("complaints", header, "K1,K2,2026-01-05,quality,leaks,2026-01-09,replaced all")
    small.bring("complaints", header, "K2,K2,2026-01-05,quality,loud,,")
    with small.database.write() as session:
        for number in (1, 2):
            session.add(
                ComplaintStep(complaint_id=number, taken_on=DAY, text="called", version=2, recorded_at=NOW)
            )
    assert apply(small, notes_months=3) == 3
    with small.database.read() as session:
        assert session.exec(select(Activity.note).order_by(col(Activity.external_id))).all() == [None, "loud"]
        assert session.exec(select(Complaint.outcome).order_by(col(Complaint.id))).all() == [None, None]
        assert session.exec(select(ComplaintStep.text).order_by(col(ComplaintStep.id))).all() == [
            None,
            "called",
        ]
        changes = session.exec(select(ImportChange.before)).all()
    assert [json.loads(before) for before in changes] == [{"outcome": None}]


def test_texts_of_a_promise_are_kept_while_it_is_open_and_then_as_notes(small: World) -> None:
    with small.database.write() as session:
        customer = session.exec(select(Customer.id)).first() or 0
        for over in ({"outcome": "withdrawn", "closed_on": DAY - timedelta(days=120), "reason": "gone"}, {}):
            number = factories.promise(session, customer, DAY, **over)
            session.add(
                PromiseDelay(
                    promise_id=number, was_due_on=DAY, due_on=DAY, told="later", version=2, recorded_at=NOW
                )
            )
    assert apply(small, notes_months=3) == 3
    with small.database.read() as session:
        left = session.exec(select(Promise).order_by(col(Promise.id))).all()
        told = session.exec(select(PromiseDelay.told).order_by(col(PromiseDelay.id))).all()
    assert [(one.what, one.reason) for one in left] == [(None, None), ("The offer", None)]
    assert told == [None, "later"]


def test_the_note_of_a_handover_is_kept_until_it_is_done_and_then_as_notes(small: World) -> None:
    with small.database.write() as session:
        customer = session.exec(select(Customer.id)).first() or 0
        person = factories.person(session, "Zoe")
        for number, (state, days) in enumerate((("done", 120), ("planned", 120), ("done", 10))):
            session.add(
                Handover(
                    source="test", external_id=str(number), customer_id=customer, to_id=person, state=state,
                    starts_on=DAY - timedelta(days=days), note="Two lines", recorded_at=NOW,
                )
            )  # fmt: skip
    assert apply(small, notes_months=3) == 1
    with small.database.read() as session:
        left = session.exec(select(Handover.note).order_by(col(Handover.id))).all()
    assert left == [None, "Two lines", "Two lines"]


def test_notes_are_deleted_after_their_months_with_what_an_undo_would_restore(small: World) -> None:
    header = "id,customer,date,kind,note"
    small.bring("activities", header, "A1,K2,2026-01-05,call,long ago", "A2,K2,2026-06-01,call,new")
    small.bring("activities", header, "A1,K2,2026-01-05,call,long ago, corrected".replace(", c", " c"))
    assert apply(small, notes_months=6) == 0
    assert apply(small, notes_months=3) == 1
    with small.database.read() as session:
        notes = session.exec(select(Activity.note).order_by(col(Activity.external_id))).all()
        changes = session.exec(select(ImportChange.before).where(ImportChange.table_name == "activity")).all()
    assert list(notes) == [None, "new"]
    assert [json.loads(before) for before in changes] == [{"note": None}]
    assert apply(small, notes_months=3) == 0


def test_texts_of_finished_messages_are_deleted_after_their_days(world: World) -> None:
    assert apply(world, days=30, messages_days=31) == 0
    assert apply(world, days=32, messages_days=31) == len(NAMES) + 6  # one each, and six that name all
    with world.database.read() as session:
        emptied = session.exec(select(OutboxMessage).where(OutboxMessage.body_json == "{}")).all()
        assert {(row.state, row.slack_ts, bool(row.body_hash)) for row in emptied} == {("sent", "1.1", True)}


def test_files_of_rejected_rows_are_deleted_after_their_days(empty: World) -> None:
    folder = empty.data_dir / "rejects"
    folder.mkdir()
    for name, days in (("old.csv", 11), (".rejects-left.partial", 11), ("new.csv", 9)):
        written(folder / name, days)
    assert apply(empty, rejects_days=10) == 2
    assert [path.name for path in folder.iterdir()] == ["new.csv"]


def written(path: Path, days: int) -> None:
    path.write_text("line\n", encoding="utf-8")
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))


def test_what_is_kept_is_said_by_kind() -> None:
    said = [str(one) for one in retention.sentences(settings(notes_months=24, messages_days=1))]
    assert said == [
        "notes of visits and calls are kept for 24 months.",
        "texts of messages are kept for 1 day.",
        "processed requests are kept for 7 days.",
        "Kept without an end: assessments, rejected rows of imports. docs/settings.md says how to change that.",
    ]
