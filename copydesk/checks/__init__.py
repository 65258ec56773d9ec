"""Validation: what is measured of articles, edits, partitions and runs, and the suites that judge it."""
