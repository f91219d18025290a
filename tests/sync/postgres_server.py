"""A real PostgreSQL in a temporary folder, reached by a Unix socket only."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "keeper"
PASSWORD = "only for tests"


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """Yield a URL, without its password, of a server that goes in the end. PostgreSQL refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has at most 107 bytes
    run: dict[str, Any] = {"capture_output": True, "cwd": folder}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        run |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    place = folder / "data"
    made = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={secret}", "--no-sync", "--locale=C", "-E", "UTF8"]
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c shared_buffers=16MB"
    control = [str(programs / "pg_ctl"), "-D", str(place), "-w"]
    try:
        subprocess.run([str(programs / "initdb"), "-D", str(place), *made], check=True, **run)
        subprocess.run([*control, "-l", str(folder / "log"), "-o", options, "start"], check=True, **run)
        try:
            yield f"postgresql://{USER}@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
