"""Whatever a message holds, its payload stays within Slack's limits and says nothing the bot did not mean."""

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot.demo.workspace.limits.blocks import check_blocks, check_view
from bot.services.ops.templates import sample
from bot.slack import blocks, deferred, forms
from bot.slack.listeners import register_all
from bot.wording import catalogue
from bot.wording.actions import Action, RowChoice
from bot.wording.answers.risk import AtRisk
from bot.wording.ask.notes import CustomerNotes
from bot.wording.ask.proposals import ProposalNotice
from bot.wording.care.digest import CareDigest, CareRow
from bot.wording.care.escalations import CareEmergency, CareEscalation
from bot.wording.message_base import Message, Slots
from bot.wording.messages import MESSAGES, Choice, Hit, MyCustomers, Problem, TierCard
from bot.wording.parts import MASKED, TierPart, Who
from bot.wording.private import ContactRow
from bot.wording.rendering import Renderer, escape
from grading.scheme.model import Name
from tests.slack.strategies import HOSTILE, SOMEBODY, longest, values

CLASSES = pytest.mark.parametrize("kind", MESSAGES.values(), ids=lambda kind: kind.__name__)
LANGUAGES = pytest.mark.parametrize("language", catalogue.LANGUAGES)
RENDERER = Renderer()
ENTITY = re.compile(r"&(?:amp|lt|gt);")


def payload(message: Message, language: str) -> dict[str, Any]:
    return blocks.payload(RENDERER, message, language)


def modal(message: Message, language: str) -> dict[str, Any]:
    return blocks.modal(RENDERER, message, language, "Why this tier")


def visit_form(name: str, language: str) -> dict[str, Any]:
    return forms.visit_form(name, "K1", date(2026, 3, 31), '{"customer": "1"}', catalogue.gettext(language))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a payload, however deep."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def strings(value: Any) -> list[str]:
    return [text for part in objects(value) for text in part.values() if isinstance(text, str)]


def people(value: Any) -> set[str]:
    """The Slack users a message speaks of."""
    if isinstance(value, Who):
        return {value.slack_user_id} if value.slack_user_id else set()
    if isinstance(value, tuple):
        return set().union(*map(people, value))
    if dataclasses.is_dataclass(value):
        return set().union(*(people(getattr(value, field.name)) for field in dataclasses.fields(value)))
    return set()


def assert_means_only_what_we_say(content: dict[str, Any], meant: set[str]) -> None:
    """No mention, channel, command or link but a mention of somebody the message is about."""
    built = {f"<@{person}>" for person in meant if re.fullmatch("[UW][A-Z0-9]{2,}", person)}
    for text in strings(content):
        assert set(re.findall(r"<[^>]*>?", text)) <= built, text
        assert ">" not in re.sub(r"<[^>]*>", "", text), text
        json.dumps(text).encode()
        assert not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff\u202a-\u202e\u200e\u200f]", text)
    for part in objects(content):
        if part.get("type") == "mrkdwn":
            assert part["verbatim"] is True
            assert "&" not in ENTITY.sub("", part["text"]), part["text"]
        if part.get("type") == "plain_text":
            assert "<" not in part["text"]
        if "value" in part and part.get("type") != "raw_number" and part["value"] not in forms.VISIT_KINDS:
            assert {"id", "v"} <= set(json.loads(part["value"])) <= {"id", "v", "of", "do", "q"}


def assert_slack_takes(message: Message, language: str) -> None:
    content = payload(message, language)
    check_blocks(content["blocks"])
    assert 0 < len(content["text"]) <= blocks.FALLBACK
    assert "&" not in ENTITY.sub("", content["text"])
    assert_means_only_what_we_say(content, people(message))
    as_table = blocks.payload(RENDERER, message, language, with_table=True)
    check_blocks(as_table["blocks"])
    assert_means_only_what_we_say(as_table, people(message))
    view = modal(message, language)
    check_view(view)
    assert_means_only_what_we_say(view, people(message))


@CLASSES
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_slack_takes_any_message(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(values(kind))
    for language in catalogue.LANGUAGES:
        assert_slack_takes(message, language)


@CLASSES
@LANGUAGES
def test_slack_takes_a_message_of_hostile_texts(kind: type[Message], language: str) -> None:
    for text in HOSTILE:
        message = longest(kind, text, many=3)
        assert_slack_takes(message, language)
        if "&" not in text:
            assert not re.search("&#|&amp;", "".join(strings(payload(message, language)))), "escaped twice"


def formatting(content: dict[str, Any]) -> list[str]:
    """The characters of a message that Slack formats, and its emoji."""
    found: list[str] = []
    for part in objects(content):
        if part.get("type") == "mrkdwn":
            found += re.findall(
                r"[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:[^\s:]+:|^(?:&gt;|>)", part["text"], re.MULTILINE
            )
        if part.get("type") == "plain_text":
            found += re.findall(r":[^\s:]+:", part["text"])
    return found + re.findall(r"[*~`]|:[^\s:]+:", content.get("text", ""))


FORMATTING = ("*x*", "_x_", "~x~", "```x```", ":100:", ":100", "100:", "a:100:b", "> x", "*_~`:x:`~_*", "*")


@CLASSES
@LANGUAGES
def test_no_name_formats_a_message_or_becomes_an_emoji(kind: type[Message], language: str) -> None:
    plain = longest(kind, "x", many=3)
    for name in FORMATTING:
        named = longest(kind, name, many=3)
        for made in (payload, modal):
            assert formatting(made(named, language)) == formatting(made(plain, language)), name


@pytest.mark.parametrize("name", ["*x*", "_x_", "CUST_001", "a~b", "`x`", "12:30 o'clock", "Re: offer"])
def test_a_header_shows_a_name_as_it_is_written(name: str) -> None:
    assert blocks.plain(escape(name), 150)["text"] == name


@CLASSES
@LANGUAGES
@pytest.mark.parametrize(
    "text", ["x" * 10_000, "&" * 10_000, "客" * 10_000], ids=["latin", "escaped", "chinese"]
)
def test_slack_takes_the_longest_message(kind: type[Message], language: str, text: str) -> None:
    assert_slack_takes(longest(kind, text), language)


@CLASSES
@LANGUAGES
@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_a_typical_message_says_everything_unclipped(kind: type[Message], language: str, full: bool) -> None:
    message = sample(kind, full=full)
    assert_slack_takes(message, language)
    # The ellipses of ours open menus and forms.
    gettext = catalogue.gettext(language)
    menus = {
        gettext("Show a card…"),
        *(gettext(action.label) for action in Action if action.label.endswith("…")),
        *(gettext(c.label) for c in RowChoice),
    }
    assert [text for text in strings(payload(message, language)) if "…" in text and text not in menus] == []


@CLASSES
@LANGUAGES
@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_bold_and_code_stand_apart_from_the_words_around_them(
    kind: type[Message], language: str, full: bool
) -> None:
    # Slack shows the marks themselves otherwise, also between Chinese characters.
    for part in objects(payload(sample(kind, full=full), language)):
        if part.get("type") == "mrkdwn":
            text = re.sub(r"^```[^`]+```$", "", part["text"])  # a paragraph that is a block of code
            rest = re.sub(r"(?<!\S)(\*[^*\n]+\*|`[^`\n]+`)(?!\S)", "", text)
            assert "*" not in rest, part["text"]
            assert "`" not in rest, part["text"]


@pytest.fixture(scope="module")
def app() -> App:
    """A Bolt app with every listener; what they defer is not begun."""
    app = App(
        signing_secret="unused",
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T0LOCAL", bot_token="xoxb-local"),
        process_before_response=True,
        token_verification_enabled=False,
    )
    nothing: Any = None
    register_all(app, nothing, deferred.queues(lambda error, press: None))
    return app


def is_heard(app: App, action_id: str, choice: dict[str, Any] | None = None) -> bool:
    action = {"action_id": action_id, "block_id": "b", "type": "button", "action_ts": "1.0"}
    body = {
        "type": "block_actions",
        "team": {"id": "T0LOCAL"},
        "user": {"id": SOMEBODY},
        "actions": [{**action, "selected_option": choice} if choice else action],
    }
    return app.dispatch(BoltRequest(mode="socket_mode", body=body)).status == 200


@CLASSES
def test_every_declared_action_is_shown_and_has_a_listener(kind: type[Message], app: App) -> None:
    message = sample(kind, full=True)
    if isinstance(message, TierCard):  # one button is only there where something is masked
        message = dataclasses.replace(message, up=(dataclasses.replace(message.up[0], value=MASKED),))
    rows = 0
    if isinstance(message, CareDigest):  # the buttons of open rows come before those of the message
        (row,), (complaint,), (promise,) = message.rows, message.complaints, message.promises
        message = dataclasses.replace(
            message,
            rows=(dataclasses.replace(row, state="open"),),
            complaints=(dataclasses.replace(complaint, state="open", may_undo=True),),
            promises=(dataclasses.replace(promise, state="open", may_undo=True),),
        )
        rows = 3 + 4 + 4
    elif kind.rows_of and isinstance(getattr(message, kind.rows_of)[0], ContactRow):
        rows = 1 if kind.buttons else 0
        message = dataclasses.replace(
            message, people=tuple(dataclasses.replace(one, may_change=bool(rows)) for one in message.people)
        )
    elif isinstance(message, CustomerNotes):  # a page between others
        (note,) = message.notes
        message = dataclasses.replace(
            message, notes=(dataclasses.replace(note, may_change=True),), start=5, total=20
        )
        rows = 2
    elif kind is AtRisk:
        rows = 2
    elif isinstance(message, ProposalNotice):  # what is over is not decided
        message = dataclasses.replace(message, row=dataclasses.replace(message.row, state="waiting"))
    elif kind.rows_of:  # the buttons of an open row come before those of the message
        (row,) = getattr(message, kind.rows_of)
        message = dataclasses.replace(message, **{kind.rows_of: (dataclasses.replace(row, state="open"),)})
        rows = 3 if isinstance(row, CareRow) else 0
    made = payload(message, "en")["blocks"]
    found = [
        element["action_id"]
        for block in made
        for element in block.get("elements", ())
        if "action_id" in element
    ]
    shown = found[rows:]
    beside = [block["accessory"]["action_id"] for block in made if "accessory" in block]
    assert bool(beside) == (kind in (CareEscalation, CareEmergency))
    # Either BRIEFS_ON or BRIEFS_OFF is shown.
    buttons = [action for action in kind.buttons if action is not Action.BRIEFS_ON]
    assert shown[: len(buttons)] == [str(action) for action in buttons]
    others = (kind.in_menu, kind.buttons_for, kind.menu_of, kind.names_facts)
    assert len(shown) == sum(map(bool, (*buttons, *others)))
    pressed = [one for one in (*found, *beside, *map(str, kind.buttons)) if one != Action.MORE]
    assert [action_id for action_id in pressed if not is_heard(app, action_id)] == []
    offered = [
        option
        for block in made
        for element in block.get("elements", ())
        if element.get("action_id") == Action.MORE
        for option in element["options"]
    ]
    assert len(offered) == len(kind.in_menu)
    assert [option for option in offered if not is_heard(app, str(Action.MORE), option)] == []


def test_an_action_without_a_listener_is_noticed(app: App) -> None:
    assert not is_heard(app, "tierbot_nobody")


@LANGUAGES
@pytest.mark.parametrize("name", HOSTILE)
def test_slack_takes_the_visit_form_of_any_customer(name: str, language: str) -> None:
    view = visit_form(name, language)
    check_view(view)
    assert_means_only_what_we_say(view, set())


@LANGUAGES
def test_labels_fit_where_they_stand(language: str) -> None:
    gettext = catalogue.gettext(language)
    titles = [
        gettext(title) for title in ("Log a visit", "Why this tier", "Tierbot", "Save", "Cancel", "Close")
    ]
    assert [title for title in titles if len(title) > 24] == []
    form = visit_form("ACME", language)
    assert form["title"]["text"] == gettext("Log a visit")
    assert form["blocks"][0]["text"]["text"] == "ACME K1"


def test_a_long_body_gives_way_to_facts_footer_and_buttons() -> None:
    slots = Slots(
        fallback="x", header="ACME", body=("line\n" * 1000,) * 80, facts=("*Owner*\nAnna",), footer=("C-1",)
    )
    made = blocks.body_blocks(slots, 50, 13_000)
    assert [block["type"] for block in made[-2:]] == ["section", "context"]
    assert made[-2]["fields"][0]["text"] == "*Owner*\nAnna"
    assert made[-1]["elements"][0]["text"] == "C-1"
    assert sum(len(text) for text in strings(made) if "line" in text) <= 13_000 - len("ACME*Owner*\nAnnaC-1")
    check_blocks(made)


def test_many_short_paragraphs_end_with_an_ellipsis() -> None:
    made = blocks.body_blocks(Slots(fallback="x", body=tuple(map(str, range(80)))), 50, 13_000)
    assert len(made) == 50
    assert made[-1]["text"]["text"] == "…"


def test_customers_of_one_name_are_told_apart_by_their_codes() -> None:
    hits = tuple(
        Hit(customer_id=place, version=1, name=name, code=f"C-{place}")
        for place, name in enumerate(("ACME", "ACME", "Globex"))
    )
    actions = payload(Choice(query="a", hits=hits), "en")["blocks"][-1]["elements"]
    assert [button["text"]["text"] for button in actions] == ["C-0 ACME", "C-1 ACME", "Globex"]
    assert [button["action_id"] for button in actions] == [
        "tierbot_open.0",
        "tierbot_open.1",
        "tierbot_open.2",
    ]


def test_an_empty_message_still_has_a_text() -> None:
    assert payload(Problem(text=""), "en")["text"] == blocks.NOTHING
    check_view(modal(Problem(text=""), "en"))


def test_a_menu_holds_as_many_customers_as_slack_takes() -> None:
    hits = tuple(Hit(customer_id=place, version=1, name="ACME", code=f"C-{place}") for place in range(120))
    content = payload(MyCustomers(hits=hits, total=120, counts=(), as_of=None), "en")
    check_blocks(content["blocks"])
    assert len(content["blocks"][-1]["elements"][0]["options"]) == 100


def test_one_customer_and_many() -> None:
    tier = TierPart(id="A", names=Name(en="A", zh="A"))
    for total, fallback in ((1, "You look after 1 customer"), (2, "You look after 2 customers")):
        message = MyCustomers(hits=(), total=total, counts=((tier, total),), as_of=None)
        assert payload(message, "en")["text"] == fallback
        assert payload(message, "zh")["text"] == f"您名下有 {total} 位客户"


pieces = st.lists(
    st.sampled_from(("&amp;", "&lt;", "&gt;", "<@U0ANNA>", "word ", "客户", "\n", "*bold* ", "a")),
    max_size=60,
).map("".join)


@given(text=pieces, limit=st.integers(1, 200))
def test_clipping_never_cuts_an_entity_or_a_mention(text: str, limit: int) -> None:
    clipped = blocks.clip(text, limit)
    assert len(clipped) <= limit
    assert not set(re.sub(r"&(?:amp|lt|gt);|<@U0ANNA>", "", clipped)) & set("&<;>")
    if len(text) <= limit:
        assert clipped == text
    else:
        assert clipped.endswith("…")
        assert text.startswith(clipped.removesuffix("…").rstrip())


def test_plain_text_has_no_brackets_to_be_taken_for_markup() -> None:
    assert blocks.plain("<@U0ANNA> &lt;b&gt; &amp;lt;", 75)["text"] == "‹@U0ANNA› ‹b› &lt;"


def test_a_name_on_a_button_is_shown_as_it_is_written() -> None:
    shown = blocks.plain(escape("Müller & Co. <KG>"), 75)["text"]
    assert (shown, type(shown)) == ("Müller & Co. ‹KG›", str)


def test_clipping_prefers_the_end_of_a_line() -> None:
    assert blocks.clip("first line\nsecond line", 15) == "first line\n…"
    assert blocks.clip("a\nbcdefghijklmno", 10) == "a\nbcdefgh…"
