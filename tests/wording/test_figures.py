"""Figures are written as Babel writes them, but for the minus; in every language of the product and in one with other
signs."""

from collections.abc import Callable
from datetime import date

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from hypothesis import example, given
from hypothesis import strategies as st

from bot.wording.catalogue import LOCALES
from bot.wording.rendering import Figures

EVERY = [*LOCALES.values(), "de"]
WAYS: list[tuple[Callable[[Figures, float], str], str]] = [
    (lambda figures, value: figures.number(value, 1, 1), "#,##0.0"),
    (lambda figures, value: figures.number(value, 0, 0), "#,##0"),
    (lambda figures, value: figures.number(value, 0, 2), "#,##0.##"),
]
SHARES: list[tuple[Callable[[Figures, float], str], str]] = [
    (lambda figures, value: figures.percent(value), "#,##0%"),
    (lambda figures, value: figures.percent(value, 1), "#,##0.#%"),
]
numbers = st.one_of(st.floats(-1e12, 1e12), st.integers(-(10**12), 10**12), st.just(-0.0))


def with_minus(written: str) -> str:
    """As Babel writes it, with a true minus, and none before a zero."""
    return written.replace("-", "−" if any(digit in written for digit in "123456789") else "")


@pytest.mark.parametrize("locale", EVERY)
@given(value=numbers)
@example(value=0.35)  # a tie as it prints, below one as it is stored
@example(value=0.25)
@example(value=-0.04)
@example(value=1234567.895)
def test_a_number_is_written_as_babel_writes_it(locale: str, value: float) -> None:
    """But for the minus, which is one."""
    figures = Figures(locale)
    for write, pattern in WAYS:
        assert write(figures, value) == with_minus(format_decimal(value, pattern, locale=locale))
    plain = figures.number(value, 1, 1)
    assert figures.signed(value) == (plain if plain.startswith("−") else f"+{plain}")
    for write, pattern in SHARES:
        assert write(figures, value) == with_minus(format_percent(value, pattern, locale=locale))


@pytest.mark.parametrize("locale", EVERY)
def test_a_day_is_written_as_babel_writes_it(locale: str) -> None:
    figures = Figures(locale)
    for day in (date(2026, 1, 31), date(2026, 12, 1), date(2026, 1, 31)):
        assert figures.day(day) == format_date(day, "medium", locale=locale)
