"""Make a virtual environment and install this checkout into it, or tell quickly that nothing has to be done.

    python tools/environment.py check DIRECTORY run|test|dev
    python tools/environment.py make DIRECTORY run|test|dev

``tools/bootstrap`` calls this with an interpreter it has found. Standard library only: nothing is installed yet.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXTRAS = ("run", "test", "dev")  # each includes the one before it
STAMP = "workbench-environment.json"
UNUSABLE = 75


class UnusableInterpreterError(Exception):
    """This interpreter cannot make an environment with pip in it, whatever we try."""


def inputs_digest() -> str:
    """Digest of the parts of pyproject.toml that decide what is installed: a changed lint rule reinstalls nothing."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)
    asked = [project["build-system"], project["project"], project.get("tool", {}).get("hatch")]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def wanted_key() -> dict[str, str]:
    """What an environment must have been made from to be used as it is. The root counts: scripts name it."""
    return {
        "root": ROOT,
        "interpreter": os.path.realpath(sys.executable),
        "version": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "inputs": inputs_digest(),
    }


def read_stamp(directory: str) -> dict[str, str]:
    """The environment's stamp; empty when there is none or it cannot be read."""
    try:
        with open(os.path.join(directory, STAMP), encoding="utf-8") as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(directory: str, stamp: dict[str, str]) -> None:
    """Replace the stamp in one step, so that no interrupted run leaves half of one."""
    path = os.path.join(directory, STAMP)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(stamp, file, indent=2)
    os.replace(path + ".new", path)


def is_ready(directory: str, extra: str) -> bool:
    """Whether the environment holds at least ``extra`` of what the project's files now ask for."""
    stamp = read_stamp(directory)
    installed = stamp.pop("extra", None)
    return installed in EXTRAS and EXTRAS.index(installed) >= EXTRAS.index(extra) and stamp == wanted_key()


def say(text: str) -> None:
    """Tell the person at the terminal what goes on."""
    print(text, file=sys.stderr, flush=True)


def succeeds(*command: str) -> bool:
    """Run a command whose failure is an answer, not an error."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def works(directory: str) -> bool:
    """Whether the environment's own interpreter starts, is the version we run, and has pip."""
    code = f"import sys, pip; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    python = os.path.join(directory, "bin", "python")
    return os.path.exists(python) and succeeds(python, "-I", "-c", code)


def has_ensurepip() -> bool:
    """Whether ``python -m venv`` can put pip into an environment. Debian leaves this to a package of its own."""
    return succeeds(sys.executable, "-I", "-c", "import ensurepip; assert ensurepip.version()")


def install_debian_venv() -> bool:
    """As root, install the package that Debian's own interpreter lacks. Elsewhere do nothing."""
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0 or not os.path.realpath(sys.executable).startswith("/usr/bin/"):
        return False
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    say(f"Installing {package}, which Debian's Python needs to make virtual environments …")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    install = (apt, "install", "-y", "--no-install-recommends", package)
    return succeeds(*install) or (succeeds(apt, "update") and succeeds(*install))


def create(directory: str) -> None:
    """Make an empty environment with pip in ``directory``."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    say(f"Making {os.path.relpath(directory, ROOT)} with Python {version} ({sys.executable}) …")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    write_stamp(directory, {})  # ours from now on, even when interrupted
    if has_ensurepip() or (install_debian_venv() and has_ensurepip()):
        made = subprocess.run([sys.executable, "-I", "-m", "venv", directory], check=False).returncode == 0
    else:  # pip, where the interpreter has one, can install itself into an environment without
        python = os.path.join(directory, "bin", "python")
        made = succeeds(sys.executable, "-I", "-m", "venv", "--without-pip", directory) and succeeds(
            sys.executable, "-I", "-m", "pip", "--python", python, "install", "pip"
        )
    if not made or not works(directory):
        shutil.rmtree(directory, ignore_errors=True)
        raise UnusableInterpreterError(
            f"{sys.executable} cannot make a virtual environment with pip: it has neither ensurepip nor pip.\n"
            f"On Debian or Ubuntu, as root: apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )


def install(directory: str, extra: str) -> bool:
    """Install the checkout, editable, with the dependencies of ``extra``."""
    requirement = ROOT if extra == "run" else f"{ROOT}[{extra}]"
    say(f"Installing the project and what it needs ({extra}) into {os.path.relpath(directory, ROOT)} …")
    started = time.monotonic()
    command = [os.path.join(directory, "bin", "python"), "-I", "-m", "pip", "install", "--editable", requirement]
    command += ["--disable-pip-version-check", "--no-input"] + ([] if sys.stderr.isatty() else ["--quiet"])
    environment = os.environ | {"PIP_USER": "0"}
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        say("Installing failed; pip's message stands above. The next run takes up from here.")
        return False
    say(f"Installed in {time.monotonic() - started:.0f} s.")
    return True


def make(directory: str, extra: str) -> int:
    """Bring the environment to ``extra``; keep what it has, and make it anew only where it cannot be used."""
    stamp, key = read_stamp(directory), wanted_key()
    ours = os.path.exists(os.path.join(directory, STAMP))
    stale = ours and any(stamp.get(name) != key[name] for name in ("root", "interpreter", "version"))
    if stale or not works(directory):
        if os.path.isdir(directory) and not ours and os.path.exists(os.path.join(directory, "bin", "python")):
            say(f"{directory} was not made by this project and cannot be used. Remove it, then try again.")
            return 1
        create(directory)
        stamp = {}
    extra = max(extra, stamp.get("extra", "run"), key=EXTRAS.index)
    if not install(directory, extra):
        write_stamp(directory, {name: key[name] for name in key if name != "inputs"})
        return 1
    write_stamp(directory, {**key, "extra": extra})
    return 0


def main(verb: str, directory: str, extra: str) -> int:
    """Run ``check`` or ``make``; the exit code is the answer."""
    if extra not in EXTRAS:
        say(f"Unknown extra {extra!r}; expected one of {', '.join(EXTRAS)}.")
        return 2
    if verb == "check":
        return 0 if is_ready(directory, extra) else 1
    lock = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # two make commands at once: the second finds the work done
    if is_ready(directory, extra):
        return 0
    try:
        return make(directory, extra)
    except UnusableInterpreterError as error:
        say(str(error))
        return UNUSABLE


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
