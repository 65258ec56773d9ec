"""Which fields of a record hold what: those that `[sources.fields]` names, then the common ones of scrapers."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple

from copydesk.config import FieldsConfig
from copydesk.records import storable
from copydesk.text.fold import fold
from copydesk.text.structure.credit_lines import find_byline, is_name

#: Names by what they hold. The first of these with a value is used, ignoring case, spaces, hyphens and underscores.
COMMON: Mapping[str, tuple[str, ...]] = {
    "text": (
        "text", "raw_text", "content", "body", "article_body", "full_text", "article_text", "maintext", "body_text",
        "content_text", "article",
    ),
    "url": ("uri", "url", "link", "permalink", "canonical_url", "article_url", "web_url"),
    "id": ("id", "_id", "guid", "article_id", "doc_id", "document_id"),
    "title": ("title", "headline", "article_title", "heading"),
    "date": (
        "date", "published", "published_at", "pub_date", "date_published", "publish_date", "published_date",
        "publication_date", "published_on", "published_time", "publish_time", "pub_time", "date_publish", "posted_at",
        "date_posted", "post_date", "posted_on", "first_published", "first_published_at", "article_published_time",
        "date_created", "date_gmt",
    ),
    "modified": (
        "modified", "modified_at", "date_modified", "updated", "updated_at", "last_modified", "last_updated",
        "date_updated", "modified_date", "modified_time", "date_modify", "update_date", "article_modified_time",
    ),
    "authors": (
        "authors", "author", "byline", "bylines", "author_name", "author_names", "writer", "writers", "creator",
        "dc_creator", "reporter", "journalist",
    ),
    "language": ("language", "lang", "language_code", "in_language", "locale"),
}  # fmt: skip

#: What tables write where there is no value.
_MISSING = frozenset(("", "nan", "none", "null", "n/a", "na", "nat", "undefined", "<na>", "-", "--", "#n/a"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds since 1970 have 9 or 10 digits in the years 1973 to 2286; each three further digits mean a finer unit.
_UNITS = ((1e8, 1e10, 1), (1e11, 1e13, 1_000), (1e14, 1e16, 1_000_000), (1e17, 1e19, 1_000_000_000))
_BETWEEN = re.compile(r"[\s_-]+")


@cache
def folded(name: str) -> str:
    """The name of a field for comparing: `Publish Date`, `publish_date` and `publishDate` are alike."""
    return _BETWEEN.sub("", name.strip().lower())


_FOLDED = {role: tuple(map(folded, names)) for role, names in COMMON.items()}
_KNOWN = frozenset(name for names in _FOLDED.values() for name in names)


def names_text(names: Iterable[str], config: FieldsConfig) -> bool:
    """Whether one of the columns holds the text."""
    known = {*_FOLDED["text"], *(folded(name.partition(".")[0]) for name in config.text)}
    return any(folded(name) in known for name in names)


class _Shape(NamedTuple):
    """What the names of a record hold, which all records of a file mostly have in common.

    `roles` has the names of each role in their order, `texts` those of texts whether they hold any, `unread` those
    that say nothing that copydesk reads, and `first` the first of names that are alike.
    """

    roles: Mapping[str, tuple[str, ...]]
    texts: tuple[str, ...]
    unread: tuple[str, ...]
    first: Mapping[str, str]

    @staticmethod
    def of(names: Iterable[str], mapped: frozenset[str]) -> _Shape:
        """`mapped` are the names that the configuration gives."""
        first: dict[str, str] = {}
        for name in names:
            first.setdefault(folded(name), name)
        roles = {
            role: tuple(first[name] for name in places if name in first)
            for role, places in _FOLDED.items()
            if not first.keys().isdisjoint(places)
        }
        unread = tuple(name for name in names if folded(name) not in _KNOWN and folded(name) not in mapped)
        return _Shape(roles, roles.get("text", ()), unread, first)


#: Records with more names are rare, and would fill the cache.
_FEW_NAMES = 64
_shape_of_few = lru_cache(256)(_Shape.of)


class Fields:
    """The fields of one record, by what they hold."""

    def __init__(self, record: Mapping[str, Any], config: FieldsConfig) -> None:
        self.record = record
        self._config = config
        shape = _shape_of_few if len(record) <= _FEW_NAMES else _Shape.of
        self._shape = shape(tuple(record), _mapped(config))

    def name_text(self) -> bool:
        """Whether one of them is for the text."""
        return names_text(self.record, self._config)

    def values(self, role: str) -> Iterable[Any]:
        """The values of a role that are not missing, in the order of their names."""
        named: tuple[str, ...] = getattr(self._config, role, ())
        names = self._shape.roles.get(role, ())
        return self._values(named, names) if named or names else ()

    def _values(self, named: Iterable[str], names: Iterable[str]) -> Iterator[Any]:
        for name in named:
            if not is_missing(value := self._mapped(name)):
                yield value
        for name in names:
            if not is_missing(value := self.record[name]):
                yield value

    def text(self) -> Any:
        """The first text that is not missing; else an empty one, if there is a field for it."""
        for value in self.values("text"):
            return text_of(value)
        blank = (self.record[name] for name in self._shape.texts)
        return next((value for value in blank if isinstance(value, str) and not value.strip()), None)

    def _mapped(self, name: str) -> Any:
        """The value of a field that the configuration names, or within one: `content.rendered`."""
        if name in self.record:
            return self.record[name]
        if (like := self._shape.first.get(folded(name))) is not None:
            return self.record[like]
        value: Any = self.record
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def unread(self) -> tuple[str, ...]:
        """The names of fields that hold a value and say nothing that copydesk reads."""
        names = self._shape.unread
        return tuple(name for name in names if not is_missing(self.record[name])) if names else ()


@lru_cache(8)
def _mapped(config: FieldsConfig) -> frozenset[str]:
    """The names that the configuration gives."""
    return frozenset(
        folded(part)
        for role in FieldsConfig.model_fields
        for name in getattr(config, role)
        for part in (name, name.partition(".")[0])
    )


def is_missing(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and len(value) < 10 and value.strip().lower() in _MISSING)


# --- values -----------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """The value within what APIs wrap around it: `{"rendered": …}`, `{"$date": …}`, `{"$oid": …}`, a list of one."""
    for _ in range(4):
        if isinstance(value, dict) and len(value) <= 3:
            name = next((name for name in value if name in _WRAPPERS), None)
            if name is None:
                break
            value = value[name]
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
        else:
            break
    return value


_WRAPPERS = frozenset(("rendered", "$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "#text", "_text"))


def text_of(value: Any) -> Any:
    """A text: a string, or a list of paragraphs; any other value unchanged."""
    value = plain(value)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n\n".join(value)
    return value


def string_of(value: Any) -> str | None:
    value = plain(value)
    return storable(value) if isinstance(value, str) and value.strip() else None


def identifier(value: Any) -> str | None:
    value = plain(value)
    if (number := _number(value)) is not None:
        return str(number)
    return storable(value) if value and isinstance(value, str) else None


def authors_of(value: Any) -> tuple[str, ...]:
    """The names in a field of authors: a string, a list of strings or of objects with a `name`, or such a list as it
    is printed."""
    return tuple(dict.fromkeys(_names_of(value, _DEEPEST)))


#: Lists within lists, at most.
_DEEPEST = 5


def _names_of(value: Any, deep: int) -> tuple[str, ...]:
    if isinstance(value, str) and value[:1] == "[" and value[-1:] == "]" and len(value) < 2000:
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return ()
    if isinstance(value, dict):
        value = value.get("name") or plain(value)
    if isinstance(value, str):
        return _names_in(storable(" ".join(value.split())))
    if not isinstance(value, list | tuple) or not deep:
        return ()
    return tuple(name for part in value[:50] for name in _names_of(part, deep - 1))


_BETWEEN_NAMES = re.compile(r"\s*[;|]\s*|\s*,\s*(?:and\s+)?|\s+(?:and|&|und|et|y)\s+")


def _names_in(value: str) -> tuple[str, ...]:
    """`By Jane Doe and John Roe`, `Jane Doe; John Roe`; `Doe, Jane` is one name."""
    if is_missing(value) or len(value) > 300 or "://" in value:
        return ()
    byline = find_byline(value)
    parts = _BETWEEN_NAMES.split(value)
    if byline and byline.names:
        names = byline.names
    else:
        names = tuple(parts) if len(parts) > 1 and all(map(is_name, parts)) else (value,)
    return tuple(name for name in names if not _is_no_name(name))


#: Scrapers take buttons, mottos and posts for names: `View All Posts`, `Because Without America`, `Senior Columnist`.
_NO_NAME = frozenset(
    "all are because enter here is no not on please post posted posts there was who without your view".split()
)
_POSTS = frozenset("columnist commentator contributor correspondent editor producer reporter writer".split())


def _is_no_name(value: str) -> bool:
    words = [fold(word) for word in re.findall(r"[^\W\d_]+", value)]
    return sum(word in _NO_NAME for word in words) > 1 or (len(words) > 1 and words[-1] in _POSTS)


def language_of(value: Any) -> str | None:
    """The code of a language: `en` of `en-US`."""
    found = re.match(r"([A-Za-z]{2})(?:[-_]\w+)*$", value.strip()) if isinstance(value, str) else None
    return found[1].lower() if found else None


def date_of(value: Any) -> str | None:
    """A date as text: strings unchanged, numbers as ISO 8601 if they count days or time, else as digits."""
    value = plain(value)
    if isinstance(value, str):
        return storable(value) or None
    if isinstance(value, datetime | date):
        return value.isoformat()
    number = _number(value)
    if number is None:
        return None
    if 1900_00_00 < number < 2101_00_00 and number == int(number):
        try:
            return date.fromisoformat(str(int(number))).isoformat()
        except ValueError:
            return str(number)
    for least, beyond, unit in _UNITS:
        if least <= number < beyond:
            return (_EPOCH + timedelta(seconds=number / unit)).isoformat()
    return str(number)


def _number(value: Any) -> int | float | None:
    """A finite number; None for booleans, NaN, infinities and other types."""
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None
