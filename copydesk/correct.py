"""The step that corrects typos: the one that works on many documents, since models read many texts at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from copydesk import languages, ledger
from copydesk.config import Config, TyposConfig, user_lists
from copydesk.deadline import TooSlow, clock, limit
from copydesk.edits import APPLIED, TITLE, published_text
from copydesk.faults import guarded, seconds
from copydesk.languages import protected
from copydesk.records import Article, Cleaned
from copydesk.text.typos.found import Finding
from copydesk.text.typos.step import look, settle

if TYPE_CHECKING:
    from copydesk.text.typos.model import Model

log = logging.getLogger(__name__)

#: Models remember the words that they have read, of which nothing may be read while more come to them. Threads take
#: turns from the loading on, so that no model is loaded twice.
_turn = threading.Lock()


def correct_typos(cleaned: Sequence[Cleaned], config: Config) -> list[Cleaned]:
    """Correct the typos of the documents in languages that have a typo model.

    An internal error affects only the document that causes it, which gets no article. Raises
    `copydesk.languages.LanguageError` if the files of a language cannot be used, and
    `copydesk.languages.protected.ProtectedError` if the user's list of protected words cannot.
    """
    done = list(cleaned)
    if config.typos.mode == "off":
        return done
    for code in languages.available():
        if any(one.article is not None and one.article.language in (code, "und") for one in done):
            with _turn:  # around the limit, which counts what other threads do
                done = _in_language(code, done, config)
    return done


def _in_language(code: str, cleaned: list[Cleaned], config: Config) -> list[Cleaned]:
    """`cleaned` with typos corrected in the articles in one language."""
    model = _model(code, config)
    words = protected.read(config.typos.protected, user_lists.protected(config.lists.folder))
    try:
        with limit(seconds(config, *(one.document for one in cleaned))):
            return _corrected(cleaned, model, config, words)
    except languages.LanguageError:
        raise  # a broken installation is no fault of the documents
    except (Exception, TooSlow):
        log.exception("typos of a batch could not be corrected; its documents are tried one by one")
        done: list[Cleaned] = []
        is_whole = False  # a model that was interrupted may be half way between two states
        with clock() as allow:
            for one in cleaned:
                if not is_whole:
                    languages.forget()
                    model = _model(code, config)
                own = guarded(one.document, config, allow, lambda: _corrected([one], model, config, words)[0])  # noqa: B023
                is_whole = own.article is not None or one.article is None
                done.append(own)
        return done


def _model(code: str, config: Config) -> Model:
    return languages.model(code, config.typos.learned, judge=config.typos.mode == "full")


def _corrected(cleaned: Sequence[Cleaned], model: Model, config: Config, words: protected.Protected) -> list[Cleaned]:
    """`cleaned` with typos corrected in the articles in the language of `model`."""
    mine = [(i, one.article) for i, one in enumerate(cleaned) if one.article is not None and model.is_for(one.article)]
    texts = [published_text(article.headline, article.body) for _, article in mine]
    found = look(texts, model, config.typos, [words.of(article.uri) for _, article in mine])
    done = list(cleaned)
    for (i, article), text, findings in zip(mine, texts, found, strict=True):
        wanted = [finding for finding in findings if finding.rule not in config.rules.off]
        if wanted:
            done[i] = _settled(cleaned[i], article, text, wanted, config.typos)
    return done


def _settled(one: Cleaned, article: Article, text: str, found: list[Finding], config: TyposConfig) -> Cleaned:
    new, edits = settle(text, found, config)
    headline, body = article.headline, article.body
    if headline and body:
        # A correction holds no line break, so as many lines as before are the headline.
        lines = new.split("\n", headline.count("\n") + 2)
        headline, body = "\n".join(lines[:-2]), lines[-1]
    elif headline:
        headline = new
    else:
        body = new
    if one.source_title is not None and any(edit.field == TITLE for edit in one.edits):
        within = [finding for finding in found if finding.end <= len(article.headline)]
        edits += [edit for edit in settle(article.headline, within, config, TITLE)[1] if edit.status == APPLIED]
    all_edits = (*one.edits, *ledger.numbered(edits, article.article_id, len(one.edits)))
    article = replace(article, headline=headline, body=body, **ledger.counts(headline, body, all_edits))
    reversible = ledger.leads_back(headline, body, all_edits, one.source_text, one.source_title)
    return replace(one, article=article, edits=all_edits, reversible=reversible)
