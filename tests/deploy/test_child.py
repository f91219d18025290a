"""Commands as real processes: what they print, how they end, and that nothing of them is left."""

import os
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.demo import marked
from workbench.deploy.child import Child
from workbench.deploy.model import ProcessId
from workbench.deploy.processes import end_orphans, identity_of, is_same
from workbench.deploy.runner import Command
from workbench.errors import CommandFailed

PATH = {"PATH": os.environ["PATH"]}


def command(folder: Path, script: str, **changes: object) -> Command:
    fields = {"directory": str(folder), "environment": PATH, "time_limit": 10.0, **changes}
    return Command((sys.executable, "-I", "-S", "-c", script), **fields)  # type: ignore[arg-type]


def run(wanted: Command, mark: str, abort: threading.Event | None = None) -> bytes:
    child, printed = Child(wanted, mark), bytearray()
    child.let_go()
    child.wait(printed.extend, abort or threading.Event())
    return bytes(printed)


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return f"mark-{tmp_path}"


def test_output_directory_and_environment(tmp_path: Path, mark: str) -> None:
    script = "import os, sys; print(os.getcwd()); sys.stderr.write(repr(sorted(os.environ)))"
    printed = run(command(tmp_path, script, environment={**PATH, "MODE": "x"}), mark).decode()
    assert printed.startswith(f"{tmp_path}\n")
    found = set(eval(printed.splitlines()[1]))
    assert found - {"LC_CTYPE"} == {"PATH", "MODE", "WORKBENCH_DEPLOYMENT"}


def test_the_command_waits_until_it_is_let_go(tmp_path: Path, mark: str) -> None:
    child = Child(command(tmp_path, "open('ran', 'w')"), mark)
    assert is_same(child.process)
    child.discard()
    assert not (tmp_path / "ran").exists()
    assert marked(mark) == []


def test_arguments_are_never_seen_by_a_shell(tmp_path: Path, mark: str) -> None:
    words = ("; touch pwned", "$(touch pwned)", "`touch pwned`", "a b", "*")
    wanted = Command((sys.executable, "-c", "import sys; print(sys.argv[1:])", *words), str(tmp_path), PATH)
    assert run(wanted, mark).decode() == f"{list(words)}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("script", "reason"), [
    ("raise SystemExit(3)", "exit code 3"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
])  # fmt: skip
def test_a_command_that_fails(tmp_path: Path, mark: str, script: str, reason: str) -> None:
    with pytest.raises(CommandFailed, match=reason):
        run(command(tmp_path, script), mark)


def test_what_is_not_there(tmp_path: Path, mark: str) -> None:
    with pytest.raises(CommandFailed, match="there is no program no-such-program"):
        Child(Command(("no-such-program",), str(tmp_path), PATH), mark)
    with pytest.raises(CommandFailed, match="No such file"):
        Child(command(tmp_path / "gone", ""), mark)


STUBBORN = """\
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    while True: time.sleep(1)
print("up", flush=True)
while True: time.sleep(1)
"""


def test_a_time_limit_ends_the_whole_group(tmp_path: Path, mark: str) -> None:
    with pytest.raises(CommandFailed, match=r"it took longer than its 0\.5 s"):
        run(command(tmp_path, STUBBORN, time_limit=0.5), mark)
    assert marked(mark) == []


def test_an_abort_ends_it(tmp_path: Path, mark: str) -> None:
    abort, printed, errors = threading.Event(), bytearray(), list[CommandFailed]()
    child = Child(command(tmp_path, "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)"), mark)
    child.let_go()

    def wait() -> None:
        try:
            child.wait(printed.extend, abort)
        except CommandFailed as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_for(lambda: printed == b"up\n")
    abort.set()
    thread.join(10)
    assert [error.message for error in errors] == ["it was ended"]
    assert marked(mark) == []


def test_what_stays_in_the_group_ends_with_the_command(tmp_path: Path, mark: str) -> None:
    script = "import os, time\nif os.fork() == 0:\n    while True: time.sleep(1)\nprint('done')"
    assert run(command(tmp_path, script), mark) == b"done\n"
    assert marked(mark) == []


def test_what_leaves_the_group_stays_and_its_output_is_not_waited_for(tmp_path: Path, mark: str) -> None:
    script = (
        "import os, time\nif os.fork() == 0:\n    os.setsid(); open('away', 'w').close()\n"
        "    while os.path.exists('away'): time.sleep(0.02)\n    raise SystemExit\n"
        "while not os.path.exists('away'): time.sleep(0.01)\nprint('done')"
    )
    assert run(command(tmp_path, script), mark) == b"done\n"
    assert len(marked(mark)) == 1
    (tmp_path / "away").unlink()
    wait_for(lambda: marked(mark) == [])


def test_orphans_are_known_by_more_than_their_number(tmp_path: Path, mark: str) -> None:
    child = Child(command(tmp_path, "import time\nwhile True: time.sleep(1)"), mark)
    child.let_go()
    process = child.process
    assert not end_orphans(ProcessId(process.pid, process.born - 1000), "another mark")
    assert is_same(process)
    assert end_orphans(process, mark)
    assert identity_of(process.pid) is None
    assert not end_orphans(process, mark)
    child.discard()


def test_orphans_without_their_leader_are_known_by_their_mark(tmp_path: Path, mark: str) -> None:
    script = "import os, time\nif os.fork() == 0:\n    while True: time.sleep(1)\nos.kill(os.getpid(), 9)"
    child = Child(command(tmp_path, script), mark)
    process = child.process
    child.let_go()
    wait_for(lambda: child._process.poll() is not None)
    wait_for(lambda: len(marked(mark)) == 1)
    assert not end_orphans(process, "another mark")
    assert end_orphans(process, mark)
    assert marked(mark) == []
    child.discard()
