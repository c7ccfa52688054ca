"""A terminal shows the same text as Slack, without its markup."""

from decimal import Decimal

import pytest

from bot.cli.console import number
from bot.cli.output.presentation import as_text
from bot.wording.message_base import Slots
from bot.wording.messages import Help, Ungraded
from bot.wording.parts import Who
from bot.wording.rendering import Renderer


def test_markup_is_removed_and_text_stays() -> None:
    slots = Slots(
        fallback="",
        header="ACME &amp; Co · A",
        body=(
            ":lock: *Capped:* margin &lt; 0\n• *5* in a row\nat 12:30:45, 2*3*4 :smile: a_b_c",
            "`/tier ACME` shows it",
        ),
        facts=("*Account manager*\nAnna",),
        footer=("C-1 · \u2068شركة\u2069",),
    )
    assert as_text(slots) == (
        "ACME & Co · A\n\n"
        "Capped: margin < 0\n• 5 in a row\nat 12:30:45, 2*3*4 :smile: a_b_c\n\n"
        "/tier ACME shows it\n\n"
        "Account manager: Anna\n\n"
        "C-1 · شركة"
    )


def test_an_entity_written_in_a_name_is_shown_as_written() -> None:
    message = Ungraded(customer_id=1, version=1, name="&lt;b&gt; <!here>", code="C-1", owner=Who(name="Anna"))
    assert as_text(Renderer().slots(message)).startswith("&lt;b&gt; <!here>\n\n")


@pytest.mark.parametrize("name", ["*x* _y_ ~z~ `c`", ":100: Ltd", "> x", "CUST_001", "*"])
def test_a_name_is_printed_as_it_is_written(name: str) -> None:
    message = Ungraded(customer_id=1, version=1, name=name, code="C-1", owner=Who(name=name))
    text = as_text(Renderer().slots(message, mentions=False))
    assert text.startswith(f"{name}\n\n")
    assert f"Account manager: {name}" in text


def test_help_reads_as_plain_text_in_both_languages() -> None:
    for language in ("en", "zh"):
        text = as_text(Renderer().slots(Help(role="admin"), language))
        assert not set(text) & set("*`")


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (-0.04, ".1f", "0.0"),
        (-0.04, "+.1f", "0.0"),
        (0.04, "+.1f", "0.0"),
        (-0.06, "+.1f", "−0.1"),
        (0.06, "+.1f", "+0.1"),
        (-0.0, "g", "0"),
        (Decimal("-0.4"), ",.0f", "0"),
        (-1000, ",.0f", "−1,000"),
        (None, ".1f", "?"),
    ],
)
def test_what_rounds_to_nothing_has_no_sign(value: float | Decimal | None, form: str, shown: str) -> None:
    assert number(value, form, "?") == shown
