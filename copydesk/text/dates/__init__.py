"""Dates as people write them, in many languages and calendars."""

from copydesk.text.dates.written import (
    FoundDate,
    find_date,
    has_year,
    is_label,
    is_life,
    is_placeholder,
    is_relative,
    parse_date,
    proven_order,
    split_label,
    whole_line,
)

__all__ = [
    "FoundDate",
    "find_date",
    "has_year",
    "is_label",
    "is_life",
    "is_placeholder",
    "is_relative",
    "parse_date",
    "proven_order",
    "split_label",
    "whole_line",
]
