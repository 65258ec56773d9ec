"""The desk: documents cleaned all the way, with the models and lists that this takes.

What is pure stands in `copydesk.clean`; here it gets what has to be read from files, once for each process.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

from copydesk import languages
from copydesk.config import Config
from copydesk.languages import protected
from copydesk.pipeline import clean_document, correct_typos
from copydesk.records import CRITICAL, Cleaned, Document, Problem

log = logging.getLogger(__name__)


def clean(content: bytes | str, uri: str, config: Config | None = None, **known: str | None) -> Cleaned:
    """Clean one document.

    `content` is its raw bytes, or its text where that is decoded already; `uri` is where it came from. `title`,
    `date` and `charset` may be given by name. Nothing is written; the same call gives the same answer. The first call
    reads the statistics of the language from the package. Raises `TypeError` for other names.
    """
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    text = None if isinstance(content, bytes) else content
    encoding = None if text is None else "utf-8"
    document = Document(uri, raw, text=text, encoding=encoding, **known)  # type: ignore[arg-type]  # three names only
    config = config or Config()
    return finish([clean_document(document, config)], config)[0]


def finish(cleaned: Sequence[Cleaned], config: Config) -> list[Cleaned]:
    """Cleaned documents with their typos corrected.

    A fault of copydesk costs the document that it happens with its place among the articles, and no other. Raises
    `LanguageError` where the files of a language cannot be used, and `ProtectedError` for the user's list of words.
    """
    done = list(cleaned)
    if not config.typos.enabled:
        return done
    for language in languages.available():
        if not any(_may_be(one, language) for one in done):
            continue
        model = languages.model(language, config.typos.learned)
        guarded = _guarded(config.typos.protected)
        try:
            done = correct_typos(done, model, config.typos, guarded.of)
        except languages.LanguageError:
            raise  # a broken installation is no fault of the documents
        except Exception:
            log.exception("typos of a batch could not be corrected; its documents are tried one by one")
            done = [_alone(one, model, config, guarded) for one in done]
    return done


def _may_be(one: Cleaned, language: str) -> bool:
    return one.article is not None and one.article.language in (language, "und")


def _alone(one: Cleaned, model: Any, config: Config, guarded: protected.Protected) -> Cleaned:
    try:
        return correct_typos([one], model, config.typos, guarded.of)[0]
    except Exception as error:
        log.exception("%s could not be cleaned", one.document.uri[:200])
        words = f"{type(error).__name__}: {error}"[:500]
        return Cleaned(one.document, None, problems=(Problem("clean", "failed", None, CRITICAL, words),))


@cache
def _guarded(path: str | None) -> protected.Protected:
    return protected.read(path)
