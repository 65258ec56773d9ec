"""The text steps, pure: no clock, no network, no files. Each turns a text into a new text and a list of edits."""
