"""`python -m tests.changed [BASE]`: the test files that belong to what has changed since a commit, for `make check`.

A module's tests mirror its path; where no file of that name exists, the whole folder of tests runs. Tests that start a
browser or processes are left to `make test`.
"""

import subprocess
import sys
from pathlib import Path, PurePath

ROOT = Path(__file__).parent.parent
SLOW = ("tests/e2e", "tests/faults", "tests/bench", "tests/simulation", "tests/demo/workspace/test_page.py")
ALWAYS = ("tests/mutants/test_guards.py", "tests/test_glossary.py")
# The guards beside the tests of the same name: what a page, a table or a start-up promises.
GUARDS = {
    "bot/cli": ("tests/cli/test_tree.py", "tests/test_loaded_modules.py"),
    "bot/services/imports": ("tests/services/imports/test_kinds.py", "tests/services/imports/test_undo.py"),
    "bot/slack": ("tests/slack/test_blocks.py",),
    "bot/wording": ("tests/slack/test_blocks.py", "tests/wording"),
    "db": ("tests/db/test_schema.py", "tests/db/test_migrations.py"),
    "docs": ("tests/services/grade/test_computed.py", "tests/services/imports/test_kinds.py"),
    "grading": ("tests/services/grade/test_computed.py",),
    "templates/messages": ("tests/slack/test_blocks.py",),
}
OTHER = {
    "templates/care": "tests/services/care/test_plan.py",
    "templates/locale": "tests/wording",
    "templates/messages": "tests/wording",
    "docs": "tests/test_docs.py",
    "grading/schemes": "tests/grading/scheme",
    "db/migrations": "tests/db/test_schema.py",
}


def changed_files(base: str) -> list[str]:
    """Paths of tracked files that differ from a commit, and of files git does not know yet."""
    commands = (
        ["git", "diff", "--name-only", "--diff-filter=d", base],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    found = (subprocess.run(c, cwd=ROOT, capture_output=True, text=True, check=True).stdout for c in commands)
    return sorted({line for text in found for line in text.splitlines()})


def mirror_of(path: str) -> str | None:
    """The test file or folder of one changed file; None where nothing is to be run for it."""
    for folder, tests in OTHER.items():
        if path.startswith(folder):
            return tests
    parts = PurePath(path).parts
    if parts[0] == "tests":
        here = PurePath(path)
        return path if here.name.startswith("test_") else str(here.parent) if len(parts) > 2 else None
    if not path.endswith(".py") or parts[0] not in ("bot", "grading", "db"):
        return "tests/test_docs.py" if path.endswith(".md") else None
    mirrored = PurePath("tests", *(parts[1:-1] if parts[0] == "bot" else parts[:-1]))
    file = mirrored / f"test_{parts[-1]}"
    if (ROOT / file).exists():
        return str(file)
    while not list((ROOT / mirrored).glob("test_*.py")):
        mirrored = mirrored.parent
    return None if mirrored == PurePath("tests") else str(mirrored)


def chosen(paths: list[str]) -> list[str]:
    """What pytest is to run for these paths."""
    found = {tests for path in paths if (tests := mirror_of(path))}
    guards = {
        g for folder, some in GUARDS.items() for g in some if any(p.startswith(f"{folder}/") for p in paths)
    }
    return sorted(tests for tests in found.union(ALWAYS, guards) if not tests.startswith(SLOW))


if __name__ == "__main__":
    print("\n".join(chosen(changed_files(sys.argv[1] if len(sys.argv) > 1 else "HEAD"))))
