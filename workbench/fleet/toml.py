"""TOML text to Python values: by the fastest parser that is sure of itself, else by the one that is right."""

from typing import Any

import rtoml
import tomli


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
    return not _may_hold_time(text) and "\r" not in text and "\ufeff" not in text


def _may_hold_time(text: str) -> bool:
    """Whether a colon stands between two digits, as in every time of day."""
    colon = text.find(":")
    while colon != -1:
        if text[colon - 1 : colon].isdigit() and text[colon + 1 : colon + 2].isdigit():
            return True
        colon = text.find(":", colon + 1)
    return False
