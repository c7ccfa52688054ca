"""The command tree: every command is listed with its help and can be called; version and completion."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.tree import COMMANDS, app

ROOT = Path(__file__).parents[2]


def walk(group: Any, context: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Path, the command as its group lists it, and the command that is called."""
    for name in group.list_commands(context):
        listed = group.get_command(context, name)
        called = listed.make_context(name, [], parent=context, resilient_parsing=True)
        yield (*path, name), listed, called.command
        if hasattr(called.command, "list_commands"):
            yield from walk(called.command, called, *path, name)


def commands() -> list[tuple[tuple[str, ...], Any, Any]]:
    root: Any = typer.main.get_command(app)
    return list(walk(root, root.make_context("tierbot", [], resilient_parsing=True)))


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, prog_name="tierbot")
    assert result.exit_code == 0, result.output
    return result.output


def test_every_command_is_listed_with_the_help_of_the_command_that_is_called() -> None:
    found = commands()
    assert len(found) > 60
    for path, listed, called in found:
        assert listed.help, path
        assert (listed.help, listed.name) == (called.help, path[-1]), path


def test_every_function_of_a_command_module_is_a_command() -> None:
    """A function that is no command begins with an underscore, or is named here."""
    helpers = {
        "imports.command_group",
        "imports.import_undo",
        "imports.import_list",
        "imports.import_profile",
        "run.end_within",
        "run.wait_for_database",
        "setup.print_findings",
    }
    shared = {"console", "failures", "tree"}
    folder = ROOT / "bot" / "cli"
    modules = {
        ".".join(path.relative_to(folder).with_suffix("").parts): path
        for path in folder.rglob("*.py")
        if path.stem != "__init__" and "output" not in path.parts
    }
    defined = {
        f"{module}.{node.name}"
        for module, path in modules.items()
        if module not in shared
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    called = {place for group in COMMANDS.values() for place in group.values()}
    assert defined - helpers == called - helpers


def test_h_is_short_for_help_at_every_command() -> None:
    for path, _, _ in [((), None, None), *commands()]:
        page = shown(*path, "--help")
        assert f"Usage: {' '.join(('tierbot', *path))} " in page
        assert shown(*path, "-h") == page


def test_a_misspelt_command_is_answered_with_the_nearest() -> None:
    result = CliRunner().invoke(app, ["grad"], prog_name="tierbot")
    assert result.exit_code == 2
    assert "Did you mean 'grade'?" in result.output


def test_the_version_is_that_of_the_package_and_of_the_newest_entry_in_the_changelog() -> None:
    assert shown("--version") == f"tierbot {metadata.version('tierbot')}\n"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, flags=re.MULTILINE)[0] == project["version"]


def test_bash_gets_a_completion_script_for_tierbot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "yes")
    script = shown("--show-completion", "bash")
    assert "_TIERBOT_COMPLETE=complete_bash" in script
    assert script.rstrip().endswith("complete -o default -F _tierbot_completion tierbot")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("tierbot gr", ["grade"]),
        ("tierbot scheme re", ["retire"]),
        ("tierbot import order", ["orders", "order-lines"]),
        ("tierbot report concentration --a", ["--as-of", "--as"]),
    ],
)
def test_commands_and_options_are_completed(
    typed: str, offered: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_TIERBOT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    with pytest.raises(SystemExit):
        app(prog_name="tierbot")
    assert capsys.readouterr().out.split() == offered
