"""Metrics: for each table of the warehouse, the narrow table that the suites in `expectations/` validate.

Great Expectations hashes every frame, so it never gets a body, only its length, the pieces of mojibake in it, and so
on. `ARTICLES`, `EDITS`, `PARTITIONS`, `RUN` and `SITES` list the columns that a suite may use, with the words in which
a failure is reported. Metrics are computed column by column. Their patterns are lines of `copydesk/data/*.txt` and run
in linear time (RE2); page furniture is recognized by the structure step.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.data import lists
from copydesk.text.structure.furniture import classify, find_furniture
from copydesk.text.structure.sentences import cut_off

ARTICLES = {
    "headline_length": "characters in the headline: {}",
    "headline_lines": "lines in the headline: {}",
    "body_length": "characters in the body: {}",
    "paragraph_count": "paragraphs in the body: {}",
    "longest_paragraph": "characters in the longest paragraph: {}",
    "word_count": "words in headline and body: {}",
    "days_old": "days from publication to the run: {}",
    "published_year": "year of publication: {}",
    "language": "language: {}",
    "encoding": "encoding: {}",
    "mojibake_count": "pieces of mojibake: {}",
    "markup_count": "pieces of markup: {}",
    "escape_count": "escape sequences: {}",
    "replacement_count": "replacement characters (U+FFFD): {}",
    "replacement_share": "share of the characters that are lost (U+FFFD): {}",
    "control_count": "control characters: {}",
    "boilerplate_share": "share of the body's characters in boilerplate paragraphs: {}",
    "repeated_share": "share of the body's characters in repeated paragraphs: {}",
    "headline_is_body": "the body only repeats the headline: {}",
    "headline_repeated": "the body starts with the headline: {}",
    "error_page": "the text is a server error page: {}",
    "cut_off": "the text breaks off: {}",
    "rebuilds": "the edits rebuild the source: {}",
}

EDITS = {
    "sequence": "position among the article's edits: {}",
    "step": "step: {}",
    "field": "field: {}",
    "start": "start: {}",
    "end": "end: {}",
    "length_error": "code points by which end - start differs from the length of before: {}",
    "confidence": "confidence: {}",
    "status": "status: {}",
    "known_article": "the edited article is in the table articles: {}",
    "repeated_sequence": "another edit of the article has the same sequence: {}",
    "changes_nothing": "before and after are the same: {}",
}

PARTITIONS = {
    "published_date": "date: {}",
    "documents": "documents: {}",
    "quarantined": "quarantined documents: {}",
    "quarantined_share": "quarantined share: {}",
    "excess_quarantined_share": "quarantined share above gate.max_quarantined_share: {}",
}

RUN = {
    "documents": "documents read from the sources: {}",
    "unchanged": "documents known from earlier runs: {}",
    "published": "documents published: {}",
    "quarantined": "quarantined documents: {}",
    "uncounted": "documents that are neither unchanged, published nor quarantined: {}",
    "volume_ratio": "processed documents divided by the median of recent nights: {}",
    "quarantined_share": "quarantined share of the processed documents: {}",
    "unknown_language_share": "share of the published articles in an unknown language: {}",
    "undated_share": "share of the published articles without a date: {}",
    "warned_share": "share of the published articles with a warning: {}",
}

_FROM_USUAL = "{}, in spreads from what is usual: {{}}"

SITES = {
    "site": "site: {}",
    "documents": "new and changed documents: {}",
    "undated_share": "share of the articles without a date: {}",
    "quarantined_share": "quarantined share: {}",
    "lost_share": "share of the articles with lost characters (U+FFFD): {}",
    "median_words": "median words of an article: {}",
    "silence": "nights without documents, as a power of ten of their improbability: {}",
    "volume": _FROM_USUAL.format("new and changed documents"),
    "undated": _FROM_USUAL.format("share of the articles without a date"),
    "quarantined": _FROM_USUAL.format("quarantined share"),
    "lost": _FROM_USUAL.format("share of the articles with lost characters"),
    "mojibake": _FROM_USUAL.format("share of the articles with mojibake"),
    "repaired": _FROM_USUAL.format("share of the articles with repaired mojibake"),
    "boilerplate": _FROM_USUAL.format("share of boilerplate in the text"),
    "repeated": _FROM_USUAL.format("share of the articles that repeat another one of the site"),
    "words": _FROM_USUAL.format("median words of an article"),
    "typos": _FROM_USUAL.format("corrected typos in 1,000 words"),
    "other_language": _FROM_USUAL.format("share of the articles in another language"),
}

VERSIONS = {
    "date_lost": "the published version has a date, and this one has none: {}",
    "headline_lost": "the published version has a headline, and this one has none: {}",
    "authors_lost": "the published version names authors, and this one names none: {}",
    "language_lost": "the language of the published version is known, and that of this one is not: {}",
    "word_share": "words, as a share of those of the published version: {}",
    "replacements_gained": "more replacement characters (U+FFFD) than in the published version: {}",
    "mojibake_gained": "more pieces of mojibake than in the published version: {}",
    "markup_gained": "more pieces of markup than in the published version: {}",
}

#: The columns of each suite.
COLUMNS = {
    "articles": ARTICLES,
    "versions": VERSIONS,
    "edits": EDITS,
    "partitions": PARTITIONS,
    "run": RUN,
    "sites": SITES,
}

#: The columns with the first match in the text, quoted in the report; suites do not see them.
FOUND = {"mojibake_count": "mojibake_found", "markup_count": "markup_found", "escape_count": "escape_found"}

_REPLACEMENT = "\ufffd"
# C0 except tab and line feed, DEL, C1, the byte order mark, noncharacters. Joiners and bidirectional marks are text.
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{feff}\x{fffe}\x{ffff}]"
_BOILERPLATE_LENGTH = 200
_LIKELY = lists.table("furniture.toml")["likely"]["beginnings"]
_ERROR_PAGE_LENGTH = 1500


@cache
def _patterns(name: str) -> str:
    """The lines of `copydesk/data/<name>.txt` as one expression."""
    lines = files("copydesk").joinpath("data", f"{name}.txt").read_text("utf-8").splitlines()
    return "(?:" + "|".join(f"(?:{line})" for line in lines if line and not line.startswith("#")) + ")"


def _matches(text: pa.Array, pattern: str) -> np.ndarray[Any, Any]:
    if not len(text):
        return np.zeros(0, bool)
    found = pc.match_substring_regex(text, pattern).to_numpy(zero_copy_only=False)
    return np.asarray(found, bool)


#: A class of characters, and what else begins with a backslash.
_CLASS = re.compile(r"\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]|\\[pP](?:\{[^}]*\}|.)|\\.")


@cache
def _wider(pattern: str) -> str:
    """An expression that matches where `pattern` does, and at more places, with any character for each class of all
    letters. Arrow compiles a pattern for each call, and each such class takes as long as searching a hundred texts.
    """
    return _CLASS.sub(lambda found: "(?s:.)" if re.search(r"\\[pP]", found[0]) else found[0], pattern)


def _count(text: pa.Array, patterns: Sequence[str]) -> list[np.ndarray[Any, Any]]:
    """The matches of each of `patterns` in each text. All are searched for at once first: most texts have none."""
    rows = np.flatnonzero(_matches(text, _wider("|".join(patterns))))
    suspects = text.take(pa.array(rows))
    counts = np.zeros((len(patterns), len(text)), np.int64)
    for pattern, count in zip(patterns, counts, strict=True) if len(rows) else ():
        count[rows] = pc.count_substring_regex(suspects, pattern).to_numpy()
    return list(counts)


def _first(text: pa.Array, pattern: str, counts: np.ndarray[Any, Any]) -> pa.Array:
    """The first match of `pattern` with some context; null without a match."""
    hits = np.flatnonzero(counts)
    found = np.full(len(text), None, object)
    if len(hits):
        matches = pc.extract_regex(text.take(pa.array(hits)), f"(?P<found>.{{0,12}}{pattern}.{{0,12}})")
        found[hits] = [match["found"][:80] for match in matches.to_pylist()]
    return pa.array(found, pa.string())


def _paragraphs(body: pa.Array) -> dict[str, np.ndarray[Any, Any]]:
    """Metrics of the paragraphs of each body."""
    rows = len(body)
    split = pc.split_pattern(body, "\n\n")
    owner = pc.list_parent_indices(split).to_numpy()
    text = pc.list_flatten(split)
    length = pc.utf8_length(text).to_numpy()

    longest = np.zeros(rows, np.int64)
    np.maximum.at(longest, owner, length)
    whole = np.maximum(np.bincount(owner, length, rows), 1)

    short = np.flatnonzero((length > 0) & (length <= _BOILERPLATE_LENGTH))
    boilerplate = short[_is_boilerplate(text.take(pa.array(short)))]

    repeated = _repeated(text, owner, length)
    return {
        "paragraph_count": np.bincount(owner[length > 0], minlength=rows),
        "longest_paragraph": longest,
        "boilerplate_share": np.bincount(owner[boilerplate], length[boilerplate], rows) / whole,
        "repeated_share": np.bincount(owner, length * repeated, rows) / whole,
    }


def _repeated(text: pa.Array, owner: np.ndarray[Any, Any], length: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Whether each paragraph repeats one above it in its article. Those of different lengths need not be compared."""
    _, place, times = np.unique((owner << 32) + length, return_inverse=True, return_counts=True)
    alike = np.flatnonzero(times[place] > 1)
    which = pc.dictionary_encode(text.take(pa.array(alike))).indices.to_numpy().astype(np.int64)
    repeated = np.zeros(len(text), bool)
    repeated[alike] = True
    repeated[alike[np.unique(which + owner[alike] * (len(text) + 1), return_index=True)[1]]] = False
    return repeated


def _is_boilerplate(paragraphs: pa.Array) -> np.ndarray[Any, Any]:
    """Whether each paragraph is boilerplate: page furniture except captions, certain or likely."""
    pattern = r"(?i)^[^\pL\pN©®(]*(?:" + "|".join(map("(?:{})".format, _LIKELY)) + ")"
    found = _matches(paragraphs, pattern)
    found |= np.fromiter(map(_is_furniture, paragraphs.to_pylist()), bool, len(paragraphs))
    return found


def _is_furniture(paragraph: str) -> bool:
    """Whether a paragraph is page furniture other than a caption."""
    # Few are furniture if nothing marks a caption, and marks of captions are dear to look for.
    if classify(paragraph, marked=False)[0] is None:
        return False
    piece = find_furniture(paragraph)
    return piece is not None and piece.rule != "photo-credit"


def articles(table: pa.Table, run_date: date) -> pa.Table:
    """Metrics of `copydesk.warehouse.rows.articles_table` (with or without `rebuilds`), in the order of its rows.

    `days_old` and `published_year` are null for an article without a date, `rebuilds` for a table without that column.
    """
    headline, body = (table[name].combine_chunks() for name in ("headline", "body"))
    text = pc.binary_join_element_wise(headline, body, "\n\n")
    mojibake, lost = _count(text, [_patterns("mojibake"), _REPLACEMENT])
    markup, escapes, controls = _count(text, [_patterns("markup"), _patterns("escapes"), _CONTROLS])
    starts = list(_starts(headline, body))
    body_length = pc.utf8_length(body).to_numpy()
    published = table["published_date"].combine_chunks()
    return pa.table(
        {
            "headline_length": pc.utf8_length(headline),
            "headline_lines": pc.add(pc.count_substring(headline, "\n"), 1),
            "body_length": body_length,
            **_paragraphs(body),
            "word_count": table["word_count"],
            "days_old": pc.subtract(run_date.toordinal() - date(1970, 1, 1).toordinal(), published.cast(pa.int32())),
            "published_year": pc.year(published),
            "language": table["language"],
            "encoding": table["encoding"],
            "mojibake_count": mojibake,
            "markup_count": markup,
            "escape_count": escapes,
            "replacement_count": pa.array(lost, pa.int32()),
            "replacement_share": lost / np.maximum(pc.utf8_length(text).to_numpy(), 1),
            "control_count": controls,
            "headline_is_body": pa.array([bool(h) and h == b for h, b in starts], pa.bool_()),
            "headline_repeated": pa.array([len(h) > 10 and b.startswith(h) and b != h for h, b in starts], pa.bool_()),
            "error_page": _refused(headline, body, body_length <= _ERROR_PAGE_LENGTH),
            "cut_off": _cut_off(body),
            "rebuilds": table["rebuilds"] if "rebuilds" in table.column_names else pa.nulls(len(table), pa.bool_()),
            FOUND["mojibake_count"]: _first(text, _patterns("mojibake"), mojibake),
            FOUND["markup_count"]: _first(text, _patterns("markup"), markup),
            FOUND["escape_count"]: _first(text, _patterns("escapes"), escapes),
        }
    )


def _starts(headline: pa.Array, body: pa.Array) -> Iterator[tuple[str, str]]:
    """The headline and the start of the body, both in lower case and without space around them."""
    longest = pc.max(pc.utf8_length(headline)).as_py() or 0
    start = pc.utf8_slice_codeunits(body, 0, 3 * longest + 80)  # a character may be three in lower case
    for said, text in zip(headline.to_pylist(), start.to_pylist(), strict=True):
        head = said.casefold().strip()
        yield head, text[: len(head) + 80].casefold().strip()


def _refused(headline: pa.Array, body: pa.Array, short: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Whether a headline, or the first line of a body, is that of an error page, among `short` articles."""
    error = r"(?i)^\W*" + _patterns("error_pages")
    rows = pa.array(np.flatnonzero(short))
    first_line = pc.list_element(pc.split_pattern(body.take(rows), "\n", max_splits=1), 0)
    # Arrow compiles a pattern for each call, which takes as long as searching a thousand lines.
    found = _matches(pa.concat_arrays([headline.take(rows), first_line]), error)
    refused = np.zeros(len(body), bool)
    refused[short] = found[: len(rows)] | found[len(rows) :]
    return refused


def _cut_off(body: pa.Array) -> np.ndarray[Any, Any]:
    """Whether each body breaks off. Only its end is read, and only one of these signs says so."""
    end = pc.utf8_slice_codeunits(body, -40)
    found = _matches(end, r"…|\.\.\.|chars\]")
    for index in np.flatnonzero(found):
        found[index] = cut_off(end[index].as_py()) is not None
    return found


def versions(published: pa.Table, articles: pa.Table, judged: pa.Table) -> pa.Table:
    """Metrics of new versions, in the order of the rows.

    `published` (rows of `copydesk.warehouse.schemas.VERSIONS`) and `articles` (`articles_table`) have the same articles
    in the same order; `judged` are the metrics of `articles`.
    """
    before = _damage(published)
    words, present = published["word_count"].to_numpy(), articles["word_count"].to_numpy()
    share = pa.array(present / np.maximum(words, 1), pa.float64(), mask=words == 0)
    lost = {
        "date_lost": _gone(*(pc.is_valid(table["published_date"]) for table in (published, articles))),
        "headline_lost": _gone(*(pc.not_equal(table["headline"], "") for table in (published, articles))),
        "authors_lost": _gone(*(pc.greater(pc.list_value_length(t["byline"]), 0) for t in (published, articles))),
        "language_lost": _gone(*(pc.not_equal(table["language"], "und") for table in (published, articles))),
    }
    names = {"replacements": "replacement_count", "mojibake": "mojibake_count", "markup": "markup_count"}
    gained = {f"{name}_gained": np.array(judged[of]) - before[of] for name, of in names.items()}
    return pa.table({**lost, "word_share": share, **gained})


def _gone(before: pa.ChunkedArray, now: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.and_(before, pc.invert(now))


def _damage(table: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    """Lost characters, mojibake and markup in each article."""
    text = pc.binary_join_element_wise(table["headline"].combine_chunks(), table["body"].combine_chunks(), "\n\n")
    mojibake, markup = _count(text, [_patterns("mojibake"), _patterns("markup")])
    return {
        "replacement_count": np.array(pc.count_substring(text, _REPLACEMENT)),
        "mojibake_count": mojibake,
        "markup_count": markup,
    }


def edits(table: pa.Table, article_ids: Collection[str]) -> pa.Table:
    """Metrics of `copydesk.warehouse.rows.edits_table`, in the order of its rows, for the articles `article_ids`."""
    owner = pc.dictionary_encode(table["article_id"].combine_chunks())
    sequence = table["sequence"].to_numpy().astype(np.int64)
    key = owner.indices.to_numpy().astype(np.int64) << 32 | sequence & 0xFFFFFFFF
    _, place, times = np.unique(key, return_inverse=True, return_counts=True)
    length = pc.subtract(table["end"], table["start"])
    return pa.table(
        {
            **{name: table[name] for name in ("sequence", "step", "field", "start", "end", "status")},
            "length_error": pc.subtract(length, pc.utf8_length(table["before"])),
            "confidence": table["confidence"].cast(pa.float64()),
            "known_article": pc.is_in(table["article_id"], pa.array(list(article_ids), pa.string())),
            "repeated_sequence": times[place] > 1,
            "changes_nothing": pc.equal(table["before"], table["after"]),
        }
    )


def partitions(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Metrics of the partitions of a run, one row each.

    A row holds `published_date` (ISO, or None for articles without a date), `documents`, `quarantined`,
    `quarantined_share` (None with too few documents to judge), and `max_quarantined_share` (the limit
    from the configuration).
    """
    given = {name: [row[name] for row in rows] for name in PARTITIONS if name != "excess_quarantined_share"}
    kinds = {"published_date": pa.string(), "quarantined_share": pa.float64()}
    excess = [
        None if row["quarantined_share"] is None else row["quarantined_share"] - row["max_quarantined_share"]
        for row in rows
    ]
    columns = {name: pa.array(values, kinds.get(name, pa.int64())) for name, values in given.items()}
    return pa.table({**columns, "excess_quarantined_share": pa.array(excess, pa.float64())})


def run(row: Mapping[str, Any]) -> pa.Table:
    """Metrics of a run, in one row.

    `row` holds the counts `documents`, `unchanged`, `published`, `quarantined`, `unknown_language`, `undated` and
    `warned`, and `volume_ratio` (or None) and `min_documents`: shares of fewer documents than that are null. Of the
    undated ones `always_undated` are of sites that never have dates, and say nothing of this night.
    """

    def share(part: str, whole: int, but: int = 0) -> float | None:
        return (row[part] - but) / whole if whole >= max(row["min_documents"], 1) else None

    processed = row["documents"] - row["unchanged"]
    counts = {name: row[name] for name in ("documents", "unchanged", "published", "quarantined")}
    shares = {
        "volume_ratio": row["volume_ratio"],
        "quarantined_share": share("quarantined", processed),
        "unknown_language_share": share("unknown_language", row["published"]),
        "undated_share": share("undated", row["published"] - row["always_undated"], row["always_undated"]),
        "warned_share": share("warned", row["published"]),
    }
    return pa.table(
        {"uncounted": [processed - row["published"] - row["quarantined"]]}
        | {name: [count] for name, count in counts.items()}
        | {name: pa.array([value], pa.float64()) for name, value in shares.items()}
    )


def sites(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Metrics of the sites of a run and of the run as a whole, one row each; what a row lacks is null.

    A row holds the columns of `SITES` that are known; `site` is None for the run as a whole. The scores are made in
    `copydesk.sites.compare`.
    """
    kinds = {"site": pa.string(), "documents": pa.int64(), "median_words": pa.int64()}
    return pa.table({name: pa.array([row.get(name) for row in rows], kinds.get(name, pa.float64())) for name in SITES})


def volume_ratio(processed: int, recent: Sequence[int]) -> float | None:
    """Processed documents divided by the median of recent nights; None with fewer than three nights."""
    usual = median(recent) if len(recent) >= 3 else 0
    return processed / usual if usual else None
