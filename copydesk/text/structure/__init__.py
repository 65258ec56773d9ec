"""Structure: `reader` goes through the paragraphs of a text from the top and from the end, and asks the others what a
line is: `headline`, `page` and `furniture` (what stands around a story), `column_lines` and `credit_lines` (dates,
authors, sources, counters), `lead` and `datelines` (what stands in front of the first sentence).
"""

from copydesk.text.structure.reader import Given, Layout, structure

__all__ = ["Given", "Layout", "structure"]
