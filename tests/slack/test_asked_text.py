"""Which events are questions of people, and what is asked in them."""

from typing import Any

import pytest

from bot.demo.workspace import BOT_USER_ID
from bot.slack.listeners.asked import asked_text, is_asked_by_a_person
from tests.slack.office import ANNA


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B0OTHER"},
        {"subtype": "bot_message", "bot_id": "B0OTHER"},
        {"subtype": "message_changed", "message": {"text": "ACME"}},
        {"subtype": "channel_join"},
        {"edited": {"user": ANNA, "ts": "1.2"}},
        {"user": "USLACKBOT"},
        {"user": None},
    ],
)
def test_what_no_person_has_just_written_is_no_question(more: dict[str, Any]) -> None:
    written = {
        "type": "message",
        "channel_type": "im",
        "user": ANNA,
        "channel": "D1",
        "ts": "1.1",
        "text": "A",
    }
    assert is_asked_by_a_person(written)
    assert not is_asked_by_a_person({**written, **more})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"<@{BOT_USER_ID}> ACME", "ACME"),
        (f"ACME <@{BOT_USER_ID}>", "ACME"),
        (f"<@{BOT_USER_ID}>: 三一 怎么样", "三一 怎么样"),
        (f"<@{BOT_USER_ID}>", ""),
        (f"<@{BOT_USER_ID}> A &amp; B &lt;Ltd&gt;", "A & B <Ltd>"),
        (f"<@{BOT_USER_ID}> <http://acme.com|acme.com>", "acme.com"),
        (f"<@{BOT_USER_ID}> <mailto:a@b.com|a@b.com>", "a@b.com"),
    ],
)
def test_a_question_is_read_as_it_was_typed(text: str, meant: str) -> None:
    assert asked_text({"type": "app_mention", "text": text}, BOT_USER_ID) == meant
