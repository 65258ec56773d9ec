"""Normalization passes clean text fast: what it skips holds nothing to change."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.text import normalize
from copydesk.text.screen import EVERY, Screen

SPACES = "\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000\r\n"
GAP = re.compile(f"[ {SPACES}]{{2,}}|[{SPACES}]")


@given(st.text("a- \n\r\t\xa0\u2003\u3000é", max_size=60))
def test_gaps_are_all_white_space_but_single_spaces(text: str) -> None:
    expected = [match.span() for match in GAP.finditer(text)]
    assert [normalize._gaps(text, kinds) for kinds in (EVERY, Screen(text).found)] == [expected, expected]


@given(st.text("ab.- \n\r\t\xa0‘’“”「中", max_size=60), st.sampled_from(["straight", "curly", "keep"]))
def test_normal_text_is_left(text: str, quotes: normalize.Quotes) -> None:
    once, edits = normalize.normalize(text, quotes)
    assert normalize.normalize(text, quotes, kinds=Screen(text).found) == (once, edits)
    if not set(once) & set("\n-"):  # what begins a new paragraph is told by the lines around it
        assert normalize.normalize(once, quotes) == (once, [])


@pytest.mark.parametrize("text", ["", "a", "a b", "a\n\nb", "Harbour opens\n\nThe ferry left at noon."])
def test_text_without_gaps_has_no_edits(text: str) -> None:
    assert normalize.normalize(text, "straight") == (text, [])
