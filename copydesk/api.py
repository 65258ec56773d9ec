"""The Python API: one document at a time."""

from __future__ import annotations

from copydesk.config import Config, user_lists
from copydesk.records import Cleaned


def clean(content: bytes | str, uri: str, config: Config | None = None, **known: str | None) -> Cleaned:
    """Clean one document.

    Args:
        content: Its raw bytes, or its text where that is decoded already. Bytes that begin as a web page does, or whose
            `uri` ends in `.html`, are read as one (extra `copydesk[html]`).
        uri: Where it came from: an address, or a path.
        config: Settings; the defaults when left out.
        **known: `title`, `date`, `charset` and `media_type` (`text`, `html`) as the source gives them.

    Nothing is written, and the same call gives the same answer. The first call reads the statistics of the language
    from the package. A document that cannot be read has no article, and a problem that says why. Raises `TypeError` for
    other names, `copydesk.languages.LanguageError` where the files of a language cannot be used,
    `copydesk.config.user_lists.ListsError` for a folder of lists that cannot be used, and
    `copydesk.data.lists.ListsInUse` where this process has read others already.
    """
    config = config or Config()
    user_lists.install(config.lists.folder)
    from copydesk.pipeline import as_document, clean_documents  # makes patterns of the word lists

    return clean_documents([as_document(content, uri, **known)], config)[0]
