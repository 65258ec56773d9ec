"""The start of a worker process: it loads the user's word lists and ends with its parent.

This module imports little: a process reads its word lists when it imports the modules that compile patterns from them.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from importlib import import_module


def begin(lists: str | None) -> None:
    """Prepare a new process to clean documents with the lists of the folder `lists`.

    Each worker imports the script that started the run again (`multiprocessing`, method spawn). If that reads the
    shipped lists, the modules of copydesk are unloaded; nothing has used them yet.
    """
    if not import_module("copydesk.config.user_lists").could_install(lists):
        for name in [name for name in sys.modules if name.partition(".")[0] == "copydesk"]:
            del sys.modules[name]
        import_module("copydesk.config.user_lists").install(lists)
    _end_with_parent()


def _end_with_parent() -> None:
    """End when the run is killed; the pool itself would wait for work forever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
