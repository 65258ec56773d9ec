"""Takes the styles, scripts and icons of Data Docs from npm packages into `copydesk/checks/data_docs/static`.

The versions are those that the pages of Great Expectations load from public networks. Vega, which they load too, draws
the charts of its profiler; no expectation of copydesk draws one. Needs npm; `make vendor` runs it, and only when
versions change: what it writes is part of the source, with the SHA-256 of every file in `versions.json`.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

STATIC = Path(__file__).parent.parent / "copydesk" / "checks" / "data_docs" / "static"


class Package(NamedTuple):
    """An npm package: its licence file, and its files by the names that they get here."""

    name: str
    version: str
    licence: str
    files: Mapping[str, str]


ICONS = Package("@fortawesome/fontawesome-free", "6.6.0", "LICENSE.txt", {})
PACKAGES = (
    Package(
        "bootstrap",
        "4.3.1",
        "LICENSE",
        {"bootstrap.css": "dist/css/bootstrap.min.css", "bootstrap.js": "dist/js/bootstrap.min.js"},
    ),
    Package(
        "@forevolve/bootstrap-dark",
        "1.1.0",
        "LICENSE",
        {"bootstrap-dark.css": "dist/css/bootstrap-prefers-dark.min.css"},
    ),
    Package("jquery", "3.7.1", "LICENSE.txt", {"jquery.js": "dist/jquery.min.js"}),
    Package("popper.js", "1.12.9", "", {"popper.js": "dist/umd/popper.min.js"}),
    Package(
        "bootstrap-table",
        "1.19.1",
        "LICENSE",
        {
            "bootstrap-table.css": "dist/bootstrap-table.min.css",
            "bootstrap-table.js": "dist/bootstrap-table.min.js",
            "filter-control.css": "dist/extensions/filter-control/bootstrap-table-filter-control.min.css",
            "filter-control.js": "dist/extensions/filter-control/bootstrap-table-filter-control.min.js",
        },
    ),
    Package(
        "bootstrap-datepicker",
        "1.9.0",
        "LICENSE",
        {
            "datepicker.css": "dist/css/bootstrap-datepicker.min.css",
            "datepicker.js": "dist/js/bootstrap-datepicker.min.js",
        },
    ),
    ICONS,
)
#: The icons of the pages by the class that names them; the whole font would be 230 kB for nine of them.
GLYPHS = {
    "fa-check-circle": "circle-check",
    "fa-times": "xmark",
    "fa-exclamation-triangle": "triangle-exclamation",
    "fa-question-circle": "circle-question",
    "fa-comment": "comment",
    "fa-trash": "trash",
    "fa-search": "magnifying-glass",
    "fa-plus": "plus",
    "fa-minus": "minus",
}
ICON_CSS = """\
/* Icons of Font Awesome Free 6.6.0, https://fontawesome.com, CC BY 4.0, Copyright 2024 Fonticons, Inc. */
.fa, .fas, .far {
  display: inline-block;
  width: 1em;
  height: 1em;
  vertical-align: -0.125em;
  background: currentColor;
  -webkit-print-color-adjust: exact;
  print-color-adjust: exact;
  forced-color-adjust: none;
  -webkit-mask: var(--icon, radial-gradient(closest-side, #000 70%, transparent 71%)) center / contain no-repeat;
  mask: var(--icon, radial-gradient(closest-side, #000 70%, transparent 71%)) center / contain no-repeat;
}
"""
MIT_OF_POPPER = """\
The MIT License (MIT), Copyright © 2016 Federico Zivolo and contributors; the permission notice is that of bootstrap
above.
"""
APACHE = """\
Apache License, Version 2.0; its text is the file LICENSE of copydesk. Copyright 2012 Stefan Petre, Andrew Rowlls.
"""


def unpack(package: Package, folder: Path) -> Path:
    """Download the package; returns the folder of its files."""
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}", "--pack-destination", str(folder)]
    packed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]  # noqa: S603
    where = folder / re.sub(r"\W+", "-", package.name)
    with tarfile.open(folder / packed) as archive:
        archive.extractall(where, filter="data")
    return where / "package"


def icons(folder: Path) -> str:
    """The style sheet of the icons."""
    rules = [ICON_CSS]
    for name, glyph in GLYPHS.items():
        svg = re.sub(r"<!--.*?-->", "", (folder / "svgs" / "solid" / f"{glyph}.svg").read_text("utf-8"))
        escaped = svg.strip().replace('"', "'").replace("#", "%23").replace("<", "%3C").replace(">", "%3E")
        rules.append(f'.{name} {{ --icon: url("data:image/svg+xml,{escaped}"); }}\n')
    return "".join(rules)


def licence(package: Package, folder: Path) -> str:
    if not package.licence:
        return MIT_OF_POPPER
    text = (folder / package.licence).read_text("utf-8")
    return APACHE if "Apache License" in text else text


def main() -> None:
    STATIC.mkdir(parents=True, exist_ok=True)
    versions: dict[str, dict[str, str]] = {}
    licences = ["The styles, scripts and icons in this folder were made by others, under these licences.\n"]
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            folder = unpack(package, Path(scratch))
            title = f"{package.name} {package.version}"
            licences.append(f"{title}\n{'-' * len(title)}\n{licence(package, folder).strip()}\n")
            files = {name: (folder / source).read_bytes() for name, source in package.files.items()}
            if package is ICONS:
                files = {"icons.css": icons(folder).encode()}
            for name, content in files.items():
                content = re.sub(rb"\s*/[/*][#@] sourceMappingURL=\S+(?: \*/)?\s*$", b"\n", content)
                (STATIC / name).write_bytes(content)
                digest = hashlib.sha256(content).hexdigest()
                versions[name] = {"package": package.name, "version": package.version, "sha256": digest}
    (STATIC / "LICENSES.txt").write_text("\n\n".join(licences), "utf-8")
    (STATIC / "versions.json").write_text(json.dumps(versions, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
