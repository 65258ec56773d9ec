"""Dates of one document, with what it and its site prove about the order of their numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from copydesk.config import DatesConfig
from copydesk.text import dates


class ReadDate(NamedTuple):
    """A date as it was found, as it is written, and whether its numbers were read in the order that its site proves."""

    found: dates.FoundDate
    written: str
    from_site: bool = False


_Find = Callable[[str, DatesConfig, str | None], dates.FoundDate | None]


@dataclass(frozen=True, eq=False)
class DateReader:
    """Reads the dates of one document.

    Numeric dates are read as the whole document proves them, `text` with its address `uri`, else in the order that its
    site proves, `site_order`, else as the policy says.
    """

    text: str
    config: DatesConfig
    site_order: str | None = None
    uri: str = ""

    def find(self, text: str) -> ReadDate | None:
        """The first date in `text`."""
        return self._read(dates.find_date, text)[0]

    def parse(self, value: str) -> ReadDate | None:
        """The date of a field that says it holds one."""
        read = self._read(dates.parse_date, value)[0]
        return read._replace(written=value) if read else None

    def whole_line(self, line: str) -> ReadDate | None:
        """The date of a line that holds nothing else."""
        return self._read(dates.whole_line, line)[0]

    def leaves_open(self, text: str, is_field: bool = False) -> bool:
        """Whether a line or a field is a date, and is not read because nothing tells its day and month apart."""
        return self.skips_open and self._read(dates.parse_date if is_field else dates.whole_line, text) == (None, True)

    def _read(self, find: _Find, text: str) -> tuple[ReadDate | None, bool]:
        """What `find` finds in `text`, and whether nothing tells day and month apart."""
        found = find(text, self._asking, None)
        if not found:
            return None, False
        if not found.open_order:
            return ReadDate(found, text[found.start : found.end]), False
        if order := self._proven_order or self.site_order:
            found = find(text, self._asking, order)
            from_site = not self._proven_order
            return (ReadDate(found, text[found.start : found.end], from_site) if found else None), False
        return (None if self.skips_open else ReadDate(found, text[found.start : found.end])), True

    @property
    def skips_open(self) -> bool:
        return self.config.numeric_order == "skip"

    @cached_property
    def _asking(self) -> DatesConfig:
        # A date has to be found before it can be said that its order is open.
        return self.config.model_copy(update={"numeric_order": "day-first"}) if self.skips_open else self.config

    @cached_property
    def _proven_order(self) -> str | None:
        """The order of day and month that the document itself proves."""
        return dates.proven_order(self.text[:20_000], self.uri)
