"""Hostile shapes take time in proportion to their size: twice the size, no more than so many times the time.

Time is that of the processor, untraced. Under `FLOOR` seconds it says nothing; what grows with the square is far above,
since the sizes are those at which it shows.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from clocks import time_grows

from copydesk.config import Config, RunConfig
from copydesk.pipeline import clean_documents
from copydesk.sources.reading import read
from hostile import shapes

CONFIG = Config(run=RunConfig(workers=1))
MOST_GROWTH, FLOOR = 2.6, 0.6
#: trafilatura counts all that it has found at each heading: a second in the largest page that is read, but a square.
MOST_OF = {"page of headings": 3.2}
SHAPES = {
    **{name: ("txt", shape) for name, shape in shapes.texts().items()},
    **{name: ("html", shape) for name, shape in shapes.pages().items()},
    **{name: ("jsonl", shape) for name, shape in shapes.json_lines().items()},
    **{name: ("csv", shape) for name, shape in shapes.tables().items()},
}
#: Bytes by kind. Readers are fast: their square shows at larger sizes.
SIZES = {"txt": 20_000, "html": 100_000, "jsonl": 400_000, "csv": 200_000}

pytestmark = pytest.mark.no_cover


@pytest.mark.parametrize("name", SHAPES)
def test_time_grows_with_size_and_not_with_its_square(tmp_path: Path, name: str) -> None:
    kind, shape = SHAPES[name]
    path = tmp_path / f"a.{kind}"

    def clean(size: int) -> None:
        path.write_bytes(shape(size))
        clean_documents(list(read(str(path), CONFIG.sources))[:50], CONFIG)

    time_grows(clean, SIZES[kind], 2 * SIZES[kind], MOST_OF.get(name, MOST_GROWTH), FLOOR)
