"""Text of strangers, made fit for one line of a log or a cell of a table."""

from typing import Final

LONGEST: Final = 300


def one_line(text: str, longest: int = LONGEST) -> str:
    r"""Return a text in which nothing can break the line, move a cursor or hide: other characters as `\\x1b`."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:longest]
    )
    return shown if len(text) <= longest and len(shown) <= longest else f"{shown[: longest - 1]}…"
