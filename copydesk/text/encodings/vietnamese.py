"""The Vietnamese encodings VISCII (RFC 1456) and TCVN3 (the fonts of ABC, after TCVN 5712:1993), which Python lacks.

Importing this module registers them with `codecs`, as `viscii` and `tcvn3`.
"""

from __future__ import annotations

import codecs
from typing import Any

_UNDEFINED = "\ufffe"
#: From 0x80 on, sixteen bytes a line.
_VISCII = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐ"
    "ỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ"
    "Õắằặấầẩậẽẹếềểễệố"
    "ồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳ"
    "ĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉ"
    "đựòóôõỏọụùúũủýợỮ"
)
_VISCII_BELOW = {0x02: "Ẳ", 0x05: "Ẵ", 0x06: "Ẫ", 0x14: "Ỷ", 0x19: "Ỹ", 0x1E: "Ỵ"}
#: From 0xA0 on; a dot is an undefined byte.
_TCVN3 = ".ĂÂÊÔƠƯĐăâêôơưđ......àảãáạ.ằẳẵắ.......ặầẩẫấậè.ẻẽéẹềểễếệìỉ...ĩíịò.ỏõóọồổỗốộờởỡớợù.ủũúụừửữứựỳỷỹýỵ."
#: The character of each byte, by codec; U+FFFE for undefined ones.
TABLES = {
    "viscii": "".join(_VISCII_BELOW.get(byte, chr(byte)) for byte in range(128)) + _VISCII,
    "tcvn3": "".join(map(chr, range(128))) + _UNDEFINED * 32 + _TCVN3.replace(".", _UNDEFINED),
}
CODECS = tuple(TABLES)


def _find(name: str) -> codecs.CodecInfo | None:
    table = TABLES.get(name)
    if table is None:
        return None

    bytes_of = codecs.charmap_build(table)

    def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
        return codecs.charmap_encode(text, errors, bytes_of)

    def decode(content: Any, errors: str = "strict") -> tuple[str, int]:
        return codecs.charmap_decode(content, errors, table)

    class Decoder(codecs.IncrementalDecoder):
        def decode(self, input: Any, final: bool = False) -> str:  # noqa: A002 - the name in `codecs`
            return codecs.charmap_decode(input, self.errors, table)[0]

    return codecs.CodecInfo(encode, decode, incrementaldecoder=Decoder, name=name)


codecs.register(_find)
