"""Did you mean …?"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_SIMILARITY: Final = 0.8


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that a misspelt one most likely means; None if none is close."""
    return next(iter(get_close_matches(word, known, n=1, cutoff=_SIMILARITY)), None)
