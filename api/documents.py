"""/api/openapi.json, /api/asyncapi.json and /api/docs: what describes this API, for programs and for people."""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from api.encoded import Body, EncodedHandler, Once
from api.operation import HTML, Answer, operation
from workbench.errors import NotFound
from workbench.hub import Hub

_FOLDER: Final = Path(__file__).parent / "viewer"
_TYPES: Final[Mapping[str, str]] = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the viewer may load, and from where: nothing but from here. Its elements carry styles of their own."""


class Document(Body):
    """A document that stays the same while the server runs, made when it is first asked for."""

    __slots__ = ("digest",)

    def __init__(self, encode: Callable[[], bytes]) -> None:
        super().__init__(encode)
        self.digest = Once(lambda: hashlib.blake2b(self.identity.get(), digest_size=8).hexdigest())


class DocumentHandler(EncodedHandler):
    """Base of the documents' handlers."""

    def initialize(self, hub: Hub, document: Document) -> None:  # type: ignore[override]
        super().initialize(hub)
        self.document = document

    async def send_document(self) -> None:
        """Finish with the document."""
        if not self.is_tag_known(await self.document.digest.wait()):
            await self.finish_body(self.document)


class OpenApiHandler(DocumentHandler):
    """GET: the OpenAPI document."""

    access = "public"

    @operation("Documents", "Read the description of the routes", dict[str, Any], detail="OpenAPI 3.1.")
    async def get(self) -> None:
        await self.send_document()


class AsyncApiHandler(DocumentHandler):
    """GET: the AsyncAPI document."""

    access = "public"

    @operation("Documents", "Read the description of the events", dict[str, Any], detail="AsyncAPI 3.0.")
    async def get(self) -> None:
        await self.send_document()


def viewer_files() -> dict[str, Document]:
    """Return the files of the viewer by name, each read when it is first asked for."""
    return {name: Document(partial(Path.read_bytes, _FOLDER / name)) for name in ("page.html", *_TYPES)}


_POLICED: Final = ("Content-Security-Policy", "Referrer-Policy")

FileName = Annotated[str, Field(description="A file.", json_schema_extra={"enum": sorted(_TYPES)})]


class ViewerHandler(EncodedHandler):
    """GET: a page for people that shows the OpenAPI document and tries it out; one of its files."""

    access = "public"

    def initialize(self, hub: Hub, files: Mapping[str, Document]) -> None:  # type: ignore[override]
        super().initialize(hub)
        self.files = files

    async def send_file(self, name: str, media_type: str) -> None:
        """Finish with a file."""
        document = self.files[name]
        self.set_header("Content-Type", f"{media_type}; charset=utf-8")
        if not self.is_tag_known(await document.digest.wait()):
            self.set_header("Content-Security-Policy", _POLICY)
            self.set_header("Referrer-Policy", "no-referrer")
            await self.finish_body(document)


class DocsHandler(ViewerHandler):
    """GET: the page."""

    access = "public"

    @operation("Documents", "Read all of this as a page", answers={200: Answer("A page.", {HTML: str}, _POLICED)})
    async def get(self) -> None:
        await self.send_file("page.html", HTML)


class DocsFileHandler(ViewerHandler):
    """GET: one of the files of the page."""

    access = "public"

    @operation(
        "Documents",
        "Read a file of the page",
        answers={200: Answer("The file.", dict.fromkeys(_TYPES.values(), str), _POLICED)},
        errors=(NotFound,),
    )
    async def get(self, name: FileName) -> None:
        if name not in _TYPES:
            raise NotFound(f'the viewer has no file "{name}"', name=name)
        await self.send_file(name, _TYPES[name])
