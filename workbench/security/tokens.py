"""Bearer tokens: who may change something. Only their digests are held, and comparing takes always the same time."""

import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workbench.errors import ConfigurationError
from workbench.security.scopes import ALL_SCOPES, Scope, expanded
from workbench.security.secret_file import kept_secret, read_secret

if TYPE_CHECKING:
    from workbench.security.token_file import TokenFile

logger = logging.getLogger(__name__)

VARIABLE: Final = "WORKBENCH_TOKEN"
TOKEN_FILE: Final = "token"
TOKENS_FILE: Final = "tokens.jsonl"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token: its name (the actor of what is done with it), its SHA-256, what it allows, its end."""

    name: str
    digest: bytes
    scopes: frozenset[Scope] = ALL_SCOPES
    expires_at: float | None = None

    @classmethod
    def of(
        cls, name: str, secret: str, scopes: Iterable[Scope] = ALL_SCOPES, expires_at: float | None = None
    ) -> "Token":
        """Return what is kept of a secret."""
        return cls(name, digest_of(secret), expanded(frozenset(scopes)), expires_at)

    def is_over(self, now: float) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and self.expires_at <= now


class Tokens:
    """The tokens that a server accepts: those given, and those that `more` names at the moment of asking."""

    def __init__(
        self,
        tokens: Iterable[Token] = (),
        more: Callable[[], Sequence[Token]] = tuple,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tokens = tuple(tokens)
        self._more = more
        self._clock = clock

    def __len__(self) -> int:
        return len(self._tokens) + len(self._more())

    def find(self, presented: str) -> Token | None:
        """Return the token that a caller presents; None if it is none of these, or over."""
        digest = digest_of(presented)
        found = None
        for token in (
            *self._tokens,
            *self._more(),
        ):  # all of them: where the right one stands must not show in the time
            if hmac.compare_digest(digest, token.digest):
                found = token
        return None if found is None or found.is_over(self._clock()) else found


@dataclass(frozen=True)
class OpenedTokens:
    """The tokens of a server, where they come from, and the plain token if it was made just now."""

    tokens: Tokens
    where: str
    created: str | None = None


def open_tokens(folder: Path, environment: Mapping[str, str] | None = None) -> OpenedTokens:
    """Return the operator's token, that of `WORKBENCH_TOKEN` or else of the state folder, and those created by name.

    The operator's is made if there is none. A folder that cannot be used leaves the server without tokens, so that
    nothing can be changed. Raises ConfigurationError if what is there is not sound.
    """
    kept = known_token(folder, environment)
    if kept is not None:
        return kept
    try:
        secret, is_new = kept_secret(folder / TOKEN_FILE)
    except OSError as error:
        logger.error("no token can be kept in %s (%s): nothing can be changed over the API", folder, error.strerror)
        return OpenedTokens(Tokens(), f"none, since {folder} cannot be written")
    return _opened("operator", secret, folder, str(folder / TOKEN_FILE), secret if is_new else None)


def known_token(folder: Path, environment: Mapping[str, str] | None = None) -> OpenedTokens | None:
    """Return the tokens if the operator's is there already; None if there is none. Raises ConfigurationError."""
    secret = secret_of(folder, environment)
    if secret is None:
        return None
    given = (os.environ if environment is None else environment).get(VARIABLE)
    name, where = ("environment", VARIABLE) if given else ("operator", str(folder / TOKEN_FILE))
    return _opened(name, secret, folder, where)


def _opened(name: str, secret: str, folder: Path, where: str, created: str | None = None) -> OpenedTokens:
    return OpenedTokens(Tokens([Token.of(name, secret)], _named_tokens(folder)), where, created)


def _named_tokens(folder: Path) -> Callable[[], Sequence[Token]]:
    """Return what returns the tokens of the folder's file as it is then; raises ConfigurationError if it is damaged.

    Where there is no file yet, what reads it is loaded when somebody first asks: a server listens before that.
    """

    @cache
    def file() -> "TokenFile":
        from workbench.security.token_file import TokenFile

        return TokenFile(folder)

    if (folder / TOKENS_FILE).exists():
        file().read()
    return lambda: file().current()


def secret_of(folder: Path, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the operator's plain token, for a client on this machine; None if there is none.

    Raises ConfigurationError.
    """
    given = (os.environ if environment is None else environment).get(VARIABLE)
    if given:
        return sound_secret(given, VARIABLE)
    path = folder / TOKEN_FILE
    text = read_secret(path)
    return None if text is None else sound_secret(text, str(path))


def sound_secret(secret: str, where: str) -> str:
    """Return a token as it may stand in a header; raises ConfigurationError."""
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigurationError(f"{where}: a token is printable ASCII without spaces")
    return secret


def digest_of(secret: str) -> bytes:
    """Return the SHA-256 of a secret. Tokens are random and long, so that nothing slower is called for."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
