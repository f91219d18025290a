"""The `[mux]` settings: where a Neural Mux is, and how it is asked."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from workbench.errors import ConfigurationError
from workbench.sections.ports import Section

if TYPE_CHECKING:
    from workbench.mux.follower import MuxOptions


class MuxSettings(Section):
    """`[mux]`: off without a `url`. Times are in seconds; the token stands in a variable or a file, never here."""

    url: str | None = None
    token_env: str | None = None
    token_file: str | None = None
    interval: Annotated[float, Field(ge=0.5, le=3600)] = 5.0
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    max_bytes: Annotated[int, Field(ge=1000, le=100_000_000)] = 4_000_000
    socket: bool = True

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            parts = urlsplit(value)
            is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_sound = False
        if not is_sound:
            raise ValueError(f'expected an address such as "http://localhost:18100", found "{value[:100]}"')
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(
                "expected no user, password, query or fragment in the address; see token_env and token_file"
            )
        return value.rstrip("/")

    def options(self, environment: Mapping[str, str] | None = None) -> "MuxOptions | None":
        """Return how the Mux is asked; None if there is none. Raises ConfigurationError if its token is not there."""
        if self.url is None:
            return None
        from workbench.mux.follower import MuxOptions

        token = self._token(os.environ if environment is None else environment)
        return MuxOptions(self.url, token, self.interval, self.timeout, self.max_bytes, self.socket)

    def _token(self, environment: Mapping[str, str]) -> str | None:
        if self.token_env and self.token_file:
            raise ConfigurationError("mux: give token_env or token_file, not both")
        if self.token_env:
            if not environment.get(self.token_env, "").strip():
                raise ConfigurationError(f"mux.token_env: the variable {self.token_env} is not set")
            return _checked(environment[self.token_env], f"the variable {self.token_env}")
        if self.token_file:
            try:
                return _checked(Path(self.token_file).expanduser().read_text("utf-8"), self.token_file)
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"mux.token_file: {self.token_file} cannot be read: {error}") from None
        return None


def _checked(text: str, where: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            f"mux: {where} holds no token: expected one line of printable characters without spaces"
        )
    return token
