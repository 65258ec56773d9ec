"""The speed gate: what it calls slow, what it measures, and that its pins are of the run that is measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import calibration, speed
from copydesk import pipeline

HERE = speed.Machine("a processor", "3.11")
PIN: dict[str, Any] = {
    **HERE._asdict(), "date": "2026-11-28", "commit": "A subject", "why": "a first pin", "documents": speed.digest(),
    "figures": {"clean": 2.0, "typos": 1.0}, "starts": {"import": 0.02, "help": 0.06},
}  # fmt: skip


def processes(*clean: float) -> list[speed.Ratios]:
    """A process for each figure of `clean`, in three rounds of which one is disturbed."""
    return [{"clean": [value, value * 1.01, value * 0.99], "typos": [1.0, 1.0, 1.0]} for value in clean]


def test_a_figure_is_the_mean_of_medians() -> None:
    found: list[speed.Ratios] = [
        {"clean": [1.0, 3.0], "typos": [1.0, 1.0]},
        {"clean": [1.2, 9.0], "typos": [1.0, 2.0]},
        {"clean": [5.0, 3.2], "typos": [1.0, 1.0]},
    ]
    assert speed.figures(found) == {"clean": (1.2 + 3.2) / 2, "typos": 1.0}


def test_a_fifth_is_too_much_and_less_is_not() -> None:
    assert speed.slower({"clean": 2.39, "typos": 1.19}, PIN, HERE) == set()
    assert speed.slower({"clean": 2.41, "typos": 1.19}, PIN, HERE) == {"clean"}
    assert speed.slower({"clean": 1.0, "typos": 1.3}, PIN, HERE) == {"typos"}


def test_the_margin_is_wider_on_another_machine() -> None:
    for other in (speed.Machine("another", "3.11"), speed.Machine("a processor", "3.12")):
        assert speed.slower({"clean": 2.7, "typos": 1.0}, PIN, other) == set()
        assert speed.slower({"clean": 2.9, "typos": 1.0}, PIN, other) == {"clean"}


def test_what_looks_slow_is_measured_again() -> None:
    answers = [processes(2.6, 2.6, 2.0), processes(2.0, 2.0, 2.0), processes(9.0, 9.0, 9.0)]
    figures, late = speed.compare(PIN, HERE, lambda: answers.pop(0))
    assert (round(figures["clean"], 2), late, len(answers)) == (2.0, set(), 1)
    answers = [processes(2.5, 2.5, 2.5)] * 4
    figures, late = speed.compare(PIN, HERE, lambda: answers.pop(0))
    assert (round(figures["clean"], 2), late, len(answers)) == (2.5, {"clean"}, 1)


def test_rounds_have_other_documents_of_the_same_kinds() -> None:
    first, second = speed.documents(1), speed.documents(2)
    assert first == speed.documents(1)
    assert len(first) == len(second) == speed.DOCUMENTS["clean"]
    assert not set(first) & set(second) - set(speed.foreign())
    assert any(content.startswith(b"\xef\xbb\xbf") or not _is_utf8(content) for content in first)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.no_cover  # time is measured
def test_a_slower_step_is_measured_as_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process and a few rounds: twice the work must show, whatever else the machine does."""
    normalize = pipeline.normalize
    before = speed.rounds(2)
    typical = sum(before["clean"]) / 2

    def slowed(*args: Any, **kwargs: Any) -> Any:
        for _ in range(3):
            calibration.of_text(1)  # 36 documents x 3: about 4.5 of the yardstick
        return normalize(*args, **kwargs)

    monkeypatch.setattr(pipeline, "normalize", slowed)
    after = speed.rounds(2)
    assert sum(after["clean"]) / 2 > typical + 2
    assert sum(after["typos"]) < sum(before["typos"]) * 2


def test_documents_that_fail_are_no_measure_of_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(pipeline, "normalize", broken)
    with pytest.raises(RuntimeError, match="could not be cleaned"):
        speed.rounds(1)


def test_a_pin_is_added_and_compared_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "PINS", tmp_path / "speed.json")
    monkeypatch.setattr(speed.Machine, "here", staticmethod(lambda: HERE))
    monkeypatch.setattr(speed, "starts", lambda: {"import": 0.02, "help": 0.06})
    monkeypatch.setattr(speed, "measured", lambda *_, **__: processes(2.0))
    with pytest.raises(SystemExit):
        speed.main([])
    assert "nothing is pinned yet" in capsys.readouterr().err
    assert speed.main(["--pin", "the first"]) == speed.main(["--pin", "the second"]) == speed.main([]) == 0
    pins = json.loads((tmp_path / "speed.json").read_text("utf-8"))
    assert [pin["why"] for pin in pins] == ["the first", "the second"]
    assert pins[0].keys() == PIN.keys()
    assert pins[0]["figures"] == {"clean": 2.0, "typos": 1.0}
    capsys.readouterr()
    assert speed.main(["--history"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    monkeypatch.setattr(speed, "measured", lambda *_, **__: processes(2.5))
    assert speed.main([]) == 1
    assert "TOO SLOW, at most 1.20" in capsys.readouterr().out
    monkeypatch.setattr(speed, "measured", lambda *_, **__: processes(2.0))
    monkeypatch.setattr(speed, "starts", lambda: {"import": 0.2, "help": 0.06})
    assert speed.main([]) == 1
    monkeypatch.setattr(speed, "digest", lambda: "other documents")
    assert speed.main([]) == 1
    assert "pin anew" in capsys.readouterr().out


def test_the_newest_pin_is_of_the_documents_that_are_measured() -> None:
    assert speed.pins()[-1]["documents"] == speed.digest(), 'python -m benchmarks.speed --pin "why"'
