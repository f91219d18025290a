"""The query of a page's URL: what a link to exactly this view must hold."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import panel as pn

_LONGEST: Final = 200
LONGEST_PASSAGE: Final = 8_000


class Address:
    """Reads and writes the query. Values that came from outside are short strings and nothing more is believed of them.

    Without a session (in a notebook) it is empty and writing does nothing.
    """

    def __init__(self, location: Any = None) -> None:
        self._location = location
        self._movers: list[Callable[[], None]] = []
        self.pinned: int | None = None
        """The revision that the page is pinned to, which every query names; None for a page that is live."""
        self._take(location.search if location is not None else "")

    @classmethod
    def of_session(cls) -> "Address":
        """Return the address of the session that is being built; it follows where its browser goes."""
        location = pn.state.location if pn.state.curdoc is not None else None
        address = cls(location)
        if location is not None:
            location.param.watch(lambda event: address.go(event.new), "search")
        return address

    def _take(self, search: str | None) -> None:
        self._given = _parsed(search)
        self.query: Mapping[str, str] = {
            key: value[:_LONGEST] for key, value in self._given.items() if value.isprintable()
        }

    def on_move(self, function: Callable[[], None]) -> None:
        """Have a function called when the browser goes to another query, back, forward or by a link."""
        self._movers.append(function)

    def go(self, search: str) -> None:
        """Take up the query that the browser went to. One that was written here is no news."""
        if _parsed(search) == self._given:
            return
        self._take(search)
        for move in self._movers:
            move()

    def text(self, key: str) -> str:
        """Return a value as text; empty if it is absent."""
        return self.query.get(key, "").strip()

    def passage(self, key: str) -> str:
        """Return a value as a text of several lines; empty if it is absent, too long or holds control characters."""
        value = self._given.get(key, "").replace("\r\n", "\n")
        is_text = all(character.isprintable() or character in "\n\t" for character in value)
        return value.strip() if is_text and len(value) <= LONGEST_PASSAGE else ""

    def choice(self, key: str, choices: Iterable[str], default: str = "") -> str:
        """Return a value if it is one of the choices, else the default."""
        value = self.text(key)
        return value if value in choices else default

    def choices(self, key: str, choices: Iterable[str], default: Iterable[str]) -> list[str]:
        """Return a comma-separated list's values that are among the choices; the default if the key is absent."""
        if key not in self.query:
            return list(default)
        wanted = self.text(key).split(",")
        return [choice for choice in choices if choice in wanted]

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int | None:
        """Return a whole number within bounds, else the default."""
        value = self.text(key)
        return int(value) if value.isascii() and value.isdigit() and low <= int(value) <= high else default

    def flag(self, key: str) -> bool:
        """Return whether a value is 1."""
        return self.text(key) == "1"

    def within(self, word: str) -> dict[str, str]:
        """Return the values of `word.name` by name, such as the filters of a table's columns."""
        return {key.removeprefix(f"{word}."): self.text(key) for key in self.query if key.startswith(f"{word}.")}

    def write(self, **values: str | int | bool | None) -> None:
        """Set the query to these values; those that are empty, false or None are left out."""
        kept = {
            key: "1" if value is True else str(value)
            for key, value in {**values, "revision": self.pinned}.items()
            if value is not False and value not in ("", None)
        }
        self.query = self._given = kept
        if self._location is not None:
            search = f"?{urlencode(kept, quote_via=quote, safe=',')}" if kept else ""
            if self._location.search != search:
                self._location.search = search


def _parsed(search: str | None) -> dict[str, str]:
    return dict(parse_qsl((search or "").removeprefix("?")))
