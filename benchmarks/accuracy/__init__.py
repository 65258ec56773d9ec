"""How right each step is on real text, beside the tool that one would take instead: `python -m benchmarks.accuracy`."""
