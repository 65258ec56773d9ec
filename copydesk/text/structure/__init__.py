"""Structure: `lines` reads the lines of a text; `layout` lists the rules that classify them, and builds the layout and
the edits from their decisions. The rules are in `head`, `body`, `tail`, `opening` and `settle`.
"""

from copydesk.text.structure.layout import Given, Layout, structure, structure_all

__all__ = ["Given", "Layout", "structure", "structure_all"]
