"""Addresses of Dask schedulers, checked without Dask, so that a wrong one is refused before anything starts."""

from __future__ import annotations

import re

#: Protocols of Dask whose address is a host and a port.
_WITH_PORT = ("tcp", "tls", "ucx", "ucxx")
#: Those that leave the port out, or have something else there.
_OTHERS = ("ws", "wss", "inproc")
#: Under this name packages tell Dask of protocols of theirs.
_PLUGINS = "distributed.comm.backends"
_PLACE = re.compile(r"(?P<host>\[[^\s\[\]]+\]|[^\s:/@\[\]]+)(?::(?P<port>[^/]*))?(?P<path>/.*)?")


def wrong_with(address: str) -> str:
    """What to write instead of `address`; empty if it may be that of a scheduler."""
    protocol, separator, place = address.rpartition("://")
    found = _PLACE.fullmatch(place)
    if not found or (separator and not protocol):
        return "write tcp://HOST:PORT, as `dask scheduler` prints it"
    host, port, path = found["host"], found["port"], found["path"]
    number = port if port and port.isascii() and port.isdigit() and 0 < int(port) < 2**16 else None
    whole = f"tcp://{host}:{number or 'PORT'}"
    if not separator:
        return f"write {whole}"
    if protocol in _OTHERS or (protocol not in _WITH_PORT and _is_added(protocol)):
        return ""
    if protocol not in _WITH_PORT:
        return f"{protocol} is no protocol of Dask; write tcp://HOST:PORT, as `dask scheduler` prints it"
    if number is None:
        said = "has no port" if port is None else f"has no port that is a number up to {2**16 - 1:,}"
        return f"{said}; write {protocol}://{host}:PORT, as `dask scheduler` prints it, often {protocol}://{host}:8786"
    return f"write {protocol}://{host}:{number}" if path else ""


def _is_added(protocol: str) -> bool:
    """Whether an installed package adds this protocol to Dask."""
    from importlib.metadata import entry_points  # slow to import, and hardly ever needed

    return bool(entry_points(name=protocol, group=_PLUGINS))
