"""Sends the message of a night through Prefect's notification blocks; that it fails is logged, and stops no run."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from copydesk.config import AlertsConfig
from copydesk.config.load import load
from copydesk.schedule.alert import Alert, of_failure

if TYPE_CHECKING:
    from prefect import Flow, State
    from prefect.blocks.abstract import NotificationBlock
    from prefect.client.schemas.objects import FlowRun

log = logging.getLogger(__name__)

#: Attempts for each receiver, and seconds between them.
ATTEMPTS, PAUSE = 3, 5.0


class NoBlock(ValueError):
    """The server has no notification block of that name."""


def send(alert: Alert | None, config: AlertsConfig) -> None:
    """Send a message to the receivers of `[alerts]`, if there are any."""
    if alert is None:
        return
    if config.webhook is not None:
        _attempt("alerts.webhook", lambda: _webhook(config), alert)
    if config.block is not None:
        _attempt(f"alerts.block = {config.block!r}", lambda: _saved(str(config.block)), alert)


def run_failed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """The hook of a flow for a run that failed or crashed; a run that ends as `Held` has sent its own message."""
    if state.name == "Held":
        return
    given = flow_run.parameters
    settings = load(given.get("config"), {"warehouse.path": given.get("warehouse")})
    start = flow_run.expected_start_time
    assert start is not None
    day = given.get("date") or start.astimezone(ZoneInfo(given.get("timezone", "UTC"))).date()
    data = getattr(state.data, "result", state.data)  # a record of it, or itself
    error = data if isinstance(data, BaseException) else None
    ended = str(state.name)
    send(of_failure(given["sources"], settings.warehouse.path, str(day), ended, error), settings.alerts)


def _attempt(receiver: str, block: Any, alert: Alert) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            block().notify(alert.body, alert.subject)
        except Exception as error:  # noqa: BLE001  # a block may raise anything, and the run is done
            if attempt == ATTEMPTS:
                log.warning("the alert was not sent to %s: %s; it says: %s", receiver, _kind(error), alert.subject)
                return
            time.sleep(PAUSE)
        else:
            log.info("alert sent to %s: %s", receiver, alert.subject)
            return


def _webhook(config: AlertsConfig) -> NotificationBlock:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    assert config.webhook is not None
    return CustomWebhookNotificationBlock(
        name="copydesk",
        url=config.webhook.get_secret_value(),
        json_data={"subject": "{{subject}}", "text": "{{subject}}\n\n{{body}}"},
    )


def _saved(name: str) -> NotificationBlock:
    import prefect.blocks.notifications  # noqa: F401  # makes the types of blocks known
    from prefect.blocks.abstract import NotificationBlock
    from prefect.blocks.core import Block

    try:
        block = Block.load(name)
    except ValueError as error:
        raise NoBlock(f"the Prefect server has no block {name}") from error
    if not isinstance(block, NotificationBlock):
        raise NoBlock(f"the block {name} sends no notifications")
    return block


def _kind(error: Exception) -> str:
    """What went wrong, without the message: it may quote the address, whose path is a secret with many services."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, NoBlock):
        return str(error)
    return f"{type(error).__name__}{f' {status}' if status else ''}"
