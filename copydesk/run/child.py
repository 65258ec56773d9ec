"""How a worker process begins: with the user's word lists, and so that it ends with its parent.

This module imports little, since a process reads its word lists when it imports what makes patterns of them.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from importlib import import_module


def begin(lists: str | None) -> None:
    """Prepare a new process for documents that are cleaned with the lists of the folder `lists`.

    The script that started the run is imported again in each of its workers (`multiprocessing`, method spawn). Where it
    imports what reads the shipped lists, nothing was made of them yet, and it is forgotten.
    """
    if not import_module("copydesk.config.user_lists").could_install(lists):
        for name in [name for name in sys.modules if name.partition(".")[0] == "copydesk"]:
            del sys.modules[name]
        import_module("copydesk.config.user_lists").install(lists)
    _end_with_parent()


def _end_with_parent() -> None:
    """End when the run is killed. The pool by itself would wait for work for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
