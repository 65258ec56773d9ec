"""Prepare the pages of the documentation: what the reference says is read from the code.

`python docs/generate.py` writes all pages to out/docs-source; `make docs` builds the site from there. What builds the
site needs to know nothing of this.

A page says `<!-- generate: NAME -->` where the output of `PARTS[NAME]` belongs. Files of the repository that are pages
of the site as well stand in `INCLUDED`. Links between files of the repository become links between pages.
"""

from __future__ import annotations

import inspect
import json
import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
from pydantic import BaseModel

from copydesk.checks.metrics import COLUMNS
from copydesk.checks.suites import EXPECTATIONS
from copydesk.cli import main
from copydesk.config import Config
from copydesk.data.rules import Rule, rules
from copydesk.sources import fields
from copydesk.warehouse import layout, schemas

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TARGET = ROOT / "out" / "docs-source"

#: Files of the repository that are pages of the site, by the page's place below docs/.
INCLUDED = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "copydesk/data/lines/README.md": "reference/language-files.md",
    "copydesk/languages/en/README.md": "explanation/english.md",
    "expectations/README.md": "how-to/expectations.md",
    "warehouse/README.md": "reference/warehouse.md",
}

_MARKER = re.compile(r"^<!-- generate: ([\w-]+) -->$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]\n]+)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")
_TERM = re.compile(r"^(?=\S)(.+)(?=\n:   )", re.MULTILINE)
_FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; cells are Markdown."""
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def anchored(key: str, shown: str | None = None) -> str:
    """A name as code, with an anchor to link to."""
    return f'<a id="{escape(key)}"></a>`{shown or key}`'


# --- commands


def all_commands(command: click.Command, name: str = "copydesk") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name; groups of commands lead to theirs."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for child, sub in sorted(command.commands.items()):
        if not sub.hidden:
            yield from all_commands(sub, f"{name} {child}")


def commands(group: click.Command = main) -> str:
    return "\n\n".join(_command(name, command) for name, command in all_commands(group))


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    rows = [
        [anchored(_option_key(name, o), _spelling(o, context)), _default(o, context), _sentence(o)] for o in options
    ]
    parts = [f"## {name}", f"```text\n{usage}\n```", _prose(command.help or "")]
    if command.epilog != main.epilog:  # what all commands have in common stands at the top of the page
        parts.append(_prose((command.epilog or "").replace("\b", "")))
    return "\n\n".join([*parts, table(("option", "default", "meaning"), rows)] if rows else parts)


def option_keys(group: click.Command = main) -> list[str]:
    """The anchor of every option: `run--warehouse`."""
    return [
        _option_key(name, p)
        for name, command in all_commands(group)
        for p in command.params
        if isinstance(p, click.Option) and not p.hidden
    ]


def _option_key(name: str, option: click.Option) -> str:
    return "-".join(name.split()[1:]) + max(option.opts, key=len)


def _spelling(option: click.Option, context: click.Context) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    return ", ".join([*option.opts, *option.secondary_opts]) + value


def _default(option: click.Option, context: click.Context) -> str:
    if written := re.search(r"\[default: (.+)\]\s*$", option.help or ""):
        return written[1]
    extra = option.get_help_extra(context)
    return f"`{extra['default']}`" if "default" in extra else "required" if option.required else ""


def _sentence(option: click.Option) -> str:
    return _plain(re.sub(r"\s*\[default: .+\]\s*$", "", option.help or ""))


def _prose(text: str) -> str:
    r"""Help as Markdown. A paragraph that click is told to leave as it is (`\b`) shows commands."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(
        f"```sh\n{p.partition(chr(10))[2]}\n```" if p.startswith("\b") else _plain(" ".join(p.split()))
        for p in paragraphs
    )


# --- configuration


def settings(model: type[BaseModel] = Config) -> str:
    whole = model.model_json_schema()
    parts = []
    for section, keys in _sections(whole, whole.get("$defs", {})):
        rows = [
            [anchored(f"{section}.{key}" if section else key, key), _kind(spec), _value(spec), _setting(spec)]
            for key, spec in keys.items()
        ]
        title = f"## [{section}]" if section else "## At the top of the file"
        parts.append(f"{title}\n\n" + table(("key", "value", "default", "meaning"), rows))
    return "\n\n".join(parts)


def setting_keys(model: type[BaseModel] = Config) -> list[str]:
    """Every setting by its path: `gate.min_documents`."""
    whole = model.model_json_schema()
    return [
        f"{section}.{key}" if section else key
        for section, keys in _sections(whole, whole.get("$defs", {}))
        for key in keys
    ]


def _sections(
    schema: Mapping[str, Any], defs: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sections of a configuration's JSON schema, each with its own keys, from the outside to the inside."""
    inner = {key: _target(spec, defs) for key, spec in schema["properties"].items()}
    if own := {key: spec for key, spec in schema["properties"].items() if inner[key] is None}:
        yield path, own
    for key, section in inner.items():
        if section is not None:
            yield from _sections(section, defs, f"{path}.{key}" if path else key)


def _target(spec: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = defs.get(spec.get("$ref", "").rpartition("/")[2])
    return found if found and "properties" in found else None


def _kind(spec: Mapping[str, Any]) -> str:
    if "enum" in spec:
        return ", ".join(f"`{value}`" for value in spec["enum"])
    if "anyOf" in spec:
        return " or ".join(_kind(one) for one in spec["anyOf"] if one.get("type") != "null")
    words = {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "string": "text"}
    kind = str(spec.get("type", ""))
    if kind == "array":
        return f"list of {_kind(spec['items'])}"
    if kind == "object":
        return "table"
    low, high = spec.get("minimum"), spec.get("maximum")
    limits = f" {low} to {high}" if high is not None else f" from {low}" if low is not None else ""
    return words.get(kind, kind) + limits


def _value(spec: Mapping[str, Any]) -> str:
    value = spec.get("default")
    if value is None:
        return "none"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000:
        return f"`{value:_}`"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _setting(spec: Mapping[str, Any]) -> str:
    return _plain(str(spec.get("description", "")))


# --- tables


def all_tables() -> dict[str, pa.Schema]:
    """The tables of the warehouse, by name."""
    return {name: getattr(schemas, name.upper()) for name in layout.KEYS}


def column_keys(tables: Mapping[str, pa.Schema] | None = None) -> list[str]:
    """Every column as `table.column`, with the partition key."""
    tables = all_tables() if tables is None else tables
    return [f"{name}.{column}" for name, schema in tables.items() for column in (_partition(schema), *schema.names)]


def _partition(schema: pa.Schema) -> str:
    return str(json.loads(schema.metadata[b"pandas"])["columns"][0]["name"])


def columns(name: str, schema: pa.Schema) -> str:
    """The columns of one table, the partition key first."""
    key = _partition(schema)
    rows = [[anchored(f"{name}.{key}", key), "`date`", "The partition: the name of the folder, not in the file"]]
    rows += [
        [
            anchored(f"{name}.{field.name}", field.name),
            f"`{_arrow(field.type)}{', null' if field.nullable else ''}`",
            _plain(field.metadata[b"description"].decode()),
        ]
        for field in schema
    ]
    return table(("column", "type", "meaning"), rows)


def _arrow(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        inner = kind.value_type
        fields = ", ".join(inner.field(i).name for i in range(inner.num_fields)) if pa.types.is_struct(inner) else ""
        return f"list<struct<{fields}>>" if fields else f"list<{inner}>"
    return str(kind)


def contract(text: str, tables: Mapping[str, pa.Schema] | None = None) -> str:
    """The contract of the warehouse with the tables of its columns as the schemas have them."""
    for name, schema in (all_tables() if tables is None else tables).items():
        written = re.compile(rf"(^### `{name}`\n(?:(?!^#).*\n)*?)((?:^\|.*\n)+)", re.MULTILINE)
        made = columns(name, schema) + "\n"
        text, found = written.subn(lambda match, made=made: match[1] + made, text)  # type: ignore[misc]
        if not found:
            text += f"\n### `{name}`\n\n{made}"
    return text


# --- sources


def record_fields() -> str:
    """Which fields of a record are used, and for what."""
    names = fields.COMMON
    return table(("for", "fields"), [[use, ", ".join(f"`{name}`" for name in found)] for use, found in names.items()])


# --- rules and expectations


def rule_list(known: Iterable[Rule] | None = None) -> str:
    """Every rule, by what it is named in."""
    known = list(rules().values() if known is None else known)
    edits = [rule for rule in known if rule.measured]
    problems = [rule for rule in known if rule.severity and rule not in edits]
    rest = [rule for rule in known if rule not in edits and rule not in problems]
    judged = {e["meta"]["rule"]: (suite, e["severity"]) for suite in COLUMNS for e in shipped(suite)}
    rows = [[anchored(r.name), _plain(r.sentence), _sure(r), _plain(r.measured or "")] for r in edits]
    parts = ["## Edits", table(("rule", "meaning", "confidence", "measured on"), rows)]
    rows = [[anchored(r.name), r.severity or "", _plain(r.sentence)] for r in problems]
    parts += ["## Problems", table(("rule", "severity", "meaning"), rows)]
    rows = [[anchored(r.name), *judged.get(r.name, ("", "")), _plain(r.sentence)] for r in rest]
    parts += ["## Expectations", table(("rule", "suite", "severity", "meaning, where it fails"), rows)]
    return "\n\n".join(parts)


def _sure(rule: Rule) -> str:
    return "its own" if rule.confidence is None else f"{rule.confidence:.3f}".rstrip("0").rstrip(".")


def _plain(words: str) -> str:
    """Words that are no Markdown and no HTML."""
    return escape(words, quote=False).replace("*", r"\*").replace("_", r"\_")


def shipped(suite: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "expectations" / f"{suite}.json").read_text("utf-8"))[
        "expectations"
    ]
    return found


def suites() -> str:
    parts = []
    for suite in COLUMNS:
        rows = [
            [anchored(f"{suite}.{e['meta']['rule']}", e["meta"]["rule"]), e["severity"], _demand(e)]
            for e in shipped(suite)
        ]
        parts.append(f"### {suite}.json\n\n" + table(("rule", "severity", "what holds when all is well"), rows))
    return "\n\n".join(parts)


def _demand(expectation: Mapping[str, Any]) -> str:
    """The sentence of an expectation, and below it the expectation itself."""
    given = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in expectation["kwargs"].items())
    return f"{_plain(expectation['meta']['description'])}<br>`{expectation['type']}({given})`"


def expectation_types() -> str:
    rows = [
        [
            f"`{name}`",
            "<br>".join(f"`{key}`{' (optional)' if k.optional else ''}: {k.words}" for key, k in kinds.items()),
        ]
        for name, kinds in EXPECTATIONS.items()
    ]
    return table(("type", "arguments"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "rules": rule_list,
    "suites": suites,
    "expectation-types": expectation_types,
    "record-fields": record_fields,
    "rooms": lambda: (DOCS / "explanation" / "rooms.svg").read_text("utf-8"),
}


# --- pages


class PageError(Exception):
    """A page cannot be made; the message names it and says why."""


def pages() -> dict[str, str]:
    """Every page of the site by its place, as Markdown."""
    sources = {path.relative_to(ROOT).as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
    sources |= {name: ROOT / name for name in INCLUDED}
    return {place(name): page(path.read_text("utf-8"), name) for name, path in sources.items()}


def place(source: str) -> str:
    """Where a file of the repository is in the site; empty where it is no page."""
    return source.removeprefix("docs/") if source.startswith("docs/") else INCLUDED.get(source, "")


def page(markdown: str, source: str) -> str:
    """The page that the file `source` of the repository holds, complete."""
    if source == "warehouse/README.md":
        markdown = contract(markdown)
    if source == "docs/glossary.md":
        markdown = _TERM.sub(lambda match: _term(match[1]), markdown)
    return _MARKER.sub(lambda match: _part(match[1], source), linked(markdown, source))


def _term(words: str) -> str:
    return "".join(f'<a id="{slug(word)}"></a>' for word in words.split(", ")) + words


def slug(words: str) -> str:
    """The anchor of a heading or term."""
    return re.sub(r"\W+", "-", words.lower()).strip("-")


def _part(name: str, source: str) -> str:
    if name not in PARTS:
        raise PageError(f"{source}: no part {name!r} is generated; there are {', '.join(PARTS)}")
    return PARTS[name]()


def linked(markdown: str, source: str) -> str:
    """`markdown` with its links to files of the repository as links to pages, or as plain names where there is none.

    Raises `PageError` for a link that leads nowhere.
    """
    here = posixpath.dirname(place(source)) or "."

    def link(match: re.Match[str]) -> str:
        words, target, anchor = match[1], match[2], match[3] or ""
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (ROOT / file).exists():
            raise PageError(f"{source}: the link to {target} leads nowhere")
        if not place(file):
            return words if words.startswith("`") else f"{words} (`{file}`)"
        return f"[{words}]({posixpath.relpath(place(file), here)}{anchor})"

    return "".join(part if part.startswith("```") else _LINK.sub(link, part) for part in _FENCE.split(markdown))


def write(target: Path = TARGET) -> None:
    """Write the pages, and what they show, to a folder that is made anew."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(DOCS / "assets", target / "assets")
    for name, text in pages().items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, "utf-8")


if __name__ == "__main__":
    try:
        write()
    except PageError as error:
        sys.exit(f"docs: {error}")
