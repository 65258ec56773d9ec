"""What takes a Prefect server: the flow (the bytes of a plain run, further tries, the held state, artifacts, the date
of a late run), its alerts, and the nights that were missed."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from nights import NIGHT, night, story, table, tree
from receivers import receiver

from copydesk.config import ScheduleConfig
from copydesk.run import nightly as composition
from copydesk.run.nightly import Night, Stage
from copydesk.schedule import notify
from copydesk.schedule.overdue import MADE_UP, Deployment, Overdue, _times, close_dead_runs, settle
from copydesk.schedule.server import ENVIRONMENT
from copydesk.schedule.service import FLOW

os.environ.update(ENVIRONMENT)  # before Prefect is imported

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import CronSchedule
from prefect.logging.handlers import APILogHandler
from prefect.states import Scheduled
from prefect.testing.utilities import prefect_test_harness

from flows import nightly as flows


@pytest.fixture(scope="module")
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


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a receiver of alerts, and what it got."""
    with receiver() as (address, got):
        yield address, got


def ran(**parameters: Any) -> Ran:
    return Ran(flows.nightly(return_state=True, **parameters))


@pytest.mark.usefixtures("_harness")
def test_the_flow_publishes_the_bytes_of_a_plain_run(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = night(raw, tmp_path / "plain")
    monkeypatch.setenv("COPYDESK_SCHEDULE__REPORTS_URL", "https://reports.example/")
    flow = ran(sources=[str(raw)], warehouse=str(tmp_path / "flow"), date=str(NIGHT))
    assert tree(tmp_path / "flow") == tree(tmp_path / "plain")
    assert (flow.state.type.value, flow.state.message) == ("COMPLETED", outcome.sentence)
    assert flow.run["name"] == f"nightly-{NIGHT}"
    assert flow.tries == {"night": 1, "prepare": 1, "collect": 1, "gate": 1, "compare": 1, "publish": 1, "report": 1}
    assert outcome.sentence in flow.artifacts["copydesk-night"] and "_reports/" in flow.artifacts["copydesk-night"]
    assert "[The report](https://reports.example/" in flow.artifacts["copydesk-night"]
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
def test_a_night_that_is_held_back_ends_as_held_is_told_once_and_is_not_tried_again(
    raw: Path, tmp_path: Path, hook: tuple[str, list[dict[str, str]]]
) -> None:
    (raw / "bare.txt").write_text(
        "Bridge opens again after repairs\n\nMay 2, 2024\n"
    )  # of the same day, without a body
    settings = tmp_path / "strict.toml"
    block = CustomWebhookNotificationBlock(name="desk", url=hook[0], json_data={"text": "{{subject}}"})
    block.save("desk", overwrite=True)
    settings.write_text(
        "[gate]\nmin_documents = 1\nmax_quarantined_share = 0.1\n"
        f'[alerts]\nwebhook = "{hook[0]}"\nblock = "custom-webhook/desk"\n'
    )
    flow = ran(sources=[str(raw)], warehouse=str(tmp_path / "held"), date=str(NIGHT), config=str(settings))
    assert (flow.run["state_type"], flow.run["state_name"]) == ("FAILED", "Held")
    assert flow.state.message.startswith("Held back")
    assert (flow.run["run_count"], flow.tries["night"]) == (1, 1)
    assert flow.state.message in flow.artifacts["copydesk-night"]
    assert list(table(tmp_path / "held", "runs")["verdict"]) == ["held"]
    (page,) = (tmp_path / "held" / "_reports").glob(f"{NIGHT}-*.html")
    told, by_block = hook[1]
    assert told["subject"].startswith(f"copydesk {NIGHT}: Held back: 1 partition")
    assert told["text"].startswith(f"{told['subject']}\n\n{flow.state.message}")
    assert told["text"].endswith(f"Report: {page}")
    assert by_block == {"text": told["subject"]}
    assert flow.log.count("alert sent to") == 2


@pytest.mark.usefixtures("_harness")
def test_a_night_that_fails_is_told_and_so_is_an_alert_that_was_not_sent(
    raw: Path, tmp_path: Path, hook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "one_night", flows.one_night.with_options(retry_delay_seconds=0))
    monkeypatch.setattr(flows, "STAGE_DELAY", 0)
    monkeypatch.setattr(notify, "PAUSE", 0)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "other.txt").write_text("of somebody else")
    settings = tmp_path / "told.toml"
    settings.write_text(f'[alerts]\nwebhook = "{hook[0]}"\nblock = "slack-webhook/nowhere"\n')
    records: list[str] = []
    monkeypatch.setattr(notify.log, "warning", lambda form, *words: records.append(form % words))
    flow = ran(sources=[str(raw)], warehouse=str(tmp_path / "tables"), date=str(NIGHT), config=str(settings))
    assert flow.run["state_type"] == "FAILED"
    (told,) = hook[1]
    assert told["subject"].startswith(f"copydesk {NIGHT}: The run ended as Failed: ")
    assert str(tmp_path / "tables") in told["subject"], "the words of the error"
    assert f"copydesk run {raw} --date {NIGHT} --warehouse {tmp_path / 'tables'}" in told["text"]
    (said,) = records
    assert "alerts.block = 'slack-webhook/nowhere': the Prefect server has no block slack-webhook/nowhere" in said


NOW = datetime(2024, 5, 10, 12, 0, tzinfo=UTC)


def day(number: int) -> datetime:
    """The scheduled start of a night before `NOW`."""
    return datetime(2024, 5, number, 2, 0, tzinfo=UTC)


class Calendar:
    """A deployment of its own, with nights that are late, and what has become of them."""

    def __init__(self, client: Any, late: Iterable[datetime], state: dict[str, str] | None = None) -> None:
        self.client = client
        flow = client.create_flow_from_name(FLOW)
        self.name = f"nightly-{uuid.uuid4().hex}"
        parameters = {"sources": ["old"]}
        known = client.request(
            "POST", "/deployments/", json={"name": self.name, "flow_id": str(flow), "parameters": parameters}
        ).json()["id"]
        self.deployment = Deployment(UUID(known), CronSchedule(cron="0 2 * * *", timezone="UTC"), {"sources": ["new"]})
        for start in late:
            run = client.create_flow_run_from_deployment(self.deployment.id, state=Scheduled(scheduled_time=start))
            if state:
                client.request("POST", f"/flow_runs/{run.id}/set_state", json={"state": state, "force": True})

    def settle(self, dead: Sequence[Any] = (), **settings: Any) -> Overdue:
        return settle(self.client, self.deployment, ScheduleConfig(**settings), NOW, dead)

    def runs(self) -> dict[datetime, dict[str, Any]]:
        where = {"deployments": {"id": {"any_": [str(self.deployment.id)]}}}
        runs = _found("flow_runs", where)
        found = {datetime.fromisoformat(run["expected_start_time"]): run for run in runs}
        assert len(found) == len(runs), "two runs for one night"
        return found

    def states(self) -> dict[int, str]:
        return {start.day: run["state_name"] for start, run in sorted(self.runs().items())}


@pytest.fixture
def client(_harness: None) -> Iterator[Any]:
    with get_client(sync_client=True) as client:
        yield client


def test_the_last_of_the_nights_that_were_missed_runs_and_the_others_are_skipped(client: Any) -> None:
    calendar = Calendar(client, [day(7), day(8), day(9)])
    overdue = calendar.settle(missed_limit=2)
    # The server was gone on the tenth, too: nobody had scheduled that night.
    assert overdue == Overdue((), (day(9), day(10)), (day(7), day(8)))
    assert calendar.states() == {7: "Skipped", 8: "Skipped", 9: "Scheduled", 10: "Scheduled"}
    runs = calendar.runs()
    assert "missed_limit = 2" in runs[day(7)]["state"]["message"]
    assert runs[day(9)]["parameters"] == {"sources": ["new"]}, "of the serve that runs it"
    assert [runs[day(number)]["tags"] for number in (7, 9, 10)] == [[], [MADE_UP], [MADE_UP]]

    assert not calendar.settle(missed_limit=2), "said once"
    assert calendar.settle(missed_limit=1) == Overdue((), (), (day(9),))


def test_missed_nights_are_skipped_where_that_is_asked_for(client: Any) -> None:
    calendar = Calendar(client, [day(9), NOW - timedelta(minutes=5)])
    assert calendar.settle(missed="skip") == Overdue((), (), (day(9),))
    assert calendar.states() == {9: "Skipped", 10: "Scheduled"}, "five minutes late is not missed"


def test_a_night_that_ended_is_not_made_up_for_and_a_new_schedule_has_missed_none(client: Any) -> None:
    assert not Calendar(client, []).settle()
    for ended in ("COMPLETED", "FAILED", "CANCELLED"):
        assert not Calendar(client, [day(10)], {"type": ended}).settle()


def test_a_night_whose_process_died_is_marked_and_made_up_for_once(client: Any) -> None:
    calendar = Calendar(client, [day(10)], {"type": "RUNNING"})
    dead = close_dead_runs(client, FLOW, calendar.name)
    (name,) = [run.name for run in dead]
    assert calendar.states() == {10: "Crashed"}
    assert calendar.settle(dead) == Overdue((name,), (day(10),), ())
    runs = _found("flow_runs", {"deployments": {"id": {"any_": [str(calendar.deployment.id)]}}})
    assert sorted((run["state_name"], run["expected_start_time"][:10]) for run in runs) == [
        ("Crashed", "2024-05-10"),
        ("Scheduled", "2024-05-10"),
    ]
    (again,) = [run["id"] for run in runs if run["state_name"] == "Scheduled"]
    client.request("POST", f"/flow_runs/{again}/set_state", json={"state": {"type": "RUNNING"}, "force": True})
    dead = close_dead_runs(client, FLOW, calendar.name)
    assert calendar.settle(dead) == Overdue((dead[0].name,), (), ()), "what killed it may do so again"


def test_an_outage_that_is_longer_than_what_was_scheduled_ahead(client: Any) -> None:
    calendar = Calendar(client, [NOW - timedelta(days=200)], {"type": "COMPLETED"})
    overdue = calendar.settle()
    assert overdue.made_up == (day(10),)
    assert len(overdue.skipped) == 59
    assert day(9) in overdue.skipped


def test_a_schedule_of_every_minute_knows_more_times_than_the_server_tells_at_once() -> None:
    every_minute = CronSchedule(cron="* * * * *", timezone="Europe/Istanbul")
    times = _times(every_minute, NOW - timedelta(minutes=2500), NOW)
    assert (len(times), times[0], times[-1]) == (2500, NOW - timedelta(minutes=2499), NOW)


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


@pytest.mark.usefixtures("_harness")
def test_a_flow_starts_and_ends_a_cluster_of_its_own(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("prefect_dask", reason="the extra `cluster` is not installed")
    from distributed import LocalCluster

    from examples import cluster

    started: list[LocalCluster] = []
    start = LocalCluster.__init__

    def starting(self: LocalCluster, **options: Any) -> None:
        started.append(self)
        start(self, **options)

    monkeypatch.setattr(LocalCluster, "__init__", starting)
    night(raw, tmp_path / "plain", typos={"mode": "off"})
    monkeypatch.setenv("COPYDESK_RUN__ENGINE", "dask")
    monkeypatch.setenv("COPYDESK_TYPOS__MODE", "off")
    flow = Ran(cluster.night(return_state=True, sources=[str(raw)], warehouse=str(tmp_path / "flow"), date=str(NIGHT)))
    assert flow.state.is_completed(), flow.state.message
    assert tree(tmp_path / "flow") == tree(tmp_path / "plain")
    assert [one.status.name for one in started] == ["closed"]


@pytest.mark.usefixtures("_harness")
def test_a_flow_that_is_cancelled_takes_its_work_back_from_the_cluster(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    from dask_cluster import ENDLESS, cleaners, cluster_in, wait_until, when_busy
    from prefect.exceptions import TerminationSignal

    (raw / "endless.txt").write_text(ENDLESS)
    monkeypatch.setenv("COPYDESK_RUN__ENGINE", "dask")
    monkeypatch.setenv("COPYDESK_TYPOS__MODE", "off")
    passed_on: list[int] = []  # Prefect sends its process the signal once more when the run has ended
    before = signal.signal(signal.SIGTERM, lambda number, frame: passed_on.append(number))
    try:
        with cluster_in(tmp_path / "cluster") as cluster:
            cluster.start_worker("one", "--no-nanny")
            cluster.wait_for_workers(1)
            monkeypatch.setenv("COPYDESK_RUN__ADDRESS", cluster.address)
            thread = when_busy(cluster, "one", lambda: os.kill(os.getpid(), signal.SIGTERM))
            with pytest.raises(TerminationSignal):
                ran(sources=[str(raw)], warehouse=str(tmp_path / "flow"), date=str(NIGHT))
            thread.join()
            wait_until(lambda: not cluster.is_busy("one") and not any(cleaners(cluster.address, busy=True).values()))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert passed_on == [signal.SIGTERM]
    (raw / "endless.txt").unlink()
    night(raw, tmp_path / "flow", typos={"mode": "off"})
    night(raw, tmp_path / "plain", typos={"mode": "off"})
    assert tree(tmp_path / "flow") == tree(tmp_path / "plain")
