"""Copies of articles: which there are, of which kind, and from where they were taken over.

`docs/explanation/duplicates.md` says how it works.
"""
