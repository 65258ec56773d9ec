"""Dates as people write them, in many languages and calendars."""

from copydesk.text.dates.written import (
    FoundDate,
    find_date,
    is_label,
    is_relative,
    parse_date,
    proven_order,
    whole_line,
    without_label,
)

__all__ = [
    "FoundDate",
    "find_date",
    "is_label",
    "is_relative",
    "parse_date",
    "proven_order",
    "whole_line",
    "without_label",
]
