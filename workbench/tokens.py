"""Bearer tokens: who may change something. Only their digests are held, and comparing takes always the same time."""

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from workbench.errors import ConfigurationError

logger = logging.getLogger(__name__)

Scope = Literal["ports:write"]

VARIABLE: Final = "WORKBENCH_TOKEN"
TOKEN_FILE: Final = "token"
_ALL: Final[frozenset[Scope]] = frozenset({"ports:write"})
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token: its name (the actor of what is done with it), what it allows, its SHA-256."""

    name: str
    digest: bytes
    scopes: frozenset[Scope] = _ALL

    @classmethod
    def of(cls, name: str, secret: str) -> "Token":
        """Return what is kept of a secret."""
        return cls(name, _digest(secret))


class Tokens:
    """The tokens that a server accepts."""

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self._tokens = tuple(tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def find(self, presented: str) -> Token | None:
        """Return the token that a caller presents; None if it is none of these."""
        digest = _digest(presented)
        found = None
        for token in self._tokens:  # all of them: where the right one stands must not show in the time it takes
            if hmac.compare_digest(digest, token.digest):
                found = token
        return found


@dataclass(frozen=True)
class OpenedTokens:
    """The tokens of a server, where they come from, and the plain token if it was made just now."""

    tokens: Tokens
    where: str
    created: str | None = None


def open_tokens(folder: Path, environment: Mapping[str, str] | None = None) -> OpenedTokens:
    """Return the token of `WORKBENCH_TOKEN`, else that of the state folder, which is made if there is none.

    A folder that cannot be used leaves the server without a token, so that nothing can be changed. Raises
    ConfigurationError if the token that is there is not a sound one.
    """
    kept = known_token(folder, environment)
    if kept is not None:
        return kept
    path = folder / TOKEN_FILE
    secret = secrets.token_urlsafe(32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "w") as file:
            file.write(f"{secret}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return open_tokens(folder, environment)  # another process was quicker
    except OSError as error:
        logger.error("no token can be kept in %s (%s): nothing can be changed over the API", folder, error.strerror)
        return OpenedTokens(Tokens(), f"none, since {folder} cannot be written")
    return OpenedTokens(Tokens([Token.of("operator", secret)]), str(path), secret)


def known_token(folder: Path, environment: Mapping[str, str] | None = None) -> OpenedTokens | None:
    """Return the token that is there already; None if there is none. Raises ConfigurationError."""
    secret = secret_of(folder, environment)
    if secret is None:
        return None
    given = (os.environ if environment is None else environment).get(VARIABLE)
    name, where = ("environment", VARIABLE) if given else ("operator", str(folder / TOKEN_FILE))
    return OpenedTokens(Tokens([Token.of(name, secret)]), where)


def secret_of(folder: Path, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the plain token, for a client on this machine; None if there is none. Raises ConfigurationError."""
    given = (os.environ if environment is None else environment).get(VARIABLE)
    if given:
        return _sound(given, VARIABLE)
    path = folder / TOKEN_FILE
    try:
        text = path.read_text(encoding="utf-8")
        if path.stat().st_mode & 0o077:
            logger.warning("%s could be read by others; made readable for its owner only", path)
            path.chmod(_OWNER_ONLY)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    return _sound(text.strip(), str(path))


def _sound(secret: str, where: str) -> str:
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigurationError(f"{where}: a token is printable ASCII without spaces")
    return secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
