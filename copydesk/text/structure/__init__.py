"""Structure: `lines` reads the lines of a text, `layout` lists the rules that decide what each is on its page, and
makes the layout and the edits of their decisions. The rules stand in `head`, `body`, `tail`, `opening` and `settle`.
"""

from copydesk.text.structure.layout import Given, Layout, structure

__all__ = ["Given", "Layout", "structure"]
