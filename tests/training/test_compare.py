"""Comparisons of two systems: the numbers, and what is concluded from them."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from gtzan_folder import write_pictures
from scored_systems import right_on, write_band_model

from genre_model.cli.compare import add_compare, compare
from genre_model.errors import TrainingDataError
from genre_model.training.evaluation.comparison import (
    comparison_of,
    comparison_text,
    ensemble_of,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from genre_model.training.evaluation.predictions import Predictions


def outcome(only_a: int, only_b: int, n_tracks: int = 100) -> list[Predictions]:
    """Return two systems: each alone right on some tracks, together on half the rest."""
    both = (n_tracks - only_a - only_b) // 2
    neither = n_tracks - only_a - only_b - both
    counts = [only_a, only_b, both, neither]
    a, b = ([True, False, True, False], [False, True, True, False])
    return [right_on(np.repeat(pattern, counts)) for pattern in (a, b)]


def compared(
    a: Predictions | list[Predictions], b: Predictions | list[Predictions]
) -> dict[str, Any]:
    first, second = (x if isinstance(x, list) else [x] for x in (a, b))
    return comparison_of(first, second, ("one", "other"), "fault-filtered", "test")


def test_the_numbers_of_two_systems() -> None:
    report = compared(*outcome(18, 2))
    assert report["a"]["accuracy"] == pytest.approx(0.58)
    assert report["b"]["accuracy"] == pytest.approx(0.42)
    assert report["difference"] == pytest.approx(0.16)
    (row,) = report["mcnemar"]
    assert (row["only_first"], row["only_second"]) == (18, 2)
    assert row["p_value"] == pytest.approx(2 * (1 + 20 + 190) / 2**20)
    low, high = report["difference_interval_95"]
    assert 0 < low < 0.16 < high
    assert report["conclusion"].startswith("A is better on 100 tracks: A - B = +16.0")
    json.dumps(report, allow_nan=False)
    assert compared(*outcome(2, 18))["conclusion"].startswith("B is better")


def test_no_difference_says_what_could_have_been_found() -> None:
    report = compared(*outcome(12, 8))
    detectable = 100 * report["detectable_difference"]
    expected = 2.8016 * np.std([1] * 12 + [-1] * 8 + [0] * 80, ddof=1) * 10
    assert detectable == pytest.approx(expected, rel=1e-4)
    assert "No difference can be shown with 100 tracks" in report["conclusion"]
    assert f"find a true difference of {detectable:.1f} points" in report["conclusion"]


def test_systems_that_agree_everywhere() -> None:
    a, _ = outcome(5, 5)
    assert "A and B have the same of 100 tracks right" in compared(a, a)["conclusion"]


def test_neither_test_may_be_picked_afterwards() -> None:
    # 6 against 0: McNemar's p is 2 / 2**6, the t-test's smaller; 5 against 0 divides them.
    assert "A is better" in compared(*outcome(6, 0))["conclusion"]
    report = compared(*outcome(5, 0))
    assert report["mcnemar"][0]["p_value"] == pytest.approx(2 / 2**5)
    assert report["paired_t_test"]["p_value"] < 0.05
    assert report["conclusion"].startswith("The tests disagree")


def test_seeds_are_tested_in_pairs_as_ensembles_and_by_share() -> None:
    rng = np.random.default_rng(0)
    a, b = (
        [right_on(rng.random(200) < share, f"seed-{seed}") for seed in range(3)]
        for share in (0.8, 0.6)
    )
    report = compared(a, b[:2])
    names = [row["what"] for row in report["mcnemar"]]
    assert names == [
        "seed-0 against seed-0",
        "seed-1 against seed-1",
        "ensembles of 3 and 2 seeds",
    ]
    shares = [np.mean([s.right for s in side], axis=0) for side in (a, b[:2])]
    assert report["difference"] == pytest.approx(np.mean(shares[0] - shares[1]))
    assert report["a"]["sd"] == pytest.approx(np.std(report["a"]["accuracies"], ddof=1))
    # Of three equally sure seeds, the mean probability is their majority vote.
    majority = np.sum([s.right for s in a], axis=0) >= 2
    assert ensemble_of(a).right.tolist() == majority.tolist()
    second = ensemble_of(b[:2]).right
    assert report["mcnemar"][-1]["only_first"] == np.sum(majority & ~second)
    assert report["mcnemar"][-1]["only_second"] == np.sum(second & ~majority)
    text = comparison_text(report)
    assert max(map(len, text.splitlines())) <= 100
    assert "unpaired (Welch)" in text


def test_only_common_tracks_count_and_it_is_said() -> None:
    a, b = outcome(10, 10)
    kept = b.track_ids[:60]
    report = compared(a, b.subset(kept[::-1]))
    assert report["n_tracks"] == 60
    assert report["a"]["accuracy"] == pytest.approx(a.right[:60].mean())
    assert report["a"]["n_left_out"] == 40
    assert "A alone scored 40 more" in comparison_text(report)


def test_systems_without_a_common_track_are_refused() -> None:
    a, b = outcome(1, 1)
    renamed = replace(b, name="other", track_ids=tuple(f"x{i}" for i in b.track_ids))
    with pytest.raises(TrainingDataError, match="no track was scored by each of seed-0"):
        compared(a, renamed)
    with pytest.raises(TrainingDataError, match="only 1 track was scored by both"):
        compared(a, b.subset(("3",)))


def test_segments_of_other_lengths_are_refused() -> None:
    a, b = (
        replace(system, track_ids=tuple(f"rock.00000#{i}" for i in system.track_ids))
        for system in outcome(2, 2)
    )
    assert "no independent trials" in comparison_text(compared(a, b))
    with pytest.raises(TrainingDataError, match="cut tracks into other segments"):
        compared(a, b.subset(b.track_ids[:50]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("gtzan"), range(12, 15))


def run_compare(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_compare(parser.add_subparsers())
    return compare(parser.parse_args(["compare", *arguments]))


def test_the_command_compares_two_models(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = str(write_band_model(tmp_path / "whole.onnx"))
    deaf = ("jazz", "rock", "metal", "disco", "pop", "blues")
    partial = str(write_band_model(tmp_path / "partial.onnx", deaf_to=deaf))
    out = tmp_path / "out"
    arguments = ["--data", str(folder), "--source", "pictures", "--out", str(out)]
    assert run_compare(whole, partial, *arguments) == 0
    printed = capsys.readouterr().out
    report = json.loads((out / "comparison.json").read_text())
    assert report["a"]["name"] == whole
    assert report["a"]["accuracy"] == 1
    assert report["b"]["accuracy"] < 1
    assert report["mcnemar"][0]["only_second"] == 0
    assert report["conclusion"] in " ".join(printed.split())
    assert (out / "comparison.txt").read_text() == printed


def test_the_combination_of_segments_is_asked_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(write_band_model(tmp_path / "whole.onnx"))
    arguments = ["--data", str(folder), "--source", "pictures", "--combine", "vote"]
    assert run_compare(model, model, *arguments) == 0
    assert "majority vote of segments" in capsys.readouterr().out
