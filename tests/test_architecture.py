"""Imports point one way, and the pure part does no I/O: what the folder list promises, read from the syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

import copydesk

ROOT = Path(copydesk.__file__).parent.parent

#: From the bottom to the top. A module or package imports from lower layers and its own; a new one needs a place here.
LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(layer.split())
    for layer in (
        "records config config.load config.user_lists data data.bundled deadline own_process",
        "edits hand_check ledger located reviewed",
        "text",
        "duplicates",
        "languages languages.protected",
        "faults sources.pages",
        "correct pipeline",
        "api",
        "warehouse.rows warehouse.schemas report.diff report.escape",
        "languages.evidence checks.metrics checks.suites",
        "checks report sites sources warehouse",
        "tables",
        "run.job",
        "run.stored",
        "run.batch run.child run.in_flight",
        "run.cluster",
        "languages.learn run.possible run.validation run.workers",
        "run.copies run.guard run.decide run.hand_check run.release run.second_pass run.spreadsheet",
        "run.collect",
        "run.gate",
        "run.publish run.reports",
        "run.data_docs run.nightly",
        "run",
        "schedule",
        "flows",
        "cli",
    )
)
#: Neighbours that know nothing of each other: `nightly` alone brings them together.
APART = frozenset({"checks", "report", "sources", "warehouse"})
#: What turns bytes into an article and its edits, and nothing else.
PURE = frozenset(
    """records config edits hand_check ledger located reviewed data text duplicates report.diff""".split(),
)
#: All that the pure part calls beside the standard library.
PURE_PACKAGES = frozenset({"chardet", "ftfy", "numpy", "pydantic"})
#: What of the standard library reaches files, clocks, networks, processes or chance.
IMPURE_MODULES = frozenset(
    """asyncio concurrent glob http io logging multiprocessing os pathlib random secrets shutil signal socket sqlite3
    subprocess sys tempfile threading time urllib.error urllib.request uuid warnings""".split()
)
IMPURE_CALLS = frozenset({"open", "print", "input", "exec", "eval", "__import__"})
IMPURE_METHODS = frozenset({"now", "today", "utcnow", "read_text", "read_bytes", "write_text", "write_bytes"})
#: Package data, read once.
EXCEPTIONS = frozenset({("copydesk/data/lists.py", "read_text"), ("copydesk/data/rules.py", "read_text")})
#: Seconds to import each; they wait until they are needed.
HEAVY = frozenset({"fsspec", "great_expectations", "jinja2", "onnxruntime", "pandas", "prefect", "pyarrow", "rich"})


class Import(NamedTuple):
    file: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax tree of every module, by its path from the root."""
    paths = [path for folder in ("copydesk", "flows") for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def place(module: str) -> str:
    """The name that stands for a module in `LAYERS`, the longest that fits: `copydesk.text.dates` is part of `text`."""
    known = frozenset().union(*LAYERS)
    parts = module.removeprefix("copydesk").strip(".").split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in known), parts[0])


def place_of(file: str) -> str:
    return place(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def imports() -> Iterator[Import]:
    """Every import of every module, wherever it stands; `from copydesk import nightly` names `copydesk.run.nightly`."""
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (Import(file, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{file}:{node.lineno} imports relatively; write the whole name"
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    own_module = (node.module or "").partition(".")[0] in ("copydesk", "flows")
                    yield Import(file, node.lineno, whole if own_module else node.module or "")


def own() -> Iterator[Import]:
    """The imports of the project's own modules; the version and the one function of `copydesk` itself have no place."""
    for found in imports():
        top = found.module.partition(".")[0]
        if top in ("copydesk", "flows") and found.module not in ("copydesk.__version__", "copydesk"):
            yield found


@pytest.fixture(scope="module")
def levels() -> dict[str, int]:
    return {name: level for level, layer in enumerate(LAYERS) for name in layer}


def typing_only(file: str) -> set[int]:
    """The lines under `if TYPE_CHECKING:`, which never run."""
    return {
        inner.lineno
        for node in ast.walk(trees()[file])
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in node.body
    }


def test_every_module_has_a_place(levels: dict[str, int]) -> None:
    places = {place_of(file) for file in trees()} - {""}
    assert places <= levels.keys(), "give the new module a place in LAYERS"


def test_imports_point_one_way(levels: dict[str, int]) -> None:
    wrong = [
        str(found)
        for found in own()
        if place_of(found.file) and found.line not in typing_only(found.file)
        if levels[place(found.module)] > levels[place_of(found.file)]
    ]
    assert not wrong


def test_neighbours_do_not_know_each_other() -> None:
    wrong = [
        str(found)
        for found in own()
        if {place_of(found.file), place(found.module)} <= APART and place_of(found.file) != place(found.module)
    ]
    assert not wrong


def test_modules_of_the_same_layer_do_not_import_in_a_circle() -> None:
    needs: dict[str, set[str]] = {}
    for found in own():
        if found.line not in typing_only(found.file):
            needs.setdefault(place_of(found.file), set()).add(place(found.module))
    for start, nearest in needs.items():
        seen: set[str] = set()
        todo = nearest - {start}
        while todo:
            seen |= todo
            todo = {further for name in todo for further in needs.get(name, ())} - seen
        assert start not in seen, f"{start} needs itself, by way of {sorted(seen)}"


def test_the_pure_part_imports_only_itself_and_pure_packages() -> None:
    wrong = []
    for found in imports():
        if place_of(found.file) not in PURE:
            continue
        top = found.module.partition(".")[0]
        inside = found.module == "copydesk.__version__" or (top == "copydesk" and place(found.module) in PURE)
        standard = top in sys.stdlib_module_names and not {top, found.module} & IMPURE_MODULES
        if not (inside or standard or top in PURE_PACKAGES):
            wrong.append(str(found))
    assert not wrong


def test_the_pure_part_touches_no_file_and_no_clock() -> None:
    wrong = []
    for file, tree in trees().items():
        if place_of(file) not in PURE:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            impure = name in (IMPURE_CALLS if isinstance(node.func, ast.Name) else IMPURE_METHODS)
            if impure and (file, name) not in EXCEPTIONS:
                wrong.append(f"{file}:{node.lineno} calls {name}")
    assert not wrong


def test_prefect_is_known_to_flows_and_the_schedule_alone() -> None:
    known = {place_of(found.file) for found in imports() if found.module.partition(".")[0].startswith("prefect")}
    assert known == {"flows", "schedule"}


def test_great_expectations_is_known_to_checks_alone() -> None:
    known = {place_of(found.file) for found in imports() if found.module.partition(".")[0] == "great_expectations"}
    assert known == {"checks"}


def test_dask_is_known_to_the_cluster_alone() -> None:
    known = {place_of(found.file) for found in imports() if found.module.partition(".")[0] in ("dask", "distributed")}
    assert known == {"run.cluster"}


def test_what_is_imported_is_declared() -> None:
    """Every package that the code imports is a dependency or belongs to an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    of_users = [one for name in ("cluster", "html", "polars", "s3", "sql") for one in extras[name]]
    declared = {
        requirement.split("[")[0].split(">")[0].split("<")[0].strip().lower().replace("_", "-")
        for requirement in (*project["dependencies"], *of_users)
    }
    distributions = packages_distributions()
    undeclared = {
        str(found)
        for found in imports()
        for top in [found.module.partition(".")[0]]
        if top not in sys.stdlib_module_names and top not in ("copydesk", "flows")
        if not {name.lower().replace("_", "-") for name in distributions.get(top, [top])} & declared
    }
    assert not undeclared


@pytest.mark.parametrize(
    "statement", ["import copydesk", "from copydesk import clean; clean(b'Rain in Damascus', uri='a')"]
)
def test_import_and_cleaning_stay_light(statement: str) -> None:
    """In a fresh interpreter: none of the packages that cost seconds, so that a notebook or a script starts at once.

    Time is not asserted: what is imported decides it, and that does not depend on the machine.
    """
    script = f"import sys; {statement}; print(*sorted(set({sorted(HEAVY)}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_the_command_line_answers_without_the_heavy_packages() -> None:
    script = f"import sys, copydesk.cli; print(*sorted(set({sorted(HEAVY)}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
