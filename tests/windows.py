"""The windows that encoder and judge remember: tests of what these answer anew forget them."""

from __future__ import annotations

from collections.abc import Collection

from copydesk.text.typos.model import Model
from copydesk.text.typos.windows import Window


def forget(model: Model) -> None:
    if model.encoder is not None:
        model.encoder.known.clear()
    if model.judge is not None:
        model.judge().known.clear()


def known(model: Model) -> Collection[Window]:
    """Those of the encoder."""
    return model.encoder.known if model.encoder is not None else ()
