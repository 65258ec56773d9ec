"""Safe display of text: control, bidirectional and invisible characters are shown as symbols.

Scraped text may contain escape sequences that control a terminal, and bidirectional overrides that make a page show
something else than its characters say (https://trojansource.codes). Invisible characters that the spelling of Persian
or Hindi needs are kept, unless every character is to be shown: in a diff, the invisible ones matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SHORT_NAMES = {
    "\t": "⇥",
    "\n": "⏎",
    "\x7f": "⟨DEL⟩",
    "\xa0": "⍽",
    "\xad": "⟨SHY⟩",
    "\u061c": "⟨ALM⟩",
    "\u200b": "⟨ZWSP⟩",
    "\u200c": "⟨ZWNJ⟩",
    "\u200d": "⟨ZWJ⟩",
    "\u200e": "⟨LRM⟩",
    "\u200f": "⟨RLM⟩",
    "\u2028": "⟨LS⟩",
    "\u2029": "⟨PS⟩",
    "\u202a": "⟨LRE⟩",
    "\u202b": "⟨RLE⟩",
    "\u202c": "⟨PDF⟩",
    "\u202d": "⟨LRO⟩",
    "\u202e": "⟨RLO⟩",
    "\u2060": "⟨WJ⟩",
    "\u2066": "⟨LRI⟩",
    "\u2067": "⟨RLI⟩",
    "\u2068": "⟨FSI⟩",
    "\u2069": "⟨PDI⟩",
    "\ufeff": "⟨BOM⟩",
}

#: The abbreviations of the control characters U+0000 to U+001F (ISO/IEC 6429).
_C0 = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI "
    "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
).split()

#: Always shown: controls (except tab and line feed), line separators, bidirectional embeddings, overrides and isolates,
#: lone surrogates, annotations, noncharacters and tags.
_STEERING = (
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u206f\\ud800-\\udfff\\ufff9-\\ufffb\\ufffe\\uffff"
    "\\U000e0000-\\U000e007f"
)
_INVISIBLE = "\\t\\n\\xa0\\xad\\u061c\\u180e\\u2000-\\u200f\\u202f\\u205f-\\u2065\\u3000\\ufeff"

_HARMFUL_RE = re.compile(f"[{_STEERING}]")
#: Spaces are shown where they are easily overlooked: at either end, and in runs.
_EVERY_RE = re.compile(f"[{_STEERING}{_INVISIBLE}]|^ | $|(?<= ) | (?= )")


def symbol(character: str) -> str:
    """The symbol of one invisible character: `⟨ESC⟩`, `⟨RLO⟩`, `⟨U+0085⟩`; a space becomes `·`."""
    if character == " ":
        return "·"
    if character in _SHORT_NAMES:
        return _SHORT_NAMES[character]
    code = ord(character)
    return f"⟨{_C0[code]}⟩" if code < 0x20 else f"⟨U+{code:04X}⟩"


def pieces(text: str, every: bool = False) -> Iterator[tuple[str, str]]:
    """`text` as (shown text, name): plain text has the name "", a symbol the name of its character.

    With `every`, all invisible characters become symbols, including white space and joiners; otherwise only the harmful
    ones.
    """
    here = 0
    for match in (_EVERY_RE if every else _HARMFUL_RE).finditer(text):
        if match.start() > here:
            yield text[here : match.start()], ""
        character = match.group()
        name = unicodedata.name(character, "")
        yield symbol(character), f"U+{ord(character):04X} {name}".rstrip()
        here = match.end()
    if here < len(text):
        yield text[here:], ""


def visible(text: str, every: bool = False) -> str:
    """`text` with symbols for harmful characters; with `every`, for all invisible ones."""
    return "".join(shown for shown, _ in pieces(text, every))
