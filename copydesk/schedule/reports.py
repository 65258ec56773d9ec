"""The reports of a warehouse under an address of this machine, so that a link in the Prefect UI opens them.

A browser follows no link from a page of a server to a file, and none to an object store. The reports have a port of
their own: on the port of the server their pages could ask its API.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from copydesk.warehouse import Warehouse, WarehouseError

#: Names of this machine. A page of another site that has its name point here would send its own.
_HOSTS = {"127.0.0.1", "localhost", "[::1]"}


@contextmanager
def reports_at(port: int, warehouse: str) -> Iterator[str]:
    """Answer on `port` of 127.0.0.1, or any if it is taken, with the reports of a warehouse; yields the address."""
    handler = _handler(warehouse)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, name="reports", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def _handler(warehouse: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "copydesk", ""

        def do_GET(self) -> None:
            self._answer(with_content=True)

        def do_HEAD(self) -> None:
            self._answer(with_content=False)

        def _answer(self, with_content: bool) -> None:
            host = self.headers.get("Host", "").rpartition(":")
            if (host[0] or host[2]) not in _HOSTS:
                self.send_error(HTTPStatus.FORBIDDEN)
                return
            name = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
            name += "index.html" if name.endswith("/") else ""
            try:
                content = Warehouse.open(warehouse).read_report(name)  # opened each time: it may not exist yet
            except (ValueError, WarehouseError):  # the first for a name that could lead to another folder
                content = None
            if content is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-cache")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if with_content:
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing: `serve` prints what concerns the nights."""

    return Handler
