"""Runs: the stages of a night, the batches and processes that do its work, and its schedule."""
