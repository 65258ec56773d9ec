"""Typos, also those that are words: found by what stands on both sides, and corrected where that is certain."""
