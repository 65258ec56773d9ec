"""Mojibake: text that was read in another encoding than it was written in, and how it is put right.

`utf8` finds UTF-8 that was misread, `lossy` what lost a byte on the way, `legacy` old encodings that were misread as
Western European. `mend` brings them together; what none of them explains goes to ftfy (Robyn Speer), line by line.
"""

from copydesk.text.mojibake.mend import RULE, damage, in_doubt, mend, misreadings

__all__ = ["RULE", "damage", "in_doubt", "mend", "misreadings"]
