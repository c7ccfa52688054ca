"""Every question of the corpus means its query, or is asked back for its reason: none is answered with another one."""

from dataclasses import replace
from typing import Any

import pytest

from bot.services.ask.questions.printer import printed
from bot.services.ask.questions.query import AboutCustomer, Compared, Query
from bot.services.ask.questions.reader import MOST_CHARACTERS, read
from bot.services.ask.questions.unclear import Unclear, WhyUnclear
from bot.services.ask.questions.vocabulary import NamedOne
from bot.services.name_keys import HAN, fold
from tests.services.ask.questions.book import ANNA, VOCABULARY, KnownCustomers, corpus, query_of

CORPUS = corpus()
ASKED = [(text, group) for group in CORPUS["asked"] for text in (*group["en"], *group["zh"])]
REFUSED = [(text, group) for group in CORPUS["refused"] for text in (*group["en"], *group["zh"])]


def understood(text: str) -> Query | Unclear:
    return read(text, VOCABULARY, ANNA, KnownCustomers())


def as_found(query: Query | Unclear) -> Query | Unclear:
    """With the names of customers as they are compared, because they stay as typed."""
    match query:
        case AboutCustomer():
            return replace(query, name=fold(query.name))
        case Compared():
            return Compared(names=tuple(map(fold, query.names)))
        case _:
            return query


@pytest.mark.parametrize(("text", "group"), ASKED, ids=[text for text, _ in ASKED])
def test_a_question_means_its_query(text: str, group: dict[str, Any]) -> None:
    assert as_found(understood(text)) == as_found(query_of(group))


@pytest.mark.parametrize(("text", "group"), REFUSED, ids=[text for text, _ in REFUSED])
def test_a_question_is_asked_back_for_its_reason(text: str, group: dict[str, Any]) -> None:
    found = understood(text)
    assert isinstance(found, Unclear), found
    assert found.reason == group["reason"]


def test_what_is_offered_instead_is_a_question_that_works() -> None:
    for text, _ in REFUSED:
        found = understood(text)
        assert isinstance(found, Unclear)
        assert not any(isinstance(one, Unclear) for one in (*found.choices, *found.nearest)), text
        assert len(found.nearest) <= 3
        if found.reason is WhyUnclear.SEVERAL:
            assert len(found.choices) > 1, text


def test_what_was_not_understood_is_said() -> None:
    found = understood("A customers in Atlantis")
    assert isinstance(found, Unclear)
    assert found.words == ("Atlantis",)
    assert found.understood == query_of({"list": {"tiers": ["A"]}})
    assert found.nearest == (found.understood,)


@pytest.mark.parametrize("text", ["list silnt customers", "customers in Dachh"])
def test_a_misspelt_word_that_can_mean_one_word_only_is_read_as_that(text: str) -> None:
    wanted = {"risks": ["silent"]} if "silnt" in text else {"regions": ["DACH"]}
    assert understood(text) == query_of({"list": wanted})


@pytest.mark.parametrize(
    "text", ["older customers", "customers in Dahc", "lists of lost customers", "A customers in Frence"]
)
def test_a_word_that_is_right_or_short_or_far_is_not_read_as_another(text: str) -> None:
    assert isinstance(understood(text), Unclear)


def test_the_corpus_is_large_and_half_chinese() -> None:
    assert len(ASKED) >= 400
    assert len(REFUSED) >= 80
    for rows in (ASKED, REFUSED):
        chinese = sum(bool(HAN.search(text)) for text, _ in rows)
        assert chinese >= 0.45 * len(rows)


def test_a_question_that_is_too_long_is_asked_back() -> None:
    found = understood("A customers " * (MOST_CHARACTERS // 10))
    assert isinstance(found, Unclear)
    assert found.reason is WhyUnclear.TOO_LONG


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("silent", [{"risks": ["silent"]}, {"regions": ["Silent"]}]),
        (
            "A customers in Silent",
            [{"tiers": ["A"], "risks": ["silent"]}, {"tiers": ["A"], "regions": ["Silent"]}],
        ),
        ("at risk", [{"risks": ["any"], "sort": "value_at_risk"}, {"teams": [3]}]),
    ],
)
def test_a_word_of_the_firm_that_the_grammar_has_too_is_a_choice(
    text: str, choices: list[dict[str, Any]]
) -> None:
    firm = replace(VOCABULARY, regions=("Silent",), teams=(NamedOne(3, "At Risk"),))
    found = read(text, firm, ANNA, KnownCustomers())
    assert isinstance(found, Unclear)
    assert found.reason is WhyUnclear.SEVERAL
    wanted = [query_of({"team": 3}) if one == {"teams": [3]} else query_of({"list": one}) for one in choices]
    assert list(found.choices) == wanted
    for query in found.choices:
        assert read(printed(query, firm, ANNA, "en"), firm, ANNA, KnownCustomers()) == query
        assert read(printed(query, firm, ANNA, "zh"), firm, ANNA, KnownCustomers()) == query


def test_a_name_is_looked_up_once_however_many_readings_a_question_has() -> None:
    firm = replace(VOCABULARY, regions=("Silent", "Falling"))
    names = KnownCustomers()
    read("how is Silent or Falling doing", firm, ANNA, names)
    assert names.asked
    assert len(names.asked) == len(set(names.asked))


def test_a_word_of_two_meanings_that_fits_in_one_way_only_is_offered_in_that_way() -> None:
    firm = replace(VOCABULARY, teams=(NamedOne(3, "History"),))
    found = read("history of ACME", firm, ANNA, KnownCustomers())
    assert isinstance(found, Unclear)
    assert found.nearest == (query_of({"about": ["ACME", "history"]}),)


def test_a_whole_name_is_a_customer_whatever_else_it_means() -> None:
    names = KnownCustomers(names=("Silent", "DACH", "A"))
    for name in names.names:
        assert read(name, VOCABULARY, ANNA, names) == AboutCustomer(name=name)
