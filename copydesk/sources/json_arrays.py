"""Reads `.json`: an array of records, record by record, one record, or records one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from copydesk.sources.fields import COMMON
from copydesk.sources.streams import Stopped

#: A string that is whole, or what changes the depth, or the begin of a string that goes on behind the buffer.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},]|"', re.DOTALL)
_SPACE = b" \t\r\n"
#: The keys under which APIs deliver their records, in an object with little else.
_WRAPPERS = frozenset(("articles", "data", "items", "results", "docs", "documents", "records", "news", "posts", "hits"))
_WRAPPER = re.compile(
    rb'(?P<head>\{\s*(?:"[^"\\]{0,40}"\s*:\s*(?:"[^"\\]{0,200}"|[\w.+-]+)\s*,\s*){0,8})"(?P<key>[^"\\]{1,40})"\s*:\s*'
    rb"\[\s*(?=(?P<first>.))",
    re.DOTALL,
)
#: The begin of an object in which an array may follow.
_MAY_WRAP = re.compile(rb"[^\[}]*(?:\[[ \t\r\n]*)?")
#: An object with a text of its own is a record itself, whatever lists it has.
_TEXT_KEY = re.compile(
    rb'"(?:%s)"\s*:' % b"|".join(re.sub("_", "[_ -]?", name).encode() for name in COMMON["text"]), re.IGNORECASE
)


def elements(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The records of a JSON file in UTF-8, as bytes: the elements of an array, alone or in an object such as
    `{"status": "ok", "articles": [`; else each object on its own.

    Raises `Stopped` for a record of more than `limit` bytes, and where the file ends within one or is no JSON; `begun`
    then holds what of it was read.
    """
    scanner = _Scanner(limit)
    for piece in pieces:
        yield from scanner.feed(piece)
    yield from scanner.end()


class _Scanner:
    """Cuts JSON between its records; what is within a record, it does not look at."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._head = b""  # what an object says before its array of records
        self._buffer = bytearray()
        self._depth = 0
        self._inside = 0  # the depth of the array that holds the records
        self._at = 0  # how far the buffer was looked at
        self._begun = False
        self._behind = False  # behind the array of an object, before its end

    def feed(self, piece: bytes) -> Iterator[bytes]:
        self._buffer += piece
        while self._begun or self._begin():
            yield from self._cut()
            if self._begun:
                break
        if len(self._buffer) > self._limit:
            words = f"a record of more than {self._limit:,} bytes, or a string without an end"
            raise self._stopped("too-large", words)

    def _begin(self) -> bool:
        """Whether enough was read to know where the records are."""
        start = self._buffer.lstrip(_SPACE)
        if not start:
            return False
        if start[:1] == b"[":
            self._inside, head = 1, 1
        elif (wrapper := _WRAPPER.match(start)) and _wraps(wrapper):
            self._inside, head = 2, wrapper.end()
            self._head = wrapper["head"]
        elif start[:1] == b"{" and len(start) < 4096 and _MAY_WRAP.fullmatch(start):
            return False  # more of it may show an array
        else:
            head = 0
        self._begun = True
        del self._buffer[: len(self._buffer) - len(start) + head]
        self._depth = self._inside
        return True

    def _cut(self) -> Iterator[bytes]:
        start = 0
        for token in _TOKEN.finditer(self._buffer, self._at):
            sign = token[0]
            if sign == b'"':  # the rest of the string is still to come
                self._at = token.start()
                break
            self._at = token.end()
            if sign in (b"{", b"["):
                self._depth += 1
            elif sign in (b"}", b"]"):
                self._depth -= 1
                if self._depth < self._inside:
                    yield from self._element(start, token.start())
                    start = token.end()
                    self._behind = self._inside > 1
                    self._inside, self._depth = 0, int(self._behind)
                elif self._depth == 0 and self._behind:
                    yield from self._rest_of_object(start, token.end())
                    start = token.end()
                    self._behind = self._begun = False  # another object may follow
                    break
                elif self._depth == 0:
                    yield from self._element(start, token.end())
                    start = token.end()
            elif sign == b"," and self._depth == self._inside:
                yield from self._element(start, token.start())
                start = token.end()
        else:
            self._at = len(self._buffer)
        if start:
            del self._buffer[:start]
            self._at = max(self._at - start, 0)

    def _element(self, start: int, end: int) -> Iterator[bytes]:
        if found := bytes(self._buffer[start:end]).strip(_SPACE):
            yield found

    def _rest_of_object(self, start: int, end: int) -> Iterator[bytes]:
        """The object without its array, if it has a text of its own."""
        rest = bytes(self._buffer[start:end]).strip(_SPACE)
        if _TEXT_KEY.search(rest):
            yield self._head + rest.removeprefix(b",")

    def end(self) -> Iterator[bytes]:
        """What is left where the file ends. Raises `Stopped` if it is a part of a record."""
        rest = bytes(self._buffer).strip(_SPACE)
        if not self._begun and rest:
            self._begun = True
            yield from self._cut()
            rest = bytes(self._buffer).strip(_SPACE)
        if self._behind and not _TEXT_KEY.search(rest):
            return
        if self._depth:
            raise self._stopped("broken-json", "not JSON: it ends within a record or before the end of its array")
        if rest:
            yield rest

    def _stopped(self, rule: str, words: str) -> Stopped:
        stop = Stopped(rule, words)
        stop.begun = bytes(self._buffer[: self._limit])
        return stop


def _wraps(wrapper: re.Match[bytes]) -> bool:
    """Whether an object is nothing but what an API puts around its records."""
    key = wrapper["key"].decode("utf-8", "replace").lower()
    return key in _WRAPPERS and wrapper["first"] in b"{]" and not _TEXT_KEY.search(wrapper["head"])
