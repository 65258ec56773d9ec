"""Site evidence that is given to the steps: what the other documents of a site prove."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from copydesk.text import dates
from copydesk.text.mojibake import misreadings

#: The kinds of proofs: the order of day and month, and the name of a misreading.
ORDER, MISREADING = "order", "misreading"

# A folder or file named by day or month is not a site.
_DAY = re.compile(r"[-_.]?(?<!\d)(?:19|20)\d\d([-_.]?)[01]\d(?:\1[0-3]\d)?(?!\d)")
_LETTER = re.compile(r"[^\W\d_]")


class Proof(NamedTuple):
    """A proof from one document for its site: a `value` of the kind `ORDER` or `MISREADING`."""

    site: str
    kind: str
    value: str


class Recurring(NamedTuple):
    """A line that recurs across a site: its number of articles, and whether it is also removed between two paragraphs
    of an article, or only above and below the text."""

    articles: int
    between: bool

    @property
    def confidence(self) -> float:
        """Laplace's rule of succession, for a line that was boilerplate in all articles seen."""
        return (self.articles + 1) / (self.articles + 2)


class Site(NamedTuple):
    """The evidence on a site.

    `numeric_order` is `day-first` or `month-first` if its dates with a number over 12 all agree. `boilerplate` are the
    paragraphs that recur across its articles. `misreadings` are the names of the wrong decodings proven in its
    documents.
    """

    name: str = ""
    numeric_order: str | None = None
    boilerplate: Mapping[str, Recurring] = MappingProxyType({})
    misreadings: tuple[str, ...] = ()


#: For a document without site evidence.
NO_SITE = Site()


def site_of(uri: str) -> str:
    """The site of the document at `uri`, as `_site_of` says; documents of one site come one after the other."""
    return _site_of(_deciding(uri))


def _deciding(uri: str) -> str:
    """A shorter uri with the same site: an address without its path, a folder without its file, a file without the
    number of a record.
    """
    scheme, found, rest = uri.partition("://")
    if found:
        return f"{scheme}://{rest.partition('/')[0]}"
    path, _, record = uri.partition("#")
    return f"{path}#1" if record else path[: path.rfind("/") + 1]


@lru_cache(maxsize=4096)
def _site_of(uri: str) -> str:
    """The site of the document at `uri`.

    The host of an address, without `www.` and port; else the first folder of a relative path; else the file of the
    record (`news.jsonl#12`); else the empty name, which all files without any of these share. Names are in lower case
    and without dates, so that `https://www.News.example/a`, `news.example/a.txt` and `2019-05-21/news.example/a.txt`
    belong to one site.
    """
    if "://" in uri:
        try:
            host = urlsplit(uri).netloc
        except ValueError:  # `http://[` is not an address
            host = uri.partition("://")[2].partition("/")[0]
        name = host.rpartition("@")[2].partition(":")[0]
    else:
        path, _, record = uri.partition("#")
        *folders, file = path.split("/")
        if folders and not folders[0]:
            return ""
        names = [plain for folder in folders if _LETTER.search(plain := _DAY.sub("", folder))]
        names += [plain for plain in (_DAY.sub("", file),) if record and _LETTER.search(plain.partition(".")[0])]
        name = names[0] if names else ""
    return name.lower().removeprefix("www.")


def proofs(uri: str, date_text: str | None, damage: Iterable[str] = ()) -> frozenset[Proof]:
    """The proofs of an article for its site: from its written date and address, and from `damage`, the mojibake that
    was repaired in it. The parsed date is not used, so that no proof rests on an earlier one.
    """
    site = site_of(uri)
    order = dates.proven_order(date_text, uri) if date_text else None
    found = [Proof(site, ORDER, order)] if order else []
    found += [Proof(site, MISREADING, name) for name in misreadings("\n".join(damage))]
    return frozenset(found)
