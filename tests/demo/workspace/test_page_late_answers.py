"""The page while the server's answer is on its way: no answer changes what a person has typed since.

Nothing here depends on how long anything takes: an answer is held back until the test lets it go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, Locator, Page, Route, expect
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.demo.workspace import Bilingual, Command, Control, ControlField, Workspace
from bot.demo.workspace.default_team import CHANNELS, KEY_ACCOUNTS, MANAGERS, PEOPLE
from tests.demo.workspace.conftest import Connect, needs_browser
from tests.demo.workspace.test_interactions import ANNA, GENERAL, LIN, OMAR, button, card, modal, text_input

pytestmark = needs_browser

POLL_MS = 10
LONGEST_MS = 20_000


class HeldBack:
    """The page's requests of one kind, each of which waits for the test."""

    def __init__(self, page: Page, kind: str) -> None:
        self._page = page
        self._kind = kind
        self._routes: list[Route] = []
        self._is_over = False
        page.route(f"**/page/{kind}*", self._keep)

    def _keep(self, route: Route) -> None:
        if self._is_over:
            route.continue_()
        else:
            self._routes.append(route)

    def asked(self) -> Route:
        """The next request, once the page has made it. The server does not know of it yet."""
        for _ in range(LONGEST_MS // POLL_MS):
            if self._routes:
                return self._routes.pop(0)
            self._page.wait_for_timeout(POLL_MS)
        raise TimeoutError(self._kind)

    def carried_out(self) -> tuple[Route, APIResponse]:
        """The next request with its answer: the server has done what it asks, and the page does not know it."""
        route = self.asked()
        return route, route.fetch()

    def end(self) -> None:
        """Let go what was not asked for here, and hold nothing back any more."""
        self._is_over = True
        for route in self._routes:
            route.continue_()


@pytest.fixture
def composer(page: Page) -> Locator:
    return page.get_by_test_id("composer")


def write(page: Page, composer: Locator, words: str) -> None:
    composer.focus()
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def refuse(page: Page, route: Route, error: str = "is_archived", message: str = "") -> None:
    """Answer that a line was not taken, and wait until the page says so."""
    route.fulfill(json={"ok": False, "error": error, "message": message, "errors": {}})
    expect(page.get_by_test_id("toast")).to_contain_text(message or "This channel is archived.")


def nothing_is_awaited(page: Page) -> None:
    expect(page.get_by_test_id("composer-form")).not_to_have_attribute("aria-busy", "true")


def take_in_answers(page: Page) -> None:
    """Give the page a round trip in which it acts on the answers it has been given."""
    page.evaluate("fetch('/assets/mark.svg').then((answer) => answer.text())")


def channel(page: Page, channel_id: str) -> Locator:
    return page.locator(f"[data-channel-id={channel_id}]")


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_second_command_is_sent_as_typed_whenever_the_first_is_answered(
    page: Page, composer: Locator, moment: str
) -> None:
    held = HeldBack(page, "command")
    write(page, composer, "/foo")
    expect(composer).to_have_value("")
    first, answer = held.carried_out()
    expect(page.get_by_test_id("message")).to_contain_text("/foo is not a valid command.")
    held.end()

    def answer_at(now: str) -> None:
        if now == moment:
            first.fulfill(response=answer)
            nothing_is_awaited(page)

    answer_at("before")
    page.keyboard.type("/ti")
    answer_at("within")
    page.keyboard.type("er ACME")
    expect(composer).to_have_value("/tier ACME")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("message").nth(1)).to_contain_text(
        '/tier failed with the error "dispatch_failed"'
    )
    answer_at("after")
    nothing_is_awaited(page)
    expect(composer).to_have_value("")


def unsent(page: Page) -> Locator:
    return page.get_by_test_id("unsent")


def test_a_line_that_was_not_sent_can_be_sent_again(page: Page, composer: Locator) -> None:
    held = HeldBack(page, "say")
    write(page, composer, "hello")
    refuse(page, held.asked())
    expect(unsent(page)).to_contain_text("hello")
    held.end()
    page.get_by_test_id("send-again").click()
    expect(page.get_by_test_id("message")).to_contain_text("hello")
    expect(unsent(page)).to_have_count(0)
    expect(composer).to_have_value("")


def test_a_command_the_server_could_not_read_can_be_sent_again(page: Page, composer: Locator) -> None:
    held = HeldBack(page, "command")
    write(page, composer, "/tier ACME")
    refuse(page, held.asked(), "bad_request", "no such thing")
    expect(unsent(page)).to_contain_text("/tier ACME")


def test_a_line_that_was_not_sent_can_be_dropped(page: Page, composer: Locator) -> None:
    held = HeldBack(page, "say")
    write(page, composer, "hello")
    refuse(page, held.asked())
    page.get_by_role("button", name="Drop").click()
    expect(unsent(page)).to_have_count(0)
    expect(composer).to_be_focused()


@pytest.mark.parametrize("ending", ["", "Enter"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_line_that_was_not_sent_stays_beside_what_is_typed(
    page: Page, composer: Locator, ending: str, moment: str
) -> None:
    held = HeldBack(page, "say")
    write(page, composer, "first")
    first = held.asked()
    held.end()
    if moment == "before":
        refuse(page, first)
    page.keyboard.type("second")
    if ending:
        page.keyboard.press(ending)
        expect(page.get_by_test_id("message")).to_contain_text("second")
    if moment == "after":
        refuse(page, first)
    expect(composer).to_have_value("" if ending else "second")
    expect(unsent(page)).to_contain_text("first")


def test_two_lines_that_were_not_sent_are_both_kept(page: Page, composer: Locator) -> None:
    held = HeldBack(page, "say")
    for words in ("first", "second"):
        write(page, composer, words)
    for _ in range(2):
        held.asked().fulfill(json={"ok": False, "error": "is_archived", "message": "", "errors": {}})
    expect(unsent(page)).to_have_count(2)
    expect(unsent(page).nth(0)).to_contain_text("first")
    expect(unsent(page).nth(1)).to_contain_text("second")


def test_a_line_that_was_not_sent_waits_in_its_own_conversation(page: Page, composer: Locator) -> None:
    held = HeldBack(page, "say")
    write(page, composer, "for everybody")
    first = held.asked()
    channel(page, KEY_ACCOUNTS.id).click()
    expect(channel(page, KEY_ACCOUNTS.id)).to_have_attribute("aria-current", "page")
    refuse(page, first)
    expect(unsent(page)).to_have_count(0)
    channel(page, GENERAL).click()
    expect(unsent(page)).to_contain_text("for everybody")
    held.end()
    page.get_by_test_id("send-again").click()
    expect(page.get_by_test_id("message")).to_contain_text("for everybody")


def test_a_line_goes_to_the_conversation_that_was_opened_before_it_was_typed(
    page: Page, composer: Locator, workspace: Workspace
) -> None:
    composer.fill("a draft")
    held = HeldBack(page, "state")
    channel(page, KEY_ACCOUNTS.id).click()
    write(page, composer, "for the key accounts")
    page.keyboard.type("and")
    held.end()
    expect(channel(page, KEY_ACCOUNTS.id)).to_have_attribute("aria-current", "page")
    expect(page.get_by_test_id("message")).to_contain_text("for the key accounts")
    expect(composer).to_have_value("and")
    channel(page, GENERAL).click()
    expect(composer).to_have_value("a draft")
    assert workspace.messages(GENERAL) == ()


@pytest.mark.parametrize("ending", ["", "Enter"])
def test_what_is_typed_before_the_page_is_filled_stays(page: Page, composer: Locator, ending: str) -> None:
    held = HeldBack(page, "state")
    page.reload()
    composer.focus()
    page.keyboard.type("/ti")
    if ending:
        page.keyboard.press(ending)
    held.end()
    expect(page.get_by_test_id("channel")).not_to_have_count(0)
    expect(composer).to_have_value("/ti")
    expect(page.get_by_test_id("completion")).to_have_count(1)


def test_what_is_typed_goes_along_to_where_the_server_leads(
    page: Page, composer: Locator, workspace: Workspace
) -> None:
    page.goto(f"{workspace.url}/?user={OMAR}&channel={MANAGERS.id}")
    expect(channel(page, MANAGERS.id)).to_have_attribute("aria-current", "page")
    held = HeldBack(page, "state")
    page.locator(f"[data-user-id={ANNA}]").click()
    composer.focus()
    page.keyboard.type("hello")
    held.end()
    expect(channel(page, GENERAL)).to_have_attribute("aria-current", "page")
    expect(composer).to_have_value("hello")


def test_two_persons_are_chosen_before_the_page_shows_the_first(page: Page, workspace: Workspace) -> None:
    own = workspace.dm(LIN)
    channel(page, own).click()
    expect(channel(page, own)).to_have_attribute("aria-current", "page")
    held = HeldBack(page, "state")
    page.locator(f"[data-user-id={ANNA}]").click()
    page.locator(f"[data-user-id={OMAR}]").click()
    held.end()
    expect(channel(page, workspace.dm(OMAR))).to_have_attribute("aria-current", "page")


def customer_select() -> dict[str, Any]:
    return {"type": "external_select", "action_id": "customer", "min_query_length": 1}


def offer_what_is_typed(app: App) -> None:
    @app.options("customer")
    def customers(ack: Ack, payload: dict[str, Any]) -> None:
        typed = payload["value"]
        ack(options=[{"text": {"type": "plain_text", "text": f"{typed} Ltd"}, "value": typed}])

    @app.action("customer")
    def chosen(ack: Ack) -> None:
        ack()


def test_suggestions_are_those_for_what_is_typed_now(page: Page, client: WebClient, connect: Connect) -> None:
    connect(offer_what_is_typed)
    client.chat_postMessage(channel=GENERAL, text="which", blocks=card(customer_select()))
    field, offered = page.locator("input[data-action-id=customer]"), page.locator("[data-option]")
    held = HeldBack(page, "suggest")
    field.focus()
    page.keyboard.type("A")
    first, for_the_first = held.carried_out()
    page.keyboard.type("C")
    second, for_the_second = held.carried_out()
    second.fulfill(response=for_the_second)
    expect(offered).to_have_text("AC Ltd")
    first.fulfill(response=for_the_first)
    take_in_answers(page)
    expect(offered).to_have_text("AC Ltd")
    page.keyboard.type("M")
    third, for_the_third = held.carried_out()
    offered.click()
    third.fulfill(response=for_the_third)
    take_in_answers(page)
    expect(offered).to_be_hidden()
    expect(field).to_have_value("AC Ltd")


def open_form(
    connect: Connect, page: Page, client: WebClient, form: dict[str, Any], register: Callable[[App], None]
) -> None:
    """Have a form opened by a button of a message."""

    def listen(app: App) -> None:
        register(app)

        @app.action("open")
        def open_it(ack: Ack, body: dict[str, Any]) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=form)

    connect(listen)
    client.chat_postMessage(channel=GENERAL, text="a form", blocks=card(button("open")))
    page.locator("[data-action-id=open]").click()
    expect(page.get_by_test_id("modal")).to_be_visible()


def test_a_form_drawn_once_more_shows_what_was_searched_and_chosen(
    page: Page, client: WebClient, connect: Connect
) -> None:
    def register(app: App) -> None:
        offer_what_is_typed(app)

        @app.view("visit")
        def complain(ack: Ack, view: dict[str, Any]) -> None:
            chosen = view["state"]["values"]["who"]["customer"]["selected_option"]
            ack(response_action="errors", errors={"note": f"Say more of {chosen and chosen['value']}."})

    who = {
        "type": "input",
        "block_id": "who",
        "label": {"type": "plain_text", "text": "Customer"},
        "element": customer_select(),
        "optional": True,
    }
    open_form(connect, page, client, modal(who, text_input(optional=True)), register)
    field = page.locator("input[data-action-id=customer]")
    field.fill("ACME")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("input-error")).to_have_text("Say more of None.")
    expect(field).to_have_value("ACME")
    field.fill("ACM")
    page.locator("[data-option=ACM]").click()
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("input-error")).to_have_text("Say more of ACM.")
    expect(field).to_have_value("ACM Ltd")


def test_what_is_typed_into_a_form_outlives_the_answer_to_the_form_before_it(
    page: Page, client: WebClient, connect: Connect
) -> None:
    def register(app: App) -> None:
        @app.view("visit")
        def ask_on(ack: Ack, view: dict[str, Any]) -> None:
            if "note" in view["state"]["values"]:
                ack(response_action="update", view=modal(text_input("next")))
            else:
                ack(response_action="errors", errors={"next": "Say more."})

    open_form(connect, page, client, modal(text_input()), register)
    page.get_by_test_id("modal").locator("[data-action-id=typed]").fill("They like it")
    held = HeldBack(page, "submit")
    page.get_by_test_id("modal-submit").click()
    first, answer = held.carried_out()
    held.end()
    following = page.locator("[data-block-id=next] [data-action-id=typed]")
    following.fill("Now")
    first.fulfill(response=answer)
    take_in_answers(page)
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("input-error")).to_have_text("Say more.")
    expect(following).to_have_value("Now")


def test_what_is_typed_into_a_control_outlives_its_progress(browser: Browser) -> None:
    gate = threading.Event()

    def run(values: Mapping[str, str], say: Callable[[str], None]) -> str:
        gate.wait()
        return f"{values['name']} has grown"

    name = ControlField(id="name", label=Bilingual("Name", "名称"), kind="text", initial="ACME")
    control = Control(id="grow", label=Bilingual("Grow", "增长"), run=run, choices=(name,))
    with Workspace(
        users=PEOPLE, channels=CHANNELS, controls=[control], commands=[Command(name="/tier")]
    ) as own:
        page = browser.new_page(locale="en-GB")
        page.goto(own.url)
        field = page.locator("form[data-control-id=grow] input")
        page.get_by_role("button", name="Grow").click()
        expect(page.get_by_test_id("control-status")).to_have_attribute("data-status", "running")
        field.fill("Nor")
        gate.set()
        expect(page.get_by_test_id("control-status")).to_have_text("ACME has grown")
        expect(field).to_have_value("Nor")
        page.keyboard.type("th")
        expect(field).to_have_value("North")
        page.close()
