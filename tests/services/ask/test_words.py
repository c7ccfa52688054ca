"""A word of a scheme is read by its name in the reader's language, on the card and in Why."""

from datetime import date
from typing import Any

import pytest

from bot.cli.output import presentation
from bot.services.ask import explanation
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.messages import dump, load
from bot.wording.parts import Reason
from bot.wording.rendering import Renderer
from db.engine import Database
from grading.scheme.model import Name
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_explanation import why
from tests.services.ask.test_lookup import ADMIN, ask
from tests.services.grade.test_runs import grade

MARCH = date(2026, 3, 31)
PLAN = """\
name: {en: Expansion plan, zh: 业务扩展计划}, weight: 60, score: {fn: map,
 values: {none: 0, under_way: 60, done: 100},
 names: {none: {en: none, zh: 无}, under_way: {en: on its way, zh: 进行中}, done: {en: done, zh: 已完成}}}"""
SCHEME = factories.PLAIN_SCHEME.replace(
    "id: quality, name: {en: Quality, zh: 质量}, weight: 100, score: {fn: points, knots: [[0, 0], [100, 100]]}",
    "id: plan, " + PLAN.replace("weight: 60", "weight: 100"),
)

pytestmark = on_sqlite


@pytest.fixture
def acme(database: Database) -> int:
    """A customer of 0.6 × 60 (its plan is under way) + 0.4 × 30 = 48: B, and A from a plan that is done (72)."""
    with database.write() as session:
        factories.scheme(session, SCHEME)
        customer = factories.customer(session, "ACME", code="C-1")
        factories.fact(session, customer, "plan", "under_way", date(2026, 3, 1))
        factories.fact(session, customer, "service", 30, date(2026, 3, 1))
    grade(database, MARCH)
    return customer


def text(message: Any, language: str) -> str:
    return presentation.as_text(Renderer().slots(message, language, mentions=False))


def test_a_word_is_named_on_the_card_and_in_why_in_both_languages(database: Database, acme: int) -> None:
    card, answer = ask(database, "C-1"), why(database, acme).message
    assert "Expansion plan: on its way" in text(card, "en")
    assert "业务扩展计划：进行中" in text(card, "zh")
    assert "业务扩展计划：进行中" in text(answer, "zh")
    assert not {word for word in ("under", "_way") if word in text(card, "zh") + text(answer, "zh")}


def test_the_value_that_is_enough_is_named_too(database: Database, acme: int) -> None:
    words = (Name(en="on its way", zh="进行中"), Name(en="done", zh="已完成"))
    found = why(database, acme).message
    acts = [act for way in found.ways for act in way.acts if act.names and act.names.en == "Expansion plan"]
    assert [(act.value, act.target) for act in acts] == [words]
    figures = explanation.exact_figures(database, SchemeCache(), ADMIN, Pointer(id=acme))
    assert [
        (lever.value, lever.target) for lever in figures.levers if lever.names.en == "Expansion plan"
    ] == [words]
    for message in (found, figures):
        assert "业务扩展计划：进行中 → 已完成" in text(message, "zh")


def test_a_message_of_an_earlier_version_has_the_word_itself(database: Database, acme: int) -> None:
    stored = dump(why(database, acme).message)
    assert load(stored) == why(database, acme).message
    reason = stored["fields"]["dimensions"][0]["reasons"][0]
    assert reason["value"] == {"en": "on its way", "zh": "进行中"}
    reason["value"] = "under_way"
    shown = load(stored).dimensions[0].reasons[0]  # type: ignore[attr-defined]
    assert isinstance(shown, Reason)
    assert "业务扩展计划：under way" in text(load(stored), "zh")
