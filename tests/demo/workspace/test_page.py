"""The page in a real browser: a command, a button, a modal, another person; hostile text stays text."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.demo.workspace import Bilingual, Command, Control, ControlField, Workspace
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.demo.workspace.page.controls import Controls
from bot.demo.workspace.page.switches import SWITCHES, turn
from tests.demo.workspace.conftest import Connect, needs_browser
from tests.demo.workspace.test_interactions import ANNA, GENERAL, LIN, OMAR, button, card, modal, text_input

WEB = Path(__file__).parents[3] / "templates" / "web"


@needs_browser
def test_a_fault_is_switched_on_counted_and_switched_off_in_both_languages(
    workspace: Workspace, client: WebClient, page: Page
) -> None:
    def post() -> None:
        metadata = {"event_type": "tierbot_outbox", "event_payload": {"id": 7, "attempt": 1}}
        client.chat_postMessage(channel=GENERAL, text="a reminder", metadata=metadata)

    lost = page.locator("[data-fault-id=answer_lost]")
    expect(lost).not_to_be_visible()
    page.locator("#faults summary").click()
    lost.get_by_role("switch", name="Slack’s answer gets lost").click()
    workspace.wait_for(lambda: workspace.faults.on)
    expect(page.locator("#faults-on")).to_have_text("1")
    with pytest.raises(RemoteDisconnected):
        post()
    expect(lost.get_by_test_id("struck")).to_have_text("1×")
    expect(page.get_by_test_id("kept")).to_have_text("Messages arrived: 1 · second copies: 0")
    page.get_by_test_id("language-toggle").click()
    lost.get_by_role("switch", name="Slack 的答复丢失").click()
    workspace.wait_for(lambda: not workspace.faults.on)
    post()
    expect(page.get_by_test_id("kept")).to_have_text("已送达消息：2 · 重复：1")
    expect(lost.get_by_test_id("struck")).to_have_text("1×")


def test_each_switch_of_the_page_turns_a_fault_on_and_off(workspace: Workspace) -> None:
    for switch_id in SWITCHES:
        turn(workspace.faults, switch_id, on=True)
    assert {fault.kind for fault in workspace.faults.on.values()} == {
        "lost_closed",
        "server_error",
        "rate_limited",
        "socket_reset",
        "deliver_twice",
        "no_tables",
    }
    for switch_id in SWITCHES:
        turn(workspace.faults, switch_id, on=False)
    assert workspace.faults.on == {}
    with pytest.raises(ApiError, match="fault_not_found"):
        turn(workspace.faults, "anything", on=True)


def register_story(app: App) -> None:
    @app.command("/tier")
    def tier(ack: Ack, respond: Respond, body: dict[str, Any]) -> None:
        ack()
        respond(text="card", blocks=card(button("why"), button("log")))

    @app.action("why")
    def why(ack: Ack, respond: Respond) -> None:
        ack()
        respond(text="Because *orders* grew.", replace_original=False)

    @app.action("log")
    def log(ack: Ack, client: WebClient, body: dict[str, Any]) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(text_input()))

    @app.view("visit")
    def visit(ack: Ack, client: WebClient, view: dict[str, Any]) -> None:
        note = view["state"]["values"]["note"]["typed"]["value"]
        if len(note) < 4:
            ack(response_action="errors", errors={"note": "Say more."})
            return
        ack()
        client.chat_postMessage(channel=OMAR, text=f"Visit: {note}")


@needs_browser
def test_the_story_of_a_command_a_button_a_modal_and_another_person(
    page: Page, workspace: Workspace, connect: Connect
) -> None:
    connect(register_story)
    composer = page.get_by_test_id("composer")
    composer.fill("/ti")
    expect(page.get_by_test_id("completion")).to_have_text(re.compile("/tier CUSTOMER"))
    composer.press("Enter")
    composer.press_sequentially("ACME")
    composer.press("Enter")
    first = page.get_by_test_id("message").first
    expect(first).to_contain_text("Only visible to you")
    page.locator("[data-action-id=why]").click()
    expect(page.get_by_test_id("message").nth(1).locator("strong")).to_have_text("orders")
    page.locator("[data-action-id=log]").click()
    note = page.get_by_test_id("modal").locator("[data-action-id=typed]")
    note.fill("ab")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("input-error")).to_have_text("Say more.")
    expect(note).to_have_value("ab")
    note.fill("They like it")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("modal")).to_have_count(0)
    page.locator(f"[data-user-id={OMAR}]").first.click()
    expect(page.get_by_test_id("message")).to_have_count(0)
    page.locator(f"[data-channel-id={workspace.dm(OMAR)}]").click()
    expect(page.get_by_test_id("message")).to_contain_text("Visit: They like it")


@needs_browser
def test_a_shortcut_is_offered_beside_the_messages_that_everybody_sees(
    page: Page, workspace: Workspace, client: WebClient, connect: Connect
) -> None:
    def register(app: App) -> None:
        @app.shortcut({"type": "message_action", "callback_id": "keep"})
        def keep(ack: Ack, client: WebClient, body: dict[str, Any]) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=modal(text_input()))

    connect(register)
    client.chat_postEphemeral(channel=GENERAL, user=LIN, text="private")
    workspace.say(OMAR, GENERAL, "They want two lines")
    page.locator(f"[data-channel-id={GENERAL}]").click()
    expect(page.get_by_test_id("message")).to_have_count(2)
    page.get_by_test_id("message").filter(has_text="two lines").hover()
    expect(page.get_by_test_id("shortcut")).to_have_text("Keep this")
    page.get_by_test_id("shortcut").click()
    expect(page.get_by_test_id("modal")).to_be_visible()


@needs_browser
def test_what_a_person_types_and_data_contain_stays_text(
    page: Page, workspace: Workspace, client: WebClient
) -> None:
    hostile = "<img src=x onerror=alert(1)> *bold*"
    page.get_by_test_id("composer").fill(hostile)
    page.get_by_test_id("send").click()
    said = page.get_by_test_id("message").first
    expect(said).to_contain_text("<img src=x onerror=alert(1)> bold")
    expect(said.locator("img")).to_have_count(0)
    text = f"<@{ANNA}> <#{GENERAL}> <javascript:alert(1)|click> <https://example.com|site> a_b_c `*x*` :tada: &lt;b&gt;"
    client.chat_postMessage(channel=GENERAL, text=text)
    shown = page.get_by_test_id("message").nth(1)
    expect(shown).to_contain_text("@Anna Schmidt #general click site a_b_c *x* 🎉 <b>")
    expect(shown.locator("a")).to_have_count(1)


@needs_browser
def test_unanswered_and_unknown_commands_are_explained(page: Page, workspace: Workspace) -> None:
    composer = page.get_by_test_id("composer")
    composer.fill("/foo")
    composer.press("Enter")
    expect(page.get_by_test_id("message")).to_contain_text("/foo is not a valid command.")
    composer.fill("/tier ACME")
    composer.press("Enter")
    expect(page.get_by_test_id("message").nth(1)).to_contain_text("dispatch_failed")


@needs_browser
def test_the_language_of_the_page_can_be_changed(page: Page) -> None:
    page.get_by_test_id("language-toggle").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading", name="频道")).to_be_visible()


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(page: Page, client: WebClient, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    client.chat_postMessage(channel=GENERAL, text="x" * 400, blocks=card(button("y" * 70), button("z" * 70)))
    expect(page.get_by_test_id("message")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.getElementById('messages').scrollWidth") <= width


@pytest.mark.skipif(
    shutil.which("node") is None, reason="The syntax of the page's scripts is checked with node."
)
def test_the_scripts_are_valid_and_never_build_markup_from_strings() -> None:
    scripts = sorted(WEB.glob("*.js"))
    assert scripts
    for script in scripts:
        subprocess.run(["node", "--check", str(script)], check=True, capture_output=True)
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text()
        )


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def controls_of(
    workspace: Workspace, run: Callable[[Mapping[str, str], Callable[[str], None]], str]
) -> Controls:
    days = ControlField(
        id="days",
        label=Bilingual("Days", "天数"),
        options={day: Bilingual(day, day) for day in ("1", "7")},
        initial="1",
    )
    return Controls(
        workspace.state, [Control(id="time", label=Bilingual("Go", "走"), run=run, choices=(days,))]
    )


def test_the_page_knows_every_symbol_that_messages_use() -> None:
    used = {
        name
        for path in (WEB.parent / "messages").glob("*.jinja")
        for name in re.findall(r"(?<![\w:]):([a-z][a-z0-9_]+):", path.read_text())
    }
    assert {"warning", "calendar", "card_index_dividers"} <= used
    known = (WEB / "emoji.js").read_text()
    assert {name for name in used if not re.search(rf"[`|\s]{name} ", known)} == set()


def test_a_control_reports_progress_and_its_sentence(workspace: Workspace, gate: threading.Event) -> None:
    def run(values: Mapping[str, str], say: Callable[[str], None]) -> str:
        say("half way")
        gate.wait(5)
        return f"{values['days']} days later"

    controls = controls_of(workspace, run)
    controls.start("time", {"days": "7", "foreign": "x"})
    workspace.wait_for(lambda: controls.runs["time"].sentence == "half way")
    assert controls.runs["time"].status == "running"
    gate.set()
    workspace.wait_for(lambda: controls.runs["time"].status == "done")
    assert controls.runs["time"].sentence == "7 days later"
    controls.wait()


def test_a_control_that_fails_says_why(workspace: Workspace) -> None:
    def run(values: Mapping[str, str], say: Callable[[str], None]) -> str:
        raise ValueError("No orders are left.")

    controls = controls_of(workspace, run)
    controls.start("time", {})
    workspace.wait_for(lambda: controls.runs["time"].status == "failed")
    assert controls.runs["time"].sentence == "No orders are left."
    controls.wait()


@needs_browser
def test_the_controls_run_from_the_page(browser: Browser) -> None:
    def run(values: Mapping[str, str], say: Callable[[str], None]) -> str:
        return f"{values['days']} days later"

    days = ControlField(
        id="days",
        label=Bilingual("Days", "天数"),
        options={day: Bilingual(day, day) for day in ("1", "7")},
        initial="1",
    )
    control = Control(id="time", label=Bilingual("Let time pass", "过"), run=run, choices=(days,))
    with Workspace(
        users=PEOPLE, channels=CHANNELS, controls=[control], commands=[Command(name="/tier")]
    ) as own:
        page = browser.new_page(locale="en-GB")
        page.goto(f"{own.url}/?user={LIN}")
        form = page.locator("form[data-control-id=time]")
        form.locator("select").select_option("7")
        form.get_by_role("button", name="Let time pass").click()
        expect(page.get_by_test_id("control-status")).to_have_text("7 days later")
        page.close()
