"""Credit: from a grade to payment terms and a proposed limit. The machine proposes, a named person approves.

The terms are the policy of the grade's tier: `terms_days` (days) and `limit_factor` (a number). The limit is

    min(limit_factor x avg_monthly_purchases x terms_days / 30, 0.10 x net_worth)

in the scheme's currency, with avg_monthly_purchases = net purchases of 12 months / 12 (also for a customer of fewer
months: a short record earns a small limit). The formula is the product's own, a rule of thumb as credit departments use
it: what a customer buys within its terms, and never more than a tenth of its net worth. Without net worth the second
term is left out, and the proposal is marked `behaviour_only`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from grading.scheme.model import LIMIT_FIELDS, WORDS_FOR_NO_TIER, Scheme

VALID_DAYS = 120
"""How long a credit assessment counts, both for the grading of accounts and for the approval of a limit."""

STATEMENT_DAYS = 548
"""How old the net worth may be (18 months); an older one counts as unknown."""

_SHARE_OF_NET_WORTH = Decimal("0.10")
_CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Terms and limit for a grade; `limit` is None when the fields in `lacking` are unknown."""

    terms_days: int
    limit: Decimal | None
    behaviour_only: bool
    lacking: tuple[str, ...] = ()


def propose(
    scheme: Scheme, grade: str, purchases: Decimal | None, net_worth: Decimal | None
) -> Proposal | None:
    """Terms and limit for a grade; None for a grade without a policy, and for unrated, new and blocked.

    In: average monthly purchases and net worth, in the scheme's currency; None is unknown. The limit is rounded down to
    a hundredth, so that it is never above the formula, and never below 0. A grade whose terms or factor are 0 gets 0,
    even when purchases or net worth are unknown. KeyError for a grade that the scheme does not have.
    """
    if scheme.credit_limit is None or grade in WORDS_FOR_NO_TIER or lacks_policy(scheme, grade):
        return None
    policy = scheme.tier(grade).policy
    days, factor = int(policy["terms_days"]), Decimal(str(policy["limit_factor"]))
    if not days or not factor:
        return Proposal(terms_days=days, limit=Decimal("0.00"), behaviour_only=False)
    needed = LIMIT_FIELDS if scheme.credit_limit.needs_net_worth else LIMIT_FIELDS[:1]
    known = dict(zip(LIMIT_FIELDS, (purchases, net_worth), strict=True))
    lacking = tuple(name for name in needed if known[name] is None)
    limit = None
    if purchases is not None and not lacking:
        limit = factor * purchases * days / 30
        if net_worth is not None:
            limit = min(limit, _SHARE_OF_NET_WORTH * net_worth)
        limit = max(limit, Decimal(0)).quantize(_CENT, rounding=ROUND_DOWN)
    return Proposal(terms_days=days, limit=limit, behaviour_only=net_worth is None, lacking=lacking)


def lacks_policy(scheme: Scheme, grade: str) -> bool:
    """Whether the policy of a tier lacks `terms_days` or `limit_factor`."""
    return not {"terms_days", "limit_factor"} <= scheme.tier(grade).policy.keys()
