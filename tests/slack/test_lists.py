"""A list in Slack: pages, cards and the way back, tables where Slack has them, and files in direct messages."""

import csv
import io
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlmodel import col, select

from bot.demo.workspace import StoredMessage
from bot.services.ask.listing.compared import compared
from bot.services.ask.listing.listed import listed
from bot.services.ask.questions.query import Filters, Listing, Silence, SilentFor, Sort
from bot.slack import blocks
from bot.wording.actions import Action
from bot.wording.message_base import Message
from db.audit import AuditAction
from db.book.people import Person
from db.usage import customers_seen
from tests import factories
from tests.recorded import recorded
from tests.slack.office import ANNA, Office, eventually, opened_office

FIRMS = 23
QUERY = Listing(filters=Filters(silent_for=(SilentFor(what=Silence.VISIT, days=30),)), sort=Sort.NAME)
HOSTILE = ("=1+1", "<!channel> *x*", "@SUM(A1)", "+49 1", "名" * 200)
ALL = 2 + FIRMS + len(HOSTILE)  # with ACME and Globex


@pytest.fixture(scope="module")
def office(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as made:
        with made.database.write() as session:
            anna = session.exec(select(Person.id).where(col(Person.slack_user_id) == ANNA)).one()
            for number in range(FIRMS):
                factories.customer(session, f"Firm {number:02}", owner_id=anna)
            for name in HOSTILE:
                factories.customer(session, name, owner_id=anna)
        yield made


@pytest.fixture(autouse=True)
def _no_fault(office: Office) -> Iterator[None]:
    office.bots[0].tierbot.tables.note(taken=True)
    yield
    office.tidy()


class Conversation:
    """Anna's direct messages with the bot."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.bot = office.bots[0].tierbot
        self.channel = office.workspace.dm(ANNA)

    def say(self, message: Message, **how: Any) -> StoredMessage:
        return self.office.post(blocks.payload(self.bot.renderer, message, "en", **how), self.channel)

    def listed(self, query: Listing = QUERY, start: int = 0) -> StoredMessage:
        actor = self.bot.deps.identify(ANNA)
        with self.bot.database.read() as session:
            rules = self.bot.rules_in(session)
            today = actor.today(self.bot.clock.now())
            found = listed(session, self.bot.scheme_cache, rules, actor, query, today, start)
        return self.say(found)

    def now(self, message: StoredMessage) -> StoredMessage:
        return next(m for m in self.office.workspace.messages(self.channel, ANNA) if m.ts == message.ts)

    def press(self, message: StoredMessage, action: str) -> StoredMessage:
        """The message after a press on it, which changes it or brings another one."""
        before = self.office.workspace.messages(self.channel, ANNA)
        assert self.office.workspace.click(ANNA, self.now(message), action).ok
        eventually(lambda: self.office.workspace.messages(self.channel, ANNA) != before, "an answer")
        self.office.finish_work()
        return self.now(message)

    def files(self) -> list[tuple[StoredMessage, dict[str, Any]]]:
        found = self.office.workspace.messages(self.channel)
        return [(message, one) for message in found for one in message.files]

    def said(self) -> str:
        return str(self.office.workspace.messages(self.channel, ANNA)[-1])

    def looked_at_in_database(self) -> int:
        """How many customers Anna has looked at today, once a thread has written all of them."""
        person, bounds = self.bot.deps.identify(ANNA).person_id, self.bot.bounds
        remembered = bounds._askers.get(person)
        counted = remembered.stored + remembered.unstored if remembered else 0

        def written() -> bool:
            with self.office.database.read() as session:
                return customers_seen(session, person, self.bot.today()) >= counted

        eventually(written, "the count of the customers looked at")
        with self.office.database.read() as session:
            return customers_seen(session, person, self.bot.today())


@pytest.fixture
def talk(office: Office) -> Conversation:
    return Conversation(office)


def table_of(message: StoredMessage) -> dict[str, Any] | None:
    return next((block for block in message.blocks if block["type"] == "data_table"), None)


def names(message: StoredMessage) -> list[str]:
    table = table_of(message)
    assert table is not None
    return [row[1]["text"] for row in table["rows"][1:]]


def ids(message: StoredMessage) -> set[str]:
    return {
        one["action_id"]
        for block in message.blocks
        for one in block.get("elements", ())
        if "action_id" in one
    }


def test_more_shows_the_next_page_as_a_table_and_before_the_one_before(talk: Conversation) -> None:
    first = talk.listed()
    assert table_of(first) is None  # nobody would hear that an answer with a table was refused
    second = talk.press(first, Action.LIST_NEXT)
    found = names(second)
    assert len(found) == 10
    third = talk.press(second, Action.LIST_NEXT)
    assert not set(names(third)) & set(found)
    assert names(talk.press(third, Action.LIST_BEFORE)) == found
    assert f"{ALL} customers" in table_of(third)["caption"]  # type: ignore[index]


def test_a_card_leads_back_to_the_page_of_its_list(talk: Conversation) -> None:
    second = talk.press(talk.listed(), Action.LIST_NEXT)
    found = names(second)
    card = talk.press(second, f"{Action.OPEN_LISTED}.3")
    assert Action.LOG_VISIT in ids(card)
    assert found[3] in str(card.blocks)
    back = talk.press(card, Action.TO_LIST)
    assert names(back) == found


def test_an_old_workspace_gets_sections_and_is_asked_once(office: Office, talk: Conversation) -> None:
    office.workspace.faults.switch("no_tables")
    before = office.workspace.faults.struck.get("no_tables", 0)
    page = talk.press(talk.listed(), Action.LIST_NEXT)
    assert table_of(page) is None
    assert "11." in str(page.blocks)
    page = talk.press(page, Action.LIST_BEFORE)
    assert "1." in str(page.blocks)
    assert office.workspace.faults.struck["no_tables"] == before + 1


def test_a_hostile_name_is_text_in_a_table_and_in_sections(talk: Conversation) -> None:
    shown = ""
    page = talk.listed(start=10)
    for action in (Action.LIST_BEFORE, Action.LIST_NEXT, Action.LIST_NEXT):
        page = talk.press(page, action)
        shown += str((table_of(page) or {"rows": []})["rows"])
    assert "raw_text" in shown
    assert "<!channel>" not in shown


def read(office: Office, file: dict[str, Any]) -> bytes:
    with urllib.request.urlopen(f"{office.workspace.url}/files/{file['id']}") as answer:
        assert "attachment" in answer.headers["Content-Disposition"]
        return bytes(answer.read())


def test_as_csv_sends_every_customer_to_the_direct_messages_and_runs_nothing(
    office: Office, talk: Conversation
) -> None:
    talk.press(talk.listed(), Action.LIST_CSV)
    message, file = talk.files()[-1]
    assert file["name"].endswith(".csv")
    assert f"{ALL} customers" in message.text
    rows = list(csv.reader(io.StringIO(read(office, file).decode("utf-8-sig"))))
    assert len(rows) == 1 + ALL
    cells = {cell for row in rows for cell in row}
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    (last,) = recorded(office.database, AuditAction.EXPORTED)[-1:]
    assert (last.object, last.after) == ("book list", f'{{"customers":{ALL},"format":"csv"}}')


def test_as_a_file_sends_a_workbook_without_a_formula_or_a_link(office: Office, talk: Conversation) -> None:
    talk.press(talk.listed(), Action.LIST_FILE)
    _, file = talk.files()[-1]
    with zipfile.ZipFile(io.BytesIO(read(office, file))) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        texts = book.read("xl/sharedStrings.xml").decode()
        assert not [name for name in book.namelist() if "rels" in name and "worksheets" in name]
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert len(sheet.findall(f".//{space}row")) == 2 + ALL  # what was asked, the titles, the customers
    assert sheet.findall(f".//{space}f") == []
    assert sheet.findall(f".//{space}hyperlink") == []
    assert "=1+1" in texts


def test_a_file_has_no_more_customers_than_one_may_look_at_on_a_day(
    office: Office, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = office.bots[0].tierbot.bounds
    page = talk.listed()
    seen = talk.looked_at_in_database()
    bounds._askers.clear()
    monkeypatch.setattr(bounds._settings, "customers_per_day", seen + 12)
    talk.press(page, Action.LIST_CSV)
    _, file = talk.files()[-1]
    rows = list(csv.reader(io.StringIO(read(office, file).decode("utf-8-sig"))))
    assert len(rows) == 1 + 12
    assert f"{ALL - 12} customers are left out" in talk.said()
    many = len(talk.files())
    assert talk.looked_at_in_database() == seen + 12
    bounds._askers.clear()
    monkeypatch.setattr(bounds._settings, "customers_per_day", 1)
    talk.press(page, Action.LIST_CSV)
    assert len(talk.files()) == many
    assert "Ask for the file tomorrow" in talk.said()


def test_without_the_scope_a_sentence_says_what_to_do(
    office: Office, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = office.workspace.platform
    monkeypatch.setattr(platform, "scopes", platform.scopes - {"files:write"})
    many = len(talk.files())
    talk.press(talk.listed(), Action.LIST_FILE)
    assert len(talk.files()) == many
    assert "files:write" in talk.said()
    assert "tierbot manifest" in talk.said()


def test_a_name_that_is_not_clear_is_chosen_and_the_customers_stand_beside_each_other(
    talk: Conversation,
) -> None:
    actor = talk.bot.deps.identify(ANNA)
    with talk.bot.database.read() as session:
        asked = compared(
            session,
            talk.bot.scheme_cache,
            talk.bot.rules_in(session),
            actor,
            ("ACME", "Firm"),
            actor.today(talk.bot.clock.now()),
        )
    beside = talk.press(talk.say(asked), f"{Action.COMPARE}.0")
    text = str(beside.blocks)
    assert "ACME" in text
    assert "Firm 0" in text
    assert "last contact" in text or "never contacted" in text


@pytest.mark.parametrize("action", [Action.LIST_NEXT, Action.LIST_FILE, Action.TO_LIST])
@pytest.mark.parametrize(
    "value", ['{"id":0,"v":0}', '{"id":0,"v":0,"q":"l;t"}', '{"id":0,"v":0,"q":"<!channel>"}']
)
def test_a_forged_button_is_refused_with_words(
    office: Office, talk: Conversation, action: Action, value: str
) -> None:
    button = {
        "type": "button",
        "action_id": str(action),
        "value": value,
        "text": {"type": "plain_text", "text": "."},
    }
    forged = office.post({"text": "x", "blocks": [{"type": "actions", "elements": [button]}]}, talk.channel)
    many = len(talk.files())
    talk.press(forged, action)
    assert "older version" in talk.said()
    assert len(talk.files()) == many
