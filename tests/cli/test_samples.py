"""The commands that the READMEs print, run as they are printed in a fresh folder with the sample files."""

import csv
import re
import shlex
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from bot.services.imports import KINDS
from tests.cli.conftest import Done, Program

ROOT = Path(__file__).parents[2]
SHAPES = {"en": ("utf-8", ","), "zh": ("gb18030", ","), "de": ("cp1252", ";")}
ACME = {"en": "ACME Instruments Inc.", "zh": "ACME仪器（苏州）有限公司", "de": "ACME Messtechnik GmbH"}
TIER = {"en": "Strategic", "zh": "战略客户", "de": "Strategic"}
CURRENCY = {"en": "USD", "zh": "CNY", "de": "EUR"}


def sample(language: str, kind: str) -> list[list[str]]:
    """The rows of a sample file without its header, read without the program."""
    encoding, separator = SHAPES[language]
    text = (ROOT / "samples" / language / f"{kind}.csv").read_bytes().decode(encoding)
    return list(csv.reader(text.splitlines(), delimiter=separator))[1:]


def blocks(page: str, heading: str) -> list[str]:
    """The commands in the fenced blocks of a section, without their comments."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = re.split(r"(?m)^## ", text.split(f"\n## {heading}\n")[1])[0]
    lines = "\n".join(re.findall(r"```\n(.*?)```", section, re.DOTALL)).splitlines()
    return [shlex.join(shlex.split(line, comments=True)) for line in lines]


def spent_in_2025(language: str) -> Decimal:
    """What ACME's orders of 2025 come to; all of them are in the firm's currency."""
    amounts = [row[-3] for row in sample(language, "orders") if row[1] == "K-1001" and "-2025-" in row[0]]
    if language == "de":
        amounts = [amount.replace(".", "").replace(",", ".") for amount in amounts]
    return sum(map(Decimal, amounts), Decimal(0))


def check(command: list[str], done: Done, language: str) -> None:
    """What a command must print."""
    match command:
        case ["import", kind, *options]:
            rows = len(sample(language, kind))
            verb = "would be" if "--dry-run" in options else "were"
            assert f"{rows} rows: {rows} {verb} accepted (" in done.out
            assert f"Read as {SHAPES[language][0]}, " in done.out
        case ["scheme", "propose", *_]:
            assert "Wrote scheme.yaml." in done.out
        case ["grade", *_, "--replay", "2025-01-31", "2025-12-31"]:
            assert "With the movement rules: 4 moves" in done.out
        case ["grade", *_]:
            assert re.sub(" +", " ", done.out).splitlines() == [
                "Snapshot as of 2025-12-31 with manufacturing version 2: 10 customers.",
                "tier customers",
                "strategic 1 ",
                "important 7 ",
                "ordinary 1 ",
                "new 1 ",
                "First grading: nobody was alerted.",
            ]
        case ["tier", "ACME"]:
            assert done.out.startswith(f"{ACME[language]} · {TIER[language]}\n")
            assert f"{CURRENCY[language]} {spent_in_2025(language):,.0f}" in done.out.replace("\xa0", " ")
        case ["why", "ACME"]:
            assert done.out.startswith(f"{ACME[language]} · {TIER[language]} · ")
        case _:
            pytest.fail(f"nothing is known of {command}")


@pytest.mark.parametrize(
    ("page", "heading", "language"),
    [
        ("README.md", "Bring your data", "en"),
        ("README.zh.md", "导入你的数据", "zh"),
        ("samples/README.md", "German", "de"),
    ],
    ids=str,
)
def test_every_printed_command_works_in_a_fresh_folder(
    page: str, heading: str, language: str, program: Program, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    kinds: list[str] = []
    for line in blocks(page, heading):
        words = shlex.split(line)
        if words[0] == "echo":
            setting, sign, file = words[1:]
            assert (sign, file) == (">>", ".env"), line
            with (tmp_path / ".env").open("a") as settings:
                settings.write(f"{setting}\n")
            continue
        assert words[0] == "tierbot", line
        done = program(*words[1:])
        first = "" if kinds else "Created the database data/tierbot.db.\n"
        assert (done.code, done.err) == (0, first), line
        check(words[1:], done, language)
        if words[1] == "import":
            kinds.append(words[2])
    assert set(kinds) == set(KINDS) - {"joins"}  # the samples are of one system
