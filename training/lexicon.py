"""The lexicon: words and names of English with their frequency, from word lists, counted text and place names."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from training.vocabulary import count, dictionary

CITIES = Path("copydesk/data/cities.txt")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def build(work: Path) -> None:
    """Write `work/words.txt`: word, its Zipf frequency times ten, and `w` (stands in lower case), `n` (is a name), `r`
    (rare).

    `r` marks what people write, though no word list has it: foreign words, slang, names of all kinds, and some errors.
    """
    from wordfreq import get_frequency_dict

    words, names = dictionary()
    low: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for token, n in count(work).items():
        if _WORD.fullmatch(token) and len(token) > 1:
            (low if token.islower() else capital)[token.lower()] += n
    total = sum(low.values()) + sum(capital.values())
    zipf: dict[str, float] = {}
    import math

    for word, frequency in get_frequency_dict("en", "large").items():
        if _WORD.fullmatch(word):
            zipf[word] = math.log10(frequency) + 9
    for word in set(low) | set(capital):
        zipf[word] = max(zipf.get(word, 0.0), math.log10((low[word] + capital[word]) / total) + 9 - 0.5)
    kinds: dict[str, set[str]] = {}
    for word in words:
        kinds.setdefault(word, set()).add("w")
    for name in names:
        kinds.setdefault(name.lower(), set()).add("n")
    for city in CITIES.read_text("utf-8").splitlines():
        if city and not city.startswith("#"):
            for part in _WORD.findall(city):
                if len(part) > 2 and part.lower() not in words:
                    kinds.setdefault(part.lower(), set()).add("n")
    for word, n in capital.items():
        if n >= 2 and n > 4 * low[word]:
            kinds.setdefault(word, set()).add("n")
    for word, n in low.items():
        if n >= 40 and zipf[word] >= 2.5:
            kinds.setdefault(word, set()).add("w")
    for word in list(zipf):
        if word not in kinds and (zipf[word] >= 1.5 or low[word] + capital[word] >= 3):
            kinds[word] = {"r"}
    with (work / "words.txt").open("w", encoding="utf-8") as out:
        for word in sorted(kinds, key=lambda w: (-round(zipf.get(w, 0.0) * 10), w)):
            print(word, max(0, round(zipf.get(word, 0.0) * 10)), "".join(sorted(kinds[word])), sep="\t", file=out)
    print(f"{len(kinds):,} words", Counter("".join(sorted(k)) for k in kinds.values()))


if __name__ == "__main__":
    import sys

    build(Path(sys.argv[1]))
