"""Each list of the corpus of questions, in the demo's book, as pandas finds it: for three people with different rights.

They ask in turn; LISTS=all asks each question for each of them.
"""

import os
from dataclasses import replace

import pytest

from bot.services.ask.questions.query import Listing
from tests.services.ask.listing.conftest import ANNA, GRACE, OMAR, DemoLists
from tests.services.ask.listing.slow_lists import SlowLists
from tests.services.ask.listing.test_listed import owners, slow, whole
from tests.services.ask.questions.demo_book import DEMO
from tests.services.ask.questions.test_demo_corpus import CORPUS, understood

__all__ = ["slow"]
LISTS = {
    group["query"]: query
    for group in CORPUS["asked"]
    if isinstance(query := understood(group["query"]), Listing)
}


def in_the_book(query: Listing, slow: SlowLists) -> Listing:
    """The same list by the ids that people and teams have in the book; the corpus numbers them in its own way."""
    names = {one.id: one.name.partition(" ")[0] for one in DEMO.people}
    found = {name.partition(" ")[0]: int(number) for number, name in slow.people["name"].items()}

    def person(number: int) -> int:
        return found[names[number]]

    filters = query.filters
    without = replace(filters.without, owners=tuple(map(person, filters.without.owners)))
    return replace(
        query, filters=replace(filters, owners=tuple(map(person, filters.owners)), without=without)
    )


ASKERS = (ANNA, OMAR, GRACE)
ASKED = [
    (user, question)
    for place, question in enumerate(LISTS)
    for turn, user in enumerate(ASKERS)
    if os.environ.get("LISTS") == "all" or place % len(ASKERS) == turn
]


@pytest.mark.parametrize(("user", "question"), ASKED, ids=[" ".join(pair) for pair in ASKED])
def test_a_question_lists_the_customers_that_pandas_finds(
    demo: DemoLists, slow: SlowLists, user: str, question: str
) -> None:
    query = in_the_book(LISTS[question], slow)
    assert whole(demo, user, query) == slow.ids(owners(demo, slow, user), query)


def test_the_lists_of_the_corpus_are_many_and_most_have_customers(slow: SlowLists) -> None:
    sizes = [len(slow.ids(None, in_the_book(query, slow))) for query in list(LISTS.values())[::5]]
    assert len(LISTS) > 150
    assert sum(map(bool, sizes)) > len(sizes) / 2
