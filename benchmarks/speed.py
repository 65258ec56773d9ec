"""The speed gate: CPU time of a small fixed run, without typos and typos only, compared with pinned ratios.

    python -m benchmarks.speed                   measure, compare with the newest pin; exits with 1 if 20 % slower
    python -m benchmarks.speed --pin "why"       measure with more rounds, and add the ratios to speed.json
    python -m benchmarks.speed --history         the pins so far

A ratio is the CPU seconds of cleaning divided by those of a fixed calibration workload, which runs before and after in
the same process, so that a slower processor, cache contention or a lower clock rate cancel out. Each round cleans other
documents, so that no cache holds a whole one. Several processes measure the same rounds; the result is the mean of the
rounds' medians. Slow results are measured again before they count. Ratios vary a little between processors and Python
versions: the margin is wider if the pin was made on others.

`import` and `help` are CPU seconds of `import copydesk` and `copydesk --help`, compared with fixed limits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks import calibration
from benchmarks.machine import Machine, subject

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
PINS = FOLDER / "speed.json"
#: Maximum ratio to the pin, and the same if the pin was made on another processor or Python.
MARGIN, MARGIN_ELSEWHERE = 1.20, 1.40
#: Maximum CPU seconds of a fresh process.
LIMITS = {"import": 0.15, "help": 0.30}
COMMANDS = {"import": ["-c", "import copydesk"], "help": ["-m", "copydesk.cli", "--help"]}
FIGURES = ("clean", "typos")
#: The ratios of one process, round by round.
Ratios = dict[str, list[float]]
#: Processes, rounds in each, measurements before a slow result counts, and processes for a pin.
PROCESSES, ROUNDS, TRIES, PIN_PROCESSES = 2, 10, 3, 8
DOCUMENTS = {"clean": 36, "typos": 12}


# --- the documents ----------------------------------------------------------------------------------------------------


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def foreign() -> Iterator[bytes]:
    """A text in each of many languages."""
    yield from (row["raw_text"].encode() for row in _rows(FOLDER / "accuracy" / "own" / "articles" / "texts.jsonl"))


def documents(number: int) -> list[bytes]:
    """The documents of round `number`: the same kinds of damage in each round, in other words."""
    chance = random.Random(number)
    bodies = _rows(FOLDER / "bodies.jsonl")
    others = list(foreign())
    chance.shuffle(others)
    made = []
    for place in range(DOCUMENTS["clean"]):
        if place % 9 == 8:
            made.append(others[place // 9])
            continue
        text = _page(chance.sample(bodies, 4), chance)
        made.append(_DAMAGE[place % 9](text))
    return made


def _page(bodies: Sequence[Mapping[str, Any]], chance: random.Random) -> str:
    """A page: lines above a story, some 2 kB of paragraphs, lines below it."""
    headline = bodies[0]["headline"]
    paragraphs = [paragraph for body in bodies for paragraph in body["paragraphs"]]
    chance.shuffle(paragraphs)
    place, agency = chance.choice(("BEIRUT", "LONDON", "Ankara", "GENEVA")), chance.choice(("Reuters", "AFP", "AP"))
    top = [
        headline, chance.choice((headline, headline.upper(), f"{headline} | Coast Courier", "Share this article")),
        f"May {chance.randint(1, 28)}, 20{chance.randint(10, 24)}", "By Jane Doe and Robert Miles",
    ]  # fmt: skip
    below = ["Read more: The ferry that nobody takes", "Source: Coast Courier", str(chance.randint(100, 9000))]
    return "\n\n".join([*top, f"{place} ({agency}) – {paragraphs[0]}", *paragraphs[1:], *below])


def _curly(text: str) -> str:
    return text.replace(' "', " “").replace('"', "”").replace("'", "’")


#: The damage of each of nine documents; most have none.
_DAMAGE: tuple[Callable[[str], bytes], ...] = (
    str.encode,
    lambda text: _curly(text).encode(),
    str.encode,
    lambda text: _curly(text).encode("cp1252", "ignore"),
    lambda text: text.replace("\n\n", "\r\n").replace(" the ", "\xa0the ").encode(),
    lambda text: _curly(text).encode().decode("cp1252", "ignore").encode(),
    lambda text: text.replace('"', "&quot;").replace(" and ", " &amp; ").replace("town", "<b>town</b>").encode(),
    lambda text: text.replace("er ", "re ", 3).replace("ll", "l", 2).encode(),
)


def digest() -> str:
    """A digest of the documents: pins of other documents cannot be compared."""
    whole = b"\0".join(content for number in range(ROUNDS + 1) for content in documents(number))
    return hashlib.sha256(whole).hexdigest()[:16]


# --- measuring --------------------------------------------------------------------------------------------------------


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def ratio(work: Callable[[], object], yardstick: Callable[[], object]) -> float:
    """CPU seconds of `work` over those of `yardstick`, which runs before and after it."""
    before, spent, after = _cpu(yardstick), _cpu(work), _cpu(yardstick)
    return 2 * spent / (before + after)


def rounds(count: int = ROUNDS) -> Ratios:
    """The ratios of `count` rounds, by figure, measured in this process, behind a round that warms it up."""
    import copydesk
    from copydesk import languages
    from copydesk.config import TyposConfig
    from copydesk.correct import correct_typos

    config, without = copydesk.Config(), copydesk.Config(typos=TyposConfig(mode="off"))

    def clean(raw: Sequence[bytes]) -> list[copydesk.Cleaned]:
        return [copydesk.clean(content, str(place), without) for place, content in enumerate(raw)]

    if any(one.article is None for one in clean([*foreign(), *documents(0)])):
        raise RuntimeError("documents of the run could not be cleaned; their time says nothing")
    found: Ratios = {name: [] for name in FIGURES}
    for number in range(count + 1):
        raw = documents(number)
        some = clean(raw[: DOCUMENTS["typos"]])
        languages.model("en").forget()  # the paragraphs of all rounds are the same
        pair = {
            "clean": ratio(partial(clean, raw), calibration.of_text),
            "typos": ratio(partial(correct_typos, some, config), calibration.of_numbers),
        }
        for name in FIGURES if number else ():
            found[name].append(pair[name])
    return found


def _child(arguments: Sequence[str]) -> tuple[str, float]:
    """What a fresh Python prints, and the CPU seconds that it takes."""
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    env = {**os.environ, **threads, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], env=env, stdout=subprocess.PIPE, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(processes: int = PROCESSES, burdens: Sequence[str] = ()) -> list[Ratios]:
    """The ratios of several fresh processes, one after the other."""
    command = ["-m", "benchmarks.speed", "--rounds", *(f"--burden={burden}" for burden in burdens)]
    return [json.loads(_child(command)[0]) for _ in range(processes)]


def figures(processes: Sequence[Ratios]) -> dict[str, float]:
    """The mean of the rounds' medians."""
    return {
        name: mean(median(values) for values in zip(*(one[name] for one in processes), strict=True)) for name in FIGURES
    }


def starts() -> dict[str, float]:
    """CPU seconds of each start, the best of three; the first one may have to compile."""
    return {name: min(_child(arguments)[1] for _ in range(3)) for name, arguments in COMMANDS.items()}


# --- the pins ---------------------------------------------------------------------------------------------------------


def pins() -> list[dict[str, Any]]:
    """Every pin so far, the newest last."""
    return list(json.loads(PINS.read_text("utf-8"))) if PINS.exists() else []


def margin(pin: Mapping[str, Any], machine: Machine) -> float:
    return MARGIN if (pin["processor"], pin["python"]) == machine else MARGIN_ELSEWHERE


def slower(found: Mapping[str, float], pin: Mapping[str, Any], machine: Machine) -> set[str]:
    """The figures that exceed their pin by more than the margin."""
    return {name for name in FIGURES if found[name] > pin["figures"][name] * margin(pin, machine)}


def compare(
    pin: Mapping[str, Any], machine: Machine, measure: Callable[[], list[Ratios]]
) -> tuple[dict[str, float], set[str]]:
    """The figures, and which are too slow. What is too slow is measured again, and all processes count together."""
    processes: list[Ratios] = []
    for _ in range(TRIES):
        processes += measure()
        late = slower(found := figures(processes), pin, machine)
        if not late:
            break
    return found, late


def pinned(why: str, machine: Machine) -> dict[str, Any]:
    found = figures(measured(PIN_PROCESSES))
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": subject(),
        "why": why,
        **machine._asdict(),
        "documents": digest(),
        "figures": {name: round(value, 3) for name, value in found.items()},
        "starts": {name: round(seconds, 3) for name, seconds in starts().items()},
    }


def lines(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Pins as a table."""
    names = (*FIGURES, *LIMITS)
    yield f"{'date':<12}" + "".join(f"{name:>9}" for name in names) + "  why"
    for pin in found:
        values = pin["figures"] | pin["starts"]
        yield f"{pin['date']:<12}" + "".join(f"{values[name]:>9.3f}" for name in names) + f"  {pin['why']}"


def check(pin: Mapping[str, Any], burdens: Sequence[str]) -> int:
    """Measure, print, and give the exit code."""
    machine = Machine.here()
    if pin["documents"] != digest():
        print('The documents are others than those of the pin; pin anew: python -m benchmarks.speed --pin "…"')
        return 1
    found, late = compare(pin, machine, lambda: measured(burdens=burdens))
    for name in FIGURES:
        was, is_now = pin["figures"][name], found[name]
        verdict = f"TOO SLOW, at most {margin(pin, machine):.2f}" if name in late else "ok"
        verdict += "; faster than pinned: pin it, and it stays so" if is_now < was * 0.9 else ""
        print(f"{name:<8}{is_now:>7.3f} × calibration, pinned {was:.3f}: {is_now / was:.2f}  {verdict}")
    for name, seconds in starts().items():
        slow = seconds > LIMITS[name]
        print(f"{name:<8}{seconds:>7.3f} s of CPU, at most {LIMITS[name]:.2f}  {'TOO SLOW' if slow else 'ok'}")
        late |= {name} if slow else set()
    return int(bool(late))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pin", metavar="WHY", help="measure, and add the ratios to speed.json")
    parser.add_argument("--history", action="store_true", help="print the pins so far")
    burden = "burn so many milliseconds at each call of a function of copydesk.pipeline, to see that it is noticed"
    parser.add_argument("--burden", action="append", default=[], metavar="NAME=MS", help=burden)
    parser.add_argument("--rounds", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.rounds:
        for burden in options.burden:
            _burden(*burden.split("="))
        print(json.dumps(rounds()))
        return 0
    known = pins()
    if options.history:
        print("\n".join(lines(known)))
        return 0
    if options.pin:
        known.append(pinned(options.pin, Machine.here()))
        PINS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print("\n".join(lines(known[-2:])))
        return 0
    if not known:
        parser.error('nothing is pinned yet: python -m benchmarks.speed --pin "first pin"')
    return check(known[-1], options.burden)


def _burden(step: str, milliseconds: str) -> None:
    """Make a function of the pipeline slower in this process."""
    from copydesk import pipeline

    function, spend = getattr(pipeline, step), float(milliseconds) / 1000

    def slowed(*args: Any, **kwargs: Any) -> Any:
        until = time.process_time() + spend
        while time.process_time() < until:
            pass
        return function(*args, **kwargs)

    setattr(pipeline, step, slowed)


if __name__ == "__main__":
    sys.exit(main())
