"""Figures are drawn for the dark theme and turned round for the light one: their texts are readable in both."""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import workbench.dashboards
from workbench import Workbench
from workbench.dashboards import theme
from workbench.dashboards.port_figure import FILLS, INKS
from workbench.dashboards.theme import CARD, QUIET, TEXT

Color = npt.NDArray[np.float64]

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
HALF_A_TURN = np.array([[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]])
GREY = np.array([[0.213, 0.715, 0.072]] * 3)
PAIRS = [*((FILLS[state], INKS[state]) for state in FILLS), (CARD, TEXT), (CARD, QUIET)]


def color(text: str) -> Color:
    return np.array([int(text[n : n + 2], 16) / 255 for n in (1, 3, 5)])


CSS = Path(workbench.dashboards.__file__).parent / "css"


def light(given: Color) -> Color:
    """Return what the light theme's filter makes of a color, by the definitions of CSS Filter Effects."""
    (rule,) = filters("frame")
    for name, amount in re.findall(r"([\w-]+)\(([\d.]+)(?:deg)?\)", rule):
        value = float(amount)
        steps = {
            "invert": lambda c: 1 - c,
            "hue-rotate": lambda c: HALF_A_TURN @ c,
            "brightness": lambda c, value=value: c * value,
            "saturate": lambda c, value=value: value * c + (1 - value) * (GREY @ c),
            "contrast": lambda c, value=value: (c - 0.5) * value + 0.5,
        }
        given = np.clip(steps[name](given), 0, 1)
    return given


def filters(name: str) -> list[str]:
    return re.findall(r"--wb-figure-filter: (invert[^;]*);", (CSS / f"{name}.css").read_text("utf-8"))


def contrast(one: Color, other: Color) -> float:
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ LUMINANCE for c in (one, other)]
    return float((max(linear) + 0.05) / (min(linear) + 0.05))


@pytest.mark.parametrize(("fill", "ink"), PAIRS)
def test_texts_of_figures_have_the_contrast_of_wcag_aa_in_both_themes(fill: str, ink: str) -> None:
    assert contrast(color(fill), color(ink)) >= 4.5
    assert contrast(light(color(fill)), light(color(ink))) >= 4.5


def test_a_light_notebook_turns_figures_round_as_the_light_pages_do() -> None:
    assert filters("notebook") == filters("frame")


def test_a_page_in_a_notebook_brings_the_style_that_follows_its_theme(sample: Workbench) -> None:
    for shown in (sample.topology(), sample.pictures.dependency_matrix().interactive()):
        data, _ = shown._repr_mimebundle_()
        assert data["text/html"].startswith(f"<style>{(CSS / 'notebook.css').read_text('utf-8')}</style>")


@pytest.mark.parametrize("name", ["sign_in.html", "sign_in_failed.html", "signed_out.html"])
def test_what_is_shown_before_signing_in_has_each_colour_for_both_themes(name: str) -> None:
    text = (Path(theme.__file__).parent / name).read_text("utf-8")
    assert "color-scheme: light dark" in text
    without = re.sub(r"light-dark\(#[0-9a-f]{6}, #[0-9a-f]{6}\)", "", text)
    assert not re.findall(r"#[0-9a-f]{3,8}\b", without)
