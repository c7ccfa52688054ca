"""`tierbot check` finds errors in a template, also those that only rendering shows."""

from datetime import date
from pathlib import Path

import pytest

from bot.services.ops.templates import check_templates, sample
from bot.wording.message_base import Message
from bot.wording.messages import MESSAGES, MyCustomers, TierCard
from bot.wording.parts import Since, Who
from bot.wording.rendering import Renderer

GOOD = "{% block fallback %}{{ name }}{% endblock %}\n"


def check(folder: Path, text: str, name: str = "tier_card.jinja") -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    return check_templates(Renderer(folder))


def test_the_shipped_templates_have_no_problem() -> None:
    assert check_templates(Renderer()) == []


def test_a_firms_own_template_that_works_has_no_problem(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("\n{% block fallback %}{{ name }", 2, "unexpected '}'"),
        (
            GOOD + "{% block body %}{% if held %}{{ nmae }}{% endif %}{% endblock %}",
            2,
            "'nmae' is not in this message",
        ),
        (
            GOOD + "{% block heder %}{{ name }}{% endblock %}",
            2,
            "unknown block 'heder'; use fallback, header",
        ),
        ("{% block body %}{{ name }}{% endblock %}", None, "has no block named fallback"),
        (GOOD + "\n{% block body %}{{ name|shout }}{% endblock %}", 3, "No filter named 'shout'"),
        (
            GOOD + "{% block body %}{% if held %}{{ name|shout }}{% endif %}{% endblock %}",
            2,
            "there is no filter 'shout'",
        ),
        (GOOD + "{% block body %}\n{{ name|day }}{% endblock %}", 3, ""),
        (GOOD + "{% block body %}\n\n{{ owner.nmae }}{% endblock %}", 4, "nmae"),
        (GOOD + "{% block body %}{{ before.score|points }}{% endblock %}", 2, ""),
    ],
    ids=[
        "syntax",
        "unknown field in a branch",
        "unknown block",
        "no fallback",
        "unknown filter",
        "unknown filter in a branch",
        "wrong filter",
        "unknown attribute",
        "value that may be missing",
    ],
)
def test_a_broken_template_is_reported_with_file_and_line(
    tmp_path: Path, text: str, line: int | None, fault: str
) -> None:
    problems = check(tmp_path, text)
    assert len(problems) == 1, problems
    place = f"{tmp_path}/tier_card.jinja" + (f" line {line}" if line else "")
    assert problems[0].startswith(f"{place}: ")
    assert fault in problems[0]


def test_a_template_of_no_message_is_reported(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, GOOD, "tier_cards.jinja")
    assert problem.startswith(
        f"{tmp_path}/tier_cards.jinja: no message has this name; the names are at_risk.jinja, audit_anchor.jinja"
    )


def test_a_sample_has_everything_or_as_little_as_it_may() -> None:
    full, least = sample(TierCard, full=True), sample(TierCard, full=False)
    assert full.owner == Who(name="ACME", slack_user_id="ACME")
    assert isinstance(full.before, Since)
    assert full.as_of == date(2026, 3, 31)
    assert (least.owner, least.score, least.up, least.provisional) == (None, None, (), False)
    assert sample(MyCustomers, full=True).counts[0][1] == 2


@pytest.mark.parametrize("kind", MESSAGES.values(), ids=lambda kind: kind.__name__)
def test_there_is_a_sample_of_every_message(kind: type[Message]) -> None:
    assert isinstance(sample(kind, full=True), kind)
    assert isinstance(sample(kind, full=False), kind)
