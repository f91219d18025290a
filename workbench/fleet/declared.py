"""What a parsed manifest declares, table by table: ports, dependencies, features, thresholds."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.fleet.model import Dependency, DependencyKind, PortEntry, PortOrigin, QaThresholds, fold
from workbench.fleet.positions import KeyPath
from workbench.fleet.values import port_number

OUTSIDE_SERVICES: Final = frozenset(
    {
        "nats", "jetstream", "supabase", "postgres", "postgresql", "redis", "kafka", "surrealdb", "surreal", "mysql",
        "sqlite", "mongodb", "rabbitmq", "elasticsearch", "clickhouse", "minio", "vault", "consul", "etcd", "chromadb",
        "qdrant", "neo4j", "prometheus", "grafana", "jaeger", "loki", "sled", "duckdb", "memcached",
    }
)  # fmt: skip
"""Third-party services that manifests name beside crates; a dependency on one of them is not missing a crate."""

URL_PORT: Final = re.compile(
    r"^[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?(?:\[[0-9a-f:]+\]|[^/:@\s\[\]]+):(\d{1,6})(?:[/?#]|$)", re.I
)
_URL_HINT: Final = re.compile(r"://[^/\s\"']*:\d")
_ADDRESS_KEY: Final = re.compile(r"(?:^|_)(?:endpoint|url|uri|address|addr|host|base|server|link|dsn|connection)s?$")
_REQUIREMENT: Final = re.compile(r"^(?:[\^~=<>*]|\d)")
_QA_KEYS: Final = frozenset(QaThresholds._fields)
_DEPENDENCY_KEYS: Final = frozenset({"path", "version", "git", "crate", "package", "registry", "optional", "features"})
_PROTOCOLS: Final = frozenset(
    {"http", "https", "rest", "grpc", "websocket", "ws", "wss", "tcp", "udp", "graphql", "quic"}
)


def table_of(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table of the document; an empty one if it is absent or no table."""
    table = document.get(name)
    return table if type(table) is dict else {}


def text_of(table: Mapping[str, Any], key: str) -> str | None:
    """Return a string value; None if it is absent, empty or no string."""
    value = table.get(key)
    return value if isinstance(value, str) and value.strip() else None


def string_list(table: Mapping[str, Any], key: str) -> list[str]:
    """Return the strings of an array value; an empty list if it is absent or no array."""
    value = table.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def declared_ports(document: Mapping[str, Any], header: KeyPath, text: str) -> tuple[PortEntry, ...]:
    """Return every port written in a validated document, in the order of precedence of its tables.

    A port that a later table repeats (such as `[network] port` after `[ports]`) is one entry, not two.
    """
    entries = [*_labelled(document.get("ports"), ("ports",), "ports"), *_service_ports(table_of(document, "service"))]
    table: Mapping[str, Any] = table_of(document, str(header[0])) if header else document
    if header and "ports" in table:
        entries += _labelled(table["ports"], (*header, "ports"), "header")
    entries += _single(table, header, "header")
    seen = {entry.port for entry in entries}
    repeated = _single(table_of(document, "network"), ("network",), "network")
    entries += [entry for entry in repeated if entry.port not in seen]
    entries += _integration_ports(table_of(document, "integration"))
    if "://" in text and _URL_HINT.search(text):
        known = {(fold(entry.subject or entry.label), entry.port) for entry in entries}
        known |= {("", port) for port in seen}
        entries += [entry for entry in _url_ports(document, ()) if (fold(entry.subject), entry.port) not in known]
    return tuple(entries)


def _labelled(table: object, path: KeyPath, origin: PortOrigin) -> Iterator[PortEntry]:
    if isinstance(table, dict):
        for label, value in table.items():
            if not isinstance(value, dict):
                if value is not None:
                    protocol = label if label in _PROTOCOLS else ""
                    yield PortEntry(label, port_number(value), origin, (*path, label), protocol)
            elif (port := value.get("port")) is not None:
                protocol = str(value.get("protocol", ""))
                yield PortEntry(label, port_number(port), origin, (*path, label, "port"), protocol)
    elif isinstance(table, list):
        for index, value in enumerate(table):
            if value is not None:
                yield PortEntry(f"port-{index}", port_number(value), origin, (*path, index))


def _service_ports(service: Mapping[str, Any]) -> Iterator[PortEntry]:
    ports = service.get("ports")
    if not isinstance(ports, list):
        return
    protocols = string_list(service, "protocols")
    named = len(protocols) == len(ports) and len(set(protocols)) == len(protocols)
    for index, value in enumerate(ports):
        if value is not None:
            label = protocols[index] if named else f"service-{index}"
            protocol = protocols[index] if index < len(protocols) else ""
            yield PortEntry(label, port_number(value), "service", ("service", "ports", index), protocol)


def _single(table: Mapping[str, Any], path: KeyPath, origin: PortOrigin) -> Sequence[PortEntry]:
    port = table.get("port")
    return () if port is None else (PortEntry("port", port_number(port), origin, (*path, "port")),)


def _integration_ports(integration: Mapping[str, Any]) -> Iterator[PortEntry]:
    for name, value in integration.items():
        if isinstance(value, dict):
            for key, port in value.items():
                if (key == "port" or key.endswith("_port")) and _is_port(port):
                    path = ("integration", name, key)
                    yield PortEntry(f"{name}.{key}", port_number(port), "integration", path, subject=name)
        elif name.endswith("_port") and _is_port(value):
            subject = name.removesuffix("_port")
            yield PortEntry(name, port_number(value), "integration", ("integration", name), subject=subject)


def _is_port(value: object) -> bool:
    try:
        port_number(value)
    except ValueError:
        return False
    return True


def _url_ports(node: object, path: KeyPath) -> Iterator[PortEntry]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _url_ports(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _url_ports(value, (*path, index))
    elif isinstance(node, str) and "://" in node and (match := URL_PORT.match(node)) and _is_port(match[1]):
        subject = _url_subject(path)
        scheme = node.partition("://")[0].lower()
        yield PortEntry(subject or "endpoint", port_number(match[1]), "url", path, scheme, subject)


def _url_subject(path: KeyPath) -> str:
    """Return the service that a URL speaks of: its key without `_url` and the like, else its table."""
    names = [str(part) for part in path if isinstance(part, str)]
    if len(names) > 1 and names[-2] == "endpoints":
        return ""
    key = _ADDRESS_KEY.sub("", names[-1]) if names else ""
    if key:
        return key
    return names[-2] if len(names) > 1 and names[-2] not in ("dependencies", "service", "network") else ""


def declared_dependencies(document: Mapping[str, Any]) -> tuple[Dependency, ...]:
    """Return the dependencies of every shape, and the abstract runtimes asked for."""
    found = [*_dependencies(table_of(document, "dependencies"), ("dependencies",), "crate")]
    required = table_of(document, "smart_foundations").get("required")
    for index, item in enumerate(required if isinstance(required, list) else []):
        if isinstance(item, dict):
            preferred = string_list(item, "preferred")
            target = preferred[0] if preferred else text_of(item, "type")
            if target:
                path = ("smart_foundations", "required", index)
                version = text_of(item, "minimum_version") or ""
                found.append(Dependency(text_of(item, "type") or target, target, "runtime", path, version))
    return tuple(found)


def _dependencies(table: Mapping[str, Any], path: KeyPath, kind: DependencyKind) -> Iterator[Dependency]:
    for alias, value in table.items():
        key_path = (*path, alias)
        if isinstance(value, str):
            target, requirement = (alias, value) if _REQUIREMENT.match(value) else (value, "")
            yield Dependency(alias, target, _kind(target, kind), key_path, requirement)
        elif isinstance(value, dict):
            if value.keys() & _DEPENDENCY_KEYS or not value:
                target = text_of(value, "crate") or text_of(value, "package") or alias
                inner: DependencyKind = "internal" if "path" in value else kind
                yield Dependency(alias, target, _kind(target, inner), key_path, text_of(value, "version") or "")
            else:
                yield from _dependencies(value, key_path, "internal" if alias == "internal" else kind)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, str):
                    yield Dependency(item, item, _kind(item, kind), (*key_path, index))


def _kind(target: str, kind: DependencyKind) -> DependencyKind:
    return "service" if fold(target) in OUTSIDE_SERVICES else kind


def declared_features(table: Mapping[str, Any]) -> dict[str, str]:
    """Return features as name to `on`, `off`, `required` or `optional`, from any of their four shapes."""
    features: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, bool):
            features[name] = "on" if value else "off"
        elif isinstance(value, list):
            state = "optional" if name == "optional" else "on"
            features.update((item, state) for item in value if isinstance(item, str))
        elif isinstance(value, dict):
            features[name] = "required" if value.get("required") is True else "optional"
    return features


def merged_qa(document: Mapping[str, Any]) -> QaThresholds | None:
    """Return the thresholds of `[qa]`, `[qa.metrics]` or the flat `qa_metrics`; None if there are none."""
    qa = table_of(document, "qa")
    values: dict[str, Any] = {
        key: value
        for table in (qa, table_of(qa, "metrics"), table_of(document, "qa_metrics"))
        for key, value in table.items()
        if key in _QA_KEYS and isinstance(value, (bool, int, float))
    }
    return QaThresholds(**values) if values else None
