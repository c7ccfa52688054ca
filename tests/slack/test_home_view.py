"""The Home tab stays within Slack's limits whatever its parts hold, and leaves out what does not fit."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.demo.workspace.limits.blocks import check_view
from bot.services.home import tab
from bot.services.ops.templates import sample
from bot.slack.pressed import home_tab, replies
from bot.wording import catalogue
from bot.wording.ask.home import HomeBook, HomeFirm, HomeList, HomeSettings, HomeTeam, HomeTop
from bot.wording.care.digest import CareDigest
from bot.wording.message_base import Message
from bot.wording.rendering import Renderer
from tests.slack.strategies import HOSTILE, longest

RENDERER = Renderer()
PARTS = (HomeTop, CareDigest, HomeList, HomeList, HomeList, HomeBook, HomeTeam, HomeFirm, HomeSettings)
LANGUAGES = pytest.mark.parametrize("language", catalogue.LANGUAGES)


def taken(parts: tuple[Any, ...], language: str) -> list[dict[str, Any]]:
    """The blocks of a view that Slack takes."""
    view = home_tab.home_view(RENDERER, parts, language)
    check_view(view)
    assert len(view["blocks"]) <= 100
    assert len(json.dumps(view, ensure_ascii=False).encode()) <= 250_000
    blocks: list[dict[str, Any]] = view["blocks"]
    return blocks


@LANGUAGES
@pytest.mark.parametrize("text", ["x" * 10_000, "&" * 10_000, "客" * 10_000, *HOSTILE])
def test_slack_takes_the_longest_tab(language: str, text: str) -> None:
    taken(tuple(longest(kind, text) for kind in PARTS), language)


@LANGUAGES
def test_a_typical_tab_has_every_part(language: str) -> None:
    parts: tuple[Message, ...] = tuple(sample(kind, full=True) for kind in PARTS)
    blocks = taken(parts, language)
    titles = [block["text"]["text"] for block in blocks if block["type"] == "header"]
    assert len(titles) == len(PARTS)
    assert [block["block_id"] for block in blocks if block["type"] == "input"] == ["search"]


def test_what_does_not_fit_is_left_out_before_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: tuple[Message, ...] = tuple(sample(kind, full=True) for kind in PARTS)
    monkeypatch.setattr(home_tab, "MOST_BYTES", 9_000)
    blocks = home_tab.home_view(RENDERER, parts, "en")["blocks"]
    titles = [block["text"]["text"] for block in blocks if block["type"] == "header"]
    assert titles[-1] == "My settings"
    assert 1 < len(titles) < len(PARTS)


def test_an_answer_in_a_view_has_nothing_that_needs_a_channel() -> None:
    share = {"type": "button", "action_id": "tierbot_share", "text": {"type": "plain_text", "text": "Share"}}
    why = {**share, "action_id": "tierbot_why"}
    content = [
        {"type": "data_table"},
        {"type": "actions", "elements": [share, why]},
        {"type": "actions", "elements": [share]},
    ]
    assert replies.answer_view(content)["blocks"] == [{"type": "actions", "elements": [why]}]


def test_the_first_rows_are_shown_and_the_rest_is_counted() -> None:
    digest = sample(CareDigest, full=True)
    row = replace(digest.rows[0], state="open")
    many = replace(digest, rows=(row,) * 18, more=5, next_place=18, complaints=(), promises=())
    short = tab.shortened(many)
    assert (len(short.rows), short.more, short.next_place) == (7, 16, 7)
    assert tab.shortened(short) == short
