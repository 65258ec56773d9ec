"""What starting costs: `import copydesk` and `copydesk --help` read nothing that they do not need.

Time is not asserted, since it depends on the machine (`python -m benchmarks.speed` measures it): what is imported and
what is opened decides it, and both are counted in a fresh interpreter.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import copydesk

ROOT = Path(copydesk.__file__).parent.parent

_CODE = re.compile(r"\.(py|pyc|so|pth)(\.\d+)?$")
_WATCHED = """
import json, sys
opened, before = [], set(sys.modules)
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
try:
    exec({statement!r})
except SystemExit:
    pass
finally:
    print(json.dumps([sorted(set(sys.modules) - before), opened]), file=sys.stderr)
"""


_SWALLOWED = """
try:
    {}
except SystemExit:
    pass
"""


class Start(NamedTuple):
    """What a statement imported, and which files it opened that are no code."""

    modules: list[str]
    data: list[str]

    @property
    def own(self) -> set[str]:
        return {name for name in self.modules if name.partition(".")[0] == "copydesk"}

    @property
    def packages(self) -> set[str]:
        """What is imported beside the standard library."""
        return {name.partition(".")[0] for name in self.modules} - sys.stdlib_module_names


def start(statement: str) -> Start:
    script = _WATCHED.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    modules, opened = json.loads(done.stderr.splitlines()[-1])
    return Start(modules, [path for path in opened if not _CODE.search(path)])


def test_import_reads_one_module_and_no_data() -> None:
    found = start("import copydesk")
    assert found.own == {"copydesk"}
    assert found.data == []
    assert len(found.modules) <= 12, "what typing imports, and no more"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["show", "--help"]])
def test_the_command_line_helps_without_settings_and_data(arguments: list[str]) -> None:
    found = start(f"from copydesk.cli import main; main({arguments!r})")
    assert {name for name in found.own if not f"{name}.".startswith("copydesk.cli.")} <= {
        "copydesk",
        "copydesk.own_process",
    }
    assert found.packages == {"click", "copydesk"}
    assert not [path for path in found.data if Path(path).is_relative_to(ROOT / "copydesk")]
    assert len(found.modules) <= 175, "what click imports, and little more"


def test_the_command_line_collects_garbage_rarely_and_the_library_leaves_that_to_its_caller() -> None:
    ask = "import gc; before = gc.get_threshold(); {}; print(gc.get_threshold()[0] / before[0])"
    asked = {
        "import copydesk; copydesk.clean('Rain in the valley', uri='a')": False,
        "from copydesk.cli import main; main(['check', '--warehouse', 'none'], standalone_mode=False)": True,
    }
    for statement, rarely in asked.items():
        wrapped = ask.format(f"exec({_SWALLOWED.format(statement)!r})")
        done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, text=True, check=True, cwd=ROOT)
        assert (float(done.stdout.split()[-1]) > 1) is rarely, statement


def test_the_command_line_multiplies_in_one_thread_and_the_library_leaves_that_to_its_caller() -> None:
    threads = "OPENBLAS_NUM_THREADS"
    ask = f"import os, sys; {{}}; print('numpy' in sys.modules, os.environ.get({threads!r}))"
    asked = {
        "import copydesk; copydesk.clean('Rain in the valley', uri='a')": "True None",
        "from copydesk.cli import main; main(['check', '--help'], standalone_mode=False)": "False 1",  # before it loads
        "from copydesk.cli import main; main(['check', '--warehouse', 'none'], standalone_mode=False)": "True 1",
    }
    environment = {name: value for name, value in os.environ.items() if name != threads}
    for statement, answer in asked.items():
        wrapped = ask.format(f"exec({_SWALLOWED.format(statement)!r})")
        command = [sys.executable, "-c", wrapped]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
        assert done.stdout.splitlines()[-1] == answer, statement


def test_what_is_watched_is_seen() -> None:
    """The watch itself works: cleaning opens word lists and imports numpy."""
    found = start("import copydesk; copydesk.clean('Rain in the valley', uri='a')")
    assert "numpy" in found.modules
    assert any("copydesk/data" in path for path in found.data)


def test_show_judges_without_great_expectations_and_pandas() -> None:
    example = str(ROOT / "examples" / "raw" / "09-mojibake.txt")
    found = start(f"from copydesk.cli import main; main(['show', {example!r}])")
    assert "copydesk.checks.rows" in found.own and "pyarrow.compute" in found.modules
    assert not {"great_expectations", "pandas", "scipy"} & found.packages


def test_a_worker_cleans_without_pandas_and_makes_a_frame_when_it_is_asked_for_one() -> None:
    code = (
        "import sys; from datetime import date; from copydesk.run.child import begin; begin(None);"
        "from copydesk.config import Config; from copydesk.records import Document;"
        "from copydesk.run.batch import clean_batch;"
        "batch = clean_batch([Document('a', b'Rain in the valley')], Config(), date(2024, 5, 3), {});"
        "assert batch.documents == 1 and 'pandas' not in sys.modules;"
        "assert len(batch.articles.to_pandas()) == len(batch.articles) and 'pandas' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_every_public_name_is_there() -> None:
    assert set(copydesk.__all__) <= set(dir(copydesk))
    for name in copydesk.__all__:
        assert getattr(copydesk, name) is not None
    assert copydesk.clean("Rain in the valley", uri="a").article is not None
    with pytest.raises(AttributeError, match="claen"):
        _ = copydesk.claen  # type: ignore[attr-defined]


def test_type_checkers_see_the_names_that_run() -> None:
    tree = ast.parse((ROOT / "copydesk" / "__init__.py").read_text("utf-8"))
    branch = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module for node in branch.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert typed == copydesk._HOMES  # type: ignore[attr-defined]
    assert {*typed, "__version__"} == set(copydesk.__all__)


def test_great_expectations_is_imported_in_part_and_the_rest_when_it_is_asked_for() -> None:
    code = (
        "import sys; from copydesk.checks import imports; from copydesk.checks.expectations import Checks;"
        "from copydesk import own_process; own_process.settle(); Checks();"
        "never = {'sqlalchemy', 'boto3', 'great_expectations.checkpoint.actions', 'scipy.stats._stats_py',"
        "    'great_expectations.datasource.fluent.pandas_datasource', 'altair.vegalite', 'mistune.core'};"
        "assert not never & sys.modules.keys();"
        "import great_expectations as gx; assert 'Checkpoint' not in vars(gx) and gx.Checkpoint.__name__;"
        "import pandas as pd; source = gx.get_context(mode='ephemeral').data_sources.add_pandas('p');"
        "whole = source.add_dataframe_asset('a').add_batch_definition_whole_dataframe('w');"
        "batch = whole.get_batch({'dataframe': pd.DataFrame({'a': [1, 2]})});"
        "mean = gx.expectations.ExpectColumnMeanToBeBetween(column='a', min_value=1.5);"
        "assert batch.validate(mean).success;"
        "assert gx.core.Domain and gx.expectations.ExpectColumnMaxToBeBetween(column='a', max_value=1);"
        "assert not hasattr(gx, 'get_contxt') and gx.get_context(mode='ephemeral');"
        "from great_expectations.expectations import registry; assert imports.whole() is gx;"
        "assert len(registry.list_registered_expectation_implementations()) > 50;"
        "from altair.utils import core; import altair, mistune; assert altair.Chart and core and mistune.html('a');"
        "import jsonschema.exceptions; assert jsonschema.validate;"
        "from scipy import stats; print(stats.entropy([0.5, 0.5], base=2)); import sqlalchemy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == 1.0


@pytest.mark.parametrize("setting", ["", "imports._KNOWN = '1.0.'; own_process.settle()"], ids=["library", "unknown"])
def test_great_expectations_is_imported_whole_for_others_and_where_its_layout_is_not_known(setting: str) -> None:
    code = (
        f"from copydesk import own_process; from copydesk.checks import expectations, imports; {setting}\n"
        "expectations.Checks(); import sys, great_expectations as gx\n"
        "print('Checkpoint' in vars(gx), 'sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"
