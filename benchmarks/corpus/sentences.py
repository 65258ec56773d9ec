"""Sentences by language: those of the repository's own texts, joined anew at words that they share."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

#: Different sentences of English and of any other language; headlines are a sixth of them.
ENGLISH, OTHER = 24_000, 1_200

_SENTENCE_RE = re.compile(r"\S.*?(?:[.!?…۔؟。！？]+[\"'”’»」）)]*(?=\s|$|[^\s\w])|$|(?<=[。！？]))", re.DOTALL)
#: A word, a comma between clauses, or what is between them.
_TOKEN_RE = re.compile(r"\w+(?:['’]\w+)*|[,،，、]|[^\w,،，、]+")
_WORD_RE = re.compile(r"[^\W\d_]{2,}")
_NUMBER_RE = re.compile(r"\d")
_NAME_RE = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")

_WITHOUT_SPACES = frozenset({"ja", "zh"})
_ONSETS = "b br c d dr f fl g gr h j k kl l m n p pr r s st str t th tr v w z".split()
_VOWELS = "a a e e i o u ai ea ie ou".split()
_CODAS = "l ll m n nd ng r rd rn s sk st t th x".split()
_ENDS = ["", "", "", "ton", "ford", "berg", "ov", "ini", "man", "ez", "ev", "stad", "by", "sen", "ian"]
#: Words that are names nowhere, although they begin with a capital.
_KEPT = frozenset(
    """Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August September
    October November December""".split()
)


class Pool(NamedTuple):
    """Headlines and sentences of a language, and people in the news."""

    headlines: Sequence[str]
    sentences: Sequence[str]
    people: Sequence[str]
    #: Between two sentences; Chinese and Japanese have no spaces.
    space: str


@lru_cache(2)
def pools(seed: int) -> dict[str, Pool]:
    """The pool of each language."""
    made = {}
    for language, (headlines, sentences) in sorted(own_texts().items()):
        chance = random.Random(f"{seed} {language}")
        count = ENGLISH if language == "en" else OTHER
        names = [name(chance) for _ in range(count // 8)]
        people = [f"{name(chance)} {chance.choice(names)}" for _ in range(count // 16)]
        lines = list(_joined(headlines, count // 6, names, chance)), list(_joined(sentences, count, names, chance))
        if language != "en":
            parts = _parts(sentences)
            lines = tuple([_with_new_words(line, parts, chance) for line in some] for some in lines)
        made[language] = Pool(*lines, people, "" if language in _WITHOUT_SPACES else " ")
    return made


def own_texts() -> dict[str, tuple[list[str], list[str]]]:
    """Headlines and sentences of the repository's own texts, by language."""
    found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for language, headline, paragraphs in _stories():
        found[language][0].append(headline)
        for paragraph in paragraphs:
            found[language][1].extend(
                match[0].strip() for match in _SENTENCE_RE.finditer(paragraph) if match[0].strip()
            )
    return found


def _stories() -> Iterator[tuple[str, str, list[str]]]:
    for row in _rows("benchmarks/bodies.jsonl"):
        yield "en", row["headline"], row["paragraphs"]
    for row in _rows("benchmarks/accuracy/own/articles/texts.jsonl"):
        yield row["lang"], row["title"], row["raw_text"].split("\n\n")[1:]
    for row in _rows("benchmarks/typos/clean.jsonl"):
        yield "en", row["gold"].partition(",")[0].rstrip("."), [row["gold"]]
    for path in sorted((ROOT / "examples" / "raw").glob("0*.txt")):
        with suppress(UnicodeDecodeError):
            lines = [line for line in path.read_text("utf-8").split("\n\n") if len(line) > 120]
            yield "en", path.stem[3:].replace("-", " ").capitalize(), lines


def _rows(place: str) -> Iterator[dict[str, str]]:
    yield from (json.loads(line) for line in (ROOT / place).read_text("utf-8").splitlines())


def name(chance: random.Random) -> str:
    """A made-up name, such as `Brandov`: most words of news that no list knows are names."""
    syllables = chance.choice((1, 1, 2))
    word = "".join(chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(syllables)) + chance.choice(_CODAS)
    return (word + chance.choice(_ENDS)).capitalize()


def _joined(texts: Sequence[str], count: int, names: Sequence[str], chance: random.Random) -> Iterator[str]:
    """The beginning of a sentence, and the end of another from a word that both have, `count` times."""
    cut = [_TOKEN_RE.findall(text) for text in texts]
    places = _places(cut)
    for _ in range(count):
        first = chance.choice(cut)
        shared = [place for place, token in enumerate(first) if len(places.get(token, ())) > 1]
        whole = first
        if shared:
            place = chance.choice(shared)
            other, further = chance.choice(places[first[place]])
            whole = first[:place] + cut[other][further:]
        yield _with_others("".join(whole), names, chance)


def _places(cut: Iterable[Sequence[str]]) -> dict[str, list[tuple[int, int]]]:
    """Where each word and comma stands, but the first of a sentence: number and place."""
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, tokens in enumerate(cut):
        for place in range(1, len(tokens) - 1):
            if tokens[place].isalpha() or tokens[place] in ",،，、":
                places[tokens[place]].append((number, place))
    return places


def _with_others(text: str, names: Sequence[str], chance: random.Random) -> str:
    """The sentence with other digits, and with most of its names replaced by made-up ones."""
    text = _NUMBER_RE.sub(lambda match: str(chance.randint(1, 9)) if match[0] != "0" else "0", text)
    if text.istitle() or sum(word[0].isupper() for word in text.split()) > 5:  # a headline with capitals throughout
        return text
    return _NAME_RE.sub(
        lambda match: match[0] if match[0] in _KEPT or chance.random() < 0.3 else chance.choice(names), text
    )


def _parts(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The beginnings and ends of the words of a language."""
    words = [match[0] for text in texts for match in _WORD_RE.finditer(text)]
    return [word[: len(word) // 2] for word in words], [word[len(word) // 2 :] for word in words]


def _with_new_words(text: str, parts: tuple[list[str], list[str]], chance: random.Random) -> str:
    """Every third word made anew: without them the few texts of a language would be copies of each other."""
    return _WORD_RE.sub(
        lambda match: match[0] if chance.random() > 0.35 else chance.choice(parts[0]) + chance.choice(parts[1]), text
    )
