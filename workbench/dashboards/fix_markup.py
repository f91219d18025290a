"""What would mend a finding: the fix in words, and for a collision the move that clears it, with its patch."""

from typing import Final

from markupsafe import Markup

from workbench.fleet.model import Finding
from workbench.fleet.repair import Proposal, propose_move
from workbench.fleet.snapshot import Snapshot

_MOST_LINES: Final = 200


def fix_markup(item: Finding, snapshot: Snapshot, assigned: frozenset[int] = frozenset()) -> Markup:
    """Return how to mend a finding of a snapshot, with no move to an `assigned` port; nothing is changed."""
    if item.muted is not None:
        advice = Markup('<p class="quiet">Muted: {}</p>').format(item.muted)
    elif item.is_collision:
        proposal = snapshot.derive(("proposal", item.identity, assigned), lambda s: propose_move(s, item, assigned))
        advice = _move(proposal) if proposal else Markup('<p class="quiet">No single move of a port clears it.</p>')
    else:
        advice = Markup()
    return Markup(
        '<section aria-label="Suggested fix"><h3>Suggested fix</h3><p>{}</p>'
        '<p class="finding"><span class="fix">{}</span></p>{}</section>'
    ).format(item.message, item.fix, advice)


def _move(proposal: Proposal) -> Markup:
    move, result = proposal.move, proposal.result
    lines = result.patch().splitlines()
    more = f"\n… {len(lines) - _MOST_LINES} more lines" if len(lines) > _MOST_LINES else ""
    # A scrollable region must be reachable by keyboard.
    return Markup(
        '<p>Proposed move: {} "{}" from <span class="port">{}</span> to <b class="port">{}</b>; its references follow. '
        '<span class="quiet">{} would vanish, {} would appear.</span></p>'
        '<pre class="source patch" tabindex="0" aria-label="Patch">{}{}</pre>'
    ).format(
        move.crate, move.label, move.was, move.port, _counted(len(result.vanished)), len(result.appeared),
        "\n".join(lines[:_MOST_LINES]), more,
    )  # fmt: skip


def _counted(count: int) -> str:
    return f"{count:,} finding{'' if count == 1 else 's'}"
