"""A real night over every hostile input: each document is published or quarantined, as the corpus says, and once."""

from __future__ import annotations

import pytest
from nights import Left, settled

from hostile.corpus import PUBLISHED, fates, kinds

KINDS = kinds()


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """What a night leaves that reads all kinds; no partition is judged by its share, which is another test's matter."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, kind in KINDS.items():
        for file, content in kind.files.items():
            path = folder / "raw" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    limits = {"min_documents": 10**6}
    return settled(folder / "raw", folder / "warehouse", gate=limits, typos={"mode": "off"})


def became(left: Left) -> dict[str, str]:
    held = {uri: " and ".join(sorted(set(rules))) for uri, rules in left.reasons.items()}
    return held | dict.fromkeys(left.articles["uri"], PUBLISHED)


@pytest.mark.parametrize("name", KINDS)
def test_each_document_becomes_what_the_corpus_says(left: Left, name: str) -> None:
    found = became(left)
    wanted = fates(name, KINDS[name])
    assert {uri: found.get(uri) for uri in wanted} == wanted
    assert {uri for uri in found if uri.startswith(f"{name}/")} <= wanted.keys()


def test_nothing_came_twice_and_nothing_was_lost(left: Left) -> None:
    wanted = [uri for name, kind in KINDS.items() for uri in fates(name, kind)]
    assert sorted(became(left)) == sorted(wanted) and len(set(wanted)) == len(wanted)


def test_raw_bytes_stand_whole_in_the_quarantine(left: Left) -> None:
    raw = {f"{name}/{file}": content for name, kind in KINDS.items() for file, content in kind.files.items()}
    for row in left.quarantine.to_dict("records"):
        file = row["uri"].partition("#")[0]
        if file in raw and "#" in row["uri"] and file.endswith("jsonl"):
            number = int(row["uri"].rpartition("#")[2])
            assert row["content"] == raw[file].split(b"\n")[number - 1]
        elif file in raw:
            assert row["content"] == raw[file]
