"""Dates as people write them, in many languages and calendars."""

from copydesk.text.dates.written import (
    FoundDate,
    could_hold_date,
    find_date,
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
    "could_hold_date",
    "find_date",
    "is_label",
    "is_life",
    "is_placeholder",
    "is_relative",
    "parse_date",
    "proven_order",
    "split_label",
    "whole_line",
]
