"""The measures of a site's night: what each one compares, and its words in a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from copydesk.sites import bands
from copydesk.sites.bands import FEWEST_WITH, NIGHTS, Band

Row = Mapping[str, Any]

#: The columns of the suite `sites` that compare a night with earlier ones, beside `silence` and `volume`.
SILENCE, VOLUME = "silence", "volume"


#: Articles without which their median length is not judged: one of a single word says nothing.
FEWEST_ARTICLES = 3


class Measure(NamedTuple):
    """A measure: `band` compares a row with the earlier ones that count, None where too few of them do.

    `words` tell a finding, with the names in `copydesk.sites.findings`; `todo` says what to do about it; `shown` is how
    a limit is shown.
    """

    band: Callable[[Row, Sequence[Row]], Band | None]
    words: str
    todo: str
    shown: str = "{:.0%}"


def documents(row: Row) -> int:
    """The new and changed documents."""
    return int(row["new"] + row["changed"])


def _share(part: Callable[[Row], float], whole: Callable[[Row], float]) -> Callable[[Row, Sequence[Row]], Band | None]:
    def band(row: Row, past: Sequence[Row]) -> Band | None:
        known = [(part(one), whole(one)) for one in past if whole(one)][-NIGHTS:]
        if len(known) < FEWEST_WITH or not whole(row):
            return None
        return bands.share(part(row), whole(row), known)

    return band


def _of_articles(name: str) -> Callable[[Row, Sequence[Row]], Band | None]:
    return _share(lambda row: row[name], lambda row: row["measured"])


def _other_language(row: Row, past: Sequence[Row]) -> Band | None:
    """The share of articles in another language than the usual one."""
    usual = usual_language(past)
    return _share(lambda one: one["measured"] - _in(one, usual), lambda one: one["measured"])(row, past)


def usual_language(past: Sequence[Row]) -> str:
    """The language of most articles of these nights."""
    counts: Counter[str] = Counter()
    for row in past:
        for one in row["languages"]:
            counts[one["language"]] += one["articles"]
    return max(sorted(counts), key=counts.__getitem__, default="")


def _in(row: Row, language: str) -> int:
    return sum(one["articles"] for one in row["languages"] if one["language"] == language)


def _words(row: Row, past: Sequence[Row]) -> Band | None:
    known = [(one["median_words"], one["measured"]) for one in past if one["measured"]][-NIGHTS:]
    if len(known) < FEWEST_WITH or row["measured"] < FEWEST_ARTICLES:
        return None
    return bands.length(row["median_words"], row["measured"], known)


def _typos(row: Row, past: Sequence[Row]) -> Band | None:
    known = [(one["typos"], one["words"]) for one in past if one["words"]][-NIGHTS:]
    if len(known) < FEWEST_WITH or not row["words"]:
        return None
    return bands.rate(row["typos"], row["words"], known)


_AFTER_FIXING = "then run these documents again"
#: The measures by their column of the suite, in the order of the report.
MEASURES: dict[str, Measure] = {
    "undated": Measure(
        _of_articles("undated"),
        "{part:,} of {whole:,} articles have no date: {observed:.0%} (usually {usual:.0%}{limit})",
        f"Look how the site shows its dates now and whether the scraper still takes them; {_AFTER_FIXING}.",
    ),
    "quarantined": Measure(
        _share(lambda row: row["quarantined"], documents),
        "{part:,} of {whole:,} documents were quarantined{reason}: {observed:.0%} (usually {usual:.0%}{limit})",
        f"Look at the reasons; if the source is at fault, fix it, {_AFTER_FIXING}.",
    ),
    "lost": Measure(
        _of_articles("lost"),
        "{part:,} of {whole:,} articles have lost characters (U+FFFD): {observed:.0%} (usually {usual:.0%}{limit})",
        f"The bytes were decoded wrongly before they came here: let the scraper store bytes or UTF-8; {_AFTER_FIXING}.",
    ),
    "mojibake": Measure(
        _of_articles("mojibake"),
        "{part:,} of {whole:,} articles have mojibake that stays: {observed:.0%} (usually {usual:.0%}{limit})",
        f"Look which encoding the scraper assumes for this site; {_AFTER_FIXING}.",
    ),
    "repaired": Measure(
        _of_articles("repaired"),
        "{part:,} of {whole:,} articles were mojibake and are repaired: {observed:.0%} (usually {usual:.0%}{limit})",
        "The text is right; look which encoding the scraper assumes for this site, before more is lost.",
    ),
    "boilerplate": Measure(
        _share(lambda row: (row["boilerplate"] or 0.0) * row["measured"], lambda row: row["measured"]),
        "{observed:.0%} of the text is boilerplate, such as cookie notices (usually {usual:.0%}{limit})",
        "Open an article: the scraper may get a consent page or the wrong part of the page.",
    ),
    "repeated": Measure(
        _of_articles("repeated"),
        "{part:,} of {whole:,} articles repeat the text of another: {observed:.0%} (usually {usual:.0%}{limit})",
        "Open an article: the scraper may get one page, such as a consent or error page, for every address.",
    ),
    "words": Measure(
        _words,
        "The median article has {observed:,.0f} words (usually {usual:,.0f}{limit})",
        "Compare an article with its page: the site may show only teasers now, or the scraper takes another part.",
        "{:,.0f}",
    ),
    "typos": Measure(
        _typos,
        "{observed:.2g} corrected typos in 1,000 words (usually {usual:.2g}{limit})",
        "Look at the corrections of this site: its text may be damaged, or a name is taken for a typo.",
        "{:.2g}",
    ),
    "other_language": Measure(
        _other_language,
        "{part:,} of {whole:,} articles are not in {language}, the usual language: {observed:.0%} (usually"
        " {usual:.0%}{limit})",
        "Look whether the scraper takes another edition of the site, or a page that is no article.",
    ),
}
