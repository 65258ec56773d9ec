"""Make `copydesk/data/language_model.npz`: the model of py3langid for the languages of news sites, quick to read.

    python -m training.language_model [--out copydesk/data/language_model.npz]

The automaton has 38,346 rows of 256 next states. Nearly all of them are those of the first row, where no n-gram has
begun: only the others are kept, each as its difference to the one before. That is smaller than py3langid's own file,
and read in a tenth of a second instead of one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from copydesk.text.language_model import LANGUAGES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("copydesk/data/language_model.npz"))
    options = parser.parse_args()
    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages(LANGUAGES)
    row = np.asarray(model.tk_row, np.uint16)
    next_state = np.asarray(model.tk_nextmove, np.int32).reshape(-1, 256)
    first = next_state[row[0]]
    others = next_state != first
    np.savez_compressed(
        options.out,
        first=first,
        others=others.sum(axis=1).astype(np.uint16),
        byte=np.nonzero(others)[1].astype(np.uint8),
        step=np.diff(next_state[others], prepend=np.int32(0)),
        row=row,
        feature=np.asarray(model.tk_output, np.int32),
        weights=np.asarray(model.nb_ptc, np.float16),
        prior=np.asarray(model.nb_pc, np.float32),
        languages=np.array(model.nb_classes),
    )


if __name__ == "__main__":
    main()
