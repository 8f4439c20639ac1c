"""The ``genreclf:`` section of the beets configuration, checked and typed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confuse

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULTS: dict[str, Any] = {
    "auto": True,
    "force": False,
    "pretend": False,
    "quiet": False,
    "min_confidence": 0.6,
    "title_case": True,
    "model": None,
    "threads": None,
}


@dataclass(frozen=True)
class Options:
    """What a person can choose.

    Attributes:
        auto: tag tracks during an import.
        force: decide anew for tracks that have a genre already.
        pretend: show the decisions, store and write nothing.
        quiet: do not print a line for each track, nor the summary.
        min_confidence: tracks whose best genre is less probable are left alone.
        title_case: write "Hip Hop", as lastgenre does, where the model says "hip hop".
        model: None for the bundled model, the name of a bundled one, or a model file.
        threads: tracks listened to at a time; None is one per core, at most four.
    """

    auto: bool
    force: bool
    pretend: bool
    quiet: bool
    min_confidence: float
    title_case: bool
    model: str | Path | None
    threads: int | None


def read_options(view: confuse.Subview, flags: Mapping[str, Any] | None = None) -> Options:
    """Check the whole section at once, before any track is touched.

    Args:
        view: the ``genreclf`` section.
        flags: parsed command-line flags by option name; None means "not given".

    Raises:
        confuse.ConfigError: naming the option; beets prints it in one line.
    """
    options = Options(
        auto=view["auto"].get(bool),
        force=view["force"].get(bool),
        pretend=view["pretend"].get(bool),
        quiet=view["quiet"].get(bool),
        min_confidence=_probability(view["min_confidence"]),
        title_case=view["title_case"].get(bool),
        model=_model(view["model"]),
        threads=_positive_int_or_none(view["threads"]),
    )
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    return replace(options, **given)


def _probability(view: confuse.Subview) -> float:
    value = view.get()
    # True and False are numbers to Python, and `min_confidence: yes` is a mistake.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise confuse.ConfigTypeError(f"{view.name}: must be a number, not {value!r}")
    if not 0 <= value <= 1:
        raise confuse.ConfigValueError(f"{view.name}: must be between 0 and 1, not {value}")
    return float(value)


def _positive_int_or_none(view: confuse.Subview) -> int | None:
    value = view.get()
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise confuse.ConfigTypeError(f"{view.name}: must be a whole number, not {value!r}")
    if value < 1:
        raise confuse.ConfigValueError(f"{view.name}: must be 1 or more, not {value}")
    return value


def _model(view: confuse.Subview) -> str | Path | None:
    """Tell the name of a bundled model from a path.

    A path is what ends in .onnx or has a separator; as everywhere in beets, it may
    start with ``~`` and is relative to the folder of the configuration file.
    """
    value = view.get()
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise confuse.ConfigTypeError(
            f"{view.name}: must be the name of a model or a path, not {value!r}"
        )
    if value.lower().endswith(".onnx") or "/" in value or "\\" in value:
        return Path(view.as_filename())
    return value
