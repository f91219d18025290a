"""Names and secrets for other databases: from the environment or a file, never on a command line, never shown."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from workbench.errors import ConfigurationError
from workbench.security.secret_file import read_secret

NAMES: Final = (
    "PGUSER",
    "PGPASSWORD",
    "SUPABASE_KEY",
    "POSTGREST_TOKEN",
    "SURREAL_USER",
    "SURREAL_PASS",
    "SURREAL_TOKEN",
    "SURREAL_AUTH_LEVEL",
)
"""The variables that are read; those of PostgreSQL and SurrealDB are the ones that their own tools know."""


_BEHIND: Final = re.compile(r"[?#]")


class Credentials(Mapping[str, str]):
    """What is known of NAMES."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if name in NAMES and value}

    @classmethod
    def read(cls, file: Path | None = None) -> "Credentials":
        """Return those of a file with lines `NAME=value`, and of the environment where it has none.

        Raises ConfigurationError for a file that cannot be read, and for a line that is no such thing.
        """
        if file is None:
            return cls(os.environ)
        text = read_secret(file)
        if text is None:
            raise ConfigurationError(f"{file}: no such file")
        lines = enumerate(text.splitlines(), 1)
        told = dict(_pair(file, number, line) for number, line in lines if line.strip() and line.strip()[0] != "#")
        return cls({**os.environ, **told})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Credentials {', '.join(self._values) or 'none'}>"


def without_secrets(url: str) -> str:
    """Return a URL as it may be shown: without a password, a query and a fragment."""
    scheme, slashes, rest = url.partition("://")
    shown = _BEHIND.split(rest, maxsplit=1)[0]
    place, slash, path = shown.partition("/")
    user, at, host = place.rpartition("@")
    return f"{scheme}{slashes}{user.partition(':')[0]}{at}{host}{slash}{path}"


def _pair(file: Path, number: int, line: str) -> tuple[str, str]:
    name, equals, value = line.strip().removeprefix("export ").partition("=")
    name = name.strip()
    if not equals or name not in NAMES:
        # The line itself is not shown: it may be a secret.
        raise ConfigurationError(f"{file}:{number}: expected NAME=value, with a NAME of {', '.join(NAMES)}")
    return name, value.strip().strip("\"'")
