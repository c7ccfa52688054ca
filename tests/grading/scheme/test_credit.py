"""Terms and limits out of a grade: the formula by hand, and the zone of Z'' out of its parts."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from grading.engine.scoring import grade
from grading.indicators.altman import RATIOS, with_zone
from grading.scheme.credit import propose
from grading.scheme.model import LIMIT_FIELDS, ZONE_RATIOS, ZONE_STATEMENTS, Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme

TEXT = preset_text("credit_assessment")
CREDIT = parse_scheme(TEXT, source="credit_assessment")
DAY, LATER = np.datetime64("2025-12-31"), np.datetime64("2026-02-01")


def limit(tier: str, purchases: str | None, net_worth: str | None, scheme: Scheme = CREDIT) -> Decimal | None:
    proposal = propose(
        scheme, tier, *(None if one is None else Decimal(one) for one in (purchases, net_worth))
    )
    assert proposal is not None
    return proposal.limit


def test_the_limit_is_what_is_bought_within_the_terms_by_the_factor_of_the_grade() -> None:
    assert limit("AAA", "100000", "99999999") == Decimal("1.5") * 100_000 * 90 / 30 == 450_000
    assert limit("AA", "100000", "99999999") == Decimal("1.2") * 100_000 * 60 / 30 == 240_000
    assert limit("A", "100000", "99999999") == 100_000 * 45 / 30 == 150_000
    assert limit("B", "100000", "99999999") == Decimal("0.6") * 100_000 * 30 / 30 == 60_000


def test_it_is_at_most_a_tenth_of_the_net_worth_and_never_below_0() -> None:
    assert limit("AAA", "100000", "2000000") == 2_000_000 / 10
    assert limit("AAA", "100000", "-5") == 0
    assert limit("AAA", "-100", "2000000") == 0


def test_it_is_rounded_down_to_a_hundredth() -> None:
    # 0.2 x 1,000.01 x 7 / 30 = 46.66713...
    assert limit("C", "1000.01", None) == Decimal("46.66")
    # 0.6 x 100.035 x 30 / 30 = 60.021
    assert limit("B", "100.035", None) == Decimal("60.02")
    assert limit("AAA", "1000000", "100.99") == Decimal("10.09")


def test_without_net_worth_it_is_of_behaviour_only() -> None:
    alone = propose(CREDIT, "A", Decimal(1000), None)
    both = propose(CREDIT, "A", Decimal(1000), Decimal(10**9))
    assert alone is not None
    assert both is not None
    assert (alone.limit, alone.terms_days, alone.behaviour_only) == (Decimal(1500), 45, True)
    assert (both.limit, both.behaviour_only) == (Decimal(1500), False)


def test_without_purchases_there_is_no_limit_but_for_a_grade_that_gets_none() -> None:
    unknown = propose(CREDIT, "A", None, Decimal(1_000_000))
    assert unknown is not None
    assert (unknown.limit, unknown.terms_days, unknown.lacking) == (None, 45, ("avg_monthly_purchases",))
    assert limit("D", None, None) == 0


def test_a_scheme_may_insist_on_net_worth() -> None:
    strict = parse_scheme(TEXT.replace("needs_net_worth: false", "needs_net_worth: true"), source="s")
    assert limit("A", "1000", None, strict) is None
    assert limit("A", "1000", "20000", strict) == 1500


@pytest.mark.parametrize("word", ["unrated", "new", "blocked"])
def test_without_a_grade_nothing_is_proposed(word: str) -> None:
    assert propose(CREDIT, word, Decimal(1000), None) is None


def test_a_grade_without_policy_and_a_scheme_without_limit_propose_nothing() -> None:
    bare = parse_scheme(TEXT.replace("policy: {terms_days: 90, limit_factor: 1.5}", "policy: {}"), source="s")
    assert propose(bare, "AAA", Decimal(1000), None) is None
    accounts = parse_scheme(preset_text("b2b_accounts"), source="b")
    assert propose(accounts, "A", Decimal(1000), None) is None


def test_what_is_computed_with_is_a_field_of_the_scheme_outside_the_sum() -> None:
    parts = {*LIMIT_FIELDS, *ZONE_RATIOS, *ZONE_STATEMENTS}
    assert parts <= set(CREDIT.fields)
    assert not any(CREDIT.fields[name].indicator or CREDIT.fields[name].gate for name in parts)
    assert not parts & set(parse_scheme(preset_text("b2b_accounts"), source="b").fields)
    assert RATIOS[:4] == ZONE_RATIOS


def facts(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({name: [value] for name, value in columns.items()}, index=["ACME"])


def dated(names: tuple[str, ...], values: tuple[float, ...], day: np.datetime64) -> dict[str, object]:
    return dict(zip(names, values, strict=True)) | {f"{name}@date": day for name in names}


# 6.56 x 0.1 + 3.26 x 0.1 + 6.72 x 0.05 + 1.05 x 0.5 = 0.656 + 0.326 + 0.336 + 0.525 = 1.843: grey
GREY = (0.1, 0.1, 0.05, 0.5)
# Of assets 1,000: 100, 100 and 50; equity 500 to liabilities 1,000: the same four ratios.
STATEMENTS = (100.0, 100.0, 50.0, 500.0, 1000.0, 1000.0)


def test_the_zone_follows_from_its_ratios_or_its_statements_and_bears_their_day() -> None:
    for names, values in ((ZONE_RATIOS, GREY), (ZONE_STATEMENTS, STATEMENTS)):
        found = with_zone(facts(**dated(names, values, DAY)), CREDIT)
        assert (found.at["ACME", "z_zone"], found.at["ACME", "z_zone@date"]) == ("grey", pd.Timestamp(DAY))


def test_no_zone_while_a_part_is_missing_or_of_another_day() -> None:
    for names, values in ((ZONE_RATIOS, GREY), (ZONE_STATEMENTS, STATEMENTS)):
        for name in names:
            whole = dated(names, values, DAY)
            assert with_zone(facts(**whole | {name: np.nan}), CREDIT)["z_zone"].isna().tolist() == [True]
            assert with_zone(facts(**whole | {f"{name}@date": LATER}), CREDIT)["z_zone"].isna().tolist() == [
                True
            ]


def test_of_a_recorded_zone_and_a_computed_one_the_later_stands() -> None:
    parts = dated(ZONE_RATIOS, GREY, DAY)
    for day, stands in ((LATER, "safe"), (DAY, "grey"), (np.datetime64("2025-06-30"), "grey")):
        known = parts | {"z_zone": "safe", "z_zone@date": day}
        assert with_zone(facts(**known), CREDIT).at["ACME", "z_zone"] == stands


def test_it_counts_as_an_item_of_the_table() -> None:
    graded = grade(with_zone(facts(**dated(ZONE_RATIOS, GREY, DAY)), CREDIT), CREDIT, date(2026, 3, 31))
    assert graded.scores.at["ACME", "z_zone"] == 50


def test_a_scheme_without_the_item_is_left_as_it_is() -> None:
    accounts = parse_scheme(preset_text("b2b_accounts"), source="b")
    given = facts(**dated(ZONE_RATIOS, GREY, DAY))
    assert with_zone(given, accounts) is given
