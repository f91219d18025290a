"""From a crate and a request to a checked target: nothing of what people or manifests say goes further unchecked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workbench.deploy.model import STRATEGIES, Gate, Pairs, Strategy, Target
from workbench.deploy.runner import Runner
from workbench.errors import InvalidRequest, InvalidVersion, NotDeployable
from workbench.fleet.model import Crate
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Record

VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", re.ASCII)
CRATE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_HEALTH_PATH: Final = re.compile(r"/[A-Za-z0-9._~/-]{0,199}", re.ASCII)
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m)?", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0}
_INTERVALS: Final = (0.1, 300.0)
_DEFAULT_INTERVAL: Final = 5.0
_DEFAULT_PERCENTAGE: Final = 10


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What somebody asks for; what is not said is taken from the manifest."""

    version: str | None = None
    strategy: Strategy | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def target_of(record: Record, request: DeployRequest, runner: Runner, plan: PortPlan, directory: str) -> Target:
    """Return the target of a request. Raises InvalidVersion, InvalidRequest or NotDeployable."""
    crate = record.crate
    assert crate is not None
    declared = crate.deployment
    port = _port(record, runner.label)
    return Target(
        crate_name=_crate_name(crate),
        version=checked_version(request.version if request.version is not None else crate.version),
        strategy=request.strategy or _strategy(declared),
        runner=runner.name,
        port=port,
        sister_port=plan.sister(port),
        gate=_gate(crate, runner),
        directory=directory,
        parameters=checked_parameters(request.parameters, runner),
        percentage=_percentage(declared),
        rollback_on_failure=declared.get("rollback_on_failure") is not False,
        can_switch="switch" in runner.actions,
    )


def checked_version(version: str | None) -> str:
    """Return a version; raises InvalidVersion unless it is 1 to 64 letters, digits, `.`, `_`, `+`, `-`."""
    if version is None:
        raise InvalidVersion("version: the manifest names none, so say which", parameter="version")
    if not VERSION.fullmatch(version) or ".." in version:
        raise InvalidVersion(
            f"version: expected 1 to 64 letters, digits, `.`, `_`, `+` and `-`, beginning with a letter or digit and "
            f"without `..`, found {version[:40]!r}{' …' if len(version) > 40 else ''}",
            parameter="version",
        )  # fmt: skip
    return version


def checked_parameters(given: Mapping[str, str], runner: Runner) -> Pairs:
    """Return all parameters of a runner, with its defaults; raises InvalidRequest for one that it does not take."""
    for name in given:
        if name not in runner.parameters:
            known = ", ".join(sorted(runner.parameters)) or "none"
            raise InvalidRequest(
                f'parameters: the runner {runner.name} takes no "{name[:40]}"; it takes {known}',
                parameter="parameters", parameters=sorted(runner.parameters),
            )  # fmt: skip
    return tuple(_parameters(given, runner))


def _parameters(given: Mapping[str, str], runner: Runner) -> Iterator[tuple[str, str]]:
    for name, spec in sorted(runner.parameters.items()):
        value = given.get(name, spec.default)
        if not re.fullmatch(spec.pattern, value) or len(value) > 200 or value.startswith("-"):
            raise InvalidRequest(
                f"parameters.{name}: expected {spec.pattern}, found {value[:40]!r}", parameter=f"parameters.{name}"
            )
        yield name, value


def _crate_name(crate: Crate) -> str:
    if not CRATE_NAME.fullmatch(crate.name):
        raise NotDeployable("the crate's name holds characters that no command is given; rename it", path=crate.path)
    return crate.name


def _port(record: Record, label: str | None) -> int:
    owned = [claim for claim in record.claims if claim.role == "owner" and not claim.derived and claim.primary is None]
    chosen = [claim for claim in owned if claim.label == label] if label is not None else owned
    if not chosen:
        what = f'no port "{label}"' if label is not None else "no port"
        raise NotDeployable(f"the crate owns {what} on which its health could be seen")
    return chosen[0].port


def _strategy(declared: Mapping[str, Any]) -> Strategy:
    said = str(declared.get("strategy", "rolling")).strip().lower().replace("_", "-")
    said = {"bluegreen": "blue-green"}.get(said, said)
    for strategy in STRATEGIES:
        if said == strategy:
            return strategy
    raise NotDeployable(f'the manifest\'s strategy "{said[:40]}" is none of {", ".join(STRATEGIES)}; say which')


def _gate(crate: Crate, runner: Runner) -> Gate:
    path = crate.endpoints.get("health", runner.gate.path)
    if not _HEALTH_PATH.fullmatch(path) or ".." in path:
        raise NotDeployable(f"endpoints.health is no plain path: {path[:40]!r}", path=crate.path)
    own = runner.gate
    interval = own.interval if own.interval is not None else seconds(crate.deployment.get("health_check_interval"))
    timeout = max(own.timeout, 2 * interval * own.threshold) if own.interval is None else own.timeout
    return Gate(path, own.host, interval, own.threshold, timeout, own.expect_version)


def seconds(declared: object) -> float:
    """Return a duration such as `30s`, `500ms`, `2m` or 30 in seconds, within sane bounds; 5 for anything else."""
    least, most = _INTERVALS
    matched = _DURATION.fullmatch(str(declared).strip()) if not isinstance(declared, bool) else None
    if matched is None:
        return _DEFAULT_INTERVAL
    return min(max(float(matched[1]) * _UNITS[matched[2]], least), most)


def _percentage(declared: Mapping[str, Any]) -> int:
    said = declared.get("canary_percentage")
    is_sound = isinstance(said, (int, float)) and not isinstance(said, bool) and 1 <= said <= 99
    return round(said) if is_sound and said is not None else _DEFAULT_PERCENTAGE
