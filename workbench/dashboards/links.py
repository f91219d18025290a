"""Links between the pages. In a notebook there is nothing to link to, and the same places show plain text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from markupsafe import Markup

HIGHEST_REVISION: Final = 10**9
PINNABLE: Final = ("fleet", "ports", "topology", "findings")
"""The pages that can show a kept revision."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links, or plain text where `is_linked` is false. Links to nodes keep a query of the topology page.

    Those of a page that is `pinned` to a revision lead to that revision too, where there is such a page of it.
    """

    is_linked: bool = True
    kept: Mapping[str, str] = field(default_factory=dict)
    pinned: int | None = None

    def crate(self, name: str) -> Markup:
        """Return a crate's name, leading to it on the fleet page."""
        return self._link("fleet", {"crate": name}, name)

    def port(self, port: int) -> Markup:
        """Return a port's number, leading to it on the ports page."""
        return self._link("ports", {"port": port}, port, "port")

    def node(self, node: str, text: str) -> Markup:
        """Return a text that leads to a node of the slot graph."""
        return self._link("topology", {**self.kept, "node": node}, text)

    def graph(self, text: str, **query: object) -> Markup:
        """Return a text that leads to a view of the slot graph."""
        return self._link("topology", query, text)

    def kind(self, kind: str, style: str = "") -> Markup:
        """Return a kind of finding, leading to all findings of it."""
        return self._link("findings", {"kind": kind}, kind, style)

    def severity(self, severity: str, text: object, style: str = "") -> Markup:
        """Return a text that leads to all findings of a severity."""
        return self._link("findings", {"severity": severity}, text, style)

    def clashes(self, text: object, style: str = "") -> Markup:
        """Return a text that leads to the port map, with the errors about ports."""
        return self._link("ports", {"severity": "error"}, text, style)

    def manifest(self, path: str, text: object, style: str = "") -> Markup:
        """Return a text that leads to all that is known of a manifest, also of one in which no crate can be read."""
        return self._link("fleet", {"manifest": path}, text, style)

    def query(self, sql: str, text: str) -> Markup:
        """Return a text that leads to the answer of a query."""
        return self._link("sql", {"sql": sql}, text)

    def then(self, revision: int, text: object) -> Markup:
        """Return a text that leads to the fleet as it was at a revision."""
        return self._link("fleet", {"revision": revision}, text)

    def change(self, older: int, newer: int, text: object) -> Markup:
        """Return a text that leads to what changed from one revision to another."""
        return self._link("history", {"from": older, "to": newer}, text)

    def _link(self, page: str, query: dict[str, object], text: object, kind: str = "") -> Markup:
        if not self.is_linked:
            return Markup('<span class="{}">{}</span>').format(kind, text)
        pin = {"revision": self.pinned} if self.pinned is not None and page in PINNABLE else {}
        href = f"{page}?{urlencode({**query, **pin}, quote_via=quote)}"
        return Markup('<a class="{}" href="{}">{}</a>').format(kind, href, text)
