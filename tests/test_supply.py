"""The bill of materials names what the lock file names; an audit that asked nobody is not taken for a clean one."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.supply import LOCK, NOT_AUDITED, audit, bill, locked

TEXT = LOCK.read_text(encoding="utf-8")


def test_every_locked_package_is_in_the_bill_with_its_hashes() -> None:
    packages = locked(TEXT)
    assert len(packages) == len(re.findall(r"^[^\s#].*==", TEXT, re.MULTILINE))
    assert sum(len(package.hashes) for package in packages) == TEXT.count("--hash=")
    components = bill(TEXT)["components"]
    assert [component["purl"] for component in components] == [package.ref for package in packages]
    for component, package in zip(components, packages, strict=True):
        assert [one["content"] for one in component["hashes"]] == list(package.hashes)


def test_the_bill_names_no_registry() -> None:
    """A firm installs from a mirror of its own: the hashes say what is installed, not where it came from."""
    found = json.dumps(bill(TEXT))
    assert re.findall(r"https?://[^/\"]+", found) == ["http://cyclonedx.org"]


def test_each_package_of_the_bill_is_needed_by_another() -> None:
    found = bill(TEXT)
    known = {component["bom-ref"] for component in found["components"]}
    ref = found["metadata"]["component"]["bom-ref"]
    needed = {one["ref"]: set(one["dependsOn"]) for one in found["dependencies"]}
    assert set(needed) == known | {ref}
    assert set().union(*needed.values()) <= known
    reached: set[str] = set()
    waiting = [ref]
    while waiting:
        new = needed[waiting.pop()] - reached
        reached |= new
        waiting += new
    assert reached == known
    assert bill(TEXT) == found


@pytest.mark.parametrize(
    ("code", "out", "err", "expected", "said"),
    [
        (0, "", "No known vulnerabilities found", 0, ""),
        (1, "jinja2 3.1.2 CVE-2024-22195", "Found 1 known vulnerability", 1, "CVE-2024-22195"),
        (
            1,
            "",
            "ERROR: Could not connect to index.example",
            NOT_AUDITED,
            "Not audited: the advisories cannot",
        ),
        (1, "", "ERROR: Dependency not found on PyPI", NOT_AUDITED, "(ERROR: Dependency not found on PyPI)"),
        (1, "", "", NOT_AUDITED, "no reason was given"),
    ],
)
def test_an_audit_says_what_is_known_or_that_nobody_could_be_asked(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    code: int,
    out: str,
    err: str,
    expected: int,
    said: str,
) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\nprintf '%s' '{out}'\nprintf '%s' '{err}' >&2\nexit {code}\n")
    os.chmod(program, 0o700)
    assert audit(str(program)) == expected
    assert said in capsys.readouterr().out
