"""The table of guards: where each stands in the code, what it is without the guard, and the tests that must fail then."""

import ast
import tomllib
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLE = Path(__file__).with_name("guards.toml")


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One guard: its text in a file, what replaces it, and the tests of which one must fail."""

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]
    postgresql: bool = False  # the tests run on PostgreSQL instead of SQLite

    def remove(self, folder: Path) -> str:
        """Take the guard out of a copy of the product; the text of the file as it was. Raises ValueError."""
        path = folder / self.file
        text = path.read_text(encoding="utf-8")
        found = text.count(self.find)
        if found != 1:
            raise ValueError(f"{self.name}: its text is {found} times in {self.file}, and must be there once")
        path.write_text(text.replace(self.find, self.replace), encoding="utf-8")
        return text


def guards(table: Path = TABLE) -> list[Guard]:
    """The guards of the table. Raises ValueError for one with a key too many or too few."""
    known = {field.name for field in fields(Guard)}
    found = []
    for row in tomllib.loads(table.read_text(encoding="utf-8"))["guard"]:
        if not known - {"postgresql"} <= row.keys() <= known:
            raise ValueError(f"{row.get('name', row)}: the keys are {', '.join(sorted(known))}")
        found.append(Guard(**{**row, "tests": tuple(row["tests"])}))
    return found


def faults(chosen: list[Guard], root: Path = ROOT) -> list[str]:
    """What is wrong with the table: it must not rot when the code changes."""
    problems = [
        f"{name}: is there twice" for name, count in Counter(g.name for g in chosen).items() if count > 1
    ]
    for guard in chosen:
        path = root / guard.file
        if not path.is_file():
            problems.append(f"{guard.name}: there is no file {guard.file}")
            continue
        count = path.read_text(encoding="utf-8").count(guard.find)
        if count != 1:
            problems.append(
                f"{guard.name}: its text is {count} times in {guard.file}, and must be there once"
            )
        if guard.find == guard.replace or not guard.tests:
            problems.append(f"{guard.name}: it removes nothing, or names no test")
        if path.suffix == ".py":
            problems += _unparsable(guard, path)
        problems += [
            f"{guard.name}: there is no test {test}" for test in guard.tests if not _is_test(root, test)
        ]
    return problems


def _unparsable(guard: Guard, path: Path) -> list[str]:
    try:
        ast.parse(path.read_text(encoding="utf-8").replace(guard.find, guard.replace))
    except SyntaxError as error:
        return [f"{guard.name}: without it {guard.file} is no Python ({error})"]
    return []


def _is_test(root: Path, test: str) -> bool:
    file, _, name = test.partition("::")
    path = root / file
    function = name.partition("[")[0]
    return path.is_file() and f"def {function}(" in path.read_text(encoding="utf-8")
