"""The evidence for an edit in words, for `show` and the report; only typo corrections need it."""

from __future__ import annotations

from copydesk import languages
from copydesk.edits import Edit


def evidence(before: str, edit: Edit, language: str) -> str:
    """The evidence for `edit`, applied or suggested on the text `before` of an article in `language`; "" for steps
    other than typos.
    """
    from copydesk.text.typos.explain import evidence as speak
    from copydesk.text.typos.step import STEP

    if edit.step != STEP or not (known := languages.available()):
        return ""
    model = languages.model(language if language in known else known[0])
    return speak(before, edit.start, edit.start + len(edit.before), edit.after, edit.rule, model)
