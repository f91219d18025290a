"""Refresh the viewer behind /api/docs: fetch Swagger UI from the npm registry and keep the files that are served.

    python tools/api_viewer.py 5.35.0

The package's digest is checked against the registry's. Standard library only.
"""

import base64
import hashlib
import io
import json
import sys
import tarfile
import urllib.request
from pathlib import Path

REGISTRY = "https://registry.npmjs.org/swagger-ui-dist"
TARGET = Path(__file__).parent.parent / "api" / "viewer"
FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt")


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def checked(version: str) -> bytes:
    """Return the package of a version; raises ValueError if it is not what the registry says it is."""
    release = json.loads(fetched(f"{REGISTRY}/{version}"))["dist"]
    package = fetched(release["tarball"])
    found = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()
    if found != release["integrity"]:
        raise ValueError(f"{release['tarball']}: the digest is {found}, the registry says {release['integrity']}")
    return package


def kept(name: str, data: bytes) -> bytes:
    """Return a file without the name of its source map, which is not served."""
    lines = data.decode().splitlines(keepends=True)
    return "".join(line for line in lines if "# sourceMappingURL=" not in line).encode()


def main(version: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(checked(version))) as package:
        for name in FILES:
            file = package.extractfile(f"package/{name}")
            assert file is not None
            (TARGET / name).write_bytes(kept(name, file.read()))
    (TARGET / "VERSION").write_text(f"swagger-ui-dist {version}\n")
    print(f"{TARGET}: swagger-ui-dist {version}")


if __name__ == "__main__":
    main(*sys.argv[1:])
