"""The known documents of a run, in compact form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.warehouse.known import Contents

KEYS = st.binary(min_size=16, max_size=16)


@given(st.dictionaries(KEYS, st.binary(min_size=32, max_size=32), max_size=60), st.lists(KEYS))
def test_contents_are_those_of_a_dictionary(wanted: dict[bytes, bytes], others: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Contents, "NEW", 4)
        contents = Contents()
        for key, content in wanted.items():
            assert contents.get(key) is None
            contents.add(key, content)
        # Ids that share their first half stand beside each other.
        beside = [key[:8] + other[8:] for key in wanted for other in others]
        for key in (*wanted, *others, *beside):
            assert contents.get(key) == wanted.get(key)
