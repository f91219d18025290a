"""TOML text to Python values: by the fastest parser that is sure of itself, else by the one that is right."""

import re
from typing import Any, Final

import rtoml
import tomli

_TIME: Final = re.compile(r"\d:\d")


def parse_toml(text: str) -> dict[str, Any]:
    """Return the document of a TOML text.

    rtoml reads several times as fast as tomli; tomli is the authority on every text that rtoml refuses or
    that holds what the two might read differently. Raises tomli.TOMLDecodeError, or ValueError and
    RecursionError for numbers and nesting beyond all measure.
    """
    if _is_plain(text):
        try:
            return rtoml.loads(text)
        except rtoml.TomlParsingError:
            pass
    return tomli.loads(text)


def _is_plain(text: str) -> bool:
    """Whether both parsers surely agree on a text, should rtoml accept it.

    They differ in the class of a time zone, in line ends inside strings, and in a second byte order mark.
    """
    has_time = ":" in text and _TIME.search(text) is not None
    return not has_time and "\r" not in text and "\ufeff" not in text
