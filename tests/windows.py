"""Forgets the windows that encoder and judge remember, for tests of what these answer when they are asked anew."""

from __future__ import annotations

from copydesk.text.typos.model import Model


def forget(model: Model) -> None:
    if model.encoder is not None:
        model.encoder.known.clear()
    if model.judge is not None:
        model.judge().known.clear()
