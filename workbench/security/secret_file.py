"""Secrets in files of the state folder: made once, readable for their owner only."""

import logging
import os
import secrets
from pathlib import Path
from typing import Final

from workbench.errors import ConfigurationError

logger = logging.getLogger(__name__)

_OWNER_ONLY: Final = 0o600


def read_secret(path: Path) -> str | None:
    """Return what a file holds, without spaces around it; None if there is no such file.

    A file that others could read is closed to them. Raises ConfigurationError if it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.stat().st_mode & 0o077:
            logger.warning("%s could be read by others; made readable for its owner only", path)
            path.chmod(_OWNER_ONLY)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    return text.strip()


def kept_secret(path: Path) -> tuple[str, bool]:
    """Return (the secret of a file, whether it was made just now). Raises OSError and ConfigurationError."""
    known = read_secret(path)
    if known:
        return known, False
    secret = secrets.token_urlsafe(32)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "w") as file:
            file.write(f"{secret}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        known = read_secret(path)  # another process was quicker
        if not known:
            raise ConfigurationError(f"{path}: is empty; remove it, and a new one is made") from None
        return known, False
    return secret, True
