"""The file of the named tokens: one JSON line for each that was created or revoked, only ever added to."""

import fcntl
import hashlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from workbench.errors import ConfigurationError, Conflict, NotFound
from workbench.security.scopes import Scope
from workbench.security.tokens import TOKENS_FILE, Token

logger = logging.getLogger(__name__)

PREFIX: Final = "wb_"
"""What secrets begin with, so that scanners of repositories know them."""

_Identity: TypeAlias = tuple[int, int, int] | None
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Name
    at: float
    by: str


class Created(_Line):
    """A token that was created."""

    event: Literal["created"] = "created"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    expires_at: float | None = None

    def token(self) -> Token:
        """Return what a server needs to know of it."""
        known = Token.of(self.name, "", self.scopes, self.expires_at)
        return Token(self.name, bytes.fromhex(self.sha256), known.scopes, self.expires_at)


class Revoked(_Line):
    """The end of a token."""

    event: Literal["revoked"] = "revoked"


_LINE: Final[TypeAdapter[Created | Revoked]] = TypeAdapter(Annotated[Created | Revoked, Field(discriminator="event")])


@dataclass(frozen=True)
class TokenRecord:
    """What a person may know of a token: never its secret."""

    created: Created
    revoked_at: float | None = None

    def state(self, now: float) -> str:
        """Return `active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.created.token().is_over(now) else "active"


class TokenFile:
    """The named tokens of a state folder. Any process may add to the file; readers look again when it has changed."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = folder / TOKENS_FILE
        self._clock = clock
        self._identity: _Identity = (0, 0, 0)
        self._tokens: tuple[Token, ...] = ()

    def read(self) -> list[TokenRecord]:
        """Return all tokens that ever were, oldest first. Raises ConfigurationError that names the damaged line."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self.path}: cannot be read: {error}") from None
        return _folded(self._parsed(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())

    def _parsed(self, number: int, line: str) -> Created | Revoked:
        try:
            return _LINE.validate_json(line)
        except ValidationError as invalid:
            # Never the input itself: a damaged line may hold anything.
            first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"] if part not in ("created", "revoked"))
            said = f"{place}: {first['msg']}" if place else "is no JSON object of a token"
            raise ConfigurationError(f"{self.path}:{number}: {said}; mend or remove the line") from None

    def current(self) -> Sequence[Token]:
        """Return the tokens that hold; none of them while the file is damaged, which is logged once."""
        identity = self._look()
        if identity != self._identity:
            self._identity = identity
            try:
                self._tokens = tuple(item.created.token() for item in self.read() if item.revoked_at is None)
            except ConfigurationError as error:
                self._tokens = ()
                logger.error("no named token is accepted: %s", error.message)
        return self._tokens

    def _look(self) -> _Identity:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def create(self, name: str, scopes: Sequence[Scope], seconds: float | None = None) -> str:
        """Add a token and return its secret, which is kept nowhere.

        `seconds` is how long it holds; None for ever. Raises Conflict if the name is in use, ConfigurationError.
        """
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        sha256 = hashlib.sha256(secret.encode()).hexdigest()
        try:
            line = Created(
                name=name, at=now, by=_user(), sha256=sha256, scopes=list(dict.fromkeys(scopes)),
                expires_at=None if seconds is None else now + seconds,
            )  # fmt: skip
        except ValidationError as invalid:
            place = invalid.errors()[0]["loc"][0]
            raise ConfigurationError(
                "a token is named by up to 64 letters, digits, dots, dashes and underscores"
                if place == "name"
                else f"a token's {place} cannot be used"
            ) from None

        def check(records: list[TokenRecord]) -> None:
            if any(item.created.name == name and item.state(now) == "active" for item in records):
                raise Conflict(f'a token is named "{name}" already; revoke it first, or choose another name')

        self._add(line, check)
        return secret

    def revoke(self, name: str) -> None:
        """End all tokens of a name. Raises NotFound if none holds, ConfigurationError."""

        def check(records: list[TokenRecord]) -> None:
            if not any(item.created.name == name and item.revoked_at is None for item in records):
                raise NotFound(f'no token is named "{name}"; see `workbench tokens list`')

        self._add(Revoked(name=name, at=self._clock(), by=_user()), check)

    def _add(self, line: Created | Revoked, check: Callable[[list[TokenRecord]], None]) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(number, "ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
                check(self.read())
                file.write(line.model_dump_json().encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ConfigurationError(f"{self.path}: cannot be written: {error.strerror or error}") from None


def _folded(lines: Iterable[Created | Revoked]) -> list[TokenRecord]:
    records: list[TokenRecord] = []
    for line in lines:
        if isinstance(line, Created):
            records.append(TokenRecord(line))
            continue
        for index, item in enumerate(records):
            if item.created.name == line.name and item.revoked_at is None:
                records[index] = TokenRecord(item.created, line.at)
    return records


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
