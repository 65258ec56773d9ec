"""Writes `copydesk/data/ligatures.txt`: English words with a ligature (ff, fi, fl, ffi, ffl), from the lexicon.

    python -m training.ligatures

A word stands there if it is frequent enough to be expected in news; a `-` after it says that what is left without the
ligature is a word or name, too (`field`: `eld` is none, `five`: `ve` is one), so that its loss is no proof.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent / "copydesk"
#: Least Zipf frequency times ten of a word; and of what no word list has, to count as a word all the same.
FREQUENT, KNOWN = 18, 36
LIGATURE = re.compile("ff[il]?|f[il]")
HEADING = """\
# English words with a ligature (ff, fi, fl, ffi, ffl), most frequent first; `-`: without it they are another word.
# Made by training/ligatures.py from copydesk/languages/en/words.txt.gz, whose README.md names sources and licences.
"""


def main() -> None:
    with gzip.open(ROOT / "languages" / "en" / "words.txt.gz", "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    words = {word for word, z, kinds in rows if kinds != "r" or int(z) >= KNOWN}
    out = []
    for word, z, kinds in rows:
        if int(z) < FREQUENT or "w" not in kinds or len(word) < 4 or not (word.isascii() and word.isalpha()):
            continue
        if not LIGATURE.search(word):
            continue
        # A font without ffi writes f and fi.
        left = {LIGATURE.sub("", word, count=1), LIGATURE.sub("", word), re.sub("ff[il]", "f", word)} - {word}
        is_word = any(rest in words or len(rest) < 3 for rest in left)
        out.append(f"{word}{' -' if is_word else ''}\n")
    (ROOT / "data" / "ligatures.txt").write_text(HEADING + "".join(out), encoding="utf-8")


if __name__ == "__main__":
    main()
