"""The Prefect flow: the bytes of a plain run, further tries, the held state, artifacts, the date of a late run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nights import NIGHT, night, story, table, tree

from copydesk.run import nightly as composition
from copydesk.run.nightly import Night, Stage
from copydesk.run.schedule import ENVIRONMENT

os.environ.update(ENVIRONMENT)  # before Prefect is imported

from prefect.client.orchestration import get_client
from prefect.logging.handlers import APILogHandler
from prefect.testing.utilities import prefect_test_harness

from flows import nightly as flows


@pytest.fixture(scope="session")
def _harness() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(story(number))
    return folder


class Ran:
    """A run of the flow, and what the server knows of it."""

    def __init__(self, state: Any) -> None:
        APILogHandler().flush()
        self.state = state
        of_run = {"id": {"any_": [str(state.state_details.flow_run_id)]}}
        (self.run,) = _found("flow_runs", {"flow_runs": of_run})
        tasks = _found("task_runs", {"flow_runs": of_run})
        self.tries = {task["name"].rsplit("-", 1)[0]: task["run_count"] for task in tasks}
        self.artifacts = {found["key"]: found["data"] for found in _found("artifacts", {"flow_runs": of_run})}
        logs = _found("logs", {"logs": {"flow_run_id": of_run["id"]}})
        self.log = "\n".join(line["message"] for line in logs)


def _found(what: str, where: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows from the server, asked without the nulls that Prefect's own client sends and a newer FastAPI refuses."""
    with get_client(sync_client=True) as client:
        rows: list[dict[str, Any]] = client.request("POST", f"/{what}/filter", json=where).json()
    return rows


def ran(**parameters: Any) -> Ran:
    return Ran(flows.nightly(return_state=True, **parameters))


@pytest.mark.usefixtures("_harness")
def test_the_flow_publishes_the_bytes_of_a_plain_run(raw: Path, tmp_path: Path) -> None:
    outcome = night(raw, tmp_path / "plain")
    flow = ran(sources=[str(raw)], warehouse=str(tmp_path / "flow"), date=str(NIGHT))
    assert tree(tmp_path / "flow") == tree(tmp_path / "plain")
    assert (flow.state.type.value, flow.state.message) == ("COMPLETED", outcome.sentence)
    assert flow.run["name"] == f"nightly-{NIGHT}"
    assert flow.tries == {"night": 1, "prepare": 1, "collect": 1, "gate": 1, "publish": 1}
    assert outcome.sentence in flow.artifacts["copydesk-night"] and "_reports/" in flow.artifacts["copydesk-night"]
    assert '"column": "published", "value": 3' in str(flow.artifacts["copydesk-figures"]).replace("'", '"')
    assert "committed" in flow.log, "what copydesk logs is missing in the log of the run"

    again = ran(sources=[str(raw)], warehouse=str(tmp_path / "flow"), date=str(NIGHT))
    assert again.state.is_completed() and again.state.message.startswith("Nothing to do")
    assert again.tries.keys() == {"night", "prepare", "collect"}


@pytest.mark.usefixtures("_harness")
def test_faults_of_reading_and_of_publishing_are_tried_again(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(raw, tmp_path / "plain")
    stages = tuple(
        Stage(stage.name, _failing_once(stage.work), stage.retries) if stage.name in ("collect", "publish") else stage
        for stage in composition.STAGES
    )
    monkeypatch.setattr(composition, "STAGES", stages)
    monkeypatch.setattr(flows, "STAGE_DELAY", 0)
    monkeypatch.setattr(flows, "one_night", flows.one_night.with_options(retry_delay_seconds=0))
    flow = ran(sources=[str(raw)], warehouse=str(tmp_path / "flow"), date=str(NIGHT))
    assert flow.state.is_completed()
    assert flow.tries["night"] == 2  # for publish, which is not tried again by itself
    assert tree(tmp_path / "flow") == tree(tmp_path / "plain")


def _failing_once(work: Callable[[Night, Any], Any]) -> Callable[[Night, Any], Any]:
    calls: list[Night] = []

    def failing(night: Night, before: Any) -> Any:
        calls.append(night)
        if len(calls) == 1:
            raise OSError("the disk went away for a moment")
        return work(night, before)

    return failing


@pytest.mark.usefixtures("_harness")
def test_a_night_that_is_held_back_ends_as_held_and_is_not_tried_again(raw: Path, tmp_path: Path) -> None:
    (raw / "bare.txt").write_text(
        "Bridge opens again after repairs\n\nMay 2, 2024\n"
    )  # of the same day, without a body
    settings = tmp_path / "strict.toml"
    settings.write_text("[gate]\nmin_documents = 1\nmax_quarantined_share = 0.1\n")
    flow = ran(sources=[str(raw)], warehouse=str(tmp_path / "held"), date=str(NIGHT), config=str(settings))
    assert (flow.run["state_type"], flow.run["state_name"]) == ("FAILED", "Held")
    assert flow.state.message.startswith("Held back")
    assert (flow.run["run_count"], flow.tries["night"]) == (1, 1)
    assert flow.state.message in flow.artifacts["copydesk-night"]
    assert list(table(tmp_path / "held", "runs")["verdict"]) == ["held"]
    assert list((tmp_path / "held" / "_reports").glob(f"{NIGHT}-*.html"))


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2024, 5, 3)), ("Europe/Istanbul", date(2024, 5, 4)), ("America/New_York", date(2024, 5, 3))],
)
def test_a_late_run_is_for_the_day_it_was_scheduled(zone: str, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduled = SimpleNamespace(
        scheduled_start_time=datetime(2024, 5, 3, 22, 30, tzinfo=UTC), parameters={"timezone": zone}
    )
    monkeypatch.setattr(flows, "flow_run", scheduled)
    assert flows._day(None, zone) == day
    assert flows._run_name() == f"nightly-{day}"
    assert flows._day(NIGHT, zone) == NIGHT
