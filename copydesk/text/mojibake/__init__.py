"""Mojibake: finds and repairs text that was decoded in the wrong encoding.

`utf8` finds misread UTF-8, `lossy` misread characters that lost a byte, `legacy` legacy encodings misread as Western
European. `mend` combines them; what none of them explains goes to ftfy (Robyn Speer), line by line.
"""

from copydesk.text.mojibake.mend import RULE, damage, in_doubt, mend, misreadings

__all__ = ["RULE", "damage", "in_doubt", "mend", "misreadings"]
