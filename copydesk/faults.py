"""A fault or a time limit costs the document at which it happens its article, and no other document anything."""

from __future__ import annotations

import logging
from collections.abc import Callable

from copydesk import languages
from copydesk.config import Config
from copydesk.deadline import TooSlow
from copydesk.records import CRITICAL, Cleaned, Document, Problem

log = logging.getLogger(__name__)


def guarded(document: Document, config: Config, allow: Callable[[float], None], work: Callable[[], Cleaned]) -> Cleaned:
    """The result of `work` on a document; an internal error or a timeout becomes a problem of that document.

    `allow` is that of `copydesk.deadline.clock`.
    """
    try:
        allow(seconds(config, document))
        try:
            return work()
        finally:
            allow(0)
    except languages.LanguageError:
        raise
    except TooSlow as error:
        return _without_article(
            document, "too-slow", f"{error}; run.document_seconds is {config.run.document_seconds:g}"
        )
    except Exception as error:
        log.exception("%s could not be cleaned", ascii(document.uri[:200]))
        return _without_article(document, "failed", f"{type(error).__name__}: {error}"[:500])


def _without_article(document: Document, rule: str, words: str) -> Cleaned:
    return Cleaned(document, None, problems=(Problem("clean", rule, None, CRITICAL, words),))


def seconds(config: Config, *documents: Document) -> float:
    """The time limit for documents in CPU seconds: `run.document_seconds` for each MiB, and at least once."""
    return config.run.document_seconds * max(1.0, sum(len(document.content) for document in documents) / 2**20)
