"""Types of the values in a scheme file, for pydantic, and what is said of a value that one refuses.

In a sentence `{found}` stands for `the text "ten"`, `{shown}` for `"ten"` and `{key}` for the key; the reader fills them in.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, GetPydanticSchema
from pydantic_core import PydanticCustomError, core_schema
from typing_extensions import TypedDict

from grading.scheme.text import SWITCHES

TABLE_COLUMNS = ("code", "name", "months_with_us")
"""Columns of a flat table that are not fields: an indicator of that id could not be distinguished from them."""

FAULT = "fault"  # type of a pydantic error that carries one of the sentences below
_LARGEST = sys.float_info.max  # a larger whole number cannot be computed with
CREDIT_FORMULA = "min(limit_factor * avg_monthly_purchases * terms_days / 30, 0.10 * net_worth)"


def fault(message: str, remedy: str) -> PydanticCustomError:
    """An error with a sentence of the product."""
    return PydanticCustomError(FAULT, "{message}", {"message": message, "remedy": remedy})


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


def require(is_valid: Callable[[Any], object], message: str, remedy: str) -> AfterValidator:
    """Refuse a value of the annotated type that is not valid."""

    def check(value: Any) -> Any:
        if not is_valid(value):
            raise fault(message, remedy)
        return value

    return AfterValidator(check)


def limits(*, low: float = -math.inf, high: float = _LARGEST, above: float = -math.inf) -> AfterValidator:
    """Refuse a number unless low <= number <= high and number > above."""
    bounds = {"above": above, "at least": low, "at most": high}
    named = (f"{word} {limit:g}" for word, limit in bounds.items() if abs(limit) < _LARGEST)
    return require(
        lambda number: low <= number <= high and number > above,
        "{shown} is out of range",
        "use a number " + " and ".join(named),
    )


def listed(message: str, remedy: str, length: int | None = None) -> BeforeValidator:
    """Turn a list into a tuple; refuse any other value, and a list of another length."""

    def check(value: Any) -> Any:
        if not isinstance(value, list) or length not in (None, len(value)):
            raise fault(message, remedy)
        return tuple(value)

    return BeforeValidator(check)


def _no_column(what: str) -> AfterValidator:
    message = f"{{shown}} is a column of every table, not {what}"
    return require(lambda word: word not in TABLE_COLUMNS, message, "choose another id")


Id: TypeAlias = Annotated[
    str,
    require(
        re.compile("[A-Za-z][A-Za-z0-9_]*").fullmatch,
        "{shown} cannot be an id",
        "begin with a letter and use only A-Z, a-z, 0-9 and _; the names may be in any language",
    ),
]
IndicatorId: TypeAlias = Annotated[Id, _no_column("an indicator")]
FieldId: TypeAlias = Annotated[Id, _no_column("a field")]
Currency: TypeAlias = Annotated[
    str,
    require(re.compile("[A-Z]{3}").fullmatch, "{shown} is not a currency", "use the ISO code, such as CNY"),
]
Formula: TypeAlias = Annotated[
    str,
    require(
        lambda formula: formula.replace(" ", "") == CREDIT_FORMULA.replace(" ", ""),
        "formulas in a scheme are not evaluated, and this is not the one the product computes",
        f'write "{CREDIT_FORMULA}"',
    ),
]
Need: TypeAlias = Annotated[
    Literal["reason", "approver", "expires_on"],
    say("{found} cannot be asked for here", "list each of reason, approver, expires_on at most once"),
]
CustomerWord: TypeAlias = Annotated[
    str, say("expected a word, found {found}", "put the word in quotes, as it stands with the customers")
]
GateWord: TypeAlias = Annotated[
    str | bool,
    say(
        "expected a word or true/false, found {found}",
        "use words or true/false; compare numbers with ge, gt, le or lt",
    ),
]

Share: TypeAlias = Annotated[float, limits(low=0, high=1)]
ZeroOrMore: TypeAlias = Annotated[float, limits(low=0)]
AboveZero: TypeAlias = Annotated[float, limits(above=0)]
Count: TypeAlias = Annotated[int, limits(low=0)]
OneOrMore: TypeAlias = Annotated[int, limits(low=1)]
Outcome: TypeAlias = Annotated[
    float, require(lambda x: 0 <= x <= 100, "the score {shown} is not between 0 and 100", "use 0 to 100")
]
Outcomes: TypeAlias = Annotated[
    dict[str, Outcome],
    AfterValidator(lambda values: {SWITCHES.get(key, key.strip()): score for key, score in values.items()}),
]
STRIPPED_KEYS = AfterValidator(lambda named: {key.strip(): name for key, name in named.items()})
Knot: TypeAlias = Annotated[
    tuple[float, Outcome],
    listed("a knot is a pair of numbers, found {found}", "write [value, score], such as [100, 50]", length=2),
]
Band: TypeAlias = Annotated[
    tuple[float, Outcome],
    listed(
        "a band is a pair of numbers, found {found}",
        "write [lower bound, score], such as [100, 50]",
        length=2,
    ),
]

NOT_EMPTY = require(len, "the list is empty", "add at least one entry")
GIVEN = GetPydanticSchema(lambda kind, handler: handler(get_args(kind)[0]))
"""On `X | None`: the key may be left out, but not be there without a value."""

CustomerWords: TypeAlias = Annotated[
    tuple[CustomerWord, ...],
    listed("expected a list of words, found {found}", 'write a list, such as {key}: ["…", "…"]'),
    require(len, "the list is empty, so it fits nobody", "name words, or leave {key} out"),
]


class Columns(TypedDict, total=False):
    """Columns of the customers that a scheme may choose by."""

    industry: CustomerWords
    customer_type: CustomerWords
    region: CustomerWords
    country: CustomerWords


AppliesTo: TypeAlias = Annotated[
    Columns, require(len, "this names nobody", "name a column, or leave applies_to out for everybody")
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


class TierPolicy(TypedDict, total=False):
    """What follows from a tier; every other key may hold any number, word or boolean."""

    __pydantic_config__ = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)  # type: ignore[misc]

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
            bool, require(bool, "only missing: true can be asked for", "write missing: true")
        ],
    },
    total=False,
)
"""The condition of a gate: `in` or one comparison with a field, or a dimension that is missing."""
