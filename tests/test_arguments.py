"""What Python programs give to `clean` and `clean_table`: other types are taken, or refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import copydesk

TEXT = "Bridge closes\n\nThe bridge was closed on Friday after a lorry struck it, the council said.\n"
HALF = "\ud83d"


@pytest.mark.parametrize(
    "given",
    [
        date(2024, 5, 2),
        datetime(2024, 5, 2, 10, 30, tzinfo=UTC),
        datetime(2024, 5, 2, 10, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_date_may_be_one_of_python(given: date) -> None:
    done = copydesk.clean(TEXT, "bridge.txt", date=given)
    assert done.article == copydesk.clean(TEXT, "bridge.txt", date=given.isoformat()).article
    assert done.article is not None and done.article.published_date == date(2024, 5, 2)


@pytest.mark.parametrize("name", ["title", "date", "charset", "media_type"])
def test_what_is_no_text_is_refused(name: str) -> None:
    number: Any = 5
    with pytest.raises(TypeError, match=f"{name} is a str, not int"):
        copydesk.clean(TEXT, "bridge.txt", **{name: number})


@pytest.mark.parametrize("kind", [pd.Series, pl.Series])
def test_a_series_is_refused_with_what_to_give(kind: Any) -> None:
    series = kind([TEXT])
    with pytest.raises(TypeError, match=r'Series; give series\.to_frame\("text"\)'):
        copydesk.clean_table(series)
    assert len(copydesk.clean_table(series.to_frame("text") if kind is pd.Series else series.alias("text").to_frame()))


def test_half_an_emoji_is_lost_in_its_document_only() -> None:
    texts = [TEXT, TEXT.replace("lorry", f"lorry {HALF}"), TEXT.replace("lorry", "lorry \ud83d\ude00")]
    frame = pd.DataFrame({"text": pd.Series(texts, dtype=object), "authors": [["Ada"], [f"Ada{HALF}"], []]})
    done = copydesk.clean_table(frame)
    assert [body.split("lorry ")[1][:2] for body in done["body"]] == ["st", "\ufffd ", "\U0001f600 "]


@pytest.mark.parametrize(
    "authors",
    [np.array([HALF], object), np.array([HALF]), {HALF}, (HALF,), [np.array([HALF, "Ada"])], {"name": {HALF}}],
)
def test_half_an_emoji_at_any_depth_of_a_cell_is_lost(authors: Any) -> None:
    done = copydesk.clean_table(pd.DataFrame({"text": [TEXT], "authors": [authors]}, dtype=object))
    assert done["headline"].tolist() == ["Bridge closes"]


def test_half_an_emoji_that_stays_is_an_error() -> None:
    class Name(str):
        """A text that cannot be made storable."""

        def encode(self, *_: str) -> bytes:
            return b""

    with pytest.raises(ValueError, match="surrogates not allowed"):
        copydesk.clean_table(pd.DataFrame({"text": [TEXT], "authors": [Name(HALF)]}, dtype=object))
