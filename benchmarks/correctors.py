"""Correctors of typos, from texts to corrected texts: copydesk's own, and other tools to compare it with."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence

from copydesk.text.typos.correct import REAL_WORD, Finding, findings
from copydesk.text.typos.model import Model

Corrector = Callable[[Sequence[str]], list[str]]


def corrected(text: str, found: Iterable[Finding], least: float, least_words: float | None = None) -> str:
    """`text` with the findings of at least this confidence made; `least_words` is that of words that are words."""
    for finding in sorted(found, reverse=True):
        if finding.confidence >= (least if least_words is None or finding.rule != REAL_WORD else least_words):
            text = text[: finding.start] + finding.after + text[finding.end :]
    return text


def ours(model: Model, least: float, least_words: float | None = None) -> Corrector:
    def correct(texts: Sequence[str]) -> list[str]:
        return [
            corrected(text, found, least, least_words)
            for text, found in zip(texts, findings(texts, model, least=least), strict=True)
        ]

    return correct


# --- peers -----------------------------------------------------------------------------------------------------------


def _word_by_word(right: Callable[[str], str]) -> Corrector:
    """A tool that knows single words, asked about each word of letters, as a user would."""
    known: dict[str, str] = {}

    def one(word: str) -> str:
        core = word.strip(".,;:!?\"'()[]")
        if len(core) < 2 or not core.isalpha():
            return word
        if core not in known:
            known[core] = right(core) or core
        return word.replace(core, known[core], 1)

    return lambda texts: [" ".join(one(word) for word in text.split(" ")) for text in texts]


def symspell() -> Corrector:
    from importlib.resources import files

    from symspellpy import SymSpell, Verbosity

    tool = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
    tool.load_dictionary(str(files("symspellpy") / "frequency_dictionary_en_82_765.txt"), 0, 1)

    def right(word: str) -> str:
        found = tool.lookup(word, Verbosity.TOP, max_edit_distance=2, transfer_casing=True, include_unknown=True)
        return str(found[0].term)

    return _word_by_word(right)


def pyspellchecker() -> Corrector:
    from spellchecker import SpellChecker

    tool = SpellChecker(distance=1)

    def right(word: str) -> str:
        if tool.known([word]):
            return word
        found = tool.correction(word) or word
        return found.capitalize() if word[0].isupper() else found

    return _word_by_word(right)


def aspell() -> Corrector:
    def correct(texts: Sequence[str]) -> list[str]:
        words = sorted(
            {w for t in texts for w in (x.strip(".,;:!?\"'()[]") for x in t.split(" ")) if w.isalpha() and len(w) > 1}
        )
        out = subprocess.run(
            ["aspell", "-a", "--lang=en_US"],
            input="\n".join(f"^{w}" for w in words),
            text=True,
            capture_output=True,
            check=True,
        ).stdout
        answers = [line for line in out.splitlines()[1:] if line]
        table = {
            w: a.split(": ", 1)[1].split(", ")[0] for w, a in zip(words, answers, strict=False) if a.startswith("&")
        }
        return _word_by_word(lambda w: table.get(w, w))(texts)

    if not shutil.which("aspell"):
        raise ImportError("aspell is not installed")
    return correct


def codespell() -> Corrector:
    from importlib.resources import files

    table = {}
    for line in (files("codespell_lib") / "data" / "dictionary.txt").read_text("utf-8").splitlines():
        wrong, _, right = line.partition("->")
        if "," not in right:
            table[wrong] = right

    def right(word: str) -> str:
        found = table.get(word.lower(), word)
        return found.capitalize() if found != word and word[0].isupper() else found

    return _word_by_word(right)


PEERS = {"symspellpy": symspell, "pyspellchecker": pyspellchecker, "aspell": aspell, "codespell": codespell}
