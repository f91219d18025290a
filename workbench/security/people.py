"""The people who may sign in: a JSON file of names and hashed passwords."""

import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.errors import ConfigurationError, NotFound
from workbench.files import replace_file

SHORTEST: Final = 10
_SCHEME: Final = "scrypt"
_COST: Final = 2**14
_BLOCK: Final = 8
_NAME: Final = re.compile(r"[\w.@+-]{1,64}")
_HASHED: Final = re.compile(r"scrypt:[0-9a-f]{32}:[0-9a-f]{64}")


@dataclass(frozen=True)
class People:
    """The users of a file, which is read anew at each sign-in: who is taken out of it is out."""

    path: Path

    def read(self) -> dict[str, str]:
        """Return the hashed passwords by name. Raises ConfigurationError."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigurationError(
                f"{self.path}: no such file; make it with `workbench users set NAME --file {self.path}`"
            ) from None
        except json.JSONDecodeError as error:
            raise ConfigurationError(f"{self.path}:{error.lineno}:{error.colno}: {error.msg}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self.path}: cannot be read: {error}") from None
        if not isinstance(found, dict):
            raise ConfigurationError(f"{self.path}: expected an object of names and hashed passwords")
        for name, hashed in found.items():
            if not _NAME.fullmatch(name) or not isinstance(hashed, str) or not _HASHED.fullmatch(hashed):
                # A password that stands there in the clear must not reach a log.
                raise ConfigurationError(
                    f'{self.path}: "{name}" has no hashed password; use `workbench users set NAME --file {self.path}`'
                )
        return found

    def has(self, name: str) -> bool:
        """Whether a person may be signed in; nobody may while the file is damaged."""
        try:
            return name in self.read()
        except ConfigurationError:
            return False

    def accepts(self, name: str, password: str) -> bool:
        """Whether this is the person's password. It takes as long for a name that is not there."""
        hashed = self.read().get(name)
        is_right = _matches(hashed or _NOBODYS, password)
        return hashed is not None and is_right

    def set(self, name: str, password: str) -> None:
        """Add a person, or change the password. Raises ConfigurationError."""
        if not _NAME.fullmatch(name):
            raise ConfigurationError("a person is named by up to 64 letters, digits and . @ + - _")
        if len(password) < SHORTEST:
            raise ConfigurationError(f"a password has at least {SHORTEST} characters")
        known = self.read() if self.path.exists() else {}
        self._write(known | {name: _hashed(password, secrets.token_bytes(16))})

    def remove(self, name: str) -> None:
        """Take a person out. Raises NotFound and ConfigurationError."""
        known = self.read()
        if name not in known:
            raise NotFound(f'{self.path}: nobody is named "{name}"')
        self._write({other: hashed for other, hashed in known.items() if other != name})

    def _write(self, people: dict[str, str]) -> None:
        try:
            replace_file(self.path, json.dumps(people, indent=2, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise ConfigurationError(f"{self.path}: cannot be written: {error.strerror or error}") from None


def _hashed(password: str, salt: bytes) -> str:
    digest = hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=_COST, r=_BLOCK, p=1, dklen=32)
    return f"{_SCHEME}:{salt.hex()}:{digest.hex()}"


def _matches(hashed: str, password: str) -> bool:
    salt = bytes.fromhex(hashed.split(":")[1])
    return hmac.compare_digest(_hashed(password, salt), hashed)


_NOBODYS: Final = f"{_SCHEME}:{os.urandom(16).hex()}:{'0' * 64}"
