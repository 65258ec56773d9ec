"""Validation: metrics of articles, edits, partitions and runs, and the suites that judge them."""
