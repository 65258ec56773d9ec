"""The nightly flow with a Dask cluster of its own, which starts with the first batch and ends with the flow.

Set `[run] engine = "dask"` without an address. In `prefect.yaml`, `entrypoint: examples/cluster.py:night`.
"""

from __future__ import annotations

from prefect_dask import DaskTaskRunner

from flows.nightly import nightly

night = nightly.with_options(
    task_runner=DaskTaskRunner(
        cluster_class="distributed.LocalCluster",  # docs/how-to/cluster.md names others
        cluster_kwargs={"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None},
    )
)
