"""/api/openapi.json and /api/asyncapi.json: what describes this API, for programs."""

import hashlib
from collections.abc import Callable
from typing import Any

from api.encoded import Body, EncodedHandler, Once, json_bytes
from api.operation import operation
from workbench.hub import Hub


class Document(Body):
    """A document that stays the same while the server runs, made when it is first asked for."""

    __slots__ = ("digest",)

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        super().__init__(lambda: json_bytes(make()))
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
