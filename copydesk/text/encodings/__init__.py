"""Decoding: `decode` tries the encodings in order, `charsets` detects legacy encodings, `single_byte` chooses among
single-byte encodings, `mixed` finds pieces in other encodings inside UTF-8.
"""

from copydesk.text.encodings.charsets import detect, superset
from copydesk.text.encodings.decode import Decoded, Undecodable, decode

__all__ = ["Decoded", "Undecodable", "decode", "detect", "superset"]
