"""The demo's customers: the character of each, from which its orders, facts and contacts are drawn."""

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from bot.demo.book.company_names import Company, invent_companies
from bot.demo.staff import ANNA, JULIA, LIN, ZHOU, DemoPerson

ACME = "C-0001"
FALLING = "C-0002"  # the A customer that the story "big_return" brings down


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The character of one customer."""

    number: int
    code: str
    company: Company
    customer_type: str
    owner: DemoPerson
    years: float  # as a customer, up to today
    shape: str  # steady | growing | declining | silent | young | new | scripted
    size: float  # standard normal: how much it buys
    quality: float  # standard normal: how good a partner it is, beyond its size
    annual: float  # CNY in an ordinary year
    orders_per_year: float
    margin: float
    thin: float  # share of the facts that are missing


_SCRIPTS = {"zh": 0.46, "de": 0.24, "en": 0.20, "ar": 0.10}
_SHAPES = {"steady": 0.63, "growing": 0.11, "declining": 0.07, "silent": 0.06, "young": 0.08, "new": 0.05}
_TYPES = ("OEM", "OEM", "End user", "End user", "Distributor", "System integrator")
_LOSS_MAKING = 0.05
_TYPICAL_ANNUAL = 320_000.0  # median CNY a year
_SPREAD = 0.85  # SD of log sales in an ordinary year; the swings between years are additional


def draw_profiles(*, seed: int, customers: int) -> list[Profile]:
    """All customers: the same for a seed on every day, so that a story finds its customers again."""
    rng = np.random.default_rng([seed, 1])
    drawn = customers - 2
    companies = invent_companies(rng, _shuffled(rng, _SCRIPTS, drawn))
    shapes = _shuffled(rng, _SHAPES, drawn)
    # Evenly spread normal values in random order: shares and tiers then hardly depend on the seed.
    normal = NormalDist()
    sizes = rng.permutation([normal.inv_cdf((i + 0.5) / drawn) for i in range(drawn)])
    losing = rng.permutation(np.arange(drawn) < round(_LOSS_MAKING * drawn))
    thin = rng.permutation(
        np.where(np.arange(drawn) < 0.035 * drawn, 0.95, 0.0) + _band(drawn, 0.035, 0.10, 0.45)
    )
    profiles = [_acme(), _falling()]
    for i, (company, shape) in enumerate(zip(companies, shapes, strict=True)):
        size = float(sizes[i])
        quality = float(1.1 * size + 0.85 * rng.standard_normal())
        annual = _TYPICAL_ANNUAL * np.exp(_SPREAD * size)
        # Bigger customers order more often and in bigger lots.
        orders_per_year = 11.0 * np.exp(0.45 * size + 0.65 * rng.standard_normal())
        margin = (
            -abs(rng.normal(0.05, 0.02)) - 0.02 if losing[i] else rng.normal(0.19 + 0.07 * quality, 0.045)
        )
        profiles.append(
            Profile(
                number=i + 3,
                code=f"C-{i + 3:04d}",
                company=company,
                customer_type=str(rng.choice(_TYPES)),
                owner=_owner(rng, company.script),
                years=_years(rng, shape, quality),
                shape=shape,
                size=size,
                quality=quality,
                annual=float(annual),
                orders_per_year=float(np.clip(orders_per_year, 1.0, 50.0)),
                margin=float(margin) if losing[i] else float(np.clip(margin, 0.04, 0.42)),
                thin=float(thin[i]),
            )
        )
    return profiles


def _acme() -> Profile:
    """A good customer just below A, whose next big orders lift it to A."""
    acme = Company("en", "ACME", ("Acme Fertigungssysteme",), "Machine building", "DACH", "DE")
    return Profile(
        number=1,
        code=ACME,
        company=acme,
        customer_type="OEM",
        owner=ANNA,
        years=6.4,
        shape="scripted",
        size=1.2,
        quality=0.5,
        annual=690_000.0,
        orders_per_year=14.0,
        margin=0.238,
        thin=0.0,
    )


def _falling() -> Profile:
    """An excellent customer, until the goods come back."""
    aliases = ("Suzhou Lanyue Precision Machinery", "澜岳精密")
    name = "苏州澜岳精密机械股份有限公司"
    return replace(
        _acme(),
        number=2,
        code=FALLING,
        company=Company("zh", name, aliases, "Machine building", "East China", "CN"),
        owner=LIN,
        years=8.2,
        size=1.9,
        quality=1.6,
        annual=1_650_000.0,
        orders_per_year=26.0,
    )


def _shuffled(rng: np.random.Generator, shares: dict[str, float], count: int) -> list[str]:
    """`count` of the keys in the given shares, in random order."""
    edges = np.round(np.cumsum(list(shares.values())) * count).astype(int)
    places = np.searchsorted(edges, np.arange(count), side="right")
    keys = list(shares)
    return [keys[min(int(place), len(keys) - 1)] for place in rng.permutation(places)]


def _band(count: int, start: float, end: float, value: float) -> np.ndarray:
    """An array of `count` entries: `value` from start to end (as shares of count), 0 elsewhere."""
    place = np.arange(count)
    return np.where((place >= start * count) & (place < end * count), value, 0.0)


def _owner(rng: np.random.Generator, script: str) -> DemoPerson:
    draw = rng.random()
    if script == "zh":
        return LIN if draw < 0.66 else ZHOU if draw < 0.98 else ANNA
    return ANNA if draw < 0.64 else JULIA if draw < 0.97 else LIN


def _years(rng: np.random.Generator, shape: str, quality: float) -> float:
    if shape == "new":
        return float(rng.uniform(0.03, 0.22))
    if shape == "young":
        return float(rng.uniform(0.33, 1.3))
    return float(np.clip(2.2 + np.exp(rng.normal(0.6 + 0.5 * quality, 0.7)), 2.3, 22))
