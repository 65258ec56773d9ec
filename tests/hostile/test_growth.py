"""Hostile shapes take time in proportion to their size: twice the size, no more than so many times the time.

Time is that of the processor, untraced. Under `FLOOR` seconds it says nothing; what grows with the square is far above,
since the sizes are those at which it shows.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from clocks import cpu_seconds

from copydesk.config import Config, RunConfig
from copydesk.pipeline import clean_documents
from copydesk.sources.reading import read
from hostile import shapes

CONFIG = Config(run=RunConfig(workers=1))
MOST_GROWTH, FLOOR = 2.6, 0.6
SHAPES = {
    **{name: ("txt", shape) for name, shape in shapes.texts().items()},
    **{name: ("html", shape) for name, shape in shapes.pages().items()},
    **{name: ("jsonl", shape) for name, shape in shapes.json_lines().items()},
    **{name: ("csv", shape) for name, shape in shapes.tables().items()},
}
#: Bytes by kind. Readers are fast: their square shows at larger sizes.
SIZES = {"txt": 20_000, "html": 100_000, "jsonl": 400_000, "csv": 200_000}

pytestmark = pytest.mark.no_cover


def seconds(path: Path, content: bytes) -> float:
    path.write_bytes(content)
    return cpu_seconds(lambda: clean_documents(list(read(str(path), CONFIG.sources))[:50], CONFIG))


@pytest.mark.parametrize("name", SHAPES)
def test_time_grows_with_size_and_not_with_its_square(tmp_path: Path, name: str) -> None:
    kind, shape = SHAPES[name]
    size = SIZES[kind]
    path = tmp_path / f"a.{kind}"
    for _ in range(3):  # a busy machine may be slow once
        twice = seconds(path, shape(2 * size))
        if twice <= FLOOR or twice <= MOST_GROWTH * seconds(path, shape(size)):
            return
    pytest.fail(f"{2 * size:,} bytes take {twice:.1f} s, more than {MOST_GROWTH} times as long as half of them")
