"""Bytes to text: `decode` says in which order, `charsets` what legacy encodings look like, `single_byte` which of those
with one byte a character reads best, `mixed` where pieces of other encodings stand in UTF-8.
"""

from copydesk.text.encodings.charsets import detect, superset
from copydesk.text.encodings.decode import Decoded, Undecodable, decode

__all__ = ["Decoded", "Undecodable", "decode", "detect", "superset"]
