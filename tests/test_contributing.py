"""CONTRIBUTING.md works: what it shows is done in a copy of the project, and the tests that it adds pass there."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import copydesk
from copydesk.config import Config, TyposConfig

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
BLOCK = re.compile(r"^( *)```\w+\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = shutil.ignore_patterns(".*", "out", "build", "dist", "__pycache__", "*.egg-info")


def blocks(title: str) -> list[str]:
    """What a section of the guide shows, block by block."""
    section = GUIDE[GUIDE.index(f"\n## {title}\n") + 1 :]
    return [textwrap.dedent(block) for _, block in BLOCK.findall(section.partition("\n## ")[0])]


CASES = {
    title: json.loads(blocks(title)[0])
    for title in (
        "Add an agency",
        "Add a furniture phrase",
        "Add a structure rule",
        "Add a language",
        "Mend a typo, or a false correction",
    )
}


@pytest.mark.parametrize("title", CASES)
def test_a_case_of_the_guide_fails_without_the_change(title: str) -> None:
    case = CASES[title]
    is_typo = isinstance(case["expect"], str)
    config = Config(typos=TyposConfig(mode="fast" if is_typo else "off"))
    article = copydesk.clean(case["text"], uri="any", config=config).article
    assert article is not None
    if is_typo:
        assert (article.headline or article.body) != case["expect"]
    else:
        assert any(str(getattr(article, name)) != str(value) for name, value in case["expect"].items())


class Copy:
    """A copy of the project that is changed as the guide says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT)

    def append(self, file: str, text: str) -> None:
        path = self.folder / file
        path.write_text(f"{path.read_text('utf-8').rstrip()}\n{text}", "utf-8")

    def insert(self, file: str, place: str, text: str) -> None:
        """Put `text` in front of the first `place`, as deep as that stands."""
        path = self.folder / file
        before, found, after = path.read_text("utf-8").partition(place)
        assert found, f"{file} has no {place!r}"
        indent = re.sub(r"\S.*", "", before.rpartition("\n")[2] + place)
        path.write_text(before + textwrap.indent(text, indent)[len(indent) :] + indent + found + after, "utf-8")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_the_guide_leads_to_changes_that_work(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")

    agency = blocks("Add an agency")
    copy.append("tests/cases/structure.jsonl", agency[0])
    copy.append("copydesk/data/agencies.txt", "Zephyra\n")

    phrase = blocks("Add a furniture phrase")
    copy.append("tests/cases/structure.jsonl", phrase[0])
    copy.insert("copydesk/data/furniture.toml", '"subscribe now"', '"tap here to join our channel",\n')
    copy.append("copydesk/data/furniture.toml", f"\n{phrase[1]}")
    variable = {**json.loads(phrase[0]), "name": "furniture: text for alerts on a channel"}
    variable["text"] = variable["text"].replace("Tap here to join our channel", "Text FERRY to 12345 for alerts")
    copy.append("tests/cases/structure.jsonl", json.dumps(variable))

    rule = blocks("Add a structure rule")
    copy.append("tests/cases/structure.jsonl", rule[0])
    copy.insert("copydesk/text/structure/tail.py", "from collections.abc", "import re\n")
    copy.append("copydesk/text/structure/tail.py", f"\n\n{rule[1]}")
    copy.insert("copydesk/text/structure/layout.py", "tail.below_story,", rule[2])
    copy.append("copydesk/data/rules.toml", f"\n{rule[3]}")

    check = blocks("Add a check")
    copy.insert("tests/test_checks.py", '"no-body": {', check[0])
    copy.insert("copydesk/checks/metrics.py", '"rebuilds": "', check[1])
    copy.insert("copydesk/checks/metrics.py", '"rebuilds": table', check[2])
    copy.insert("expectations/README.md", "| `rebuilds` |", check[3])
    suite = copy.folder / "expectations" / "articles.json"
    entries = json.loads(suite.read_text("utf-8"))
    entries["expectations"].append(json.loads(check[4]))
    suite.write_text(json.dumps(entries), "utf-8")
    copy.append("copydesk/data/rules.toml", f"\n{check[5]}")

    reader = blocks("Add a source format")
    copy.insert("copydesk/sources/readers.py", "import json", "import email.policy\n")
    copy.insert("copydesk/sources/readers.py", "#: By extension", f"{reader[0]}\n\n")
    copy.insert("copydesk/sources/readers.py", '".txt": read_text', reader[1])
    copy.append("tests/test_sources.py", f"\n\n{reader[2]}")

    language = blocks("Add a language")
    copy.append("tests/cases/structure-languages.jsonl", language[0])
    (copy.folder / "copydesk/data/lines/mt.toml").write_text(language[1], "utf-8")

    typo = blocks("Mend a typo, or a false correction")
    copy.append("tests/cases/typos.jsonl", typo[0])
    english = copy.folder / "copydesk" / "languages" / "en"
    before = hashlib.sha256((english / "alone.txt").read_bytes()).hexdigest()
    copy.append("copydesk/languages/en/alone.txt", "ralliers\n")
    after = hashlib.sha256((english / "alone.txt").read_bytes()).hexdigest()
    manifest = english / "manifest.json"
    assert before in manifest.read_text("utf-8")
    manifest.write_text(manifest.read_text("utf-8").replace(before, after), "utf-8")

    ours = "zephyra channel press maltese ralliers trained email every_flaw explained readme".split()
    files = [f"tests/test_{name}.py" for name in ("cases", "typos", "sources", "checks", "rules", "lists")]
    printed = copy.run(*files, "-k", " or ".join(ours))
    assert int(re.findall(r"(\d+) passed", printed)[-1]) > 100, printed
