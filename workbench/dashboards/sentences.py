"""What a form says: one sentence, announced to those who cannot see it."""

from datetime import UTC, datetime

from markupsafe import Markup

from workbench.errors import WorkbenchError


def answer_markup(answer: str | WorkbenchError, prefix: str = "") -> Markup:
    """Return an answer as a status, an error as an alert after `prefix`; an empty answer as nothing."""
    if isinstance(answer, WorkbenchError):
        words = f"{prefix}{answer.message}"
        return Markup('<p class="bad answer" role="alert">{}.</p>').format(
            f"{words[:1].upper()}{words[1:]}".rstrip(".")
        )
    return Markup('<p class="good answer" role="status">{}</p>').format(answer) if answer else Markup()


def clock(moment: float) -> str:
    """Return a moment, in seconds since the epoch, as date and time in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
