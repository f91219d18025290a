"""A seeded generator of fleets: manifests of several dialects in a monorepo with the usual ballast around them."""

import os
import random
from pathlib import Path

DOMAINS = ("core", "edge", "geo", "intel", "mesh", "ops", "orbital", "web")
CLASSES = ("data", "foundation", "gateway", "infrastructure", "library", "microservice", "monitoring")
LABELS = ("admin", "grpc", "health", "http", "metrics", "rest", "websocket")
SOURCES = ("src/lib.rs", "src/main.rs", "src/error.rs", "tests/api.rs", "docs/README.md", "Cargo.toml", "build.rs")


class Generator:
    """Writes `count` crates below a folder; the same seed writes the same fleet."""

    def __init__(self, folder: Path, count: int, seed: int = 7, ballast: bool = True) -> None:
        self.folder = folder
        self.count = count
        self.random = random.Random(seed)
        self.ballast = ballast
        self.names: list[str] = []
        self.free = self.random.sample(range(1024, 32768), 31744)

    def write(self) -> list[Path]:
        """Write the fleet; returns the manifests' paths."""
        paths = []
        for number in range(self.count):
            domain = self.random.choice(DOMAINS)
            name = f"sx9-{domain}-{number:05}"
            directory = self.folder / domain / f"g{self.random.randrange(max(1, self.count // 200)):03}" / name
            directory.mkdir(parents=True)
            path = directory / "smart-crate.toml"
            path.write_text(self.manifest(name, domain))
            self.names.append(name)
            paths.append(path)
            if self.ballast:
                self._ballast(directory)
        return paths

    def manifest(self, name: str, domain: str) -> str:
        """Return the text of one manifest: a third small, a third with dependencies and QA, a third with much more."""
        r, size = self.random, self.random.random()
        header = r.choice(("smart-crate", "smart-crate", "smart-crate", "smart_crate", "crate"))
        lines = [f"# {name}", f"[{header}]", f'name = "{name}"', f'version = "{r.randint(0, 3)}.{r.randint(0, 20)}.0"']
        lines += ['foundation = "sx9-core-00000"', f"tesla_grade = {str(r.random() < 0.6).lower()}", ""]
        lines += self._ports()
        if self.names:
            lines += ["[dependencies]"]
            lines += [f'd{n} = "{r.choice(self.names)}"' for n in range(r.randint(1, 5))] + [""]
        lines += [
            "[metadata]",
            f'smart_crate_type = "{r.choice(CLASSES)}"',
            'retrofit_timestamp = "20251208-120000"',
            "",
        ]
        if size > 0.33:
            lines += ["[qa]", f"minimum_score = {r.randint(60, 95)}", "automated_testing = true", ""]
            lines += ["[qa.metrics]", f"code_coverage_minimum = {r.randint(50, 95)}", "complexity_threshold = 15", ""]
            lines += ["[endpoints]", 'health = "/health"', 'metrics = "/metrics"', ""]
        if size > 0.66:
            for table in r.sample(("streaming", "storage", "observability", "security", "cdn", "atlas", "build"), 5):
                lines += [f"[{table}]", "enabled = true", f'description = "{table} of {name}, in {domain}"']
                lines += [f"weights = [0.1, {r.random():.4f}, 1.5e3]", f"interval_ms = {r.randint(1, 5000)}", ""]
        return "\n".join(lines)

    def _ports(self) -> list[str]:
        r = self.random
        if r.random() < 0.5:
            return []
        if r.random() < 0.2:
            return ["[service]", f'ports = ["{self._port()}"]', 'protocols = ["rest"]', ""]
        lines = ["[ports]"] + [f"{label} = {self._port()}" for label in r.sample(LABELS, r.randint(1, 3))]
        if r.random() < 0.3 and self.names:
            lines.append(f"{r.choice(self.names).replace('-', '_')} = {self._port()}")
        return [*lines, ""]

    def _port(self) -> int:
        if self.random.random() < 0.03 or not self.free:
            return self.random.randrange(18000, 18500)
        return self.free.pop()

    def _ballast(self, directory: Path) -> None:
        for source in SOURCES:
            (directory / source).parent.mkdir(exist_ok=True)
            os.mknod(directory / source, 0o644)
        if self.random.random() < 0.25:
            deps = directory / "target" / "debug" / "deps"
            deps.mkdir(parents=True)
            for number in range(40):
                os.mknod(deps / f"lib{number:03}.rlib", 0o644)
            (directory / "target" / "smart-crate.toml").write_text("a stale copy")
