"""The shipped schemes (分级标准), and what a valid scheme lacks.

No module of `grading.scheme` imports pandas or numpy, so that a command that only names tiers starts fast.
"""

from __future__ import annotations

from importlib.resources import files

from grading.phrases import N_, Phrase
from grading.scheme.credit import lacks_policy
from grading.scheme.model import Map, Scheme
from grading.scheme.problems import listed

_PRESETS = files("grading") / "schemes"
_EVERYBODY = N_("%(indicator)s is missing for everybody")
_FEW_ORDERS = N_("%(indicator)s is missing for customers with fewer than three order days")
_FROM_FACTS = N_("%(indicator)s comes from facts alone")
_CONSTANTS = {  # indicator -> the constant that it needs, and what happens without it
    "margin_contribution": ("our_gross_margin_12m", _EVERYBODY),
    "silence_ratio": ("usual_gap_days", _FEW_ORDERS),
    "cross_sell_headroom": ("product_types_sold", _FROM_FACTS),
    "complaints_per_100_orders": ("complaint_rate", _FROM_FACTS),
    "on_time_payment_rate": ("on_time_rate", _FROM_FACTS),
    "contact_points": ("event_half_life_days", _EVERYBODY),
    "complaint_points": ("event_half_life_days", _EVERYBODY),
}
_CHOSEN = ("event_half_life_days",)  # by people, not computed from the customers' data


def preset_names() -> tuple[str, ...]:
    """Names of the shipped schemes, in alphabetical order."""
    names = (entry.name for entry in _PRESETS.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def preset_text(name: str) -> str:
    """The text of a shipped scheme; KeyError when there is none of that name."""
    if name not in preset_names():
        raise KeyError(f"there is no preset {name!r}; there are {', '.join(preset_names())}")
    return (_PRESETS / f"{name}.yaml").read_text(encoding="utf-8")


def lacks_constant(scheme: Scheme, field: str) -> bool:
    """Whether a field is computed for nobody because the scheme does not set the constant that it needs."""
    constant, effect = _CONSTANTS.get(field, (None, None))
    return constant is not None and effect != _FEW_ORDERS and scheme.constants.get(constant) is None


def notices(scheme: Scheme) -> tuple[Phrase, ...]:
    """What a valid scheme needs and does not have, as sentences for `check`."""
    found: list[Phrase] = []
    bare = [tier.id for tier in scheme.tiers if scheme.credit_limit and lacks_policy(scheme, tier.id)]
    if bare:
        found.append(
            Phrase(
                N_(
                    "tiers %(tiers)s have no policy with terms_days and limit_factor, so no limit is proposed"
                ),
                tiers=listed(bare),
            )
        )
    for one in scheme.indicators:
        if isinstance(one.score, Map) and (words := _unnamed(one.score)):
            found.append(
                Phrase(
                    N_(
                        "the words %(words)s of %(indicator)s have no names, so people read them as they are here,"
                        " in every language; add names: {%(word)s: {en: …, zh: …}}"
                    ),
                    words=listed(words),
                    indicator=one.id,
                    word=words[0],
                )
            )
    for indicator, (constant, effect) in _CONSTANTS.items():
        if indicator in scheme.fields and scheme.constants.get(constant) is None:
            remedy = N_("set it") if constant in _CHOSEN else N_("`tierbot scheme propose` fills it in")
            found.append(
                Phrase(
                    N_("constants.%(constant)s is not set, so %(effect)s; %(remedy)s"),
                    constant=constant,
                    effect=Phrase(effect, indicator=indicator),
                    remedy=Phrase(remedy),
                )
            )
    return tuple(found)


def _unnamed(score: Map) -> list[str]:
    return [word for word in score.values if isinstance(word, str) and word not in score.names]
