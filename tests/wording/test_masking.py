"""What is masked in any text by its shape, and which codes of customers are not taken for it."""

import pytest

from bot.masking import MASK, mask_text

PERSONAL = """
anna@example.com
13800138000
138 0013 8000
8613800138000
86 13800138000
+49 170 7391826
0171 2345678
0151/23456789
010-62781234
0755-12345678
11010519491231002X
DE89370400440532013000
DE89 3704 0044 0532 0130 00
GB82 WEST 1234 5698 7654 32
""".strip().splitlines()
CODES = """
0000100234
0012345678
0151234567
K-1234-5678
INV 2026-0012345
20260331-0001
01234-5678901
DE88370400440532013000
AB12CDEF34567890
2026-03-31 12:00
1.234.567,89
""".strip().splitlines()


@pytest.mark.parametrize("text", PERSONAL)
def test_addresses_telephone_and_account_numbers_are_masked_in_any_text(text: str) -> None:
    shown = mask_text(f"ask {text}, then 5")
    assert MASK in shown
    assert text not in shown
    assert (shown.startswith("ask "), shown.endswith(", then 5")) == (True, True)


@pytest.mark.parametrize("text", CODES)
def test_codes_days_and_amounts_are_shown(text: str) -> None:
    assert mask_text(f"ask {text}, then 5") == f"ask {text}, then 5"
