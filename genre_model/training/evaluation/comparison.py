"""Two systems compared on the same tracks: every number, what it means, and its text."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import metrics
from genre_model.errors import TrainingDataError
from genre_model.training.data.protocols import is_leaky
from genre_model.training.evaluation.report import subject_of, warnings_of
from genre_model.training.evaluation.significance import (
    bootstrap_interval,
    detectable_difference,
    mcnemar,
    paired_t_test,
    welch_t_test,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.training.evaluation.predictions import Predictions


def on_same_tracks(systems: list[Predictions]) -> list[Predictions]:
    """Order the tracks of all systems alike; refuse systems that lack some."""
    names = systems[0].track_ids
    for system in systems[1:]:
        if differing := sorted(set(names) ^ set(system.track_ids)):
            raise TrainingDataError(
                f"{systems[0].name} scored {len(names)} {systems[0].unit}, {system.name} "
                f"{len(system.track_ids)}, and {len(differing)} by one of them only "
                f"({differing[0]}, ...): both must score the same"
            )
    return on_common_tracks(systems)


def on_common_tracks(systems: list[Predictions]) -> list[Predictions]:
    """Keep the tracks that all systems scored, in the order of the first system.

    Raises:
        TrainingDataError: if there is none, or one is scored twice, or genres differ.
    """
    for system in systems:
        twice = [name for name, n in Counter(system.track_ids).items() if n > 1]
        if twice:
            raise TrainingDataError(
                f"{system.name} scored {twice[0]} more than once; systems are compared on "
                "protocols that test each track once"
            )
        if system.genres != systems[0].genres:
            raise TrainingDataError(
                f"{systems[0].name} tells {', '.join(systems[0].genres)} apart, "
                f"{system.name} {', '.join(system.genres)}: both must have the same genres "
                "in the same order"
            )
    shared = set.intersection(*(set(system.track_ids) for system in systems))
    if not shared:
        raise TrainingDataError(
            f"no track was scored by each of {', '.join(system.name for system in systems)}"
        )
    names = [name for name in systems[0].track_ids if name in shared]
    return [system.subset(names) for system in systems]


def ensemble_of(systems: list[Predictions], name: str = "ensemble") -> Predictions:
    """Average the probabilities of several systems on the same tracks.

    Raises:
        TrainingDataError: if there are fewer than two, or tracks or genres differ.
    """
    if len(systems) < 2:
        raise TrainingDataError(
            f"an ensemble needs at least two systems, and there is only "
            f"{', '.join(system.name for system in systems) or 'none'}: give several runs, "
            "or a run with several seeds"
        )
    aligned = on_same_tracks(systems)
    recipes = dict.fromkeys(system.recipe for system in systems)
    return replace(
        aligned[0],
        name=name,
        source=" and ".join(dict.fromkeys(system.source for system in systems)),
        probabilities=np.mean([system.probabilities for system in aligned], axis=0),
        n_seen=max(system.n_seen for system in systems),
        temperature=float(np.mean([system.temperature for system in systems])),
        recipe=f"ensemble of {len(systems)}: {', '.join(recipes)}",
        recipe_hash="",
    )


#: Two-sided level of every test.
LEVEL = 0.05


def comparison_of(
    first: list[Predictions],
    second: list[Predictions],
    names: tuple[str, str],
    protocol: str,
    part: str,
    combination: str = "mean",
) -> dict[str, Any]:
    """Compute every number of a comparison, ready for JSON.

    With one seed each, this is McNemar's test beside a t-test. With several, McNemar's
    test is made for each pair of seeds, in their order, and for the two ensembles of all
    seeds (mean probability); the t-tests and the bootstrap interval are of the share of
    seeds that have each track right.

    Args:
        first: the seeds of system A.
        second: the seeds of system B.
        names: of both.
        protocol: that chose the tracks.
        part: of the protocol's tracks.
        combination: how segments became tracks.

    Raises:
        TrainingDataError: if both scored fewer than two common tracks, or other genres.
    """
    aligned = on_common_tracks([*first, *second])
    n_tracks = len(aligned[0].labels)
    _check_units(aligned[0], n_tracks, [*first, *second])
    a, b = aligned[: len(first)], aligned[len(first) :]
    share_a, share_b = _share_right(a), _share_right(b)
    differences = share_a - share_b
    report = {
        "protocol": protocol,
        "leaky": is_leaky(protocol),
        "part": part,
        "unit": aligned[0].unit,
        "combination": combination,
        "source": aligned[0].source,
        "n_tracks": n_tracks,
        "a": _side(names[0], a, len(first[0].labels)),
        "b": _side(names[1], b, len(second[0].labels)),
        "difference": float(differences.mean()),
        "difference_interval_95": bootstrap_interval(differences),
        "detectable_difference": detectable_difference(differences),
        "mcnemar": _mcnemar_rows(a, b),
        "paired_t_test": asdict(paired_t_test(share_a, share_b)),
        "welch_t_test": asdict(welch_t_test(share_a, share_b)),
    }
    return report | {"conclusion": conclusion_of(report)}


def conclusion_of(report: dict[str, Any]) -> str:
    """Say in words which system is better, if that can be said.

    A difference counts as shown if McNemar's test (of the ensembles, if there are several
    seeds) and the paired t-test both find it at the level of 5 %, in the same direction:
    neither test may be picked afterwards.
    """
    difference, mcnemar_row = report["difference"], report["mcnemar"][-1]
    net = mcnemar_row["only_first"] - mcnemar_row["only_second"]
    p_values = [mcnemar_row["p_value"], report["paired_t_test"]["p_value"]]
    found = [p_value < LEVEL for p_value in p_values]
    low, high = (100 * bound for bound in report["difference_interval_95"])
    scored = f"{report['n_tracks']} {report['unit']}"
    evidence = (
        f"A - B = {100 * difference:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}; "
        f"McNemar p = {p_values[0]:.2g}, paired t-test p = {p_values[1]:.2g}"
    )
    if all(found) and net * difference > 0:
        return f"{'A' if difference > 0 else 'B'} is better on {scored}: {evidence}."
    if any(found):
        return f"The tests disagree on {scored}, so no difference is shown: {evidence}."
    detectable = 100 * report["detectable_difference"]
    if not detectable:
        return f"A and B have the same of {scored} right: no difference can be shown."
    return (
        f"No difference can be shown with {scored}: {evidence}. The t-test alone would "
        f"find a true difference of {detectable:.1f} points in 4 of 5 such comparisons."
    )


def _check_units(kept: Predictions, n_tracks: int, systems: list[Predictions]) -> None:
    if n_tracks < 2:
        raise TrainingDataError(
            f"only {n_tracks} track was scored by both systems; a comparison needs at "
            "least two"
        )
    if kept.unit == "segments" and any(len(s.labels) > n_tracks for s in systems):
        raise TrainingDataError(
            "the two systems cut tracks into other segments, which cannot be compared; "
            "choose a protocol that scores tracks"
        )


def _share_right(systems: list[Predictions]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.mean([system.right for system in systems], axis=0)
    return share


def _side(name: str, systems: list[Predictions], n_scored: int) -> dict[str, Any]:
    accuracies = [float(system.right.mean()) for system in systems]
    mean, n_tracks = float(np.mean(accuracies)), len(systems[0].labels)
    return {
        "name": name,
        "recipe": systems[0].recipe,
        "recipe_hash": systems[0].recipe_hash,
        "seeds": len(systems),
        "n_seen": max(system.n_seen for system in systems),
        "n_left_out": n_scored - n_tracks,
        "accuracy": mean,
        "sd": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else 0.0,
        "accuracy_interval_95": metrics.wilson_interval(mean * n_tracks, n_tracks),
        "accuracies": accuracies,
    }


def _mcnemar_rows(a: list[Predictions], b: list[Predictions]) -> list[dict[str, Any]]:
    """Test each pair of seeds; last, and decisive, the ensembles if there are seeds."""
    pairs = [(x, y, f"{x.name} against {y.name}") for x, y in zip(a, b, strict=False)]
    if len(a) > 1 or len(b) > 1:
        what = f"ensembles of {len(a)} and {len(b)} seeds"
        pairs.append((_as_one(a), _as_one(b), what))
    return [{"what": what, **asdict(mcnemar(x.right, y.right))} for x, y, what in pairs]


def _as_one(systems: list[Predictions]) -> Predictions:
    return ensemble_of(systems) if len(systems) > 1 else systems[0]


def comparison_text(report: dict[str, Any]) -> str:
    """Lay a comparison out, at most 100 columns wide but for the names of runs."""
    sections = [
        _headline(report),
        _accuracy_lines(report),
        _test_lines(report),
        wrap(report["conclusion"], 100),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections)


def _headline(report: dict[str, Any]) -> list[str]:
    lines = [f"{subject_of(report)}: {report['n_tracks']} {report['unit']} scored by both"]
    lines += [
        f"{letter} alone scored {report[side]['n_left_out']} more, which do not count here"
        for letter, side in (("A", "a"), ("B", "b"))
        if report[side]["n_left_out"]
    ]
    n_seen = max(report["a"]["n_seen"], report["b"]["n_seen"])
    lines += warnings_of(report["protocol"], n_seen)
    if report["unit"] == "segments":
        lines.append("segments of one track are no independent trials: p is too small")
    return lines


def _accuracy_lines(report: dict[str, Any]) -> list[str]:
    lines = [_side_line(letter, report[side]) for letter, side in (("A", "a"), ("B", "b"))]
    low, high = report["difference_interval_95"]
    lines.append(
        f"  A - B      {100 * report['difference']:+5.1f} points, 95 % bootstrap interval "
        f"over {report['unit']} {100 * low:+.1f} to {100 * high:+.1f}"
    )
    return lines


def _side_line(letter: str, side: dict[str, Any]) -> str:
    low, high = side["accuracy_interval_95"]
    return (
        f"  {letter}  accuracy {side['accuracy']:.3f} (sd {side['sd']:.3f} over "
        f"{side['seeds']} seed(s); 95 % interval {low:.3f} to {high:.3f})\n"
        f"     {side['name']}, recipe {side['recipe'] or 'unknown'}"
    )


def _test_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"  {'McNemar, exact':<46}{'only A':>8}{'only B':>8}{'p':>11}"]
    lines += [
        f"  {row['what']:<46}{row['only_first']:8d}{row['only_second']:8d}"
        f"{row['p_value']:11.3g}"
        for row in report["mcnemar"]
    ]
    lines += [
        "",
        f"  {'t-test of the share of seeds that are right':<46}{'t':>16}{'p':>11}",
    ]
    for what, key in (
        ("paired by track", "paired_t_test"),
        ("unpaired (Welch)", "welch_t_test"),
    ):
        t = report[key]["t"]
        shown = "-" if t is None else f"{t:.2f}"
        lines.append(f"  {what:<46}{shown:>16}{report[key]['p_value']:11.3g}")
    return lines
