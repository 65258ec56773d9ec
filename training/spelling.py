"""`spelling.npz` of a language: which letters follow which in the words and names of its lexicon.

    python -m training.spelling           writes copydesk/languages/en/spelling.npz, in a second

Words that are in no word list are left out: scanned books have left their errors among them.
"""

from __future__ import annotations

import gzip

import numpy as np

from copydesk import languages
from copydesk.text.typos.lexicon import ORDINARY, PROPER, Lexicon
from copydesk.text.typos.spelling import Spelling


def main() -> None:
    folder = languages.HERE / "en"
    lexicon = Lexicon(gzip.decompress((folder / "words.txt.gz").read_bytes()).decode("utf-8"))
    words = [word for word, entry in lexicon.items() if entry.kind & (ORDINARY | PROPER)]
    made = Spelling.counted(words, languages.grammar(folder).alphabet)
    np.savez_compressed(folder / "spelling.npz", surprise=made.surprise)


if __name__ == "__main__":
    main()
