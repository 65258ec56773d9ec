"""The benchmarks that no other test runs still run: they wrap functions of the library by name."""

from __future__ import annotations

from pathlib import Path

from benchmarks import throughput


def test_the_throughput_is_measured_part_by_part(tmp_path: Path) -> None:
    articles = tmp_path / "articles.jsonl"
    throughput.write_articles(throughput.pool(None), 3, articles)
    took = throughput.measured("off", articles, tmp_path, watch=True)
    assert took["published"] == 3
    assert {"repair", "structure", "to Arrow", "commit", "everything else"} <= took["parts"].keys()
    assert took["peak_bytes"] > 2**20
