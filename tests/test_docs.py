"""The documentation is held against the code."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import settings
from bot.cli.output.vocabulary import WORDS
from bot.cli.tree import app
from bot.services.ops import metrics
from bot.slack.manifest import SCOPES
from db.audit import AuditAction, Door, ObjectKind
from db.engine import Database
from grading.scheme.presets import preset_names

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md", "samples/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


def test_every_setting_is_documented_as_it_is() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\| (.*) \|$", page, flags=re.MULTILINE)
    assert rows == settings.variables()


def test_every_scope_is_documented_with_its_reason() -> None:
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w:.]+)` \| (.*) \|$", page, flags=re.MULTILINE))
    assert {scope: reason for scope, reason in rows.items() if scope in SCOPES} == SCOPES


def test_every_preset_is_documented() -> None:
    page = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in preset_names())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_exists(page: Path) -> None:
    shown = re.findall(
        r"tierbot ((?:import|audit|person|scheme|care|override|credit|review|db|outbox|report) [\w-]+|[\w-]+)",
        page.read_text(encoding="utf-8"),
    )
    for command in set(shown) - {"demo"}:
        result = CliRunner().invoke(app, [*command.split(), "--help"])
        assert result.exit_code == 0, f"{page.name}: tierbot {command}"


def test_every_command_and_option_has_a_help_text() -> None:
    result = CliRunner().invoke(app, ["--help"])
    for command in (
        "run",
        "demo",
        "import",
        "grade",
        "tier",
        "score",
        "scheme",
        "tick",
        "check",
        "db",
        "manifest",
    ):
        assert re.search(rf"\b{command}\b\s+\S+", result.output), command


def test_every_metric_is_on_the_operations_page_and_no_other(database: Database) -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    with database.read() as session:
        measured = {
            f"tierbot_{vital.name}" for vital in metrics.measure(session, datetime(2026, 5, 4, tzinfo=UTC))
        }
    assert set(re.findall(r"\btierbot_\w+", page)) == measured


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"\b(?:TIERBOT|SLACK)_[A-Z_]+\b", page.read_text(encoding="utf-8")))
    known = {name for name, _, _ in settings.variables()}
    assert {name for name in named if name not in known and not name.startswith("TIERBOT_TEST_")} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_exists_and_has_the_function_named_after_it(page: Path) -> None:
    named = re.findall(
        r"`((?:bot|grading|db|tests|templates)/[\w/.]+\.\w+)`(?:, `(\w+)`)?", page.read_text(encoding="utf-8")
    )
    for file, name in ((file, name) for file, name in named if not re.search("[A-Z]{4}", file)):  # NAME
        assert (ROOT / file).exists(), f"{page.name}: {file}"
        assert not name or name in (ROOT / file).read_text(encoding="utf-8"), f"{page.name}: {name} in {file}"


@pytest.mark.parametrize("page", ["audit.md", "audit.zh.md"])
def test_every_action_of_the_audit_is_on_its_page_and_no_other(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    cells = re.findall(r"(?m)^\| (`[^|]*`) \|", text)
    assert [name for cell in cells for name in re.findall(r"`(\w+)`", cell)] == list(AuditAction)


def test_every_action_door_and_object_of_the_audit_has_a_word() -> None:
    for kind, values in {"action": AuditAction, "door": Door, "object": ObjectKind}.items():
        assert set(WORDS[kind]) == set(values)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/importing.md",
        "docs/audit.md",
        "docs/working-time.md",
        "docs/care-explained.md",
        "docs/care.md",
        "docs/escalation.md",
        "docs/weekly.md",
        "docs/home.md",
        "docs/occasions.md",
    ],
)
def test_a_chinese_page_has_the_sections_commands_tables_and_links_of_the_english_one(page: str) -> None:
    english, chinese = (_outline(ROOT / name) for name in (page, page.replace(".md", ".zh.md")))
    assert chinese == english


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_a_section_lead_to_a_heading(page: Path) -> None:
    for target, section in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        text = (page.parent / target if target else page).read_text(encoding="utf-8")
        headings = re.findall(r"(?m)^#+ (.*)$", text)
        assert section in [re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings], (
            f"{page.name}: {target}#{section}"
        )


def _outline(page: Path) -> dict[str, list[str]]:
    """What two languages of a page have in common: headings by level, commands, table rows, and where links lead."""
    text = page.read_text(encoding="utf-8")
    fenced = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
    blocks = [block for language, block in fenced.findall(text) if not language]
    prose = fenced.sub("```", text)
    commands = [line.partition(" # ")[0].strip() for block in blocks for line in block.splitlines()]
    own = {"samples/zh/": "samples/en/", "TIERBOT_CURRENCY=CNY": "TIERBOT_CURRENCY=USD"}
    for chinese, english in own.items():
        commands = [command.replace(chinese, english) for command in commands]
    return {
        "order": re.findall(r"(?m)^(#+|!|\||```)", prose),
        "commands": [command for command in commands if "TIERBOT_LANGUAGE" not in command],
        "code": sorted(re.findall(r"`[^`\n]+`", prose.replace("```", ""))),
        "links": sorted(
            re.sub("#.*", "#", re.sub(r"(\.zh(?=\.md)|-zh(-dark)?(?=\.jpg))", "", target))
            for target in re.findall(r"\]\(([^)]+)\)", prose)
        ),
    }


def test_every_fault_and_bad_actor_has_a_row_and_every_test_that_is_named_exists() -> None:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| "))
    wanted = [*(f"F{number:02}" for number in range(1, 40)), *(f"B{number:02}" for number in range(1, 23))]
    assert [code for code in wanted if code not in rows] == []
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", page))
    assert named - written == set()
    assert named
