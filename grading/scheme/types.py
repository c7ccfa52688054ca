"""Types of the values in a scheme file, for pydantic, and what is said of a value that one refuses.

In a sentence `%(found)s` stands for `the text "ten"`, `%(shown)s` for `"ten"` and `%(key)s` for the key; the reader fills
them in.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, GetPydanticSchema
from pydantic_core import PydanticCustomError, core_schema
from typing_extensions import TypedDict

from grading.phrases import N_
from grading.scheme.text import SWITCHES

TABLE_COLUMNS = ("code", "name", "months_with_us")
"""Columns of a flat table that are not fields: an indicator of that id could not be distinguished from them."""

FAULT = "fault"  # type of a pydantic error that carries one of the sentences below
_LARGEST = sys.float_info.max  # a larger whole number cannot be computed with
CREDIT_FORMULA = "min(limit_factor * avg_monthly_purchases * terms_days / 30, 0.10 * net_worth)"


def fault(message: str, remedy: str, **values: object) -> PydanticCustomError:
    """An error with a sentence of the product; `values` are those that only this place knows."""
    return PydanticCustomError(FAULT, "{message}", {"message": message, "remedy": remedy, **values})


def say(message: str, remedy: str) -> GetPydanticSchema:
    """Refuse what the annotated type refuses, with this sentence instead of pydantic's."""
    context: dict[str, Any] = {"message": message, "remedy": remedy}
    return GetPydanticSchema(
        lambda kind, handler: core_schema.custom_error_schema(
            handler(kind), FAULT, custom_error_message="{message}", custom_error_context=context
        )
    )


def read_as(kind: Any) -> GetPydanticSchema:
    """Read another type than the annotated one."""
    return GetPydanticSchema(lambda _, handler: handler(kind))


def require(is_valid: Callable[[Any], object], message: str, remedy: str, **values: object) -> AfterValidator:
    """Refuse a value of the annotated type that is not valid."""

    def check(value: Any) -> Any:
        if not is_valid(value):
            raise fault(message, remedy, **values)
        return value

    return AfterValidator(check)


def limits(*, low: float = -math.inf, high: float = _LARGEST, above: float = -math.inf) -> AfterValidator:
    """Refuse a number unless low <= number <= high and number > above."""
    if above > -math.inf:
        remedy = N_("use a number above %(above)s")
    elif high < _LARGEST:
        remedy = N_("use a number at least %(low)s and at most %(high)s")
    else:
        remedy = N_("use a number at least %(low)s")
    return require(
        lambda number: low <= number <= high and number > above,
        N_("%(shown)s is out of range"),
        remedy,
        low=f"{low:g}",
        high=f"{high:g}",
        above=f"{above:g}",
    )


def listed(message: str, remedy: str, length: int | None = None) -> BeforeValidator:
    """Turn a list into a tuple; refuse any other value, and a list of another length."""

    def check(value: Any) -> Any:
        if not isinstance(value, list) or length not in (None, len(value)):
            raise fault(message, remedy)
        return tuple(value)

    return BeforeValidator(check)


def _is_no_column(word: str) -> bool:
    return word not in TABLE_COLUMNS


Id: TypeAlias = Annotated[
    str,
    require(
        re.compile("[A-Za-z][A-Za-z0-9_]*").fullmatch,
        N_("%(shown)s cannot be an id"),
        N_("begin with a letter and use only A-Z, a-z, 0-9 and _; the names may be in any language"),
    ),
]
IndicatorId: TypeAlias = Annotated[
    Id,
    require(
        _is_no_column, N_("%(shown)s is a column of every table, not an indicator"), N_("choose another id")
    ),
]
FieldId: TypeAlias = Annotated[
    Id,
    require(_is_no_column, N_("%(shown)s is a column of every table, not a field"), N_("choose another id")),
]
Currency: TypeAlias = Annotated[
    str,
    require(
        re.compile("[A-Z]{3}").fullmatch,
        N_("%(shown)s is not a currency"),
        N_("use the ISO code, such as CNY"),
    ),
]
Formula: TypeAlias = Annotated[
    str,
    require(
        lambda formula: formula.replace(" ", "") == CREDIT_FORMULA.replace(" ", ""),
        N_("formulas in a scheme are not evaluated, and this is not the one the product computes"),
        N_('write "%(formula)s"'),
        formula=CREDIT_FORMULA,
    ),
]
Need: TypeAlias = Annotated[
    Literal["reason", "approver", "expires_on"],
    say(
        N_("%(found)s cannot be asked for here"), N_("list each of reason, approver, expires_on at most once")
    ),
]
CustomerWord: TypeAlias = Annotated[
    str,
    say(
        N_("expected a word, found %(found)s"),
        N_("put the word in quotes, as it stands with the customers"),
    ),
]
GateWord: TypeAlias = Annotated[
    str | bool,
    say(
        N_("expected a word or true/false, found %(found)s"),
        N_("use words or true/false; compare numbers with ge, gt, le or lt"),
    ),
]

Share: TypeAlias = Annotated[float, limits(low=0, high=1)]
ZeroOrMore: TypeAlias = Annotated[float, limits(low=0)]
AboveZero: TypeAlias = Annotated[float, limits(above=0)]
Count: TypeAlias = Annotated[int, limits(low=0)]
OneOrMore: TypeAlias = Annotated[int, limits(low=1)]
Yearly: TypeAlias = Annotated[int, limits(low=1, high=365)]
Percent: TypeAlias = Annotated[float, limits(low=0, high=100)]
Outcome: TypeAlias = Annotated[
    float,
    require(lambda x: 0 <= x <= 100, N_("the score %(shown)s is not between 0 and 100"), N_("use 0 to 100")),
]
Outcomes: TypeAlias = Annotated[
    dict[str, Outcome],
    AfterValidator(lambda values: {SWITCHES.get(key, key.strip()): score for key, score in values.items()}),
]
STRIPPED_KEYS = AfterValidator(lambda named: {key.strip(): name for key, name in named.items()})
Knot: TypeAlias = Annotated[
    tuple[float, Outcome],
    listed(
        N_("a knot is a pair of numbers, found %(found)s"),
        N_("write [value, score], such as [100, 50]"),
        length=2,
    ),
]
Band: TypeAlias = Annotated[
    tuple[float, Outcome],
    listed(
        N_("a band is a pair of numbers, found %(found)s"),
        N_("write [lower bound, score], such as [100, 50]"),
        length=2,
    ),
]

NOT_EMPTY = require(len, N_("the list is empty"), N_("add at least one entry"))
GIVEN = GetPydanticSchema(lambda kind, handler: handler(get_args(kind)[0]))
"""On `X | None`: the key may be left out, but not be there without a value."""

CustomerWords: TypeAlias = Annotated[
    tuple[CustomerWord, ...],
    listed(N_("expected a list of words, found %(found)s"), N_('write a list, such as %(key)s: ["…", "…"]')),
    require(len, N_("the list is empty, so it fits nobody"), N_("name words, or leave %(key)s out")),
]


class Columns(TypedDict, total=False):
    """Columns of the customers that a scheme may choose by."""

    industry: CustomerWords
    customer_type: CustomerWords
    region: CustomerWords
    country: CustomerWords


AppliesTo: TypeAlias = Annotated[
    Columns,
    require(len, N_("this names nobody"), N_("name a column, or leave applies_to out for everybody")),
]


class CustomerConstants(TypedDict, total=False):
    """Numbers taken over all customers once; null: not known yet."""

    our_gross_margin_12m: AboveZero | None
    revenue_growth_floor: ZeroOrMore | None
    usual_gap_days: AboveZero | None
    product_types_sold: AboveZero | None
    complaint_rate: Share | None
    on_time_rate: Share | None
    rate_pseudo_count: AboveZero | None
    event_half_life_days: AboveZero | None


Constants: TypeAlias = Annotated[CustomerConstants | None, AfterValidator(lambda constants: constants or {})]


NOTE, SERVICE = "note", "service_promise"  # what the `service` of a policy is


def kind_of_service(value: object) -> str:
    """Whether the `service` of a policy is a note of one value, or keys and values."""
    return NOTE if isinstance(value, str | int | float) else SERVICE


class TierTerms(TypedDict, total=False):
    """The terms that follow from a tier."""

    terms_days: ZeroOrMore
    limit_factor: ZeroOrMore


When = TypedDict(
    "When",
    {
        "field": FieldId,
        "in": Annotated[tuple[GateWord, ...], NOT_EMPTY],
        "ge": float,
        "gt": float,
        "le": float,
        "lt": float,
        "dimension": str,
        "missing": Annotated[
            bool, require(bool, N_("only missing: true can be asked for"), N_("write missing: true"))
        ],
    },
    total=False,
)
"""The condition of a gate: `in` or one comparison with a field, or a dimension that is missing."""
