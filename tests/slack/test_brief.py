"""Visit brief, scores and notes in Slack: from a card's menu and a digest's row, in both languages."""

import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage
from bot.services.ask.brief import chart
from bot.slack import deferred
from bot.wording.actions import Action
from bot.wording.ask.briefs import ScoreHistory, ScorePoint, TierBoundary
from bot.wording.parts import TierPart
from db.audit import AuditEntry
from db.book.customers import Customer
from db.book.facts import Activity
from db.book.notes import NoteVersion
from db.book.people import Person
from db.graded.runs import Assessment
from db.processes import InboundRequest
from grading.scheme.model import Name
from tests import factories
from tests.slack.office import ANNA, NEWCOMER, PATIENCE, ROOM, Office, eventually, opened_office

NOTE = "They want a second line of pumps"
A, B = (TierPart(id=one, rank=rank, names=Name(en=one, zh=one)) for rank, one in enumerate("AB"))


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(Activity, NoteVersion, InboundRequest)


def customer(office: Office, name: str = "ACME") -> int:
    with office.database.read() as session:
        return session.exec(select(Customer.id).where(Customer.name == name)).one() or 0


def contact(office: Office, note: str = NOTE, days: int = 3) -> int:
    """A visit of Anna that she logged in Slack some days ago."""
    with office.database.write() as session:
        anna = session.exec(select(Person.id).where(Person.name == "Anna")).one()
        number = factories.contact(session, customer(office), today() - timedelta(days=days))
        visit = session.get_one(Activity, number)
        visit.note, visit.person_id, visit.source = note, anna, "slack"
    return number


def today() -> date:
    return SystemClock().now().date()


def brief_of(office: Office, user: str = ANNA) -> StoredMessage:
    before = len(office.said_to(user))
    card = office.card(user)
    assert office.choose_more(user, card, Action.BRIEF).ok
    eventually(lambda: len(office.said_to(user)) > before + 1, "the brief")
    return office.said_to(user)[-1]


def test_the_brief_of_a_card_says_what_was_said_and_only_to_who_asks(office: Office) -> None:
    contact(office)
    shown = brief_of(office)
    assert NOTE in str(shown.blocks)
    assert "visit brief" in str(shown.blocks)
    assert shown.only_for == ANNA
    assert "*Last contact:* Visit on" in str(office.card().blocks)


def test_the_brief_is_in_the_language_of_who_asks(office: Office) -> None:
    contact(office)
    with office.database.write() as session:
        session.exec(update(Person).where(col(Person.name) == "Anna").values(language="zh"))
    try:
        shown = brief_of(office)
    finally:
        with office.database.write() as session:
            session.exec(update(Person).where(col(Person.name) == "Anna").values(language="en"))
    assert "客户管理卡" in str(shown.blocks)
    assert "最近联系" in str(shown.blocks)


def test_the_brief_in_full_is_recorded_before_it_is_shown(office: Office) -> None:
    with office.database.write() as session:
        factories.contact_person(session, customer(office), phone="+4915112345678")
    shown = brief_of(office)
    assert "+4915112345678" not in str(shown.blocks)
    assert office.workspace.click(ANNA, shown, str(Action.BRIEF_IN_FULL)).ok
    eventually(lambda: "+4915112345678" in str(office.said_to(ANNA)[-1].blocks), "the whole brief")
    with office.database.read() as session:
        (entry,) = session.exec(select(AuditEntry).where(col(AuditEntry.action) == "personal_shown")).all()
    assert "contact_person.phone" in str(entry.after)


def test_briefs_in_the_evening_are_switched_on_and_off_by_buttons(office: Office) -> None:
    shown = brief_of(office)
    assert office.workspace.click(ANNA, shown, str(Action.BRIEFS_ON)).ok
    eventually(lambda: "From now on" in str(office.said_to(ANNA)[-1].blocks), "the answer")
    again = brief_of(office)
    assert str(Action.BRIEFS_ON) not in str(again.blocks)
    assert office.workspace.click(ANNA, again, str(Action.BRIEFS_OFF)).ok
    eventually(lambda: "no more briefs" in str(office.said_to(ANNA)[-1].blocks), "the answer")
    with office.database.read() as session:
        assert session.exec(select(Person.briefs).where(Person.name == "Anna")).one() is False


def test_scores_are_said_in_words_where_no_picture_can_be_made(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chart, "can_draw", lambda: False)
    shown = brief_of(office)
    assert office.workspace.click(ANNA, shown, str(Action.SCORE_CHART)).ok
    eventually(lambda: "tierbot[charts]" in str(office.said_to(ANNA)[-1].blocks), "the scores")
    assert "Feb 28, 2026" in str(office.said_to(ANNA)[-1].blocks)


@pytest.mark.skipif(not chart.can_draw(), reason='Pictures need the extra: pip install "tierbot[charts]".')
def test_scores_are_uploaded_as_a_picture_with_their_numbers_in_words(office: Office) -> None:
    channel = office.workspace.dm(ANNA)
    with office.database.write() as session:
        factories.graded(session, {customer(office): "A"}, as_of=date(2026, 3, 31))
        session.execute(update(Assessment).values(score=70.0))
    assert office.workspace.click(ANNA, brief_of(office), str(Action.SCORE_CHART)).ok

    def pictures() -> list[dict[str, Any]]:
        return [one for message in office.workspace.messages(channel) for one in message.files]

    (picture,) = eventually(pictures, "the picture")
    assert picture["name"].endswith(".png")
    with urllib.request.urlopen(f"{office.workspace.url}/files/{picture['id']}") as answer:
        assert answer.read(8) == b"\x89PNG\r\n\x1a\n"
    assert "Feb 28, 2026" in str(office.said_to(ANNA)[-1].blocks)


def test_notes_are_read_changed_and_taken_back_in_the_view(office: Office) -> None:
    contact(office)
    assert office.choose_more(ANNA, office.card(), Action.NOTES).ok
    listed = office.view_with(NOTE)
    assert office.workspace.click(ANNA, listed, str(Action.CHANGE_NOTE)).ok
    form = office.view_with("tierbot_change_note_form")
    assert office.workspace.submit_view(ANNA, form, {"note": "They want two lines"}).ok
    assert office.workspace.close_view(ANNA, office.view_with("Its care steps count")).ok
    listed = office.view_with("They want two lines")
    assert office.workspace.click(ANNA, listed, str(Action.TAKE_BACK_NOTE)).ok
    form = office.view_with("tierbot_take_back_note_form")
    assert office.workspace.submit_view(ANNA, form, {}).ok
    office.view_with("Taken back.")
    assert office.stored(Activity) == []
    assert [one.note for one in office.stored(NoteVersion)] == [NOTE, "They want two lines"]


def test_a_form_whose_answer_is_lost_changes_a_note_once(office: Office) -> None:
    contact(office)
    assert office.choose_more(ANNA, office.card(), Action.NOTES).ok
    assert office.workspace.click(ANNA, office.view_with(NOTE), str(Action.CHANGE_NOTE)).ok
    form = office.view_with("tierbot_change_note_form")
    (bot,) = office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 1.0)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, form, {"note": "once"}).error
    assert office.workspace.submit_view(ANNA, form, {"note": "once"}).ok
    office.view_with("This was saved before.")
    assert len(office.stored(NoteVersion)) == 1


def test_a_day_in_the_future_is_named_below_its_input(office: Office) -> None:
    contact(office)
    assert office.choose_more(ANNA, office.card(), Action.NOTES).ok
    assert office.workspace.click(ANNA, office.view_with(NOTE), str(Action.CHANGE_NOTE)).ok
    form = office.view_with("tierbot_change_note_form")
    assert "future" in office.workspace.submit_view(ANNA, form, {"day": "2999-01-01"}).errors["day"]
    assert office.stored(NoteVersion) == []


def test_older_notes_are_on_the_next_page(office: Office) -> None:
    for days in range(7):
        contact(office, f"note of day {days}", days)
    assert office.choose_more(ANNA, office.card(), Action.NOTES).ok
    listed = office.view_with("note of day 0")
    assert "note of day 5" not in str(listed.spec)
    assert office.workspace.click(ANNA, listed, str(Action.NOTES_OLDER)).ok
    office.view_with("note of day 6")


def test_a_colleague_of_another_book_gets_neither_brief_nor_notes(office: Office) -> None:
    contact(office)
    # Known before, because the first of two presses at once may come while Slack is still asked who it is.
    assert office.workspace.command(NEWCOMER, ROOM, "/tier", "").ok
    eventually(lambda: office.said_to(NEWCOMER, ROOM), "the colleague is known")
    card = office.card(ANNA)
    everybody = office.post({"text": "ACME", "blocks": [card.blocks[-1]]})
    (menu,) = [one for one in card.blocks[-1]["elements"] if one["action_id"] == str(Action.MORE)]
    for action in (Action.BRIEF, Action.NOTES):
        (value,) = [one["value"] for one in menu["options"] if f'"{action}"' in one["value"]]
        office.workspace.click(NEWCOMER, everybody, str(Action.MORE), value)
        office.finish_work()
        view: Any = office.workspace.view_of(NEWCOMER)
        assert NOTE not in f"{office.said_to(NEWCOMER, ROOM)}{view and view.spec}"
    assert "不能查看这张卡片" in f"{office.said_to(NEWCOMER, ROOM)}"


def history(name: str) -> ScoreHistory:
    return ScoreHistory(
        customer_id=1,
        version=1,
        name=name,
        code="C-1",
        points=tuple(
            ScorePoint(as_of=date(2026, month, 28), tier=B, score=50.0 + month) for month in range(1, 11)
        ),
        boundaries=(TierBoundary(tier=A, at=70.0), TierBoundary(tier=B, at=0.0)),
    )


@pytest.mark.parametrize("name", ["三一重工股份有限公司", "$x^2$ & <b>", "شركة", "\ud800\x00", "x" * 500])
@pytest.mark.filterwarnings("error::UserWarning")  # of matplotlib: a glyph is missing
def test_a_picture_has_the_right_glyphs_whatever_the_name(name: str) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("pylopdf_fonts_zh_cn")
    words = chart.ChartWords(title=name, score="得分", boundaries=("重点客户", "普通客户"))
    picture = chart.draw(history(name), words)
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert picture == chart.draw(history(name), words)


def test_one_score_makes_no_line() -> None:
    one = history("ACME")
    words = chart.ChartWords(title="ACME", score="Score", boundaries=("A", "B"))
    few = ScoreHistory(**{**vars(one), "points": one.points[:1]})
    assert chart.draw(few, words) is None
