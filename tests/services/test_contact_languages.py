"""Languages as people write them."""

import pytest

from bot.services.contact_people.languages import language_named


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("zh-CN", "zh"), ("简体中文", "zh"), ("Chinese", "zh"), ("汉语", "zh"), ("DE", "de"), ("Deutsch", "de"), ("德语", "de"),
        ("de_AT", "de"), ("français", "fr"), ("英文", "en"), ("日本語", "ja"), ("pt-BR", "pt"),
        ("klingonish", None), ("xx", None), ("", None),
    ],
)  # fmt: skip
def test_a_language_is_known_by_code_and_name(text: str, code: str | None) -> None:
    assert language_named(text) == code
