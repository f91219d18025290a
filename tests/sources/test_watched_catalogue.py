"""Whatever happens to the files: once things have settled, the watched catalogue is what a cold scan would give."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.conftest import wait_for
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import check_model, crate_model
from workbench.hub import Hub, HubOptions
from workbench.sources.discovery import Discovery
from workbench.sources.ingest import read_fleet

DIRECTORIES = st.sampled_from(["a", "b", "a/inner", "deep/er/still", "x", "target", "new/nested/here"])
TEXTS = st.builds(
    '[smart-crate]\nname = "{}"\n[ports]\n{} = {}\n'.format,
    st.sampled_from(["one", "two", "three"]),
    st.sampled_from(["http", "one", "two_api"]),
    st.sampled_from([18020, 18021, 18104]),
)


def seen(snapshot: Snapshot) -> Any:
    """The files and, while none of them is broken, all that readers are told.

    A cold scan cannot know the last good version of a broken file, and so decides less.
    """
    digests = {path: record.manifest.digest for path, record in snapshot.records.items()}
    if snapshot.tally.broken:
        return digests
    crates = [crate_model(record) for record in snapshot.records.values() if record.crate]
    return digests, crates, check_model(snapshot, snapshot.findings) | {"revision": 0}


class Files(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="workbench-test-"))
        self.root = self.folder / "root"
        self.root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("a", '[smart-crate]\nname = "one"\n')
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=first")
        self.git("checkout", "--quiet", "-b", "other")
        self.write("b", '[smart-crate]\nname = "two"\n')
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=second")
        self.hub = Hub([self.root], HubOptions(beat=0.4))
        self.hub.start()

    def git(self, *arguments: str) -> None:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")
        subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True, env=environment)

    @rule(directory=DIRECTORIES, text=TEXTS)
    def write(self, directory: str, text: str) -> None:
        path = self.root / directory / "smart-crate.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @rule(directory=DIRECTORIES, text=TEXTS)
    def replace(self, directory: str, text: str) -> None:
        """As editors save: write beside, then rename over."""
        path = self.root / directory
        path.mkdir(parents=True, exist_ok=True)
        (path / ".save").write_text(text)
        (path / ".save").rename(path / "smart-crate.toml")

    @rule(directory=DIRECTORIES)
    def corrupt(self, directory: str) -> None:
        if (path := self.root / directory / "smart-crate.toml").exists():
            path.write_text("[smart-crate")

    @rule(directory=DIRECTORIES)
    def touch(self, directory: str) -> None:
        if (path := self.root / directory / "smart-crate.toml").exists():
            path.touch()

    @rule(directory=DIRECTORIES)
    def delete(self, directory: str) -> None:
        (self.root / directory / "smart-crate.toml").unlink(missing_ok=True)

    @rule(directory=DIRECTORIES)
    def delete_tree(self, directory: str) -> None:
        shutil.rmtree(self.root / directory, ignore_errors=True)

    @rule(directory=DIRECTORIES, place=DIRECTORIES)
    def move(self, directory: str, place: str) -> None:
        old, new = self.root / directory, self.root / place
        if old.exists() and not new.exists() and not new.is_relative_to(old):
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)

    @rule(branch=st.sampled_from(["main", "other"]))
    def checkout(self, branch: str) -> None:
        self.git("checkout", "--quiet", "--force", branch)

    @rule()
    def settle(self) -> None:
        cold = seen(read_fleet(Discovery([self.root]), Snapshot()))
        wait_for(lambda: seen(self.hub.snapshot) == cold)

    def teardown(self) -> None:
        if hasattr(self, "hub"):
            self.settle()
            self.hub.stop()
            shutil.rmtree(self.folder)


TestFiles = Files.TestCase
TestFiles.settings = settings(
    max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
