"""The Python API: one document at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

from copydesk.config import Config, given, user_lists
from copydesk.records import Cleaned


def clean(content: bytes | str, uri: str, config: Config | None = None, **known: str | date | None) -> Cleaned:
    """Clean one document.

    Args:
        content: Its raw bytes, or its decoded text. Content that starts like a web page, or with a `uri` that ends in
            `.html`, is read as a web page (extra `copydesk[html]`).
        uri: The address or path of the document.
        config: Settings, `copydesk.Config.model_validate({"typos": {"mode": "off"}})`; None means the defaults.
        **known: `title`, `date`, `charset` and `media_type` (`text`, `html`) as the source gives them, each
            a str; the date may be a date or datetime.

    Nothing is written, and the result is deterministic. The first call loads the statistics of the language from the
    package. A document that cannot be read has no article and a problem with the reason. Raises `TypeError` for other
    names, for what is of other types, and for settings that are no `Config`,
    `copydesk.languages.LanguageError` if the files of a language cannot be used,
    `copydesk.config.user_lists.ListsError` if the folder of lists cannot be used, and
    `copydesk.data.lists.ListsInUse` if this process has already read other lists.
    """
    config = given(config)
    user_lists.install(config.lists.folder)
    from copydesk.pipeline import as_document, clean_documents  # makes patterns of the word lists

    return clean_documents([as_document(content, uri, **dict[str, Any](known))], config)[0]
