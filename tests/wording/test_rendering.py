"""Values become harmless words; a firm's own templates win while they work."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from markupsafe import Markup
from structlog.testing import capture_logs

from bot.errors import BadInput, BotError
from bot.services.ops.templates import sample
from bot.wording.messages import MESSAGES, Problem, Slots, TierChanged, TierDigest, Ungraded, Why
from bot.wording.parts import Who
from bot.wording.rendering import SHIPPED, Renderer, escape, problem_text
from tests.slack.strategies import HOSTILE

OWNER = Who(name="Anna <!here> Schmidt", slack_user_id="U0ANNA")


def ungraded(owner: Who | None = OWNER, name: str = "ACME") -> Ungraded:
    return Ungraded(customer_id=1, version=1, name=name, code="C-1", owner=owner)


def owner_line(slots: Slots) -> str:
    return slots.facts[0].split("\n")[1]


def test_every_message_has_a_template_and_every_template_a_message() -> None:
    templates = {path.stem for path in SHIPPED.glob("*.jinja") if not path.name.startswith("_")}
    assert templates == {kind.template for kind in MESSAGES.values()}


def test_no_template_line_is_so_long_that_it_holds_logic() -> None:
    lines = {
        f"{path.name} line {number}": len(line)
        for path in SHIPPED.glob("*.jinja")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    }
    assert {place: length for place, length in lines.items() if length > 120} == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("Falken & Co", "Falken &amp; Co"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("two\nlines\x00\tand  spaces", "two lines and spaces"),
        ("\u202egpj.exe", "gpj.exe"),
        ('O\'Neill "Ltd"', 'O\'Neill "Ltd"'),
        ("شركة", "\u2068شركة\u2069"),
        (Markup("<@U0ANNA>"), "<@U0ANNA>"),
        ("x" * 81, "x" * 79 + "…"),
        ("*A* _b_ ~c~ `d` :100:", "∗A∗ ＿b＿ ∼c∼ ｀d｀ ∶100∶"),
        ("> A", "› A"),
        ("CUST_001 at 12:30, Re: 3 > 2", "CUST_001 at 12:30, Re: 3 &gt; 2"),
        ("", ""),
    ],
)
def test_a_value_is_one_harmless_line(value: str, shown: str) -> None:
    assert escape(value) == shown


@pytest.mark.parametrize(
    "user_id",
    [None, "", "U1", "C0GENERAL", "u0anna", "U0ANNA>", "U0ANNA|x", "<@U0ANNA>", *HOSTILE],
)
def test_only_a_valid_slack_id_becomes_a_mention(user_id: str | None) -> None:
    slots = Renderer().slots(ungraded(Who(name="Anna", slack_user_id=user_id)))
    assert owner_line(slots) == "Anna"


def test_a_person_is_mentioned_in_slack_and_named_elsewhere() -> None:
    assert owner_line(Renderer().slots(ungraded())) == "<@U0ANNA>"
    assert owner_line(Renderer().slots(ungraded(), mentions=False)) == "Anna &lt;!here&gt; Schmidt"


def test_a_problem_keeps_its_whole_sentence_and_harmless_values() -> None:
    error = BadInput(
        "%(file)s line %(line)d has too many cells & no <header>; %(file)s cannot be read, so save the sheet as CSV again.",
        file="<!channel>\n*a*.csv",
        line=12,
    )
    text = problem_text(error, "en")
    assert text == (
        "&lt;!channel&gt; ∗a∗.csv line 12 has too many cells &amp; no &lt;header&gt;; "
        "&lt;!channel&gt; ∗a∗.csv cannot be read, so save the sheet as CSV again."
    )
    slots = Renderer().slots(Problem(text=text), "en")
    assert slots.body == (str(text),)
    assert slots.fallback == text


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_of_a_problem_becomes_markup(value: str) -> None:
    text = problem_text(BotError("There is no file %(file)s.", file=value), "zh")
    assert text.startswith("找不到文件")
    assert "<" not in text
    assert ">" not in text


def test_a_percent_sign_without_values_is_itself() -> None:
    assert problem_text(BotError("100 % sure"), "en") == "100 % sure"


def write(folder: Path, name: str, text: str) -> Renderer:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return Renderer(folder)


def test_a_firms_own_template_wins(tmp_path: Path) -> None:
    renderer = write(
        tmp_path / "own", "ungraded.jinja", "{% block fallback %}{{ name }}: ask Eva{% endblock %}"
    )
    assert renderer.slots(ungraded()).fallback == "ACME: ask Eva"
    assert renderer.slots(Problem(text="Choose the day.")).fallback == "Choose the day."


def test_whatever_a_template_prints_is_harmless(tmp_path: Path) -> None:
    renderer = write(
        tmp_path / "own", "ungraded.jinja", "{% block fallback %}{{ owner }} {{ '<!here>' }}{% endblock %}"
    )
    assert renderer.slots(ungraded()).fallback == (
        "Who(name=Markup('Anna &amp;lt;!here&amp;gt; Schmidt'), slack_user_id=Markup('U0ANNA')) &lt;!here&gt;"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{% block fallback %}{{ name }",
        "{% block fallback %}{{ nmae }}{% endblock %}",
        "{% block body %}{{ name }}{% endblock %}",
        "{% block fallback %}{{ name|shout }}{% endblock %}",
        "{% block fallback %}{{ name|day }}{% endblock %}",
        "{% block fallback %}{{ 1 / 0 }}{% endblock %}",
        "{% block fallback %}{% include 'gone.jinja' %}{% endblock %}",
    ],
    ids=["syntax", "unknown field", "no fallback", "unknown filter", "wrong filter", "crash", "include"],
)
def test_a_broken_template_gives_way_to_the_shipped_one_and_is_logged_once(tmp_path: Path, text: str) -> None:
    renderer = write(tmp_path / "own", "ungraded.jinja", text)
    with capture_logs() as logged:
        slots = [renderer.slots(ungraded(), language) for language in ("zh", "en", "en")]
    assert [s.fallback for s in slots] == ["ACME尚未评级", "ACME has no tier yet", "ACME has no tier yet"]
    assert [(line["event"], line["template"]) for line in logged] == [("template.broken", "ungraded.jinja")]


def test_a_broken_part_gives_way_too(tmp_path: Path) -> None:
    renderer = write(tmp_path / "own", "_parts.jinja", "{% macro reason_line(reason) %}")
    with capture_logs():
        slots = renderer.slots(sample(Why, full=True))
    assert slots == Renderer().slots(sample(Why, full=True))


def test_values_are_shown_as_a_reader_of_the_language_expects() -> None:
    slots = {language: Renderer().slots(sample(Why, full=True), language) for language in ("en", "zh")}
    assert "Mar 31, 2026" in slots["en"].footer[0]
    assert "2026年3月31日" in slots["zh"].footer[0]
    assert sample(Why, full=True).as_of == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("language", "grade", "nothing"), [("en", "Credit grade", "thank"), ("zh", "信用等级", "致电感谢")]
)
def test_a_credit_alert_speaks_of_credit(language: str, grade: str, nothing: str) -> None:
    told = replace(sample(TierChanged, full=False), up=True, cause="behaviour", capped_by=None)
    plain, credit = (
        str(Renderer().slots(replace(told, purpose=purpose), language)) for purpose in ("account", "credit")
    )
    assert grade in credit
    assert grade not in plain
    assert (nothing in credit, nothing in plain) == (False, True)
    digest = Renderer().slots(replace(sample(TierDigest, full=False), purpose="credit"), language)
    assert grade in digest.header.replace("credit grade", "Credit grade")
