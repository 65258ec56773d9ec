"""What several test modules start: an S3 server. The order of tests, which of them are traced, and how property tests
choose their examples.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

# The same examples each time in CI; chance looks for new faults elsewhere. How long an example takes depends on the
# load of the machine, and is no fault.
settings.register_profile("copydesk", derandomize="CI" in os.environ, deadline=None)
settings.load_profile("copydesk")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: as the last ones they would keep one worker at work alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Tests marked `no_cover` are not traced.

    pytest-cov pauses its own tracing of them, and in the workers of xdist resumes by that the one that it had begun
    before it knew that it is in a worker.
    """
    tracing = sys.gettrace()
    if item.get_closest_marker("no_cover"):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracing)


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """The address of moto's server, which speaks S3 over HTTP."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(object_store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of its own in an object store."""
    s3fs = pytest.importorskip("s3fs")
    for name, value in {
        "AWS_ENDPOINT_URL": object_store,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"news-{uuid.uuid4().hex}"
    s3fs.S3FileSystem().mkdir(name)
    yield f"s3://{name}/warehouse"
    s3fs.S3FileSystem.clear_instance_cache()
