"""Reads the parts of a scheme that stand beside its dimensions, tiers and gates."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from grading.scheme.model import CreditLimit, Field, FirstOrder, Missing, Movement, OverridePolicy, Tier
from grading.scheme.section import Section, describe

CUSTOMER_COLUMNS = ("industry", "customer_type", "region", "country")
CONSTANTS = (
    "our_gross_margin_12m",
    "revenue_growth_floor",
    "usual_gap_days",
    "product_types_sold",
    "complaint_rate",
    "on_time_rate",
    "rate_pseudo_count",
    "event_half_life_days",
)
_RATES = ("complaint_rate", "on_time_rate")
OVERRIDE_NEEDS = ("reason", "approver", "expires_on")
CREDIT_FORMULA = "min(limit_factor * avg_monthly_purchases * terms_days / 30, 0.10 * net_worth)"
LIMIT_FIELDS = ("avg_monthly_purchases", "net_worth")
ZONE = "z_zone"
ZONE_RATIOS = (
    "working_capital_to_assets",
    "retained_earnings_to_assets",
    "ebit_to_assets",
    "equity_to_liabilities",
)
ZONE_STATEMENTS = (
    "working_capital",
    "retained_earnings",
    "ebit",
    "equity",
    "total_assets",
    "total_liabilities",
)


def read_constants(top: Section) -> dict[str, float | None]:
    """Numbers taken over all customers once; null means not known yet."""
    entry = top.get("constants", required=False)
    if entry is None or entry.value is None:
        return {}
    section = Section(top.document, entry, CONSTANTS)
    constants: dict[str, float | None] = {}
    for key, child in section.keys.items():
        if child.value is None:
            constants[key] = None
        elif key == "revenue_growth_floor":
            constants[key] = section.number(key, low=0)
        elif key in _RATES:
            constants[key] = section.number(key, low=0, high=1)
        else:
            constants[key] = section.number(key, above=0)
    return constants


def read_currency(top: Section) -> str | None:
    """The ISO code of the money knots."""
    currency: str | None = top.word("currency", None)
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        top.document.add(
            top.keys["currency"], f'"{currency}" is not a currency', "use the ISO code, such as CNY"
        )
    return currency


def read_applies_to(top: Section) -> dict[str, tuple[str, ...]]:
    """Which customers it grades: words by column, compared as they are written; empty for everybody."""
    entry = top.get("applies_to", required=False)
    if entry is None:
        return {}
    section = Section(top.document, entry, CUSTOMER_COLUMNS)
    if section.usable and not entry.value:
        top.document.add(entry, "this names nobody", "name a column, or leave applies_to out for everybody")
    found: dict[str, tuple[str, ...]] = {}
    for key, child in section.keys.items():
        if not isinstance(child.value, list):
            remedy = f'write a list, such as {key}: ["…", "…"]'
            top.document.add(child, f"expected a list of words, found {describe(child)}", remedy)
            continue
        if not child.value:
            top.document.add(child, "the list is empty, so it fits nobody", f"name words, or leave {key} out")
        words: list[str] = []
        for item in child.value:
            word = item.value.strip() if isinstance(item.value, str) else ""
            if not word:
                message = f"expected a word, found {describe(item)}"
                top.document.add(item, message, "put the word in quotes, as it stands with the customers")
            elif word in words:
                top.document.add(item, f'"{word}" stands twice', "keep one of them")
            words.append(word)
        found[key] = tuple(words)
    return found


def read_missing(top: Section) -> Missing:
    """What takes the place of a missing indicator."""
    entry = top.get("missing", required=False)
    if entry is None:
        return Missing()
    section = Section(top.document, entry, ("policy", "show_interval"))
    return Missing(
        policy=section.choice("policy", ("redistribute", "neutral", "worst"), "redistribute"),
        show_interval=section.truth("show_interval", True),
    )


def read_movement(top: Section, tiers: Sequence[Tier]) -> Movement | None:
    """Margins, confirmations and dwell, checked against the boundaries."""
    entry = top.get("movement", required=False)
    if entry is None:
        return None
    names = ("margin_up", "margin_down", "confirm_up", "confirm_down", "min_dwell", "max_step")
    section = Section(top.document, entry, names)
    movement = Movement(
        margin_up=section.number("margin_up", 0.0, low=0),
        margin_down=section.number("margin_down", 0.0, low=0),
        confirm_up=section.whole("confirm_up", 1, low=1),
        confirm_down=section.whole("confirm_down", 1, low=1),
        min_dwell=section.whole("min_dwell", 0, low=0),
        max_step=section.whole("max_step", 1, low=1),
    )
    bounds = [tier.at for tier in tiers if tier.at is not None]
    gaps = [above - below for above, below in itertools.pairwise(bounds) if above > below]
    for key in ("margin_up", "margin_down"):
        margin = getattr(movement, key)
        if gaps and margin >= min(gaps) / 2:
            message = f"{margin:g} is not smaller than half the gap between two boundaries ({min(gaps):g})"
            top.document.add(section.keys[key], message, f"use less than {min(gaps) / 2:g}")
    if bounds and bounds[0] + movement.margin_up > 100 and "margin_up" in section:
        message = f"nobody can reach {bounds[0]:g} + {movement.margin_up:g}, the score ends at 100"
        top.document.add(section.keys["margin_up"], message, f"use {100 - bounds[0]:g} or less")
    return movement


def read_override(top: Section) -> OverridePolicy | None:
    """What a person must give to set a tier by hand."""
    entry = top.get("override", required=False)
    if entry is None:
        return None
    section = Section(top.document, entry, ("allowed", "needs", "max_days"))
    needs: list[str] = []
    for item in section.items("needs", required=False):
        if item.value in OVERRIDE_NEEDS and item.value not in needs:
            needs.append(str(item.value))
        else:
            remedy = "list each of " + ", ".join(OVERRIDE_NEEDS) + " at most once"
            top.document.add(item, f"{describe(item)} cannot be asked for here", remedy)
    return OverridePolicy(
        allowed=bool(section.truth("allowed")),
        needs=tuple(needs),
        max_days=section.whole("max_days", None, low=1),
    )


def read_credit_limit(top: Section) -> CreditLimit | None:
    """The credit limit's formula, by name as it were: it is compared, never evaluated."""
    entry = top.get("credit_limit", required=False)
    if entry is None:
        return None
    section = Section(top.document, entry, ("formula", "needs_net_worth"))
    formula = section.word("formula") or ""
    if formula and formula.replace(" ", "") != CREDIT_FORMULA.replace(" ", ""):
        message = "formulas in a scheme are not evaluated, and this is not the one the product computes"
        top.document.add(section.keys["formula"], message, f'write "{CREDIT_FORMULA}"')
    return CreditLimit(formula=formula, needs_net_worth=section.truth("needs_net_worth", False))


def with_parts(fields: dict[str, Field], credit_limit: CreditLimit | None) -> dict[str, Field]:
    """The fields of a scheme with those that only serve to compute others: the limit, and the zone of Z''."""
    parts: tuple[str, ...] = LIMIT_FIELDS if credit_limit is not None else ()
    if ZONE in fields:
        parts += (*ZONE_RATIOS, *ZONE_STATEMENTS)
    return fields | {
        name: Field(id=name, kind="number", sensitive=True, indicator=False, gate=False)
        for name in parts
        if name not in fields
    }


def read_first_order(top: Section, record_type: str | None) -> FirstOrder | None:
    """Where a prospect goes with its first order."""
    entry = top.get("on_first_order", required=False)
    if entry is None:
        return None
    section = Section(top.document, entry, ("move_to", "as"))
    if record_type == "account":
        top.document.add(entry, "only prospects have a first order to wait for", "remove it")
    return FirstOrder(
        move_to=section.identifier("move_to") or "", as_word=section.choice("as", ("new",), "new")
    )
