"""One crate as a notebook shows it."""

from collections.abc import Mapping
from html import escape
from typing import Any


class CrateView(Mapping[str, Any]):
    """Everything known of one crate: a read-only mapping with the API's keys, which shows itself in a notebook."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._model = model

    def __getitem__(self, key: str) -> Any:
        return self._model[key]

    def __iter__(self) -> Any:
        return iter(self._model)

    def __len__(self) -> int:
        return len(self._model)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_model"][name]
        except KeyError:
            raise AttributeError(f"a crate has no {name!r}; it has {', '.join(self.__dict__['_model'])}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._model]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._model)

    def __repr__(self) -> str:
        ports = ", ".join(f"{label} {port}" for label, port in self["ports"].items()) or "no ports (library)"
        return (
            f"<{self['name']} {self['version']} ({self['classification']}): {ports}; {len(self['findings'])} findings>"
        )

    def _repr_html_(self) -> str:
        rows = {
            "version": self["version"],
            "class": self["classification"],
            "Tesla grade": "yes" if self["tesla_grade"] else "no",
            "ports": ", ".join(f"{label} {port}" for label, port in self["ports"].items()) or "no ports (library)",
            "references": ", ".join(f"{label} {port}" for label, port in self["references"].items()) or "none",
            "dependencies": ", ".join(item["target"] for item in self["dependencies"]) or "none",
            "dependents": ", ".join(self["dependents"]) or "none",
            "manifest": self["path"],
        }
        cells = "".join(
            f"<tr><td style='text-align:left'><b>{escape(key)}</b></td>"
            f"<td style='text-align:left'>{escape(str(value))}</td></tr>"
            for key, value in rows.items()
        )
        findings = "".join(
            f"<li><code>{escape(item['code'])}</code> {escape(item['severity'])}: {escape(item['message'])}</li>"
            for item in self["findings"]
        )
        return f"<div><h4>{escape(self['name'])}</h4><table>{cells}</table><ul>{findings}</ul></div>"
