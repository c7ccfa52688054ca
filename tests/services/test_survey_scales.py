"""The scales of surveys: what a file of the firm says, what the pages say of it, and what is said about a wrong one."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.errors import SeveralProblems
from bot.services.ops import checks
from bot.services.ops.checks import Findings
from bot.services.survey_scales import SurveyScales, load_scales, plain, shipped_scales
from bot.settings import Settings
from tests import factories

PAGES = [Path(__file__).parents[2] / "docs" / f"surveys{language}.md" for language in ("", ".zh")]
DAY = date(2026, 3, 2)


def load(folder: Path, text: str) -> SurveyScales:
    file = folder / "scales.yaml"
    file.write_text(text, encoding="utf-8")
    return load_scales(file)


@pytest.mark.parametrize("page", PAGES, ids=["English", "Chinese"])
def test_the_scores_of_the_page_count_as_it_says(page: Path) -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\d+) \| ([\d.]+) \|$", page.read_text("utf-8"), re.MULTILINE)
    scales = shipped_scales()
    assert [scale for scale, _, _ in rows] == [scale.id for scale in scales.scales]
    for scale, score, value in rows:
        assert plain(scales.value(scales.require(scale), Decimal(score))) == value


@pytest.mark.parametrize("page", PAGES, ids=["English", "Chinese"])
@pytest.mark.parametrize(
    ("scale", "score", "tier", "days"),
    [
        ("1-5", 2, "A", 3),
        ("1-5", 2, "C", 10),
        ("1-5", 2, None, 10),
        ("nps", 6, "VIP", 2),
        ("1-5", 3, "A", None),
        ("nps", 7, "A", None),
    ],
)
def test_the_example_of_the_page_means_what_the_page_says(
    page: Path, tmp_path: Path, scale: str, score: int, tier: str | None, days: int | None
) -> None:
    example = re.search(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    scales = load(tmp_path, example[1])
    given = scales.require(scale), Decimal(score)
    assert scales.is_followed_up(*given, DAY - timedelta(days=60), DAY) == (days is not None)
    assert not scales.is_followed_up(*given, DAY - timedelta(days=61), DAY)
    if days is not None:
        assert scales.deadline(tier, DAY) == DAY + timedelta(days=days)


def test_the_ends_of_each_scale_are_those_of_the_indicator() -> None:
    scales = shipped_scales()
    for scale in scales.scales:
        assert (scales.value(scale, scale.least), scales.value(scale, scale.most)) == (1, 5)
        assert scale.least <= scale.low < scale.most


HEAD = "indicator: {least: 1, most: 5}\ndays: {default: 3}\n"
ONE = "scales: [{id: a, name: {en: A, zh: 甲}, least: 0, most: 3, low: 1}]\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD, "scales.yaml line 1, scales: is missing; add it"),
        (f"indicator: {{least: 1, most: 5}}\ndays: {{A: 3}}\n{ONE}", "days has nothing for default"),
        (f"{HEAD}{ONE}dayz: 1\n", "scales.yaml line 4, dayz: is not a key of this file"),
        (f"{HEAD}{ONE.replace('most: 3', 'most: 0')}", "least must be smaller than most"),
        (
            f"{HEAD}{ONE.replace('low: 1', 'low: x')}",
            "scales.yaml line 3, scales.0.low: 'x' does not fit here",
        ),
        (f"{HEAD}scales: [a]\nscales: [b]\n", "line 4: is not readable YAML"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_remedy(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SeveralProblems) as wrong:
        load(tmp_path, text)
    assert sentence in str(wrong.value)


def test_check_reads_the_file(tmp_path: Path) -> None:
    file = tmp_path / "scales.yaml"
    file.write_text(ONE, encoding="utf-8")
    found = Findings()
    checks._check_rules(Settings(_env_file=None, TIERBOT_SURVEYS=file), found)
    assert any("indicator: is missing" in str(one) for one in found.problems)


@pytest.mark.parametrize(("most", "notices"), [(5, 0), (10, 1)])
def test_check_names_a_scheme_that_scores_satisfaction_on_another_scale(
    tmp_path: Path, most: int, notices: int
) -> None:
    scheme = factories.scheme_text({"satisfaction": f"score: {{fn: scale, min: 1, max: {most}}}"})
    (tmp_path / "own.yaml").write_text(scheme, encoding="utf-8")
    found = Findings()
    checks._check_rules(Settings(_env_file=None, TIERBOT_SCHEMES_DIR=tmp_path), found)
    assert found.problems == []
    assert len(found.notices) == notices
    for one in found.notices:
        assert "own.yaml scores satisfaction from 1 to 10" in str(one)
