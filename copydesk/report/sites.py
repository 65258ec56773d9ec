"""The sites in a report, in sentences and on a terminal; an entry is one of `copydesk.sites.judge.entries`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any

from copydesk.records import INFO
from copydesk.report.escape import visible

Entry = Mapping[str, Any]

_LEVELS = "▁▂▃▄▅▆▇█"
#: Nights of a sparkline, and characters of a site's name.
_NIGHTS, _NAME = 28, 40


def sentence(entries: Sequence[Entry]) -> str:
    """How many sites differ from their usual night, and what is unusual in the run as a whole; empty if nothing is."""
    if not entries:
        return ""
    counts = entries[0]["counts"]
    parts = [f"{found['sentence']}." for found in counting(entries[0])]
    differ = counts.get("silent", 0) + counts.get("differs", 0)
    if differ:
        verb = "differs from its" if differ == 1 else "differ from their"
        parts.append(f"{differ:,} of {counts['sites']:,} sites {verb} usual night.")
    return " ".join(parts)


def counting(entry: Entry) -> list[Mapping[str, Any]]:
    """The findings of a site that are more than information and that nobody has acknowledged."""
    return [found for found in entry["findings"] if found["severity"] != INFO and not found["acknowledged"]]


def lines(entries: Sequence[Entry], limit: int) -> Iterator[str]:
    """What differs tonight, worst first: at most `limit` sites with their sparklines, then new and retired ones."""
    worst = [entry for entry in entries if entry["site"] is not None and counting(entry)]
    width = max((len(name_of(entry)) for entry in worst[:limit]), default=0)
    for entry in worst[:limit]:
        first, *others = counting(entry)
        yield f"{name_of(entry):{width}}  {curve(entry)}  {first['sentence']}"
        for found in others:
            yield f"{'':{width}}  {'':{len(curve(entry))}}  {found['sentence']}"
    if len(worst) > limit:
        yield f"and {len(worst) - limit:,} more"
    if worst:
        yield "What to do: copydesk sites SITE"
    for status, words in (("new", "new tonight"), ("retired", "silent for so long that it is no longer expected")):
        names = [name_of(entry) for entry in entries if entry["status"] == status]
        if names:
            more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
            yield f"{', '.join(names[:5])}{more}: {words}"


def name_of(entry: Entry) -> str:
    """The name of a site on a terminal."""
    if entry["site"] is None:
        return "the run as a whole"
    return visible(entry["site"][:_NAME], every=True) or "documents without a site"


def curve(entry: Entry) -> str:
    """The new and changed documents of the last nights as a sparkline."""
    return sparkline([night["new"] + night["changed"] for night in entry["history"]][-_NIGHTS:])


def day_in_words(when: date, day: date) -> str:
    """`8 May`, with the year if it is not that of `day`."""
    return f"{when.day} {when:%B}" + (f" {when.year}" if when.year != day.year else "")


def sparkline(values: Sequence[float]) -> str:
    """One character for each value, from 0 to the largest."""
    top = max(values, default=0) or 1
    return "".join(_LEVELS[ceil((len(_LEVELS) - 1) * value / top)] for value in values)
