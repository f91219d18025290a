"""The demonstration's service, and the commands that start, stop and route it.

    service.py start  FOLDER CRATE VERSION PORT [MOOD]   begin to serve in the background
    service.py stop   FOLDER PORT                        end what serves there
    service.py route  FOLDER PORT [PERCENTAGE]           what a proxy would be told: who gets the traffic

`GET /health` answers 200 with the crate, version and port. It answers 503 where the version or the mood says so:

    -bad  in the version, or the mood `bad`      never healthy
    -late in the version, or the mood `late`     healthy at first, and not any more once it gets traffic

FOLDER holds a file for each instance; an instance ends when its file is gone, and all of them with the folder.
Runs on the standard library alone, and quickly: with `python -I -S` it serves within some hundredths of a second.
"""

import json
import os
import signal
import socket
import sys
import time

LOOK_EVERY = 0.5
PATIENCE = 5.0


def main() -> None:
    """Do what the arguments say."""
    verb, folder, *rest = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    {"start": start, "stop": stop, "route": route}[verb](folder, *rest)


def start(folder: str, crate: str, version: str, port: str, mood: str = "good") -> None:
    """Serve in a process of its own; one that serves the same already is left as it is."""
    if told(folder, port).get("version") == version and is_alive(folder, port):
        print(f"{crate} {version} serves on {port} already")
        return
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", int(port)))
    except OSError as error:
        sys.exit(f"port {port}: {error.strerror}")
    listener.listen(64)
    if os.fork():
        print(f"started {crate} {version} on {port}")
        return
    # Known by its file before it leaves the group in which it could still be ended.
    write(place(folder, port), {"pid": os.getpid(), "version": version})
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    serve(listener, folder, crate, version, port, mood)


def serve(listener: socket.socket, folder: str, crate: str, version: str, port: str, mood: str) -> None:
    """Answer every request with this instance's health, until its file is gone or another's."""
    listener.settimeout(LOOK_EVERY)
    while told(folder, port).get("pid") == os.getpid():
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        with client:
            client.settimeout(1.0)
            try:
                client.recv(65536)
                client.sendall(answer(folder, crate, version, port, mood))
            except OSError:
                pass


def answer(folder: str, crate: str, version: str, port: str, mood: str) -> bytes:
    """Return the whole HTTP answer."""
    is_bad = mood == "bad" or "-bad" in version
    is_late = mood == "late" or "-late" in version
    has_traffic = str(read(os.path.join(folder, "route.json")).get("port")) == port
    is_well = not is_bad and not (is_late and has_traffic)
    body = json.dumps({"crate": crate, "version": version, "port": int(port), "status": "ok" if is_well else "ill"})
    status = "200 OK" if is_well else "503 Service Unavailable"
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n{body}".encode()


def stop(folder: str, port: str) -> None:
    """End what serves on a port; harmless where nothing does."""
    pid = told(folder, port).get("pid")
    if pid and is_alive(folder, port):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while is_alive(folder, port) and time.monotonic() < deadline:
            time.sleep(0.01)
    try:
        os.unlink(place(folder, port))
    except FileNotFoundError:
        pass
    print(f"stopped what served on {port}")


def route(folder: str, port: str, percentage: str = "100") -> None:
    """Note who gets the traffic, in a file that takes the place of a proxy's settings."""
    write(os.path.join(folder, "route.json"), {"port": int(port), "percentage": int(percentage)})
    print(f"{percentage} % of the traffic goes to {port}")


def is_alive(folder: str, port: str) -> bool:
    """Whether the process of an instance's file runs, and is one of ours and not a later one of its number."""
    pid = told(folder, port).get("pid")
    try:
        os.kill(pid or 0, 0) if pid else None
    except OSError:
        return False
    if not pid or not os.path.isdir("/proc/self"):
        return bool(pid)
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            is_over = stat.read().rpartition(")")[2].split()[0] in "ZX"
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return not is_over and os.path.basename(__file__).encode() in line.read()
    except OSError:
        return False


def place(folder: str, port: str) -> str:
    """Return the file of the instance on a port."""
    return os.path.join(folder, f"{port}.json")


def told(folder: str, port: str) -> dict:
    """Return what the file of the instance on a port says."""
    return read(place(folder, port))


def read(path: str) -> dict:
    """Return a JSON file; nothing where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def write(path: str, content: dict) -> None:
    """Write a JSON file, whole or not at all."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(temporary, path)


if __name__ == "__main__":
    main()
