"""What travels between a run and the workers of a cluster: compressed values, and the user's files.

Workers import this module, so it imports little.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import copydesk

if TYPE_CHECKING:
    from copydesk.config import Config

#: Libraries that decide what an article becomes.
DECISIVE = ("chardet", "ftfy", "onnxruntime", "trafilatura")
#: Level of zstd: on news a higher one costs more CPU than it saves bytes.
LEVEL = 1
#: Names of the user's files in a parcel.
LISTS, PROTECTED, LEARNED = "lists", "protected.txt", "learned"


class ClusterError(RuntimeError):
    """The cluster cannot be used. The message says what to do."""


class CleanerDied(RuntimeError):
    """The process that cleaned a batch died."""


def packed(value: Any) -> bytes:
    """`value` as a compressed pickle, behind its size in 8 bytes."""
    import pyarrow as pa

    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    compressed: bytes = pa.Codec("zstd", compression_level=LEVEL).compress(content, asbytes=True)
    return len(content).to_bytes(8, "big") + compressed


def unpacked(parcel: bytes) -> Any:
    """What was `packed`."""
    import pyarrow as pa

    size = int.from_bytes(parcel[:8], "big")
    content = pa.Codec("zstd").decompress(memoryview(parcel)[8:], size)
    return pickle.loads(content)  # noqa: S301  # from the run or its worker, which trust each other's code already


# --- versions --------------------------------------------------------------------------------------------------------


def versions() -> dict[str, str]:
    """The versions that decide what an article becomes, by name; `none` for what is not installed."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"copydesk": copydesk.__version__, "Python": python, **{name: _version(name) for name in DECISIVE}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def different(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Which of the `found` versions are not those `wanted`, in words; empty if all are."""
    return ", ".join(
        f"{name} {found.get(name, 'none')} instead of {version}"
        for name, version in wanted.items()
        if found.get(name) != version
    )


# --- the user's files ------------------------------------------------------------------------------------------------


def user_files(config: Config) -> dict[str, bytes]:
    """The files that the settings name and cleaning reads, by their name in a parcel. Raises `ClusterError`."""
    found: dict[str, bytes] = {}
    typos = config.typos
    if config.lists.folder is not None:
        found |= _files("lists.folder", Path(config.lists.folder), LISTS)
    if typos.mode != "off" and typos.protected is not None:
        found[PROTECTED] = _content("typos.protected", Path(typos.protected))
    if typos.mode != "off" and typos.learned is not None:
        found |= _files("typos.learned", Path(typos.learned), LEARNED)
    return found


def with_user_files(config: Config, folder: Path) -> Config:
    """`config` with the paths of its files in `folder`, where a worker keeps them."""
    lists, typos = config.lists, config.typos
    if lists.folder is not None:
        lists = lists.model_copy(update={"folder": str(folder / LISTS)})
    if typos.protected is not None:
        typos = typos.model_copy(update={"protected": str(folder / PROTECTED)})
    if typos.learned is not None:
        typos = typos.model_copy(update={"learned": str(folder / LEARNED)})
    return config.model_copy(update={"lists": lists, "typos": typos})


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files by their names below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def digest(parcel: bytes) -> str:
    return hashlib.sha256(parcel).hexdigest()


def _files(setting: str, folder: Path, name: str) -> dict[str, bytes]:
    if not folder.is_dir():
        raise ClusterError(f"{setting}: {folder} is not a folder on this machine, from where it is sent to the workers")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {f"{name}/{path.relative_to(folder).as_posix()}": _content(setting, path) for path in paths}


def _content(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClusterError(f"{setting}: {path} cannot be read: {error.strerror}") from error
