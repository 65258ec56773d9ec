"""Messages name the place of the fault, in the user's words and once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import cli
from nights import night, story

from copydesk.config import Config
from copydesk.config.load import ConfigError, load
from copydesk.sources import SourceError, read


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[typos]\napply_from = 0.3", "{file}: typos.suggest_from = 0.5: is above typos.apply_from = 0.3"),
        ("[RUN]\nworkers = 2", "{file}: [RUN] is not a section; did you mean [run]?"),
        ("[run]\nWORKERS = 2", "{file}: run.WORKERS is not a setting; did you mean run.workers?"),
        ("[run]\nworkers = true", "{file}: run.workers = True: input should be a number"),
        (
            "[gate]\nmax_quarantined_share = false",
            "{file}: gate.max_quarantined_share = False: input should be a number",
        ),
        (
            "[warehouse]\nkeep_versions_days = true",
            "{file}: warehouse.keep_versions_days = True: input should be a number",
        ),
    ],
)
def test_settings(tmp_path: Path, toml: str, said: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError) as refused:
        load(str(file), environment={})
    assert str(refused.value).startswith(said.format(file=file))


def test_a_setting_of_the_environment_is_named_where_another_one_is_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^environment COPYDESK_TYPOS__APPLY_FROM: typos\.suggest_from"):
        load(environment={"COPYDESK_TYPOS__APPLY_FROM": "0.3"})


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "null"), (True, "true or false"), (3, "a number"), (0.5, "a number"), ("x", "a string"), ([1], "an array")],
)
def test_a_line_that_is_no_object(tmp_path: Path, value: object, words: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"text": "x"}}\n{json.dumps(value)}\n')
    _, document = read(str(tmp_path / "a.jsonl"), Config().sources)
    assert document.problem is not None and document.problem.observed == f"{words}, not a JSON object"


def test_a_document_that_shares_its_uri_is_not_said_to_be_without_a_text(tmp_path: Path) -> None:
    rows = [{"uri": "same", "text": story(n)} for n in (1, 2)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    night(tmp_path / "a.jsonl", tmp_path / "w")
    done = cli("quarantine", "release", "same", "--warehouse", tmp_path / "w")
    assert done.exit_code == 2
    assert "copydesk: a uri has one article; let this document come without the other one" in done.stderr
    (tmp_path / "b.jsonl").write_text(json.dumps(rows[1]))
    assert night(tmp_path / "b.jsonl", tmp_path / "w").row["replaced"] == 1  # type: ignore[index]


def test_a_warehouse_as_source_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "_warehouse.json").write_text("{}")
    with pytest.raises(SourceError) as refused:
        list(read(str(tmp_path), Config().sources))
    words = f"{tmp_path}: is inside the warehouse {tmp_path}; give a folder with raw articles"
    assert str(refused.value) == words
    assert cli("run", tmp_path, "--warehouse", tmp_path / "w").stderr == f"copydesk: {words}\n"
