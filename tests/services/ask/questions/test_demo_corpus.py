"""Questions of people who had seen neither the grammar nor its corpus: each means its query, or is asked back."""

from typing import Any

import pytest

from bot.services.ask.questions.printer import printed
from bot.services.ask.questions.query import Query
from bot.services.ask.questions.reader import read
from bot.services.ask.questions.unclear import Unclear
from bot.services.name_keys import HAN
from tests.services.ask.questions.demo_book import DEMO, GRACE, DemoCustomers, demo_corpus
from tests.services.ask.questions.test_corpus import as_found

CORPUS = demo_corpus()
ASKED = [(text, group) for group in CORPUS["asked"] for text in (*group.get("en", ()), *group.get("zh", ()))]
REFUSED = [
    (text, group) for group in CORPUS["refused"] for text in (*group.get("en", ()), *group.get("zh", ()))
]


def understood(text: str) -> Query | Unclear:
    return read(text, DEMO, GRACE, DemoCustomers())


@pytest.mark.parametrize(("text", "group"), ASKED, ids=[text for text, _ in ASKED])
def test_a_question_means_its_query(text: str, group: dict[str, Any]) -> None:
    found = understood(text)
    assert not isinstance(found, Unclear), found
    assert as_found(found) == as_found(understood(group["query"]))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "group"), REFUSED, ids=[text for text, _ in REFUSED])
def test_a_question_is_not_answered_with_another_one(text: str, group: dict[str, Any]) -> None:
    """Of a name that no customer has, the answer says so: it is a query whose name is not known."""
    found = understood(text)
    if group["reason"] == "no_match":
        assert not isinstance(found, Unclear)
        names = getattr(found, "names", None) or (getattr(found, "name", text),)
        assert not all(map(DemoCustomers().known, names))
    else:
        assert isinstance(found, Unclear), found
        assert found.reason == group["reason"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_query_of_each_question_is_printed_and_read_again(language: str) -> None:
    for group in CORPUS["asked"]:
        query = understood(group["query"])
        assert not isinstance(query, Unclear), group["query"]
        assert understood(printed(query, DEMO, GRACE, language)) == query, group["query"]


def test_the_corpus_is_large_and_in_both_languages() -> None:
    for rows, least in ((ASKED, 200), (REFUSED, 90)):
        chinese = sum(bool(HAN.search(text)) for text, _ in rows)
        assert len(rows) >= least
        assert 0.3 * len(rows) <= chinese <= 0.7 * len(rows)
