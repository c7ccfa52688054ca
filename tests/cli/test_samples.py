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
            rows, dry = len(sample(language, kind)), "--dry-run" in options
            if language == "zh":
                assert f"{rows} 行：{'将' if dry else ''}接受 {rows}（" in done.out
                assert f"按 {SHAPES[language][0]} 读取，" in done.out
            else:
                assert f"{rows} rows: {rows} {'would be ' if dry else ''}accepted (" in done.out
                assert f"Read as {SHAPES[language][0]}, " in done.out
        case ["scheme", "propose", *_]:
            assert ("已写入 scheme.yaml。" if language == "zh" else "Wrote scheme.yaml.") in done.out
        case ["grade", *_, "--replay", "2025-01-31", "2025-12-31"]:
            moves = "按等级变动规则：变更 4 次" if language == "zh" else "With the movement rules: moves 4,"
            assert moves in done.out
        case ["grade", *_] if language == "zh":
            assert re.sub(" +", " ", done.out).splitlines() == [
                "快照，截至 2025-12-31，按 manufacturing_own 第 1 版：10 位客户。",
                "等级 客户",
                "strategic 1",
                "important 7",
                "ordinary 1",
                "新客户 1",
                "首次分级：未发出通知。",
            ]
        case ["grade", *_]:
            assert re.sub(" +", " ", done.out).splitlines() == [
                "Snapshot as of 2025-12-31 with manufacturing_own version 1: 10 customers.",
                "tier customers",
                "strategic 1",
                "important 7",
                "ordinary 1",
                "new 1",
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
        created = (
            "已创建数据库 data/tierbot.db。\n"
            if language == "zh"
            else "Created the database data/tierbot.db.\n"
        )
        first = "" if kinds else created
        assert (done.code, done.err) == (0, first), line
        check(words[1:], done, language)
        if words[1] == "import":
            kinds.append(words[2])
    assert set(kinds) == set(KINDS) - {"joins"}  # the samples are of one system
