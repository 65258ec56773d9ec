"""Where settings come from, which one wins, and what is said of one that cannot be used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from copydesk.cli import main
from copydesk.config import Config
from copydesk.config.load import ConfigError, describe, load

EXAMPLE = Path(__file__).parent.parent / "copydesk.toml"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a `copydesk.toml`, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(toml: str | bytes = "", environment: dict[str, str] | None = None, **flags: Any) -> str:
    """What is said when these settings are refused. The file is called `settings.toml`."""
    file = Path("settings.toml")
    file.write_bytes(toml.encode() if isinstance(toml, str) else toml)
    with pytest.raises(ConfigError) as caught:
        load(str(file), {name.replace("__", "."): value for name, value in flags.items()}, environment or {})
    return str(caught.value)


def test_what_is_made_without_being_suggested_is_refused() -> None:
    for toml in ("[typos]\napply_from = 0.4", "[typos]\nsuggest_from = 0.9", "[typos]\napply_words_from = 0.3"):
        assert "what is made has to be suggested, too" in refusal(toml)
    assert "typos.suggest_from = 0.9: is above typos.apply_from = 0.85" in refusal("[typos]\nsuggest_from = 0.9")
    config = load(
        "settings.toml", environment={f"COPYDESK_TYPOS__{n}": "0.95" for n in ("APPLY_FROM", "APPLY_WORDS_FROM")}
    )
    assert config.typos.suggest_from == 0.9


# --- order


def test_nothing_set_is_the_default() -> None:
    assert load(environment={}) == Config()


def test_file_is_weaker_than_environment_is_weaker_than_flags() -> None:
    Path("copydesk.toml").write_text("[gate]\nmin_documents = 2\nmax_quarantined_share = 0.2\n[run]\nworkers = 2\n")
    environment = {"COPYDESK_GATE__MIN_DOCUMENTS": "3", "COPYDESK_RUN__WORKERS": "3"}
    config = load(None, {"run.workers": 4, "warehouse.path": None}, environment)
    assert config.gate.max_quarantined_share == 0.2
    assert config.gate.min_documents == 3
    assert config.run.workers == 4
    assert config.warehouse.path == "warehouse", "a flag that was not given sets nothing"


def test_the_name_of_who_decides_is_no_setting() -> None:
    assert load(None, {}, {"COPYDESK_WHO": "Edith"}) == load(None, {}, {})


def test_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPYDESK_TEXT__QUOTES", "curly")
    assert load().text.quotes == "curly"


def test_a_named_file_replaces_the_one_of_the_working_folder() -> None:
    Path("copydesk.toml").write_text("[run]\nworkers = 2\n")
    Path("other.toml").write_text("[gate]\nmin_documents = 3\n")
    config = load("other.toml", environment={})
    assert (config.run.workers, config.gate.min_documents) == (0, 3)


@pytest.mark.parametrize("name", [name for name, _, _ in describe()])
def test_every_key_can_be_set_from_file_and_environment(name: str) -> None:
    default = {key: value for key, value, _ in describe()}[name]
    value = {
        "text.quotes": "keep",
        "dates.numeric_order": "skip",
        "dates.timezone": "Asia/Damascus",
        "sites.boilerplate": "false",
        "duplicates.enabled": "false",
        "typos.mode": "fast",
        "typos.suggest_from": "0.25",
        "rules.off": "quote",
        "warehouse.keep_versions_days": "1",
        "warehouse.partitions": "month",
        "warehouse.file_bytes": "65536",
        "run.engine": "dask",
        "run.address": "tcp://scheduler.example:8786",
        "schedule.missed": "skip",
        "schedule.missed_limit": "3",
        "schedule.reports_url": "https://reports.example/",
        "alerts.webhook": "https://alerts.example/",
        "alerts.block": "slack-webhook/desk",
    }.get(name) or ("story" if name.startswith("sources.fields.") else None)
    value = value or ("elsewhere" if not default or default.startswith('"') else "1")
    Path("elsewhere").mkdir()  # a folder of lists has to be there
    *section, key = name.split(".")
    header = f"[{'.'.join(section)}]\n" if section else ""
    Path("copydesk.toml").write_text(f"{header}{key} = {value if value.isdigit() else f'{value!r}'}\n")
    from_file = load(environment={})
    Path("copydesk.toml").unlink()
    from_environment = load(environment={"COPYDESK_" + name.upper().replace(".", "__"): value})
    assert from_file == from_environment != Config()


def test_the_address_of_a_webhook_is_not_repeated_where_it_is_wrong() -> None:
    message = refusal('[alerts]\nwebhook = "hooks.example/secret"\n')
    assert "alerts.webhook = …: is not an address" in message
    assert "secret" not in refusal('alerts = "https://hooks.example/secret"\n')
    assert "secret" not in message


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:8931", "http is no protocol of Dask; write tcp://HOST:PORT"),
        (
            "tcp://127.0.0.1",
            "has no port; write tcp://127.0.0.1:PORT, as `dask scheduler` prints it, often tcp://127.0",
        ),
        ("tcp://127.0.0.1:", "has no port that is a number up to 65,535; write tcp://127.0.0.1:PORT"),
        ("tcp://127.0.0.1:abc", "has no port that is a number up to 65,535; write tcp://127.0.0.1:PORT"),
        ("tls://desk.example:65536", "has no port that is a number up to 65,535; write tls://desk.example:PORT"),
        ("tcp://127.0.0.1:8786/", "write tcp://127.0.0.1:8786"),
        ("127.0.0.1:8931", "write tcp://127.0.0.1:8931"),
        ("[::1]:8931", "write tcp://[::1]:8931"),
        ("desk.example", "write tcp://desk.example:PORT"),
        ("tcp://::1:8786", "write tcp://HOST:PORT"),
        ("://desk.example:8786", "write tcp://HOST:PORT"),
        ("tcp://a b:8786", "write tcp://HOST:PORT"),
        ("", "write tcp://HOST:PORT"),
    ],
)
def test_what_is_no_address_of_a_scheduler_is_refused_with_what_to_write(address: str, said: str) -> None:
    message = refusal(f'[run]\naddress = "{address}"\n')
    assert message.startswith(f"settings.toml: run.address = {address!r}: {said}")


@pytest.mark.parametrize(
    "address",
    "tcp://10.0.0.5:8786 tls://desk.example:8786 ucx://node-1:8786 ws://desk.example:80 wss://desk.example/dask"
    " tcp://[fe80::1%eth0]:8786 inproc://10.0.0.5/4711/1".split(),
)
def test_the_addresses_of_dask_are_taken(address: str) -> None:
    assert Config.model_validate({"run": {"address": address}}).run.address == address


def test_other_variables_are_none_of_our_business() -> None:
    assert load(environment={"COPYDESKTOP": "1", "PREFECT_API_URL": "http://localhost:4200/api"}) == Config()


def test_a_byte_order_mark_is_no_error() -> None:
    Path("copydesk.toml").write_bytes(b"\xef\xbb\xbf[run]\r\nworkers = 2\r\n")
    assert load(environment={}).run.workers == 2


def test_configuration_cannot_change_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(environment={}).run.workers = 3


# --- errors: the place, the key, the value, what is allowed


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[text]\nquotes = 'fancy'", ["text.quotes = 'fancy'", "'straight', 'curly' or 'keep'", '"straight"']),
        ("[gate]\nmax_quarantined_share = 1.5", ["gate.max_quarantined_share = 1.5", "less than or equal to 1", "0.5"]),
        ("[gate]\nmax_quarantined_share = nan", ["gate.max_quarantined_share = nan", "less than or equal to 1"]),
        ("[run]\nworkers = 2.5", ["run.workers = 2.5", "valid integer", "0 means one per core"]),
        ("[run]\nworkers = -1", ["run.workers = -1", "greater than or equal to 0"]),
        ("[dates]\ntimezone = 'Mars/Base'", ["dates.timezone = 'Mars/Base'", "IANA time zone", "Europe/Istanbul"]),
        ("[dates]\ntimezone = ''", ["dates.timezone = ''", "IANA time zone"]),
        ("[warehouse]\npath = ''", ["warehouse.path = ''", "at least 1 character"]),
        ("[warehouse]\nfile_bytes = 100", ["warehouse.file_bytes = 100", "at least 65536", "10 kB besides its rows"]),
        ("[warehouse]\npath = 3", ["warehouse.path = 3", "valid string"]),
        ("expectations = 4", ["expectations = 4", "valid string", "override the shipped"]),
        ("gate = 3", ["gate = 3", "is a section", "[gate]"]),
        ("[[gate]]\nmin_documents = 3", ["gate = [", "is a section", "[gate]"]),
        ("[gate.min_documents]\nx = 3", ["gate.min_documents = {'x': 3}", "valid integer"]),
    ],
)
def test_bad_values_in_the_file(toml: str, said: list[str]) -> None:
    message = refusal(toml)
    for words in ("settings.toml: ", *said):
        assert words in message


@pytest.mark.parametrize("value", ["many", "", "2.5", "0x10"])
def test_bad_types_from_the_environment_name_the_variable(value: str) -> None:
    message = refusal(environment={"COPYDESK_RUN__WORKERS": value})
    assert message.startswith(f"environment COPYDESK_RUN__WORKERS: run.workers = {value!r}: ")
    assert "valid integer" in message


def test_bad_flags() -> None:
    assert refusal(run__workers=-1).startswith("command line: run.workers = -1: ")


def test_all_errors_are_told_at_once_each_with_its_place() -> None:
    message = refusal("[gate]\nmin_documents = 0\n", {"COPYDESK_TEXT__QUOTES": "x"}, run__workers=-1)
    places = [line.split(":")[0] for line in message.splitlines()]
    assert sorted(places) == ["command line", "environment COPYDESK_TEXT__QUOTES", "settings.toml"]


def test_the_error_names_the_place_that_won() -> None:
    assert refusal("[run]\nworkers = 2\n", {"COPYDESK_RUN__WORKERS": "x"}).startswith("environment ")


def test_a_section_that_is_a_value_in_the_file_and_a_section_on_the_command_line() -> None:
    assert "gate = 3: is a section" in refusal("gate = 3", gate__min_documents=7)


@pytest.mark.parametrize(
    ("toml", "similar"),
    [
        ("[gate]\nmax_quarantined_shar = 0.3", "did you mean gate.max_quarantined_share?"),
        ("[run]\nworker = 3", "did you mean run.workers?"),
        ("min_documents = 3", "did you mean gate.min_documents?"),
        ("nonsense = 3", "settings are expectations, sources.max_document_bytes"),
    ],
)
def test_unknown_keys_suggest_the_similar_one(toml: str, similar: str) -> None:
    message = refusal(toml)
    assert "is not a setting" in message
    assert similar in message


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[typo]\nmode = "off"', "[typo] is not a section; did you mean [typos]?"),
        ("[nonsense]\nzzz = 3", "[nonsense] is not a section; sections are [alerts], [dates], "),
        ("[sources.field]\ntext = 'body'", "[sources.field] is not a section; did you mean [sources.fields]?"),
    ],
)
def test_unknown_sections_suggest_the_similar_one(toml: str, words: str) -> None:
    assert words in refusal(toml)


@pytest.mark.parametrize("value", ["inf", "nan", "1e300"])
def test_a_limit_without_an_end_is_refused(value: str) -> None:
    assert "run.document_seconds" in refusal(f"[run]\ndocument_seconds = {value}")
    assert "0 means no limit" in refusal("[run]\ndocument_seconds = inf")


def test_unknown_variables_suggest_the_similar_one() -> None:
    message = refusal(environment={"COPYDESK_RUN__WORKER": "3"})
    assert message == "environment: COPYDESK_RUN__WORKER is not a setting; did you mean COPYDESK_RUN__WORKERS?"


def test_what_all_variables_begin_with_makes_none_similar() -> None:
    message = refusal(environment={"COPYDESK_GAT__X": "3"})
    assert message.startswith("environment: COPYDESK_GAT__X is not a setting; settings are COPYDESK_")


@pytest.mark.parametrize("toml", ["broken = [", "[gate", "a = 1\na = 2", b"\xff\xfe\x00"])
def test_what_is_no_toml(toml: str | bytes) -> None:
    assert refusal(toml).startswith("settings.toml: is not valid TOML: ")


def test_a_file_that_was_named_must_exist() -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read: No such file"):
        load("missing.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(".")


def test_the_command_line_says_it_in_one_line_and_exits_with_2() -> None:
    Path("copydesk.toml").write_text("[text]\nquotes = 'fancy'\n")
    result = CliRunner().invoke(main, ["run", "."])
    assert result.exit_code == 2
    assert re.fullmatch(r"copydesk: copydesk\.toml: text\.quotes = 'fancy': .*\n", result.output)


# --- the example in the repository


def test_the_example_is_the_default() -> None:
    assert load(str(EXAMPLE), environment={}) == Config()


def test_the_example_is_complete() -> None:
    """Every key stands in it, in the order of the code, with its default, under a comment that gives its meaning."""
    text = EXAMPLE.read_text("utf-8")
    shown, section = [], ""
    for meaning, line in re.findall(r"(?m)(?:^# (.*)\n)?^(\[[\w.]+\]|(?:# )?\w+ = .*)$", text):
        if line.startswith("["):
            section = line.strip("[]") + "."
            continue
        ((key, value),) = tomllib.loads(line.removeprefix("# ")).items()
        default = "" if line.startswith("# ") else f'"{value}"' if isinstance(value, str) else str(value).lower()
        shown.append((section + key, default, meaning))
    assert shown == describe()


def test_the_example_names_every_choice() -> None:
    text = EXAMPLE.read_text("utf-8")
    for choice in ("straight", "curly", "keep", "day-first", "month-first", "skip"):
        assert f'"{choice}"' in text
