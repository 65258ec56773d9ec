"""What the package knows of English, for the stages that make the rest: tokens, letters, shapes."""

from __future__ import annotations

from copydesk import languages
from copydesk.text.typos.tokens import Tokenizer
from copydesk.text.typos.variants import Variants

GRAMMAR = languages.grammar(languages.HERE / "en")
VARIANTS = Variants(GRAMMAR)

#: The tokens of a text.
tokens = Tokenizer(GRAMMAR.clitics)
