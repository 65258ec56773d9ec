"""Where the time of a night goes: wall time by part, measured by wrapping functions of the library by name."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any


class Clock:
    """Wall time by part, without that of the parts within it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Count the calls of `owner.name` as `part`."""
        function = getattr(owner, name)

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            return self._timed(part, lambda: function(*args, **kwargs))

        setattr(owner, name, timed)

    def wrap_iterator(self, owner: Any, name: str, part: str) -> None:
        """Count the steps of the iterator that `owner.name` returns as `part`."""
        function = getattr(owner, name)

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Iterator[Any]:
            iterator = iter(function(*args, **kwargs))
            end = object()
            while (item := self._timed(part, lambda: next(iterator, end))) is not end:
                yield item

        setattr(owner, name, timed)

    def _timed(self, part: str, call: Callable[[], Any]) -> Any:
        self._inner.append(0.0)
        start = time.perf_counter()
        try:
            return call()
        finally:
            whole = time.perf_counter() - start
            self.spent[part] += whole - self._inner.pop()
            self._inner[-1] += whole


def watched() -> Clock:
    """A clock on the parts of the path, in the order in which a document meets them."""
    from copydesk import ledger, pipeline, sources
    from copydesk.checks import expectations, metrics
    from copydesk.report.summary import Summary
    from copydesk.run import batch, nightly, publish
    from copydesk.warehouse import History, Staging

    clock = Clock()
    clock.wrap_iterator(sources, "read", "read")
    clock.wrap_iterator(History, "select", "select what is new")
    clock.wrap(pipeline, "repair_all", "repair")
    clock.wrap(pipeline, "normalize", "normalize")
    clock.wrap(pipeline, "structure_all", "structure")
    clock.wrap(pipeline, "languages_of", "language")
    clock.wrap(ledger, "leads_back", "rebuilds")
    clock.wrap(batch, "clean_alone", "clean, the rest")
    clock.wrap(batch, "correct_typos", "typos")
    for name in ("articles_table", "edits_table", "documents_table"):
        clock.wrap(batch, name, "to Arrow")
    clock.wrap(metrics, "articles", "measure")
    clock.wrap(metrics, "edits", "measure")
    clock.wrap(expectations.Checks, "judge", "judge (Great Expectations)")
    clock.wrap(Summary, "add", "digest for the report")
    clock.wrap(Staging, "add", "stage")
    clock.wrap(Staging, "commit", "commit")
    clock.wrap(Staging, "compare", "compare with other articles")
    clock.wrap(nightly, "write_report", "report")
    clock.wrap(publish, "report_data", "report")
    return clock


def table(spent: Mapping[str, float], articles: int) -> str:
    """Where the time went, most of it first."""
    whole = sum(spent.values())
    lines = [f"where the time of {articles:,} articles goes (measured in a run of its own)"]
    for part, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        lines.append(
            f"  {part:<28}{seconds:>8.2f} s {seconds / whole:>7.1%} {seconds / articles * 1e6:>8.0f} µs/article"
        )
    return "\n".join(lines)
