"""Runs: the stages of a night, its batches and worker processes."""
