"""The kinds of complaints: what a file of the firm says, and what is said about a wrong one."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.errors import SeveralProblems
from bot.services.complaint_kinds import ComplaintKinds, load_kinds
from bot.services.ops import checks
from bot.services.ops.checks import Findings
from bot.settings import Settings

PAGES = [Path(__file__).parents[2] / "docs" / f"complaints{language}.md" for language in ("", ".zh")]
DAY = date(2026, 3, 2)


def load(folder: Path, text: str) -> ComplaintKinds:
    file = folder / "kinds.yaml"
    file.write_text(text, encoding="utf-8")
    return load_kinds(file)


@pytest.mark.parametrize("page", PAGES, ids=["English", "Chinese"])
@pytest.mark.parametrize(
    ("kind", "tier", "days", "told"),
    [
        ("safety", "VIP", 1, True),
        ("safety", None, 1, True),
        ("quality", "VIP", 2, True),
        ("quality", "A", 3, True),
        ("quality", "C", 10, False),
        ("quality", None, 10, False),
        ("gone", "A", 3, True),  # of an earlier file
    ],
)
def test_the_example_of_the_page_means_what_the_page_says(
    page: Path, tmp_path: Path, kind: str, tier: str | None, days: int, told: bool
) -> None:
    example = re.search(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    kinds = load(tmp_path, example[1])
    assert kinds.deadline(kind, tier, DAY) == DAY + timedelta(days=days)
    assert kinds.tells_opened(kind, tier) == told


ONE = "kinds: [{id: a, name: {en: A, zh: 甲}}]\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ONE, "kinds.yaml line 1, days: is missing; add it"),
        (f"days: {{A: 3}}\n{ONE}", "days has nothing for default"),
        (f"days: {{default: -1}}\n{ONE}", "kinds.yaml line 1, days.default: -1 does not fit here"),
        (f"days: {{default: 1}}\n{ONE}dayz: 1\n", "kinds.yaml line 3, dayz: is not a key of this file"),
        (
            "days: {default: 1}\nkinds: [{id: a, name: A}]\n",
            "kinds.yaml line 2, kinds.0.name: 'A' does not fit here",
        ),
        (
            f"days: {{default: 1}}\n{ONE[:-2]}, {{id: a, name: {{en: A, zh: 甲}}}}]\n",
            "kind 'a' is there twice",
        ),
        ("days: [\n", "kinds.yaml line 2: is not readable YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SeveralProblems) as refused:
        load(tmp_path, text)
    assert sentence in str(refused.value)


def test_check_reads_the_file(tmp_path: Path) -> None:
    file = tmp_path / "kinds.yaml"
    file.write_text(ONE, encoding="utf-8")
    found = Findings()
    checks._check_rules(Settings(_env_file=None, TIERBOT_COMPLAINTS=file), found)
    assert "kinds.yaml line 1, days" in str(found.problems)
