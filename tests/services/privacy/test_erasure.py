"""Erasing customers and people: nothing of them is left, and nothing of others is lost."""

from functools import partial

from bot.services.privacy import subjects
from tests.services.privacy import world as book
from tests.services.privacy.world import World


def test_of_twenty_customers_and_twenty_people_nothing_is_left(world: World) -> None:
    words = book.all_words()
    assert world.not_found(words) == set()
    for n in range(len(book.NAMES)):
        world.erase(partial(subjects.customer_named, text=f"file:{book.code(n)}"))
        world.erase(partial(subjects.person, email=book.email(n)))
    assert world.traces_of(words) == []
