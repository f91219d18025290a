"""Large blocks go back to the system."""

import subprocess
import sys

import pytest

_SAY = """
from workbench.processes.allocation import give_back_large_blocks
done = give_back_large_blocks()
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
blocks = [b"x" * 20_000_000 for _ in range(5)]
held = resident()
del blocks[0], blocks[1], blocks[1]
print(done, held - resident() > 50_000_000)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no glibc on this system")
def test_freed_blocks_are_given_back_at_once() -> None:
    said = subprocess.run([sys.executable, "-c", _SAY], capture_output=True, text=True, check=True).stdout.split()
    if said[0] == "False":
        pytest.skip("the C library is not glibc")
    assert said == ["True", "True"]


_KEEP = """
import orjson
from workbench.processes.allocation import own_block
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
value = {"name": "n" * 500}
before = resident()
kept = [own_block(orjson.dumps(value)) for _ in range(20_000)]
print((resident() - before) / sum(map(len, kept)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc on this system")
def test_short_results_that_are_kept_take_little_more_than_their_length() -> None:
    said = subprocess.run([sys.executable, "-c", _KEEP], capture_output=True, text=True, check=True).stdout
    assert float(said) < 2
