"""What speaks for an edit, in words, for `show` and the report; typos alone need it, other rules say it themselves."""

from __future__ import annotations

from copydesk import languages
from copydesk.edits import Edit


def evidence(before: str, edit: Edit, language: str) -> str:
    """What speaks for `edit`, made or suggested on the text `before` of an article in `language`; "" for other
    steps.
    """
    from copydesk.text.typos.explain import evidence as speak
    from copydesk.text.typos.step import STEP

    known = languages.available()
    if edit.step != STEP or not known:
        return ""
    model = languages.model(language if language in known else known[0])
    return speak(before, edit.start, edit.start + len(edit.before), edit.after, edit.rule, model)
