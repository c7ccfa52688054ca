"""`make sbom` and `make audit`: what the product consists of, and what is known against it.

The bill of materials is written here: cyclonedx-bom would bring 33 packages, lxml and a schema checker among them, to list
the 60 that the lock file names already.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
PRODUCT = "tierbot (pyproject.toml)"  # in the comments of the lock file
NOT_AUDITED = 75  # exit code, as EX_TEMPFAIL: try again where the advisories can be reached
_PINNED = re.compile(r"([\w.-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+?))?\s*\\\n").match
_NEEDS = re.compile(r"^    #(?: via)? +(\S.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Locked:
    """A package of a lock file."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    needed_by: frozenset[str]  # names of packages, and PRODUCT

    @property
    def ref(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"

    @property
    def is_here(self) -> bool:
        """Whether this machine needs it."""
        return not self.marker or Marker(self.marker).evaluate()


def locked(text: str) -> list[Locked]:
    """The packages of a lock file."""
    packages = []
    for part in re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE):
        if found := _PINNED(part):
            name, version, marker = found.groups()
            packages.append(
                Locked(
                    name=name,
                    version=version,
                    marker=marker or "",
                    hashes=tuple(re.findall(r"--hash=sha256:(\w+)", part)),
                    needed_by=frozenset(_NEEDS.findall(part)),
                )
            )
    return packages


def bill(text: str) -> dict[str, Any]:
    """The lock file as a CycloneDX document. The same file on the same machine gives the same document."""
    product = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = locked(text)
    ref = f"pkg:pypi/{product['name']}@{product['version']}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(text.encode()).hexdigest()).urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ref,
                "name": product["name"],
                "version": product["version"],
                "purl": ref,
                "licenses": [{"expression": product["license"]}],
            }
        },
        "components": [_component(package) for package in packages],
        "dependencies": [
            {"ref": ref, "dependsOn": _needed(PRODUCT, packages)},
            *({"ref": package.ref, "dependsOn": _needed(package.name, packages)} for package in packages),
        ],
    }


def _needed(by: str, packages: list[Locked]) -> list[str]:
    return [package.ref for package in packages if by in package.needed_by]


def _component(package: Locked) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": package.ref,
        "name": package.name,
        "version": package.version,
        "purl": package.ref,
        "scope": "required" if package.is_here else "optional",
        **({"licenses": licenses} if (licenses := list(_licenses(package))) else {}),
        "hashes": [{"alg": "SHA-256", "content": one} for one in package.hashes],
    }


def _licenses(package: Locked) -> Iterator[dict[str, Any]]:
    """What an installed package says of its licence."""
    try:
        found = metadata.distribution(package.name)
    except metadata.PackageNotFoundError:
        return
    said: Any = found.metadata
    if found.version != package.version:
        return
    if expression := said.get("License-Expression"):
        yield {"expression": expression}
        return
    classified = [
        one.rsplit(" :: ", 1)[1] for one in said.get_all("Classifier") or () if one.startswith("License ::")
    ]
    short = (said.get("License") or "").strip()
    for name in classified or ([short] if short and "\n" not in short else []):
        yield {"license": {"name": name}}


def audit(program: str, lock: Path = LOCK) -> int:
    """Print what is known against the locked packages; 0 nothing, 1 something, NOT_AUDITED where nobody could be asked."""
    done = subprocess.run(
        [
            program,
            "--requirement",
            lock,
            "--require-hashes",
            "--disable-pip",
            "--strict",
            "--progress-spinner=off",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout)
    if done.returncode == 0 or done.stdout.strip():
        return done.returncode
    reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
    print(f"Not audited: the advisories cannot be reached from here, or do not know a package ({reason}).")
    return NOT_AUDITED


if __name__ == "__main__":
    if sys.argv[1] == "audit":
        sys.exit(audit(sys.argv[2]))
    (ROOT / "sbom.json").write_text(
        json.dumps(bill(LOCK.read_text(encoding="utf-8")), indent=2) + "\n", encoding="utf-8"
    )
    print(f"Wrote {ROOT / 'sbom.json'}")
