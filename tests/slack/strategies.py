"""Messages of every class, from the types of their fields: invented ones, and the longest there could be."""

import dataclasses
from datetime import date
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

SOMEBODY = "U0ANNA"
HOSTILE = (
    "<!channel>",
    "<!here|here>",
    "<!subteam^S012345|@sales>",
    "<@U123>",
    "<#C1>",
    "<https://evil.example|Login>",
    "<mailto:boss@evil.example|Boss>",
    "&lt;!here&gt;",
    "&amp;&#39;&AMP;",
    "*_~`",
    "*bold* _italic_ ~gone~ `code` ```block```",
    "> quoted\n• listed",
    "\u202etxt.exe\u202c \u2066isolated\u2069 \u200f",
    "\x00\x07\x1b[31mred\r\n\ttab\u2028line",
    "=cmd|' /C calc'!A0",
    ":smile: :warning:",
    "{{ 7*7 }} {% raw %} {# note #}",
    "% %s %(name)s %(x)d {0} {name}",
    "'quoted' \"twice\"",
    "شركة سنديانة المرجان لحلول الطاقة",
    "名" * 3000,
    "x" * 10_000,
    "&" * 10_000,
    "<" * 200,
    "👩‍👩‍👧‍👦" * 50,
    "\ud800 alone",
    " ",
    "",
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=120), st.just("ACME"), st.just(SOMEBODY))
_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(0, 2**53),
    float: st.floats(-1e15, 1e15),
    date: st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    type(None): st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{f.name: values(hints[f.name]) for f in dataclasses.fields(kind)})
    choices = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*map(values, choices))
    if get_origin(kind) is tuple:
        if choices[-1] is Ellipsis:
            return st.lists(values(choices[0]), max_size=4).map(tuple)
        return st.tuples(*map(values, choices))
    return _SIMPLE[kind]


def longest(kind: Any, text: str, many: int = 30) -> Any:
    """A value of a field's type with nothing left out, every text the same, every list full."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: longest(hints[f.name], text, many) for f in dataclasses.fields(kind)})  # type: ignore[operator]
    choices = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return longest(choices[0], text, many)
    if get_origin(kind) is tuple:
        if choices[-1] is Ellipsis:
            return (longest(choices[0], text, many // 3),) * many
        return tuple(longest(choice, text, many) for choice in choices)
    return {str: text, bool: True, int: 10**12, float: 1e15, date: date(2026, 12, 31)}[kind]
