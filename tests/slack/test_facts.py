"""Missing facts in Slack: recorded from *Why* and the visit brief by a form, once; refused, graded again, and taken back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, delete, select, update

from bot import jobs
from bot.clock import SystemClock
from bot.demo.workspace import View
from bot.services.grade import runs
from bot.services.grade.verification import verify
from bot.services.schemes.store import SchemeCache
from bot.slack import blocks, deferred
from bot.wording.actions import Action, Pointer
from db.audit import AuditEntry
from db.book.customers import Customer, Ownership
from db.book.facts import Fact
from db.book.people import Person
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, ROOM, Office, eventually, opened_office, words

RECORD, UNDO = str(Action.RECORD_FACT), str(Action.UNDO_FACT)
TODAY = SystemClock().now().date()
OTHERS = {
    "turnover": "unit: EUR, score: {fn: points, knots: [[0, 0], [1000, 100]]}",
    "share": "unit: ratio, sensitive: false, score: {fn: points, knots: [[0, 0], [1, 100]]}",
    "fit": 'unit: "1-5", manual: true, score: {fn: scale, min: 1, max: 5}',
    "stage": "score: {fn: map, values: {early: 0, late: 100}, names: {late: {en: Far on, zh: 后期}}}",
    "member": "score: {fn: map, values: {true: 100, false: 0}}",
    "lorries": "unit: count, score: {fn: points, knots: [[0, 0], [10, 100]]}",
}


@contextmanager
def with_a_missing_fact(migrated: Path, folder: Path) -> Iterator[Office]:
    """ACME has 36 points and is a C for 0.6 × 60, and would be an A with 40 for its service."""
    with opened_office(migrated, folder) as office:
        with office.database.write() as session:
            factories.fact(session, acme(office), "quality", 60)
        grade(office)
        yield office


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with with_a_missing_fact(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def graded(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office of its own, because what was graded stays."""
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    with with_a_missing_fact(migrated, tmp_path) as office:
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(InboundRequest, OutboxMessage)
    with opened.database.write() as session:
        session.execute(delete(Fact).where(col(Fact.source) == "slack"))


def acme(office: Office) -> int:
    with office.database.read() as session:
        return session.exec(select(Customer.id).where(Customer.name == "ACME")).one() or 0


def grade(office: Office) -> None:
    """A snapshot of the whole book as of the last month."""
    day = TODAY.replace(day=1) - timedelta(days=1)
    runs.grade_book(
        office.database,
        SchemeCache(),
        for_purpose="account",
        as_of=day,
        today=TODAY,
        now=SystemClock().now(),
        notify=lambda *given, **named: 0,
    )


def why(office: Office) -> View:
    office.workspace.views.clear(ANNA)
    assert office.workspace.click(ANNA, office.card(), str(Action.WHY)).ok
    return office.view_with("Missing facts to collect first")


def control(view: Any) -> dict[str, Any]:
    found = [one for block in view.spec["blocks"] for one in block.get("elements", ())]
    (only,) = [one for one in found if one.get("action_id") == RECORD]
    return dict(only)


def form(office: Office) -> View:
    assert office.workspace.click(ANNA, why(office), RECORD).ok
    return office.view_with(str(Action.FACT_FORM))


def recorded(office: Office) -> list[Fact]:
    return [one for one in office.stored(Fact) if one.source == "slack"]


GOOD = {"value": "100", "day": TODAY.isoformat(), "evidence": "Their letter"}


def test_the_form_says_what_is_asked_and_the_answer_what_was_recorded(office: Office) -> None:
    shown = why(office)
    assert control(shown)["text"]["text"] == "Record: Service"
    opened = form(office)
    assert "Service · ACME" in str(opened.spec)
    assert "Nothing is known of it yet." in str(opened.spec)
    assert office.workspace.submit_view(ANNA, opened, GOOD).ok
    said = str(office.workspace.view_of(ANNA))
    assert "is recorded: 100" in said
    assert "The tier is computed again within a minute." in said
    (only,) = recorded(office)
    assert (only.field, only.value, only.author, only.evidence) == ("service", "100", "Anna", "Their letter")
    assert (only.measured_on, only.batch_id) == (TODAY, None)
    (entry,) = [one for one in office.stored(AuditEntry) if one.action == "fact_recorded"]
    assert "100" not in str(entry.after), "the audit does not repeat the value"


def test_the_tier_follows_within_one_grading_and_undo_brings_it_back(graded: Office) -> None:
    bot, before = graded.bots[0].tierbot, unexplained(graded)
    assert "is recorded" in said_after(graded, GOOD)
    jobs.regrade(bot)
    assert graded.card().text.startswith("ACME: Key"), "0.6 × 60 + 0.4 × 100 = 76"
    (only,) = recorded(graded)
    undo = graded.post({"text": "x", "blocks": [undo_button(only)]})
    assert graded.workspace.click(ANNA, undo, UNDO).ok
    eventually(lambda: recorded(graded)[0].superseded_at, "the end of the fact")
    jobs.regrade(bot)
    assert graded.card().text.startswith("ACME: Important")
    assert unexplained(graded) == before, "what the gradings in between knew is still stored"


def unexplained(office: Office) -> tuple[int, int]:
    """How many assessments are not what their inputs give, or what the book knew then."""
    found = verify(office.database, SchemeCache(), ZoneInfo("UTC"))
    return found.differing, found.data_differing


def said_after(office: Office, values: dict[str, str]) -> str:
    assert office.workspace.submit_view(ANNA, form(office), values).ok
    return str(office.workspace.view_of(ANNA))


def undo_button(fact: Fact) -> dict[str, Any]:
    pointer = Pointer(id=fact.id or 0)
    button = {"type": "button", "action_id": UNDO, "text": blocks.plain("Undo", 20)}
    return {"type": "actions", "elements": [{**button, "value": blocks.encode(pointer)}]}


def test_undo_on_the_saved_page_says_what_is_taken_back(office: Office) -> None:
    said_after(office, GOOD)
    assert office.workspace.click(ANNA, office.workspace.view_of(ANNA), UNDO).ok
    eventually(lambda: "is taken back" in str(office.workspace.view_of(ANNA)), "the end")
    assert [one.superseded_at is None for one in recorded(office)] == [False]
    assert [one.action for one in office.stored(AuditEntry)][-1] == "fact_undone"


def test_undo_of_a_correction_brings_back_what_was_said_before(graded: Office) -> None:
    bot, before = graded.bots[0].tierbot, unexplained(graded)
    said_after(graded, GOOD)
    jobs.regrade(bot)
    assert graded.card().text.startswith("ACME: Key")
    again = form_of(graded, "service")
    assert "Known now: 100" in str(again.spec)
    assert graded.workspace.submit_view(ANNA, again, GOOD | {"value": "0"}).ok
    assert "is corrected: 0" in str(graded.workspace.view_of(ANNA))
    assert [one.value for one in recorded(graded) if one.superseded_at is None] == ["0"]
    jobs.regrade(bot)
    assert graded.card().text.startswith("ACME: Ordinary"), "0.6 × 60 = 36"
    assert graded.workspace.click(ANNA, graded.workspace.view_of(ANNA), UNDO).ok
    eventually(lambda: "is taken back" in str(graded.workspace.view_of(ANNA)), "the end")
    assert [one.value for one in recorded(graded) if one.superseded_at is None] == ["100"]
    jobs.regrade(bot)
    assert graded.card().text.startswith("ACME: Key")
    assert unexplained(graded) == before, "what the gradings in between knew is still stored"


def test_after_ten_minutes_it_stays(office: Office) -> None:
    said_after(office, GOOD)
    with office.database.write() as session:
        session.execute(
            update(Fact)
            .where(col(Fact.source) == "slack")
            .values(recorded_at=SystemClock().now() - timedelta(minutes=11))
        )
    assert office.workspace.click(ANNA, office.workspace.view_of(ANNA), UNDO).ok
    eventually(lambda: "and they are over" in heard(office), "the refusal")
    assert [one.superseded_at is None for one in recorded(office)] == [True]


def heard(office: Office) -> str:
    """All that Anna was told, in messages and in the view in front."""
    said = [words(one) for place in (ROOM, office.workspace.dm(ANNA)) for one in office.said_to(ANNA, place)]
    private = [words(one) for one in office.workspace.messages(office.workspace.dm(ANNA), ANNA)]
    return f"{said} {private} {office.workspace.view_of(ANNA)}"


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"author": "Omar"}, "Only the person who did this can take it back."),
        ({"source": "crm"}, "was not recorded by hand"),
    ],
    ids=str,
)
def test_a_fact_of_somebody_else_is_not_taken_back(office: Office, other: dict[str, str], why: str) -> None:
    said_after(office, GOOD)
    with office.database.write() as session:
        session.execute(update(Fact).where(col(Fact.source) == "slack").values(**other))
    (fact,) = [one for one in office.stored(Fact) if one.field == "service"]
    message = office.post({"text": "x", "blocks": [undo_button(fact)]})
    assert office.workspace.click(ANNA, message, UNDO).ok
    eventually(lambda: why in heard(office), "the refusal")
    with office.database.write() as session:
        session.execute(update(Fact).where(col(Fact.field) == "service").values(source="slack"))
    assert [one.superseded_at is None for one in recorded(office)] == [True]


def test_a_form_whose_answer_is_lost_counts_once(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement: the same form is sent again."""
    opened, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, GOOD).error
    assert office.workspace.submit_view(ANNA, opened, GOOD).ok
    assert "was recorded before" in str(office.workspace.view_of(ANNA))
    assert len(recorded(office)) == 1


def test_while_the_database_is_locked_nothing_typed_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "FORM_SECONDS", 0.3)
    opened = form(office)
    with office.locked():
        assert office.workspace.submit_view(ANNA, opened, GOOD).errors, "the form stays, with what to do"
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert office.workspace.submit_view(ANNA, opened, GOOD).ok
    assert len(recorded(office)) == 1


def test_a_day_to_come_is_said_below_its_input(office: Office) -> None:
    refused = office.workspace.submit_view(ANNA, form(office), GOOD | {"day": "2099-01-01"})
    assert "The day lies in the future." in refused.errors["day"]
    assert recorded(office) == []


def test_who_has_lost_the_customer_meanwhile_records_nothing(office: Office) -> None:
    opened = form(office)
    with office.database.write() as session:
        other = session.exec(select(Person.id).where(Person.name == "Lin.Wei")).one()
        anna = session.exec(select(Person.id).where(Person.name == "Anna")).one()
        change = update(Ownership).where(col(Ownership.customer_id) == acme(office))
        session.execute(change.values(person_id=other))
    try:
        assert office.workspace.submit_view(ANNA, opened, GOOD).errors
        assert recorded(office) == []
    finally:
        with office.database.write() as session:
            session.execute(change.values(person_id=anna))


def test_the_visit_brief_offers_the_same(office: Office) -> None:
    assert office.choose_more(ANNA, office.card(), Action.BRIEF).ok
    brief = eventually(
        lambda: next((m for m in office.said_to(ANNA) if "What to ask" in words(m)), None), "the brief"
    )
    assert office.workspace.click(ANNA, brief, RECORD).ok
    assert "Service · ACME" in str(office.view_with(str(Action.FACT_FORM)).spec)


@pytest.fixture(scope="module")
def asking(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose scheme asks for a fact of each kind."""
    text = factories.scheme_text(OTHERS).replace("version: 1", "version: 2")
    with opened_office(migrated, tmp_path_factory.mktemp("asking")) as office:
        with office.database.write() as session:
            factories.scheme(session, text, effective_from=TODAY - timedelta(days=40))
        grade(office)
        yield office


def form_of(office: Office, field: str) -> View:
    """The form that a button for this fact opens, on a new message."""
    press(office, field)
    return office.form()


def press(office: Office, field: str) -> None:
    value = blocks.encode(Pointer(id=acme(office), version=1, query=field))
    button = {"type": "button", "action_id": RECORD, "text": blocks.plain("Record", 20), "value": value}
    message = office.post({"text": "Record", "blocks": [{"type": "actions", "elements": [button]}]})
    office.workspace.views.clear(ANNA)
    assert office.workspace.click(ANNA, message, RECORD).ok


def element(view: View, name: str) -> dict[str, Any]:
    (found,) = [one["element"] for one in view.spec["blocks"] if one.get("block_id") == name]
    return dict(found)


@pytest.mark.parametrize(
    ("field", "kind", "hint", "entered", "stored"),
    [
        ("turnover", "number_input", "In EUR. Allowed is a number.", "1200.5", "1200.5"),
        ("share", "number_input", "a number in percent", "12.5", "12.5%"),
        ("fit", "static_select", "a number from 1 to 5", "4", "4"),
        ("stage", "static_select", "Far on", "late", "late"),
        ("member", "static_select", "Yes", "true", "true"),
        ("lorries", "number_input", "a whole number, at least 0", "7", "7"),
    ],
)
def test_each_kind_of_fact_has_its_own_input(
    asking: Office,
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    kind: str,
    hint: str,
    entered: str,
    stored: str,
) -> None:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    opened = form_of(asking, field)
    assert element(opened, "value")["type"] == kind
    assert hint in str(opened.spec)
    assert asking.workspace.submit_view(ANNA, opened, GOOD | {"value": entered}).ok
    assert [(one.field, one.value) for one in recorded(asking)][-1] == (field, stored)


@pytest.mark.parametrize(
    ("field", "given", "sentence"),
    [
        ("share", "lots", "Allowed is a number in percent"),
        ("fit", "9", "9 is beyond that. Allowed is a number from 1 to 5."),
        ("stage", "elsewhere", "Allowed is one of: early, Far on."),
        ("member", "perhaps", "Allowed is one of: Yes, No."),
        ("lorries", "1.5", "Allowed is a whole number, at least 0."),
    ],
)
def test_a_value_that_was_never_offered_is_refused_below_its_input_with_what_is_allowed(
    asking: Office, field: str, given: str, sentence: str
) -> None:
    opened, before = form_of(asking, field), recorded(asking)
    values = {
        "value": {"value": {"selected_option": {"value": given}, "value": given}},
        "day": {"day": {"selected_date": TODAY.isoformat()}},
        "evidence": {"evidence": {"value": "Heard it"}},
    }
    view = {**opened.spec, "id": opened.id, "state": {"values": values}}
    payload = {"type": "view_submission", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}, "view": view}
    answer = asking.deliver("interactive", {**payload, "trigger_id": f"forged {field}"})
    assert sentence in answer["errors"]["value"]
    assert recorded(asking) == before


def test_several_missing_facts_are_a_menu(asking: Office) -> None:
    menu = control(why(asking))
    assert menu["type"] == "static_select"
    fields = [blocks.decode(option["value"]).query for option in menu["options"]]
    assert len(fields) == 3, "those that Why names"
    assert set(fields) <= set(OTHERS)
    assert asking.workspace.click(
        ANNA, asking.workspace.view_of(ANNA), RECORD, menu["options"][1]["value"]
    ).ok
    opened = asking.view_with(str(Action.FACT_FORM))
    assert f"{fields[1]} · ACME" in str(opened.spec)


def test_a_form_without_its_fact_records_nothing(asking: Office) -> None:
    view = {**form_of(asking, "fit").spec, "id": "V9"}
    view |= {"private_metadata": blocks.encode(Pointer(id=acme(asking))), "state": {"values": {}}}
    payload = {"type": "view_submission", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}, "view": view}
    before = recorded(asking)
    answer = asking.deliver("interactive", {**payload, "trigger_id": "forged"})
    assert "older version" in str(answer)
    assert recorded(asking) == before


def test_a_judgement_needs_its_evidence(asking: Office) -> None:
    opened = form_of(asking, "fit")
    needed = [one for one in opened.spec["blocks"] if one.get("block_id") == "evidence"]
    assert "optional" not in needed[0]
    refused = asking.workspace.submit_view(ANNA, opened, GOOD | {"value": "4", "evidence": "   "})
    assert "is a judgement" in refused.errors["evidence"]


def test_a_field_of_no_scheme_has_no_form(asking: Office) -> None:
    press(asking, "nonsense")
    assert asking.view_with("No scheme in force asks for nonsense")
