"""What a caller may be allowed to do."""

from typing import Final, Literal, get_args

Scope = Literal["read", "ports:write", "deploy", "admin"]
"""`read` counts where reads are closed; `admin` reads the audit log, and includes the other scopes."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
ALL_SCOPES: Final[frozenset[Scope]] = frozenset(SCOPES)


def expanded(scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Return the scopes with those that they include."""
    return ALL_SCOPES if "admin" in scopes else scopes
