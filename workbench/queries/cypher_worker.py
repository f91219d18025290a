"""A process that matches Cypher patterns for a server: a pattern that finds no end is ended with its process.

Messages stand in `workbench.worker`.
"""

import gc
import os
from typing import Any, Final

import networkx as nx
import orjson

from workbench.errors import QueryError
from workbench.fleet.property_graph import property_graph
from workbench.processes.worker import limit_memory, serve_requests
from workbench.queries.cypher import match

MAX_ANSWER: Final = 64_000_000
"""Bytes of an answer."""
_OVERHEAD: Final = 500_000_000
"""What the interpreter, its libraries and the graph may take besides the memory that a query is given."""
_NICE: Final = 5


class CypherWorker:
    """The slot graph of the newest revision that was asked about."""

    def __init__(self) -> None:
        self._graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()

    def load(self, header: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Take the graph of a revision: the lists of `graph_lists`."""
        limit_memory(header["memory_bytes"] + _OVERHEAD)
        gc.unfreeze()
        self._graph = nx.MultiDiGraph()
        gc.disable()
        try:
            self._graph = property_graph(*orjson.loads(content))
        finally:
            # It lives until the next revision: nothing in it is worth looking through again and again.
            gc.freeze()
            gc.enable()
        return {}, b""

    def query(self, header: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Answer one pattern: {columns, row_count, truncated} and the rows as JSON."""
        found = match(self._graph, content.decode(), header["rows"])
        answer = orjson.dumps(found.rows, default=str)
        if len(answer) > MAX_ANSWER:
            raise QueryError(f"the result has more than {MAX_ANSWER // 1_000_000} MB: name properties, or add a LIMIT")
        columns = [{"name": name} for name in found.columns]
        return {"columns": columns, "row_count": len(found.rows), "truncated": found.truncated}, answer


def main() -> None:
    """Answer until nobody asks any more."""
    os.nice(_NICE)
    worker = CypherWorker()
    serve_requests({"load": worker.load, "query": worker.query})


if __name__ == "__main__":
    main()
