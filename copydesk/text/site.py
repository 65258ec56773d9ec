"""What a document may know of the place that it came from: what the other documents of its site prove."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from copydesk.text import dates
from copydesk.text.mojibake import misreadings

#: What a document may prove for its site: the order of day and month, a wrong decoding by its name.
ORDER, MISREADING = "order", "misreading"

# A folder or file for each day or month is no site of its own.
_DAY = re.compile(r"[-_.]?(?<!\d)(?:19|20)\d\d([-_.]?)[01]\d(?:\1[0-3]\d)?(?!\d)")
_LETTER = re.compile(r"[^\W\d_]")


class Proof(NamedTuple):
    """What one document proves for its site: `value` of the kind `ORDER` or `MISREADING`."""

    site: str
    kind: str
    value: str


class Recurring(NamedTuple):
    """A line that recurs across a site: in how many different articles it stands, and whether it is taken out between
    two paragraphs of a story too, or only above and below one."""

    articles: int
    between: bool

    @property
    def confidence(self) -> float:
        """Laplace's rule of succession for a line that never stood in a text that it belonged to."""
        return (self.articles + 1) / (self.articles + 2)


class Site(NamedTuple):
    """What the other documents of a site prove.

    `numeric_order` is `day-first` or `month-first` where its dates with a number over 12 all say the same.
    `boilerplate` has the paragraphs that recur across its articles. `misreadings` are the wrong decodings, by name,
    that some of its documents went through.
    """

    name: str = ""
    numeric_order: str | None = None
    boilerplate: Mapping[str, Recurring] = MappingProxyType({})
    misreadings: tuple[str, ...] = ()


#: For a document that is cleaned alone.
NO_SITE = Site()


def site_of(uri: str) -> str:
    """The site of the document at `uri`.

    The host of an address, without `www.` and port; else the first folder of a relative path; else the file whose
    record it is (`news.jsonl#12`); else the empty name, which stands for whatever lies side by side and names no place.
    Names are in lower case and without days, so that `https://www.News.example/a`, `news.example/a.txt` and
    `2019-05-21/news.example/a.txt` are of one site.
    """
    if "://" in uri:
        try:
            host = urlsplit(uri).netloc
        except ValueError:  # `http://[` is no address
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
    """What an article proves for its site: by the date that it writes and its address, and by its `damage`, the
    stretches of mojibake that were repaired in it. How the date was read does not matter, so nothing is proven by what
    followed from it.
    """
    site = site_of(uri)
    order = dates.proven_order(date_text, uri) if date_text else None
    found = [Proof(site, ORDER, order)] if order else []
    found += [Proof(site, MISREADING, name) for name in misreadings("\n".join(damage))]
    return frozenset(found)
