"""What /tier offers when no name fits: near codes and names, best first, and nothing rather than something absurd."""

import random
import unicodedata

import pytest

from bot.services.ask import lookup
from bot.services.name_keys import fold, spellings, tokens
from db.book import customers, near_names
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql

CODES = {"C-10235": "Acme", "C-20253": "Birch", "K0012345": "Delta", "AB12CD": "Echo", "0815": "Fir"}
NAMES = {
    "1": "蓝月科技有限公司",
    "2": "澜岳精密机械有限公司",
    "3": "兰越化工有限公司",
    "4": "苏州精密机械有限公司",
    "5": "天津食品有限公司",
    "6": "Acme Ltd",
    "7": "Northern Lights Ltd",
    "8": "Northern Star Ltd",
    "9": "Müller & Söhne GmbH",
    "10": "Zebra Foods",
    "11": "Kestrel Instruments",
}
FOODS = {
    str(number): f"{name} Foods Ltd" for number, name in enumerate(("Ember", "Cedar", "Birch", "Iris", "Oak"))
}
SOUNDS = {"1": "素洲惊觅机床", "2": "苏州精密机械", "3": "苏州精密机具"}
TRADITIONAL = {"1": "蘇州瀾嶽精密機械有限公司", "2": "台湾积体电路", "3": "Harbor 後勤服務"}

# (book, question, the names offered in their order)
OFFERED = [
    # a wrong code
    (CODES, "C-10236", ["Acme"]),  # a wrong digit
    (CODES, "C-10325", ["Acme"]),  # two digits changed places
    (CODES, "C-102335", ["Acme"]),  # a digit twice
    (CODES, "C-1023", ["Acme"]),  # its beginning
    (CODES, "C-0235", ["Acme"]),  # a digit left out
    (CODES, "C-1O235", ["Acme"]),  # a letter that looks like the digit
    (CODES, "KO012345", ["Delta"]),
    (CODES, "C10235", ["Acme"]),  # without its hyphen
    (CODES, "C-20235", ["Birch", "Acme"]),  # changed places is likelier than a wrong digit
    (CODES, "AB12DC", ["Echo"]),
    (CODES, "0816", ["Fir"]),
    (CODES, "C-99999", []),
    (CODES, "K9912345", []),  # two wrong digits
    (CODES, "12", []),
    # other characters
    (
        NAMES,
        "蓝岳",
        ["蓝月科技有限公司", "澜岳精密机械有限公司", "兰越化工有限公司"],
    ),  # one right, one right, none
    (NAMES, "兰月", ["蓝月科技有限公司", "兰越化工有限公司", "澜岳精密机械有限公司"]),
    (SOUNDS, "苏州精密机床", ["苏州精密机械", "苏州精密机具", "素洲惊觅机床"]),  # the same sound comes last
    (NAMES, "蓝越科技", ["蓝月科技有限公司"]),
    (NAMES, "南越化工", ["兰越化工有限公司"]),
    (NAMES, "苏州精蜜机械", ["苏州精密机械有限公司"]),
    (NAMES, "苏州精密机床", ["苏州精密机械有限公司"]),  # another sound
    (NAMES, "天津食物有限公司", ["天津食品有限公司"]),
    (NAMES, "lanyeukeji", ["蓝月科技有限公司"]),
    (NAMES, "广州汽车", []),
    (NAMES, "腾讯", []),
    # misspelt words
    (NAMES, "acmee", ["Acme Ltd"]),
    (NAMES, "Qcme", ["Acme Ltd"]),
    (NAMES, "Northern Lihgts", ["Northern Lights Ltd", "Northern Star Ltd"]),
    (NAMES, "Nothern Star", ["Northern Star Ltd", "Northern Lights Ltd"]),
    (NAMES, "Northern Moon", ["Northern Star Ltd", "Northern Lights Ltd"]),
    (NAMES, "Moller", ["Müller & Söhne GmbH"]),
    (NAMES, "Muller Shone", ["Müller & Söhne GmbH"]),
    (NAMES, "Zebra Foodz", ["Zebra Foods"]),
    (NAMES, "kestral instrumenst", ["Kestrel Instruments"]),
    (NAMES, "Zebra Metalworks", []),
    (NAMES, "microsoft", []),
    (NAMES, "qqqq", []),
    (NAMES, "GmbH", []),
    (FOODS, "Zebra Foods", []),
    (FOODS, "Nova Foods", []),  # most of it, but a word of many customers
    (FOODS, "Embr Foods", ["Ember Foods Ltd"]),
    # traditional and simplified characters
    (TRADITIONAL, "苏州澜岳", ["蘇州瀾嶽精密機械有限公司"]),
    (TRADITIONAL, "蘇州瀾嶽", ["蘇州瀾嶽精密機械有限公司"]),
    (TRADITIONAL, "臺灣積體電路", ["台湾积体电路"]),
    (TRADITIONAL, "台灣积體", ["台湾积体电路"]),
    (TRADITIONAL, "后勤服务", ["Harbor 後勤服務"]),
    (TRADITIONAL, "harbor 後勤", ["Harbor 後勤服務"]),
    (TRADITIONAL, "精密機戒", ["蘇州瀾嶽精密機械有限公司"]),
    (TRADITIONAL, "suzhoulanyue", ["蘇州瀾嶽精密機械有限公司"]),
]


def offered(database: Database, question: str) -> list[str]:
    """Names of the customers found."""
    with database.read() as session:
        found = lookup.find(session, None, question)
        named = customers.get_many(session, found.ids)
        return [named[customer].name for customer in found.ids]


@pytest.mark.parametrize(("book", "question", "expected"), OFFERED, ids=[row[1] for row in OFFERED])
def test_a_question_without_a_match_gets_what_is_near(
    database: Database, book: dict[str, str], question: str, expected: list[str]
) -> None:
    with database.write() as session:
        for code, name in book.items():
            factories.customer(session, name, code=code)
    assert offered(database, question) == expected


@pytest.mark.parametrize(
    "question",
    ["acmee", "Acme", "Northern Lihgts", "苏州精蜜机械", "Qcme", "蓝越科技", "Northern Moon", "lanyuekej"],
)
def test_what_is_only_near_is_never_certain(database: Database, question: str) -> None:
    with database.write() as session:
        for code, name in NAMES.items():
            factories.customer(session, name, code=code)
        found = lookup.find(session, None, question)
    assert found.ids
    assert found.only is None


def test_only_the_asker_s_customers_are_offered(database: Database) -> None:
    with database.write() as session:
        anna, ben = factories.person(session, "Anna"), factories.person(session, "Ben")
        factories.customer(session, "Northern Lights Ltd", code="C-10235", owner_id=anna)
        bens = factories.customer(session, "Northern Light AG", code="C-10245", owner_id=ben)
    for question in ("Northern Lihgts", "C-10255", "nothern"):
        with database.read() as session:
            assert lookup.find(session, frozenset({ben}), question).ids == [bens]


def old_fold(name: str) -> str:
    """As names were folded before traditional characters became simplified ones."""
    return unicodedata.normalize("NFKC", name).casefold()


@all_on_postgresql
@pytest.mark.parametrize(
    "question", ["蘇州瀾嶽", "苏州澜岳", "苏州澜岳精密机械有限公司", "機械有限", "机械有限", "精密機械"]
)
def test_names_stored_before_characters_were_simplified_are_found_both_ways(
    database: Database, question: str
) -> None:
    name = "蘇州瀾嶽精密機械有限公司"
    with database.write() as session:
        customer = factories.customer(session, name, code="1")
        key = old_fold(name)
        factories.replace_names(
            session,
            customer,
            [("code", "1", "1"), ("name", name, key)],
            [key[i : i + 2] for i in range(len(key) - 1)],
        )
    assert offered(database, question) == [name]


def test_one_key_holds_whatever_the_characters_and_a_part_becomes_what_it_is_in_the_whole() -> None:
    assert fold("蘇州瀾嶽") == fold("苏州澜岳") == "苏州澜岳"
    assert fold("後來居上") == "后来居上"
    assert tokens("臺灣積體") == ["台湾", "湾积", "积体"]
    assert list(spellings("苏州")) == ["苏州", "蘇州"]
    assert list(spellings("Müller")) == ["muller"]
    name = "乾隆發髮裏著瞭餘徵鬱"
    assert fold(name) == "".join(map(fold, name))


def test_words_are_listed_once_and_in_order(database: Database) -> None:
    with database.write() as session:
        for name in ("Kestrel Foods", "Kestrel Glass", "Kettle Foods", "Zebra"):
            factories.customer(session, name)
    with database.read() as session:
        assert near_names.words(session, "ke", 10) == ["kestrel", "kettle"]
        assert near_names.words(session, "", 3) == ["foods", "glass", "kestrel"]
        assert near_names.words(session, "x", 10) == []


@all_on_postgresql
@pytest.mark.parametrize("few", [0, 5_000], ids=["many customers", "few customers"])
@pytest.mark.parametrize("common", [2, 2_000], ids=["common words", "rare words"])
def test_customers_are_found_by_all_words_however_common_they_are(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int, common: int
) -> None:
    monkeypatch.setattr(customers, "FEW", few)
    monkeypatch.setattr(customers, "COMMON", common)
    rng, words = random.Random(3), ("acorn", "birch", "cedar", "delta", "ember")
    with database.write() as session:
        anna, ben = factories.person(session, "Anna"), factories.person(session, "Ben")
        named = {}
        for number in range(60):
            tokens = frozenset(rng.sample(words, rng.randint(1, 3)))
            owner = rng.choice((anna, ben))
            customer = factories.customer(session, f"{' '.join(sorted(tokens))} {number}", owner_id=owner)
            named[customer] = (owner, tokens)
    for owners in (None, frozenset({anna}), frozenset({anna, ben})):
        for wanted in ({"acorn"}, {"acorn", "birch"}, {"acorn", "birch", "cedar"}, {"acorn", "nothing"}):
            with database.read() as session:
                found = customers.with_tokens(session, sorted(wanted), owners, limit=60)
            mine = {c: len(t & wanted) for c, (o, t) in named.items() if owners is None or o in owners}
            assert dict(found).items() <= mine.items()
            assert [c for c, hits in found if hits == len(wanted)] == [
                c for c in mine if mine[c] == len(wanted)
            ]
            if (owners is not None and few) or common > len(named):
                assert set(dict(found)) == {customer for customer, hits in mine.items() if hits}
