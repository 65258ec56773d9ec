"""Make `copydesk/data/letters.npz`: which letters a language writes, and which behind which.

    python -m training.letters [--out copydesk/data/letters.npz]

The counts are those of Lingua (Peter M. Stahl, Apache License 2.0): one and two letters in succession within words, of
75 languages. Kurdish is not among them; what Unicode CLDR calls countries, languages and days in Sorani and Kurmanji is
counted instead, smoothed with the languages that share the script. Chinese, Japanese and Korean have single characters
only. Costs are in tenths of a bit; 255 stands for what was never seen. The languages stand one behind the other.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

#: Languages of Lingua that news is written in; Latin itself and Esperanto are left out.
LANGUAGES = (
    "af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko lt lv mk"
    " mn mr ms nb nl nn pa pl pt ro ru sk sl so sq sr sv sw ta te th tl tr uk ur vi yo zh"
).split()
WHOLE = frozenset({"zh", "ja", "ko"})
#: Kurdish by its code in CLDR, and the languages that it is smoothed with.
KURDISH = {
    "ckb": ("ckb", "ئابپتجچحخدرڕزژسشعغفڤقکگلڵمنوۆهەھیێ", ("fa", "ar", "ur")),
    "kmr": ("ku", "abcçdeêfghiîjklmnopqrsştuûvwxyz", ("tr", "az", "sq")),
}
#: Letters seen less often than this share of all are no letters of the language.
RAREST = 2e-5
WORD = re.compile(r"[^\W\d_]+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("copydesk/data/letters.npz"))
    out = parser.parse_args().out
    counted = {code: from_lingua(code) for code in LANGUAGES}
    for code, (locale, letters, relatives) in KURDISH.items():
        counted[code] = from_cldr(locale, letters, [counted[relative] for relative in relatives])
    codes = sorted(counted)
    letters = {
        code: sorted(letter for letter, share in counted[code][0].items() if share >= (code not in WHOLE) * RAREST)
        for code in codes
    }
    np.savez_compressed(
        out,
        languages=np.array(codes),
        sizes=np.array([len(letters[code]) for code in codes], np.uint32),
        letters=np.array([ord(letter) for code in codes for letter in letters[code]], np.uint32),
        first=costs([counted[code][0][letter] for code in codes for letter in letters[code]]),
        pairs=costs(
            [
                counted[code][1].get(first + second, 0.0)
                for code in codes
                if code not in WHOLE
                for first in letters[code]
                for second in letters[code]
            ]
        ),
    )
    print(f"{out}: {len(counted)} languages, {out.stat().st_size:,} bytes")


def costs(shares: list[float]) -> np.ndarray[Any, Any]:
    """Tenths of a bit for each probability; 255 for none."""
    with np.errstate(divide="ignore"):
        bits = -10 * np.log2(np.array(shares, np.float64))
    return np.clip(np.rint(bits), 0, 255).astype(np.uint8)


def from_lingua(code: str) -> tuple[dict[str, float], dict[str, float]]:
    """Shares of letters, and of each letter behind another, in a language of Lingua's data."""
    return grams(code, "unigrams"), {} if code in WHOLE else grams(code, "bigrams")


def grams(code: str, name: str) -> dict[str, float]:
    import brotli
    import lingua

    path = Path(lingua.__file__).parent / "language-models" / code / f"{name}.json.br"
    found = json.loads(brotli.decompress(path.read_bytes()))["ngrams"]
    return {gram: float(Fraction(share)) for share, names in found.items() for gram in names.split()}


Shares = tuple[dict[str, float], dict[str, float]]


def from_cldr(locale: str, letters: str, relatives: list[Shares]) -> Shares:
    """The same for a language that only CLDR has words of; what it has too few of is taken from its relatives."""
    from babel import Locale

    found = Locale.parse(locale)
    names = [
        *found.territories.values(),
        *found.languages.values(),
        *found.currencies.values(),
        *found.months["format"]["wide"].values(),
        *found.days["format"]["wide"].values(),
    ]
    words = [word.lower() for name in names for word in WORD.findall(name)]
    single = Counter("".join(words))
    double = Counter(word[i : i + 2] for word in words for i in range(len(word) - 1))
    before = Counter(pair[0] for pair in double.elements())
    total = sum(single[letter] + 1 for letter in letters)
    shares = {letter: (single[letter] + 1) / total for letter in letters}
    pairs = {
        a + b: (double[a + b] + 20 * sum(r[1].get(a + b, shares[b] / 10) for r in relatives) / len(relatives))
        / (before[a] + 20)
        for a in letters
        for b in letters
    }  # fmt: skip
    return shares, pairs


if __name__ == "__main__":
    main()
