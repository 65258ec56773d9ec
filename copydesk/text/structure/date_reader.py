"""Reads the dates of a document, with the order of day and month proven by the document and its site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from copydesk.config import DatesConfig
from copydesk.text import dates
from copydesk.text.lazy import lazily


class ReadDate(NamedTuple):
    """A parsed date, its written form, and whether its order was taken from the site."""

    found: dates.FoundDate
    written: str
    from_site: bool = False


_Find = Callable[[str, DatesConfig, str | None], dates.FoundDate | None]


@dataclass(frozen=True, eq=False)
class DateReader:
    """Reads the dates of one document.

    The order of numeric dates is the one proven by the document (`text` and its address `uri`), else by its site
    (`site_order`), else that of the configuration.
    """

    text: str
    config: DatesConfig
    site_order: str | None = None
    uri: str = ""
    _known: dict[tuple[_Find, str], tuple[ReadDate | None, bool]] = field(default_factory=dict, init=False)

    def find(self, text: str) -> ReadDate | None:
        """The first date in `text`."""
        return self._read(dates.find_date, text)[0]

    def parse(self, value: str) -> ReadDate | None:
        """The date in a date field."""
        read = self._read(dates.parse_date, value)[0] or self._read(dates.whole_line, value)[0]
        return read._replace(written=value) if read else None

    def whole_line(self, line: str) -> ReadDate | None:
        """The date of a line that holds only a date."""
        return self._read(dates.whole_line, line)[0]

    def leaves_open(self, text: str, is_field: bool = False) -> bool:
        """Whether a line or field is a date that is skipped because its order is ambiguous."""
        return self.skips_open and self._read(dates.parse_date if is_field else dates.whole_line, text) == (None, True)

    def _read(self, find: _Find, text: str) -> tuple[ReadDate | None, bool]:
        """The result of `find` for `text`, and whether its order is ambiguous.

        Several rules ask about the same lines.
        """
        key = find, text
        if (known := self._known.get(key)) is None:
            known = self._known[key] = self._read_new(find, text)
        return known

    def _read_new(self, find: _Find, text: str) -> tuple[ReadDate | None, bool]:
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

    @lazily
    def _asking(self) -> DatesConfig:
        # An ambiguous order can only be detected after parsing.
        return self.config.model_copy(update={"numeric_order": "day-first"}) if self.skips_open else self.config

    @lazily
    def _proven_order(self) -> str | None:
        """The order of day and month proven by the document itself."""
        return dates.proven_order(self.text[:20_000], self.uri)
