"""No message, log line, metric or file name shows a personal or financial value; one button shows them, recorded first."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import col, select

from bot import logs
from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.services import imports
from bot.services.care.schedule import plan_customers
from bot.services.grade import runs
from bot.services.imports.report import ImportOptions
from bot.services.ops import metrics
from bot.slack import blocks
from bot.wording.actions import Action
from bot.wording.ask.briefs import ProspectCardInFull, VisitBriefInFull
from bot.wording.messages import MESSAGES, TierCard, load
from bot.wording.private import ContactPeopleInFull, ContactSaved, MaskedFields
from bot.wording.profiles import CustomerProfileInFull
from bot.wording.rendering import Renderer
from db.audit import AuditEntry
from db.book import people
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite
from tests.personal_book import CODE, FACTS, fill, seen_in
from tests.slack.office import ANNA, ROOM, Office, eventually, words
from tests.slack.strategies import longest

RENDERER = Renderer()
IN_FULL = (
    MaskedFields,
    ContactPeopleInFull,
    ContactSaved,
    CustomerProfileInFull,
    VisitBriefInFull,
    ProspectCardInFull,
)  # for those who may unmask, and the audit records it
TEXT = f"{CODE}, 13800731942 or +49 170 7391826"
UNMASK, WHY, SHARE, POST, LOG = map(
    str, (Action.UNMASK, Action.WHY, Action.SHARE, Action.POST, Action.LOG_VISIT)
)


@pytest.mark.parametrize("kind", MESSAGES.values(), ids=MESSAGES)
def test_no_class_of_message_shows_an_address_or_a_telephone_number(kind: type) -> None:
    message = longest(kind, TEXT, many=3)
    for language in ("en", "zh"):
        shown = [
            blocks.payload(RENDERER, message, language),
            blocks.modal(RENDERER, message, language, "Why this tier"),
        ]
        hits = seen_in(json.dumps(shown, ensure_ascii=False))
        assert bool(hits) == (kind in IN_FULL), hits


@pytest.mark.parametrize("field", ["code", "name"])
def test_a_card_whose_code_or_name_is_masked_has_the_button(field: str) -> None:
    card = replace(longest(TierCard, "x", many=0), may_unmask=True)
    assert Action.UNMASK not in card.targets()
    assert Action.UNMASK in replace(card, **{field: "13800731942"}).targets()


@pytest.fixture
def office(database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Office]:
    """Anna's ACME has every canary, and was graded twice, with a change between."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("debug")
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20, monotonic=lambda: 0.0) as workspace:
        office = Office(
            workspace=workspace,
            database=database,
            folder=tmp_path,
            way="socket",
            settings={"TIERBOT_ALERT_CHANNEL": "C0MANAGERS"},
        )
        with database.write() as session:
            anna = factories.person(session, "Anna")
        last = SystemClock().now().date().replace(day=1) - timedelta(days=1)
        acme = fill(database, anna, last)
        office.start()
        grade(office, last - timedelta(days=35))
        with database.write() as session:
            factories.fact(session, acme, "quality", 95, last)
            factories.fact(session, acme, "debt_ratio", 0.0001, last)
        grade(office, last)
        try:
            yield office
        finally:
            office.close()
            root.handlers[:], level = before
            root.setLevel(level)
            structlog.reset_defaults()


def grade(office: Office, day: date) -> None:
    bot = office.bots[0].tierbot
    runs.grade_book(
        office.database,
        bot.scheme_cache,
        for_purpose="account",
        as_of=day,
        today=SystemClock().now().date(),
        now=SystemClock().now(),
        notify=bot.notify,
    )


def everything_said(office: Office) -> list[StoredMessage]:
    rooms = [ROOM, office.workspace.dm(ANNA)]
    return [message for room in rooms for message in office.workspace.messages(room, ANNA)]


def stored(office: Office) -> list[dict[str, Any]]:
    """What was written to be sent, as it is rendered."""
    with office.database.read() as session:
        rows = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))).all()
    return [
        blocks.payload(RENDERER, load(json.loads(row.body_json or "")), language)
        for row in rows
        for language in ("en", "zh")
    ]


def card_of(office: Office, question: str = "ACME") -> StoredMessage:
    assert office.workspace.command(ANNA, ROOM, "/tier", question).ok
    return office.said_to(ANNA)[-1]


@on_sqlite
def test_seeded_values_are_seen_nowhere_whatever_is_pressed(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    bot = office.bots[0].tierbot
    for question in ("", CODE, "ACM", "Nobody", "ACME"):
        card = card_of(office, question)
    assert office.workspace.click(ANNA, card, WHY).ok
    why = eventually(lambda: office.workspace.view_of(ANNA), "why")
    assert office.workspace.click(ANNA, card, LOG).ok
    form = eventually(lambda: (view := office.workspace.view_of(ANNA)) != why and view, "the form")
    assert office.workspace.submit_view(ANNA, form, {"note": "canary note"}).ok
    assert office.workspace.click(ANNA, card, SHARE).ok
    eventually(lambda: POST in str(office.now(card).blocks), "the preview")
    assert office.workspace.click(ANNA, office.now(card), POST).ok
    eventually(office.said_to_all, "the shared card")
    with office.database.write() as session:
        anna = people.by_email(session, "anna@example.com")
        assert anna is not None
        plan_customers(session, bot.rules, [1], SystemClock().now())
    file = office.folder / "customers.csv"
    file.write_text(
        f"code,name,email\n{CODE},ACME,{FACTS['email']}\n,Nobody,{FACTS['email']}\n", encoding="utf-8"
    )
    imports.import_file(  # a row without a code is rejected, and kept in a file
        office.database,
        kind="customers",
        path=file,
        clock=SystemClock(),
        actor=None,
        options=ImportOptions(source="shop"),
        rejects_dir=office.folder / "rejects",
    )
    said = everything_said(office)
    assert len(said) >= 7
    # What was said in the last contact stands on the card, and the card is only for who asked.
    assert any("canary note" in words(message) for message in said)
    shown = [
        seen_in(words(message), allowed=["canary note"] if message.only_for == ANNA else ())
        for message in said
    ]
    assert [canaries for canaries in shown if canaries] == []
    assert seen_in(f"{why} {form}", allowed=["canary note"]) == []
    told = json.dumps(stored(office), ensure_ascii=False)
    assert "•••" in told
    assert seen_in(told) == []
    written = capsys.readouterr()
    assert seen_in(written.out + written.err) == []
    with office.database.read() as session:
        assert seen_in(str(metrics.measure(session, SystemClock().now()))) == []
    names = [path.name for path in office.folder.rglob("*")]
    assert any("rejects" in name for name in names)
    assert seen_in(" ".join(names)) == []


@on_sqlite
def test_customers_whose_codes_are_addresses_are_chosen_by_their_cards(office: Office) -> None:
    before = len(office.said_to(ANNA))
    assert office.workspace.command(ANNA, ROOM, "/tier", "brief ACM").ok
    (told,) = eventually(lambda: office.said_to(ANNA)[before:], "a choice")
    assert "ACME Trading" in words(told)
    assert seen_in(words(told)) == []
    assert office.workspace.click(ANNA, told, f"{Action.OPEN}.0").ok
    eventually(lambda: "Score" in words(office.said_to(ANNA)[-1]), "the card")


@on_sqlite
def test_one_button_shows_everything_to_the_person_who_asks_after_it_was_recorded(office: Office) -> None:
    card = card_of(office)
    assert "•••" in words(card)
    assert office.workspace.click(ANNA, card, UNMASK).ok
    full = eventually(
        lambda: next((m for m in office.said_to(ANNA) if "73,918,264" in words(m)), None), "all of it"
    )
    assert full.only_for == ANNA
    assert [
        value
        for field, value in FACTS.items()
        if field not in ("net_worth", "debt_ratio") and value not in words(full)
    ] == []
    with office.database.read() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "personal_shown")).all()
        anna = people.by_email(session, "anna@example.com")
    assert anna is not None
    assert (entry.actor, entry.door, entry.object_kind, entry.object_id) == (
        f"person:{anna.id}",
        "slack",
        "customer",
        "1",
    )
    assert set(json.loads(entry.after or "")["fields"]) == {*FACTS, "code"}
    assert seen_in(str(entry)) == []


@on_sqlite
def test_nothing_is_shown_that_could_not_be_recorded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    card, before = card_of(office), len(office.said_to(ANNA))

    def fail(*arguments: object, **named: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("db.audit.record", fail)
    assert office.workspace.click(ANNA, card, UNMASK).ok
    told = eventually(lambda: office.said_to(ANNA)[before + 1 :] or office.said_to(ANNA)[before:], "a word")
    assert seen_in(words(told[-1])) == []


@on_sqlite
def test_the_button_is_not_there_where_nothing_is_masked_and_refused_to_who_may_only_see(
    office: Office,
) -> None:
    card = card_of(office)
    with office.database.write() as session:
        anna = people.by_email(session, "anna@example.com")
        assert anna is not None
        anna.role = "sales_ops"
    before = len(office.said_to(ANNA))
    assert UNMASK not in str(card_of(office).blocks)
    assert office.workspace.click(ANNA, card, UNMASK).ok  # the one from before
    told = eventually(lambda: office.said_to(ANNA)[before + 1 :], "a refusal")
    assert "this is for its account manager" in words(told[0])
    assert UNMASK not in str(card_of(office, "K-2").blocks)
