"""Which customer a text means: what is certain, what may be changed by it, and what the refusal offers instead."""

from collections.abc import Callable

import pytest

from bot.errors import NotFound
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.name_keys import derive_keys
from db.book.customers import CustomerKey
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.ask.test_lookup import ADMIN


@pytest.fixture
def ids(database: Database) -> dict[str, int]:
    """Code -> customer. Two systems have a customer 10002; the alias of C-9998 is the name of nobody else."""
    with database.write() as session:
        book = {
            "C-9998": factories.customer(session, "Vitamin C Handel und Vertrieb", code="C-9998"),
            "L-1": factories.customer(session, "澜岳机械", code="L-1"),
            "L-2": factories.customer(session, "兰月机械", code="L-2"),
            "S-1": factories.customer(session, "苏州食品", code="S-1"),
        }
        keys, tokens = derive_keys("C-9998", "Vitamin C Handel und Vertrieb", ["VitaTrade"])
        factories.replace_names(session, book["C-9998"], keys, tokens)
        for source, name in (("erp", "Granit AG"), ("crm", "Kiesel KG")):
            customer = factories.customer(session, name, code="10002")
            session.add(CustomerKey(customer_id=customer, source=source, external_id="10002"))
            book[f"{source}:10002"] = customer
    return book


CERTAIN = {
    "C-9998": "C-9998",
    "c-9998": "C-9998",
    "vitamin c handel und vertrieb": "C-9998",
    "Kiesel KG": "crm:10002",
    "erp:10002": "erp:10002",
    "crm: 10002": "crm:10002",
}
ONLY_TO_LOOK = {"VitaTrade": "C-9998", "suzhoushipin": "S-1", "su zhou shi pin": "S-1"}
NOT_CERTAIN = {
    "Bayer Vertrieb": "C-9998 Vitamin C Handel und Vertrieb",  # shares one word
    "Vertrieb": "C-9998 Vitamin C Handel und Vertrieb",
    "Vitamin": "C-9998 Vitamin C Handel und Vertrieb",
    "C-9999": "C-9998 Vitamin C Handel und Vertrieb",
    "C9998": "C-9998 Vitamin C Handel und Vertrieb",
    "C.9998": "C-9998 Vitamin C Handel und Vertrieb",
    "lanyuejixie": "L-1 澜岳机械; L-2 兰月机械",  # the pinyin of both
    "szsp": "S-1 苏州食品",  # its initials
    "10002": "erp:10002 Granit AG; crm:10002 Kiesel KG",
    "sap:10002": None,
    "nobody at all": None,
}


@pytest.mark.parametrize("typed", CERTAIN)
def test_a_whole_code_or_name_means_its_customer_also_to_change_it(
    database: Database, ids: dict[str, int], typed: str
) -> None:
    assert lookup.one(database, ADMIN, typed) == ids[CERTAIN[typed]]
    assert lookup.one_to_change(database, ADMIN, typed) == ids[CERTAIN[typed]]


@pytest.mark.parametrize("typed", ONLY_TO_LOOK)
def test_another_name_or_pinyin_shows_a_customer_but_changes_nothing(
    database: Database, ids: dict[str, int], typed: str
) -> None:
    code = ONLY_TO_LOOK[typed]
    assert lookup.one(database, ADMIN, typed) == ids[code]
    with pytest.raises(NotFound, match=f"Name the code: {code} "):
        lookup.one_to_change(database, ADMIN, typed)


@all_on_postgresql
@pytest.mark.parametrize("means", [lookup.one, lookup.one_to_change])
@pytest.mark.parametrize("typed", NOT_CERTAIN)
def test_anything_else_means_nobody_and_names_who_it_may_be(
    database: Database, ids: dict[str, int], typed: str, means: Callable[[Database, Actor, str], int]
) -> None:
    with pytest.raises(NotFound) as refused:
        means(database, ADMIN, typed)
    offered = NOT_CERTAIN[typed]
    if offered is None:
        assert str(refused.value) == f"There is no customer {typed}."
    else:
        assert str(refused.value) == f"It is not clear who {typed} is. Name the code: {offered}."


@pytest.mark.parametrize("code", ["erp:10002", "crm:10002", "C-9998", "L-1", "L-2", "S-1"])
def test_every_code_that_a_refusal_names_means_that_customer(
    database: Database, ids: dict[str, int], code: str
) -> None:
    assert lookup.one_to_change(database, ADMIN, code) == ids[code]
