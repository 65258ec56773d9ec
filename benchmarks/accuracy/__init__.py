"""Accuracy of each step on real text, compared with the usual tool for it: `python -m benchmarks.accuracy`."""
