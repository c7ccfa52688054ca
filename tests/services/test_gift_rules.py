"""The rules about gifts: read from a file of the firm, with a sentence for each mistake, and the lowest limit counts."""

import re
from pathlib import Path

import pytest

from bot.errors import SeveralProblems
from bot.services.gift_rules.rules import (
    SHIPPED,
    Budgets,
    ComplianceRule,
    Concerned,
    GiftedCustomer,
    GiftLimits,
    GiftRules,
    Suggestion,
    load_rules,
    shipped_rules,
)
from bot.services.ops import checks
from bot.services.ops.checks import Findings
from bot.settings import Settings
from db.types import MONEY_UNITS

PAGES = [Path(__file__).parents[2] / "docs" / f"gifts{language}.md" for language in ("", ".zh")]
SMALL = """currency: EUR
limits: {default: {gift: 30.5, customer_year: 100}, A: {gift: 60}}
occasions: [{id: visit, name: {en: Visit, zh: 拜访}}]
"""


def read(folder: Path, text: str) -> GiftRules:
    path = folder / "gifts.yaml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def cap(rules: GiftRules, sort: str, **customer: str) -> float | None:
    found = rules.cap(sort, GiftedCustomer(**customer))
    return None if found is None else found.units / MONEY_UNITS


@pytest.mark.parametrize(
    ("sort", "tier", "amount"),
    [
        ("gift", "A", 60),
        ("gift", "B", 30.5),
        ("customer_year", "A", 100),  # what a tier leaves out is that of default
        ("person_year", "A", None),
    ],
)
def test_a_tier_has_its_own_limits_and_else_those_of_default(
    tmp_path: Path, sort: str, tier: str, amount: float | None
) -> None:
    assert cap(read(tmp_path, SMALL), sort, tier=tier) == amount


@pytest.mark.parametrize(
    ("compliance", "customer", "amount"),
    [
        ("when: {industry: [Banks]}, gift: 10", {"industry": "  BANKS "}, 10),
        ("when: {industry: [Banks]}, gift: 90", {"industry": "Banks"}, 60),  # the tier's is lower
        ("when: {country: [DE]}, gift: 0", {"country": "Germany"}, 0),
        ("when: {country: [DE], industry: [Banks]}, gift: 0", {"country": "DE"}, 60),
        ("when: {customer_type: [state, city]}, gift: 0", {"customer_type": "City"}, 0),
    ],
)
def test_the_lowest_limit_of_all_that_concern_a_customer_counts(
    tmp_path: Path, compliance: str, customer: dict[str, str], amount: float
) -> None:
    rules = read(tmp_path, f"{SMALL}compliance: [{{id: one, name: {{en: One, zh: 一}}, {compliance}}}]\n")
    assert cap(rules, "gift", tier="A", **customer) == amount


@pytest.mark.parametrize("page", PAGES, ids=["English", "Chinese"])
@pytest.mark.parametrize(
    ("sort", "customer", "amount"),
    [
        ("gift", {"tier": "A"}, 500),
        ("gift", {}, 200),
        ("gift", {"tier": "A", "industry": "Banks"}, 50),
        ("gift", {"tier": "A", "customer_type": "政府", "country": "China"}, 0),
        ("gift", {"tier": "A", "customer_type": "政府"}, 500),  # where the country is not known
        ("person_year", {"tier": "A"}, 300),
    ],
)
def test_the_example_of_the_page_means_what_the_page_says(
    page: Path, tmp_path: Path, sort: str, customer: dict[str, str], amount: float
) -> None:
    example = re.search(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    assert cap(read(tmp_path, example[1]), sort, **customer) == amount


@pytest.mark.parametrize("page", PAGES, ids=["English", "Chinese"])
def test_each_key_is_on_the_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    parts = (GiftRules, GiftLimits, Budgets, Concerned, Suggestion, ComplianceRule)
    missing = {key for part in parts for key in part.model_fields if f"`{key}`" not in text} - {"id", "name"}
    assert missing == set()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("currency: EUR\n", "limits: is missing; add it"),
        (SMALL.replace("default", "B"), "limits has nothing for default"),
        (SMALL.replace("EUR", "euro"), "currency: 'euro' does not fit here"),
        (SMALL.replace("60", "-1"), "limits.A.gift: -1 does not fit here"),
        (SMALL.replace("60", "many"), "limits.A.gift: 'many' does not fit here"),
        (SMALL + "limit: 3\n", "limit: is not a key of this file; remove it or mend its spelling"),
        (SMALL + "compliance: [{id: a, name: {en: A, zh: 甲}, when: {}, gift: 0}]\n", "when is empty"),
        (
            SMALL + "compliance: [{id: a, name: {en: A, zh: 甲}, when: {country: [DE]}}]\n",
            "has no limit; add one",
        ),
        (
            SMALL + "suggestions: [{id: a, name: {en: A, zh: 甲}, value: 1, occasions: [easter]}]\n",
            "a suggestion names 'easter', which is none of occasions",
        ),
        (
            SMALL + "suggestions: [&a {id: a, name: {en: A, zh: 甲}, value: 1}, *a]\n",
            "'a' is there twice; rename one",
        ),
        ("currency: [", "is not readable YAML"),
        ("a: &a [*a]\n", "the aliases stand for more than 50,000 values; write the values out"),
        ("currency: " + "[" * 200, "the values are nested too deeply; remove the extra brackets"),
        (SMALL + "currency: EUR\n", 'found duplicate key "currency"'),
        (
            SMALL + "compliance: [{id: a, name: {en: '', zh: 甲}, when: {country: [DE]}, gift: 0}]\n",
            "cannot be shown",
        ),
        (SMALL.replace("EUR", "E" * 50_000), f"currency: '{'E' * 59} … does not fit here"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SeveralProblems) as error:
        read(tmp_path, text)
    assert sentence in error.value.text()
    assert "gifts.yaml" in error.value.text()


def test_check_reads_the_firms_own_file(tmp_path: Path) -> None:
    path = tmp_path / "gifts.yaml"
    path.write_text(SMALL.replace("default", "B"), encoding="utf-8")
    found = Findings()
    checks._check_rules(Settings(_env_file=None, TIERBOT_GIFTS=path), found)
    assert "limits has nothing for default" in str(found.problems)


def test_the_shipped_rules_forbid_gifts_to_public_bodies_and_have_both_languages() -> None:
    rules = shipped_rules()
    assert cap(rules, "gift", tier="VIP", customer_type="政府") == 0
    for part in (rules.compliance, rules.occasions, rules.suggestions):
        assert all(one.name.en and one.name.zh for one in part)
    assert SHIPPED.is_file()
