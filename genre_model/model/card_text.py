"""Model cards as text for a terminal.

Metrics and training of a card from elsewhere may be missing or of any type; such values
are left out.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genre_model.model.card import Card

WIDTH = 88
#: Texts, and names in a table, are cut at these lengths.
MAX_TEXT = 2000
MAX_NAME = 40
#: Larger numbers are left out.
MAX_NUMBER = 10**9

#: Printed values of a training, and of a measurement besides its accuracy.
TRAINING = (
    *("recipe", "data", "method", "parent", "n_tracks", "n_artists"),
    *("strength", "genre_balance", "folds", "version"),
)
SCORES = {
    "macro_f1": "macro-F1",
    "top_3": "top-3",
    "calibration_error": "calibration error",
}
COLUMNS = {"precision": "precision", "recall": "recall", "f1": "F1"}


def card_summary(model_id: str, card: Card) -> str:
    """Return a few lines: the model, its genres, its accuracy."""
    accuracies = [_accuracy(*measured) for measured in _protocols(card)]
    measured = [line for line in accuracies if line] or ["accuracy: not measured"]
    lines = [_genres(card), *measured]
    return "\n".join([printable(model_id), *(f"  {line}" for line in lines)])


def card_details(model_id: str, card: Card) -> str:
    """Return training, licence and all measurements of a model."""
    known = [(name, _value(card.training.get(name))) for name in TRAINING]
    training = ", ".join(f"{name} {value}" for name, value in known if value)
    snapshot = _text(card.training.get("snapshot"))[:12]
    lines = [
        f"trained with: {training or 'not said'}",
        *([f"snapshot of the labels: {snapshot}"] if snapshot else []),
        *(
            f"{protocol}: {command}"
            for protocol, values in _protocols(card)
            if (command := _text(values.get("command")))
        ),
        f"licence: {_text(card.licence) or 'not said'}",
    ]
    several = ["  several genres at once"] if card.multi_label else []
    tables = [line for measured in _protocols(card) for line in _measured(*measured, card)]
    wrapped = [_wrapped(line) for line in lines]
    return "\n".join([card_summary(model_id, card), *several, *tables, *wrapped])


def printable(text: str) -> str:
    """Return one line without control characters."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _genres(card: Card) -> str:
    tracks = _mapping(card.training.get("labels"))
    counts = {genre: _count(tracks.get(genre)) for genre in card.genres}
    named = [
        printable(genre) + ("" if count is None else f" ({count})")
        for genre, count in counts.items()
    ]
    is_counted = any(count is not None for count in counts.values())
    return f"genres{' (tracks)' if is_counted else ''}: {', '.join(named)}"


def _protocols(card: Card) -> list[tuple[str, dict[str, Any]]]:
    """List the measurements by the name of the protocol."""
    return [
        (_text(protocol), values)
        for protocol, values in card.metrics.items()
        if isinstance(values, dict)
    ]


def _accuracy(protocol: str, values: dict[str, Any]) -> str | None:
    accuracy = _score(values.get("accuracy"))
    if accuracy is None:
        return None
    about = ", ".join(_circumstances(values))
    measured = f"{protocol}: accuracy {accuracy}" + (f" ({about})" if about else "")
    return measured + (" LEAKY" if values.get("leaky") else "")


def _circumstances(values: dict[str, Any]) -> Iterator[str]:
    sd, seeds = _score(values.get("sd")), _count(values.get("seeds"))
    if sd is not None:
        yield f"sd {sd}" + ("" if seeds is None else f" over {seeds} seeds")
    match values.get("interval_95"):
        case [low, high] if _score(low) and _score(high):
            yield f"95 % interval {_score(low)} to {_score(high)}"
    for name, unit in (("folds", "folds"), ("n_tracks", "tracks")):
        count = _count(values.get(name))
        if count is not None:
            yield f"{count} {unit}"


def _measured(protocol: str, values: dict[str, Any], card: Card) -> Iterator[str]:
    """Yield the lines of one measurement that the summary leaves out."""
    scores = [
        f"{title} {score}"
        for name, title in SCORES.items()
        if (score := _score(values.get(name)))
    ]
    if scores:
        yield _wrapped(f"{protocol}: {', '.join(scores)}")
    baselines = [
        _baseline(_text(name), other)
        for name, other in _mapping(values.get("baselines")).items()
        if isinstance(other, dict) and _score(other.get("accuracy"))
    ]
    if baselines:
        yield _wrapped(f"to compare, accuracy of {', '.join(baselines)}")
    unknown = _mapping(values.get("unknown"))
    if (written := _score(unknown.get("written"))) is not None:
        least = _score(unknown.get("min_confidence"))
        yield _wrapped(f"of genres that it does not know, written at {least}: {written}")
    yield from _table(values.get("genres"), card.genres)


def _baseline(name: str, values: dict[str, Any]) -> str:
    macro_f1 = _score(values.get("macro_f1"))
    more = f" (macro-F1 {macro_f1})" if macro_f1 else ""
    return f"{name} {_score(values.get('accuracy'))}{more}"


def _table(rows: object, genres: tuple[str, ...]) -> list[str]:
    """Return a line for each genre of the model that was scored, below a heading."""
    found = [
        (printable(row["genre"])[:MAX_NAME], row)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("genre") in genres
    ][: len(genres)]
    if not found:
        return []
    width = max(len("genre"), *(len(name) for name, _ in found))
    titles = "".join(f"{title:>11}" for title in (*COLUMNS.values(), "tracks"))
    return [f"  {'genre':<{width}}{titles}"] + [
        f"  {name:<{width}}{''.join(f'{cell:>11}' for cell in _cells(row))}"
        + _confusion(row.get("heard_as"), genres)
        for name, row in found
    ]


def _confusion(heard_as: object, genres: tuple[str, ...]) -> str:
    match heard_as:
        case [genre, count] if genre in genres and (number := _count(count)):
            return f"  {number} heard as {printable(genre)[:MAX_NAME]}"
    return ""


def _cells(row: dict[str, Any]) -> list[str]:
    tracks = _count(row.get("tracks"))
    scores = [_score(row.get(name)) or "-" for name in COLUMNS]
    return [*scores, "-" if tracks is None else str(tracks)]


def _score(value: object) -> str | None:
    """Return a number from 0 to 1 as text; None if it is anything else."""
    return f"{value:.3f}" if _is_number(value) and 0 <= value <= 1 else None


def _count(value: object) -> int | None:
    if isinstance(value, int) and _is_number(value) and value >= 0:
        return int(value)
    return None


def _value(value: object) -> str:
    if _is_number(value):
        return str(value) if isinstance(value, int) else f"{value:g}"
    return _text(value)


def _is_number(value: Any) -> TypeGuard[float]:
    """Return True for finite numbers that are no truth values."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and -MAX_NUMBER < value < MAX_NUMBER


def _text(value: object) -> str:
    """Return a text for a terminal; an empty one if the value is no text."""
    if not isinstance(value, str):
        return ""
    text = printable(value[: 2 * MAX_TEXT])
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _wrapped(line: str) -> str:
    return textwrap.fill(
        line,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
