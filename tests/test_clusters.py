"""Copies in whole runs: the tables, the report's data and the commands that show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nights
import pytest
from click.testing import CliRunner
from test_duplicates import HEADLINE, LEAD, STORY

from copydesk.cli import main


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Two nights with four articles on one story and one on another."""
    raw = tmp_path / "raw"
    raw.mkdir()

    def write(name: str, body: str, headline: str = HEADLINE, day: str = "May 2, 2024") -> None:
        (raw / name).write_text(f"{headline}\n\n{day}\n\n{body}\n", "utf-8")

    write("first.txt", STORY)
    write("other.txt", nights.STORY, "Bridge over the river closes after lorry strikes a pillar")
    nights.night(raw, tmp_path / "w")
    write("wire.txt", f"PORT ELWYN (AP) - {STORY}", day="May 3, 2024")
    write("teaser.txt", LEAD, day="May 3, 2024")
    write("again.txt", STORY, "Port Elwyn bridge shut after freighter strikes pier", "May 1, 2024")
    outcome = nights.night(raw, tmp_path / "w", nights.NIGHT.replace(day=4))
    assert outcome.report_data is not None
    (tmp_path / "clusters.json").write_text(json.dumps(outcome.report_data["clusters"]))
    return tmp_path / "w"


def invoke(warehouse: Path, *words: str) -> Any:
    done = CliRunner().invoke(main, [*words, "--warehouse", str(warehouse)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in words else done.stdout


def test_the_tables_name_the_copies_of_all_nights(warehouse: Path) -> None:
    articles = nights.table(warehouse, "articles").set_index("uri")
    ids = articles["article_id"]
    canonical = ids["again.txt"]
    assert {uri: articles["cluster_id"][uri] == canonical for uri in ids.index} == {
        "again.txt": True, "first.txt": True, "wire.txt": True, "teaser.txt": True, "other.txt": False,
    }  # fmt: skip
    assert articles["duplicate_of"].notna().sum() == 3 and articles["duplicate_of"].isna()["again.txt"]
    assert articles["syndicated_from"].dropna().to_dict() == dict.fromkeys(
        ("again.txt", "first.txt", "wire.txt", "teaser.txt"), "AP"
    )
    assert articles["version"].eq(1).all()
    pairs = nights.table(warehouse, "duplicates").set_index("article_id")
    assert pairs["kind"][[ids["first.txt"], ids["teaser.txt"]]].tolist() == ["exact", "excerpt"]
    assert len(pairs) == 3


def test_the_report_counts_and_lists_them(warehouse: Path) -> None:
    found = json.loads((warehouse.parent / "clusters.json").read_text())
    assert found["counts"] == {"exact": 2, "near": 0, "headline": 0, "update": 0, "excerpt": 1}
    assert found["syndicated"] == [{"agency": "AP", "articles": 3}]
    (cluster,) = found["largest"]
    assert cluster["articles"] == 4 and cluster["differs"] == "2 headlines; 3 dates; 46 to 162 words"
    assert cluster["members"][0]["uri"] == "again.txt"
    assert cluster["canonical"] == cluster["cluster_id"] == cluster["members"][0]["article_id"]
    assert cluster["members"][0]["kind"] is None


def test_a_night_without_copies_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(nights.story())
    outcome = nights.night(tmp_path / "a.txt", tmp_path / "w")
    assert outcome.report_data is not None
    found = outcome.report_data["clusters"]
    assert found["largest"] == [] and set(found["counts"].values()) == {0}
    outcome = nights.night(tmp_path / "a.txt", tmp_path / "v", duplicates={"enabled": False})
    assert outcome.report_data is not None and outcome.report_data["clusters"] is None
    assert not (tmp_path / "v" / "_signatures").exists()


def test_clusters_are_listed_largest_first(warehouse: Path) -> None:
    text = invoke(warehouse, "clusters", "list")
    assert text.splitlines() == [
        "    4  again.txt", "       Port Elwyn bridge shut after freighter strikes pier",
        "       2 headlines; 3 dates; 46 to 162 words", "1 cluster.",
    ]  # fmt: skip
    found = invoke(warehouse, "clusters", "list", "--json", "--agency", "AP")
    assert found["total"] == 1 and len(found["clusters"][0]["members"]) == 4
    assert invoke(warehouse, "clusters", "list", "--json", "--agency", "Reuters") == {"clusters": [], "total": 0}


def test_a_cluster_is_shown_from_any_of_its_articles(warehouse: Path) -> None:
    found = invoke(warehouse, "clusters", "show", "teaser.txt", "--json")
    assert [row["uri"] for row in found["members"]][:2] == ["again.txt", "first.txt"]
    assert found["members"][0]["kind"] is None and found["members"][1]["similarity"] == 1
    text = invoke(warehouse, "clusters", "show", "first.txt")
    assert "exact      1.00  2024-05-02" in text and "from AP" in text
    assert invoke(warehouse, "clusters", "show", "other.txt").splitlines()[-1] == "No copies."
    missing = CliRunner().invoke(main, ["clusters", "show", "nowhere.txt", "--warehouse", str(warehouse)])
    assert missing.exit_code == 2 and "copydesk why" in missing.stderr


def test_comparing_everything_again_changes_nothing(warehouse: Path) -> None:
    before = {name: digest for name, digest in nights.tree(warehouse).items() if not name.startswith("_")}
    assert invoke(warehouse, "clusters", "compare", "--json") == {"articles": 5, "copies": 3, "pairs": 3}
    assert {name: digest for name, digest in nights.tree(warehouse).items() if not name.startswith("_")} == before
    done = CliRunner().invoke(
        main, ["clusters", "compare", "--warehouse", str(warehouse)], env={"COPYDESK_DUPLICATES__ENABLED": "false"}
    )
    assert done.exit_code == 2 and "duplicates.enabled" in done.stderr


def test_a_changed_document_leaves_its_cluster(warehouse: Path) -> None:
    raw = warehouse.parent / "raw"
    fair = " ".join(
        f"Prize {number} of the fair went to a grower from the {number}th valley." for number in range(4, 20)
    )
    (raw / "first.txt").write_text(f"Growers win prizes at the county fair\n\nMay 2, 2024\n\n{fair}\n", "utf-8")
    nights.night(raw, warehouse, nights.NIGHT.replace(day=5))
    articles = nights.table(warehouse, "articles").set_index("uri")
    assert articles["cluster_id"]["first.txt"] != articles["cluster_id"]["wire.txt"]
    assert articles["version"]["first.txt"] == 2


def test_what_depends_on_other_articles_is_no_change_when_articles_are_processed_again(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPYDESK_WAREHOUSE__KEEP_RAW_DAYS", "36500")
    monkeypatch.setenv("COPYDESK_RUN__WORKERS", "1")
    before = nights.tree(warehouse)
    found = invoke(warehouse, "run", "--reprocess", "--json")
    assert found["sentence"] == "5 published articles processed again: 0 were changed."
    assert nights.tree(warehouse) == before
