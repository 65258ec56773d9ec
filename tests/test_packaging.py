"""What is installed: the pins fit the requirements, and the wheel carries all that a working folder elsewhere needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import copydesk

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def pins() -> dict[str, Version]:
    """The pinned version of each distribution in `constraints.txt`."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    found = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines if not line.startswith("#")]
    assert all(found), "constraints.txt holds names with versions, no addresses and no options"
    return {canonicalize_name(match[1]): Version(match[2]) for match in found if match}


def requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(text) for text in (*PROJECT["dependencies"], *(text for extra in extras for text in extra))]


@pytest.mark.parametrize("requirement", [r for r in requirements() if r.name != "copydesk"], ids=lambda r: r.name)
def test_every_requirement_is_pinned_to_what_it_allows(requirement: Requirement) -> None:
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize(("name", "broken"), [("fastapi", "0.155.0"), ("sqlalchemy", "2.1.0")])
def test_versions_that_break_prefect_are_shut_out(name: str, broken: str) -> None:
    (requirement,) = [r for r in requirements() if r.name == name]
    assert Version(broken) not in requirement.specifier


def test_the_changelog_knows_this_version() -> None:
    newest = re.search(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert newest is not None
    assert newest[1] == copydesk.__version__


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_lists_every_target() -> None:
    targets = re.search(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"))
    assert targets is not None
    listed = subprocess.run(["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"(?m)^make ([\w-]+) +\S", listed) == targets[1].split()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_is_complete(wheel: Path) -> None:
    """Everything of the package, and `flows/` and `expectations/` below `_bundled`; nothing else."""
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "copydesk").rglob("*") if path.is_file()}
    for folder in ("expectations", "flows"):
        wanted |= {
            f"copydesk/_bundled/{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file()
        }
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {name for name in wanted if "__pycache__" not in name}
    assert {"copydesk/_bundled/flows/nightly.py", "copydesk/report/templates/style.css", "copydesk/py.typed"} <= names


def test_the_wheel_names_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        fields = BytesParser().parsebytes(archive.read(metadata))
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields.get_all("License-File") == ["LICENSE", "NOTICE"]
    assert fields["Requires-Python"] == ">=3.11"


def test_the_installed_package_finds_its_own_files(wheel: Path, tmp_path: Path) -> None:
    """Unpacked, with another working folder: suites and flow come from inside the package, not from this checkout."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = "from copydesk.data.bundled import bundled; print(bundled('expectations'), bundled('flows'))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, 'site'); {script}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    shipped = Path("site/copydesk/_bundled")
    assert [Path(path).resolve() for path in done.stdout.split()] == [
        (tmp_path / shipped / name).resolve() for name in ("expectations", "flows")
    ]
