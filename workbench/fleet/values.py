"""Values as manifests write them: port numbers, and how a message names what it found instead."""

import re
from typing import Final

MAX_PORT: Final = 65535
_QUOTED_PORT: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


def describe(value: object) -> str:
    """Return a value as an error message names it: its TOML type and, if short, the value itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the string "{value}"' if len(value) <= 40 else f"a string of {len(value)} characters"
    if isinstance(value, int):
        return f"the number {value}" if -(10**20) < value < 10**20 else "a very large number"
    if isinstance(value, float):
        return f"the number {value}"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, dict):
        return "a table"
    return f"the {type(value).__name__} {value}"


def port_number(value: object) -> int:
    """Return a port from a manifest value: a whole number from 1 to 65535, or such a number in a string.

    Raises ValueError with the reason for anything else.
    """
    if type(value) is int and 1 <= value <= MAX_PORT:  # nearly all of them
        return value
    if isinstance(value, bool):
        raise ValueError(f"a port must be a whole number from 1 to {MAX_PORT}, not {describe(value)}")
    if isinstance(value, str):
        if not _QUOTED_PORT.fullmatch(value):
            raise ValueError(f"a port in quotes must be digits only, not {describe(value)}")
        value = int(value)
    if not isinstance(value, int):
        raise ValueError(f"a port must be a whole number from 1 to {MAX_PORT}, not {describe(value)}")
    if not 1 <= value <= MAX_PORT:
        raise ValueError(f"a port must be from 1 to {MAX_PORT}, not {describe(value).removeprefix('the number ')}")
    return value
