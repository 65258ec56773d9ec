"""The documentation is complete, builds without a network, asks nothing of one, and its examples work."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import click
import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner
from pydantic import BaseModel, Field

from copydesk.cli import main
from copydesk.config import Config, user_lists
from copydesk.config.load import describe
from copydesk.data.rules import Rule, rules
from copydesk.sources.readers import READERS
from copydesk.warehouse import layout, schemas
from docs import generate

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^<!-- output: (.+?) -->\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = generate.pages()


def undocumented(page: str, keys: Iterable[str]) -> list[str]:
    """Those of `keys` that have no anchor on the page."""
    return [key for key in keys if f'<a id="{key}"></a>' not in page]


# --- complete


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        whole = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, whole)
        else:
            yield whole, command


def test_every_command_and_option_is_documented() -> None:
    page = PAGES["reference/commands.md"]
    found = dict(commands(main))
    assert {"run", "show", "report", "serve", "learn"} <= found.keys()
    assert [name for name in found if f"\n## copydesk {name}\n" not in page] == []
    options = [
        name.replace(" ", "-") + max(p.opts, key=len)
        for name, command in found.items()
        for p in command.params
        if isinstance(p, click.Option)
    ]
    assert len(options) > 20
    assert undocumented(page, options) == []
    assert "```sh\ncopydesk run articles/\n" in page
    assert "\b" not in page


def test_every_setting_is_documented() -> None:
    keys = [key for key, _, _ in describe()]
    assert len(keys) > 15
    assert undocumented(PAGES["reference/configuration.md"], keys) == []


def test_every_table_and_column_is_documented() -> None:
    tables = {name: getattr(schemas, name.upper()) for name in layout.KEYS}
    keys = [f"{name}.{column}" for name, schema in tables.items() for column in (layout.KEYS[name], *schema.names)]
    assert len(keys) > 60
    assert undocumented(PAGES["reference/warehouse.md"], keys) == []


def test_every_rule_and_expectation_is_documented() -> None:
    shipped = {
        (suite.stem, e["meta"]["rule"])
        for suite in (ROOT / "expectations").glob("*.json")
        for e in json.loads(suite.read_text("utf-8"))["expectations"]
    }
    assert len(shipped) > 30
    assert undocumented(PAGES["reference/rules.md"], [*rules(), *(rule for _, rule in shipped)]) == []
    assert undocumented(PAGES["reference/expectations.md"], [f"{suite}.{rule}" for suite, rule in shipped]) == []


def test_what_is_new_is_documented_and_what_is_missing_is_noticed() -> None:
    """A made-up command, setting, column and rule: missing on today's pages, there once the code has them."""

    @click.group()
    def group() -> None: ...

    @group.command()
    @click.option("--made-up", help="Of no use.")
    def invent(made_up: str) -> None:
        """Do something new."""

    class Section(BaseModel):
        made_up: int = Field(3, description="Of no use")

    class Settings(BaseModel):
        new: Section = Section()

    column = pa.field("made_up", pa.int32(), False, {"description": "Of no use"})
    tables = {"runs": schemas.RUNS.append(column), "new": schemas.RUNS}
    for page, made, keys in (
        ("reference/commands.md", generate.commands(group), ["invent--made-up"]),
        ("reference/configuration.md", generate.settings(Settings), ["new.made_up"]),
        (
            "reference/warehouse.md",
            generate.contract(PAGES["reference/warehouse.md"], tables),
            ["runs.made_up", "new.run_id"],
        ),
        ("reference/rules.md", generate.rule_list([Rule("made-up", "Of no use.")]), ["made-up"]),
    ):
        assert undocumented(PAGES[page], keys) == keys
        assert undocumented(made, keys) == []


def test_every_package_is_in_the_picture() -> None:
    shown = set(re.findall(r">([\w.]+(?:/|\.py))(?= |<)", PAGES["explanation/architecture.md"]))
    packages = {f"{path.parent.name}/" for path in (ROOT / "copydesk").glob("*/*.py")} | {"data/", "flows/"}
    assert len(packages) > 10
    assert packages <= shown
    there = [ROOT, ROOT / "copydesk", ROOT / "copydesk" / "text"]
    assert [name for name in shown if not any((folder / name).exists() for folder in there)] == []


def test_every_kind_of_file_that_is_read_is_documented() -> None:
    page = PAGES["how-to/sources.md"]
    assert [extension for extension in READERS if f"`{extension}`" not in page] == []


def test_the_automation_for_silent_runs_is_one_that_prefect_takes() -> None:
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

    ((title, block),) = fences("how-to/schedule.md", "yaml")
    assert f"--from-file {title}" in PAGES["how-to/schedule.md"]
    automation = AutomationCore.model_validate(yaml.safe_load(block))
    assert isinstance(automation.trigger, EventTrigger)
    assert automation.trigger.within.total_seconds() == 90


# --- built


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly by a process that has no network."""
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("MkDocs is not installed: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("docs")
    generate.write(folder / "source")
    settings = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(folder / "source"),
        "site_dir": str(folder / "site"),
    }
    (folder / "mkdocs.yml").write_text(json.dumps(settings), "utf-8")  # JSON is YAML
    script = (
        "import socket\n"
        "def refuse(*args): raise OSError('the build asked for the network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from mkdocs.__main__ import cli\n"
        "cli()"
    )
    built = subprocess.run(
        [sys.executable, "-c", script, "build", "--strict", "--quiet", "-f", str(folder / "mkdocs.yml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / "site"


class References(HTMLParser):
    """What a browser loads together with a page, and the anchors of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors.add(found.get("id") or "")
        self.loaded += [found[key] or "" for key in ("src", "srcset", "data", "poster") if key in found]
        if tag == "link":
            self.loaded.append(found.get("href") or "")


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = [url for path in site.rglob("*.html") for url in References(path.read_text("utf-8")).loaded]
    for path in site.rglob("*.css"):
        loaded += re.findall(r"(?:@import\s+|url\()[\"']?([^\"')]+)", path.read_text("utf-8"))
    assert len(loaded) > 100
    assert [url for url in loaded if re.match(r"(?:[a-z]+:)?//", url, re.IGNORECASE)] == []


def test_every_anchor_arrives_in_the_site(site: Path) -> None:
    for name, text in PAGES.items():
        html = References((site / name).with_suffix(".html").read_text("utf-8"))
        assert set(re.findall(r'<a id="([^"]+)"></a>', text)) <= html.anchors, name


def test_a_part_or_a_link_that_is_not_there_is_an_error() -> None:
    with pytest.raises(generate.PageError, match="no part 'comands' is generated"):
        generate.page("<!-- generate: comands -->", "docs/index.md")
    with pytest.raises(generate.PageError, match=r"README\.md: the link to nowhere\.md leads nowhere"):
        generate.page("[here](nowhere.md)", "README.md")


@pytest.mark.parametrize(
    "path", [p.relative_to(ROOT).as_posix() for p in ROOT.glob("*/README.md")] + ["README.md", "CONTRIBUTING.md"]
)
def test_links_between_files_lead_somewhere(path: str) -> None:
    generate.linked((ROOT / path).read_text("utf-8"), path)


# --- examples


def fences(page: str, language: str) -> list[tuple[str, str]]:
    """Title and content of each block in a language."""
    return [(title, block) for kind, title, block in FENCE.findall(PAGES[page]) if kind == language]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_commands_are_spelt_right(page: str) -> None:
    """Each line is parsed as the program would, and not run."""
    lines = [line for _, block in fences(page, "sh") for line in block.splitlines()]
    for line in lines:
        words = shlex.split(line, comments=True) if re.match(r"(?:[A-Z_]+=\S+ )*copydesk [a-z]", line) else []
        words = words[words.index("copydesk") + 1 :] if words else []
        words = list(itertools.takewhile(lambda word: word not in ("<", ">", "|"), words))  # the rest is the shell's
        group: click.Command = main
        while words and isinstance(group, click.Group):
            name, found, words = group.resolve_command(click.Context(group), words)
            assert found is not None, line
            group = found
            if not isinstance(group, click.Group):
                group.make_context(name, words)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_settings_are_valid(page: str) -> None:
    for title, block in fences(page, "toml"):
        found = tomllib.loads(block)
        if title == "copydesk.toml":
            Config.model_validate(found)
    for _, block in fences(page, "json"):
        json.loads(block)


def test_the_lists_that_are_shown_can_be_used(tmp_path: Path) -> None:
    shown = {title: block for _, title, block in FENCE.findall(PAGES["how-to/lists.md"]) if title.startswith("lists/")}
    assert len(shown) >= 2
    (tmp_path / "lists").mkdir()
    for title, block in shown.items():
        (tmp_path / title).write_text(block, "utf-8")
    user_lists.read(str(tmp_path / "lists"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working folder of somebody who did the tutorial; what it shows is what was printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    page = PAGES["tutorial.md"]
    for _, title, block in FENCE.findall(page):
        if title:
            (folder / title).parent.mkdir(exist_ok=True)
            (folder / title).write_text(block, "utf-8")
    shown = SHOWN.findall(page)
    assert len(shown) >= 3
    with contextlib.chdir(folder):
        for language, _, block in FENCE.findall(page):
            if language == "python":
                assert printed(block)
            for line in block.splitlines() if language == "sh" else ():
                if line.startswith("copydesk "):
                    done = CliRunner().invoke(main, shlex.split(line)[1:])
                    assert done.exit_code == 0, done.output
                    if shown and shown[0][0] == line:
                        expected = shown.pop(0)[1].strip().splitlines()
                        assert [real.rstrip() for real in done.stdout.strip().splitlines()][: len(expected)] == expected
    assert not shown, "an output is shown of what is not run"
    return folder


def test_the_notebook_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell in order, as a kernel would; each plot shows what it is named for, and no output is committed."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    notebook = json.loads((ROOT / "examples" / "analysis.ipynb").read_text("utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["kernelspec"]["language"]) == (4, "python")
    shown: list[tuple[str, int]] = []

    def show() -> None:
        axes = pyplot.gca()
        shown.append((axes.get_title(), len(axes.patches) + sum(len(line.get_xdata()) for line in axes.lines)))
        pyplot.close("all")

    monkeypatch.setattr(pyplot, "show", show)
    names: dict[str, object] = {"__name__": "__main__"}
    with contextlib.chdir(folder):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                assert (cell["outputs"], cell["execution_count"]) == ([], None), "clear the outputs before you commit"
                exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    titles = ("Articles per day", "Articles by agency", "Edits by rule", "Share of the documents of a night")
    assert len(shown) == len(titles)
    for (title, marks), wanted in zip(shown, titles, strict=True):
        assert title.startswith(wanted)
        assert marks > 0, title


def printed(block: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block, block, "exec"), {"__name__": "example"})
    return out.getvalue()


@pytest.mark.parametrize("page", [page for page in sorted(PAGES) if page != "tutorial.md" and fences(page, "python")])
def test_python_blocks_run(page: str, folder: Path) -> None:
    with contextlib.chdir(folder):
        for _, block in fences(page, "python"):
            if "pyspark" in block and (importlib.util.find_spec("pyspark") is None or shutil.which("java") is None):
                continue
            if '"s3://' not in block:
                assert printed(block).strip(), block
