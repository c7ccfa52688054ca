"""The texts to greet customers with: shipped for every occasion, and a firm's own come first while they work."""

import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.services.care.occasions import OCCASIONS
from bot.services.ops.templates import check_templates
from bot.wording import greeting_texts
from bot.wording.greeting_texts import ANY, SALUTATION, SHIPPED, block_name, language_of, languages
from bot.wording.rendering import Renderer
from grading.scheme.model import Name
from tests.slack.strategies import HOSTILE

SHIPPED_LANGUAGES = ("en", "zh")
IDS = (*OCCASIONS, "birthday", ANY)
FOUNDING = Name(en="Founders' Day", zh="创立纪念日")
CHINESE = re.compile(r"[一-鿿]")
RENDERER = Renderer()


def text_of(occasion_id: str, language: str, *, top: bool = True, name: str = "") -> str:
    return RENDERER.greeting_text(occasion_id, language, top=top, name=name, occasion=FOUNDING)


def write(folder: Path, language: str, text: str) -> Renderer:
    (folder / "greetings").mkdir(exist_ok=True)
    (folder / "greetings" / f"{language}.jinja").write_text(text, encoding="utf-8")
    return Renderer(folder)


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_every_occasion_has_a_text_for_the_highest_tiers_and_one_for_the_others(language: str) -> None:
    template = RENDERER.environment(language, own=False).get_template(f"greetings/{language}.jinja")
    assert set(template.blocks) == {
        SALUTATION,
        *(block_name(one, top) for one in IDS for top in (True, False)),
    }


@pytest.mark.parametrize("occasion_id", IDS)
def test_a_text_is_short_in_its_language_and_warmer_for_the_highest_tiers(occasion_id: str) -> None:
    for language in SHIPPED_LANGUAGES:
        top, plain = (text_of(occasion_id, language, top=top) for top in (True, False))
        assert 10 <= len(plain) < len(top) <= 300
        assert bool(CHINESE.search(top)) == bool(CHINESE.search(plain)) == (language == "zh")
        assert "\n" not in top + plain


@pytest.mark.parametrize("occasion_id", IDS)
def test_nobody_is_thanked_who_may_not_have_bought_anything(occasion_id: str) -> None:
    for language in SHIPPED_LANGUAGES:
        assert not re.search(
            "thank you|grateful|working with|感谢|合作", text_of(occasion_id, language, top=False)
        )


def test_the_dead_are_not_the_subject_of_a_greeting() -> None:
    shipped = "".join(path.read_text(encoding="utf-8") for path in SHIPPED.rglob("greetings/*.jinja"))
    assert not re.search("清明|qingming|tomb", shipped, re.IGNORECASE)
    assert (
        "端午快乐" not in shipped
    )  # the Dragon Boat Festival remembers a death: one wishes peace and health


def test_a_name_makes_a_salutation() -> None:
    assert text_of("christmas", "en", top=False, name="Ms Huber").startswith(
        "Dear Ms Huber,\nMerry Christmas!"
    )
    assert text_of("christmas", "zh", top=False, name="王总").startswith("尊敬的王总：\n圣诞快乐！")


def test_a_holiday_of_the_firms_own_is_named_in_the_language_of_the_text() -> None:
    assert text_of("jubilee", "en", top=False).startswith("Our best wishes for Founders' Day!")
    assert text_of("", "zh", top=False).startswith("值此创立纪念日之际")


def test_traditional_chinese_is_converted_from_the_simplified_text() -> None:
    assert text_of("mid_autumn", "zh_Hant", top=False) == "中秋快樂！祝您闔家團圓、幸福安康！"


@pytest.mark.parametrize("language", ["de", "xx", "", "..", "../../messages/why", "zh/../en", *HOSTILE])
def test_a_language_without_a_text_gets_the_english_one(language: str) -> None:
    assert text_of("christmas", language) == text_of("christmas", "en")


@pytest.mark.parametrize("name", [one for one in HOSTILE if one.strip()])
def test_no_name_becomes_markup_or_ends_the_block_of_code(name: str) -> None:
    for language in (*SHIPPED_LANGUAGES, "zh_Hant"):
        text = text_of("christmas", language, name=name)
        assert not re.search("[<>`\r]", text)
        assert "&" not in re.sub("&(?:amp|lt|gt);", "", text)


def test_a_firms_own_text_wins_and_the_others_stay(tmp_path: Path) -> None:
    renderer = write(
        tmp_path, "zh", "{% block christmas_top %}\n圣诞\n快乐\n\n{{ name }}，您好\n{% endblock %}"
    )
    assert renderer.greeting_text("christmas", "zh", top=True, name="王总") == "圣诞 快乐\n王总，您好"
    assert renderer.greeting_text("christmas", "zh", top=False) == text_of("christmas", "zh", top=False)
    assert check_templates(renderer) == []


def test_a_firm_can_add_a_language(tmp_path: Path) -> None:
    renderer = write(tmp_path, "de", "{% block christmas_plain %}Frohe Weihnachten!{% endblock %}")
    assert renderer.greeting_text("christmas", "de", top=False) == "Frohe Weihnachten!"
    assert renderer.greeting_text("easter", "de", top=False) == text_of("easter", "en", top=False)
    assert languages(tmp_path) == {"en", "zh", "zh_Hant", "de"}
    assert check_templates(renderer) == []


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("CN", "zh"), ("SG", "zh"), ("TW", "zh_Hant"), ("HK", "zh_Hant"), ("MO", "zh_Hant"),
        ("DE", "de"), ("AT", "de"), ("FR", "en"), ("GB", "en"), ("AE", "en"), ("XX", "en"), (None, "en"),
    ],
)  # fmt: skip
def test_the_country_tells_the_language(tmp_path: Path, code: str | None, language: str) -> None:
    write(tmp_path, "de", "")
    assert language_of(code, languages(tmp_path)) == language


BROKEN = {
    "not closed": ("{% block christmas_top %}", "Unexpected end of template"),
    "endless": (
        "{% block christmas_top %}{% for a in range(10**9) %}{% endfor %}{% endblock %}",
        "Range too big",
    ),
    "too much": (
        "{% block christmas_top %}{% for a in range(99999) %}{% endfor %}{% endblock %}",
        "10,000 steps",
    ),
    "too long": (
        "{% block christmas_top %}" + "x" * 1_001 + "{% endblock %}",
        "longer than 1,000 characters",
    ),
    "empty": ("{% block christmas_top %} {% endblock %}", "is empty"),
    "unknown name": ("{% block christmas_top %}{{ nmae }}{% endblock %}", "'nmae' is not in a greeting"),
    "unknown filter": (
        "{% block christmas_top %}{{ name|shout }}{% endblock %}",
        "No filter named 'shout'",
    ),
}


@pytest.mark.parametrize(("text", "fault"), BROKEN.values(), ids=BROKEN)
def test_a_broken_text_gives_way_to_the_shipped_one_and_check_names_it(
    tmp_path: Path, text: str, fault: str
) -> None:
    renderer = write(tmp_path, "en", text)
    with capture_logs() as logged:
        shown = {str(renderer.greeting_text("christmas", "en", top=True)) for _ in range(3)}
    assert shown == {text_of("christmas", "en")}
    assert [(line["event"], line["template"]) for line in logged] == [
        ("template.broken", "greetings/en.jinja")
    ]
    (problem,) = check_templates(renderer)
    assert "greetings/en.jinja" in problem
    assert fault in problem


@pytest.mark.parametrize(
    ("language", "text", "fault"),
    [
        (
            "en",
            "{% block chrismas_top %}x{% endblock %}",
            "line 1: unknown block 'chrismas_top'; use salutation, ",
        ),
        ("english", "", "is no language; name the file by its code, such as de or zh_Hant."),
    ],
)
def test_check_names_what_no_greeting_uses(tmp_path: Path, language: str, text: str, fault: str) -> None:
    (problem,) = check_templates(write(tmp_path, language, text))
    assert fault in problem


def test_what_an_author_types_stays_in_the_block_of_code(tmp_path: Path) -> None:
    renderer = write(tmp_path, "en", "{% block easter_top %}R&D ``` <!channel> &lt;{% endblock %}")
    assert renderer.greeting_text("easter", "en", top=True) == "R&amp;D ''' &lt;!channel&gt; &lt;"


def test_opencc_is_loaded_only_for_a_traditional_text() -> None:
    greeting_texts._converter.cache_clear()
    text_of("christmas", "zh")
    assert greeting_texts._converter.cache_info().currsize == 0
