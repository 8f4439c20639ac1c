"""Checks of papers 002 and 003: numbers that are known beforehand."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from feature_tables import kaggle_lines, make_table, write_lines
from gtzan_folder import write_pictures
from onnx_models import FRONT_END
from scored_systems import write_band_model

from genre_model.errors import ModelFileError, TrainingDataError
from genre_model.features.segments import Segments
from genre_model.model.model_file import model_from_bytes, read_model
from genre_model.model.source import read_network
from genre_model.papers.checks import CHECKS
from genre_model.papers.checks.claims import (
    first_filters,
    shapes_of,
    with_int8_weights,
)
from genre_model.papers.checks.genres import true_names
from genre_model.papers.checks.paper_code import (
    bottleneck_parameters,
    loss_floor,
    parameters_of,
)
from genre_model.papers.checks.splits import (
    counts_printed_as,
    impossible_new_songs,
    possible_units,
)
from genre_model.papers.reproduction import QUICK_EVERY, Reproduction
from genre_model.papers.rows import chosen_rows
from genre_model.training.data.gtzan import segments_per_track
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.predictions import Evaluation, predict_systems
from genre_model.training.fit.job_pool import run_jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from genre_model.papers.outcome import Outcome
    from genre_model.training.fit.experiment import Training

#: Of the tracks of each genre: some of them train, validate and test every protocol.
NUMBERS = range(5, 89, 7)
N_TRACKS = 10 * len(NUMBERS)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("gtzan"), NUMBERS)


def check(row_id: str, reproduction: Reproduction) -> Outcome:
    (row,) = chosen_rows([row_id])
    outcome = CHECKS[row_id](row, reproduction)
    assert outcome.id == row_id
    for name in outcome.files:
        assert (reproduction.out / name).stat().st_size > 1000
    return outcome


def values_of(outcome: Outcome) -> dict[tuple[str, str, str], float]:
    """Return our values by name, protocol and measure, none of them twice."""
    found = {
        (one.name, one.protocol, one.measure): one.ours for one in outcome.measurements
    }
    assert len(found) == len(outcome.measurements)
    return found


def write_models(
    reproduction: Reproduction,
    row_ids: list[str],
    deaf_to: Callable[[str, Training], tuple[str, ...]],
) -> None:
    """Put models in the place of trainings; the networks' own genres are not heard."""
    for row in chosen_rows(row_ids):
        for system, protocol in row.runs:
            for training in reproduction.trainings(row, protocol, system):
                path = training.run_folder.model_path
                write_band_model(path, deaf_to=deaf_to(system.name, training))


def share_of_tests(protocol: str, *genres: str) -> float:
    """Return the share of a protocol's test tracks that are of these genres."""
    there = {f"{n:05d}" for n in NUMBERS}
    tests = [
        name.split(".")
        for fold in folds_of(protocol)
        for name in fold.test
        if name.split(".")[1] in there
    ]
    return sum(folder in genres for folder, _ in tests) / len(tests)


def test_the_front_end_of_paper_002(pictures: Path, tmp_path: Path) -> None:
    outcome = check("B1", Reproduction(pictures, tmp_path))
    by_measure = {one.measure: one for one in outcome.measurements}
    assert by_measure["hop (samples)"].ours == 256
    assert by_measure["hop (samples)"].published == 67
    assert by_measure["sample rate (Hz)"].difference == -450
    assert by_measure["mel bands"].difference == 0
    frames = by_measure["frames of a clip, by that hop"]
    assert frames.ours == 1 + (660_000 - 2048) // 256
    assert frames.published == 1 + (660_000 - 2048) // 67
    assert "96 bands" in outcome.findings[-1]


def test_segments_of_four_lengths(pictures: Path, tmp_path: Path) -> None:
    found = values_of(check("B2", Reproduction(pictures, tmp_path)))
    counts = {name: n for (name, _, _), n in found.items()}
    assert counts["segments of 30 s"] == N_TRACKS
    assert counts["segments of 10 s"] == 3 * N_TRACKS
    assert counts["segments of 3 s"] == 10 * N_TRACKS
    assert counts["segments of 1 s"] >= 30 * N_TRACKS


def test_segments_that_overlap_by_half(pictures: Path, tmp_path: Path) -> None:
    found = values_of(check("C1", Reproduction(pictures, tmp_path)))
    name = "recipe c3_cnn on audio"
    assert found[name, "", "segments of a clip"] == 19
    assert found[name, "", "mean overlap"] == pytest.approx(0.5, abs=0.01)
    name = "recipe c3_cnn on mel pictures"
    n_segments = found[name, "", "segments of a clip"]
    # 344 frames that are cut into segments of 34.
    expected = 1 - (343 - 34) / 34 / (n_segments - 1)
    assert found[name, "", "mean overlap"] == pytest.approx(expected, abs=0.02)
    assert {n for (_, _, measure), n in found.items() if measure == "tracks"} == {0}


def test_mfcc_and_band_statistics(pictures: Path, tmp_path: Path) -> None:
    outcome = check("C2", Reproduction(pictures, tmp_path))
    measured = [one for one in outcome.measurements if "dct" in one.name]
    assert len(measured) == 2
    assert all(0 < one.ours < 1e-5 for one in measured)
    centred = "frames of 3 s, padded by half a window"
    assert values_of(outcome)["recipe c3_cnn", "", centred] == 130
    assert any("band_norm" in finding for finding in outcome.findings)


def test_mfcc_need_training_tracks(tmp_path: Path) -> None:
    data_dir = write_pictures(tmp_path, NUMBERS)
    for name in folds_of("fault-filtered")[0].train:
        folder = name.partition(".")[0]
        (data_dir / "mel_png" / folder / f"{name}.png").unlink(missing_ok=True)
    with pytest.raises(TrainingDataError, match="none of the training tracks"):
        check("C2", Reproduction(data_dir, tmp_path))


def test_splits_are_compared_with_one_recipe(pictures: Path, tmp_path: Path) -> None:
    reproduction = Reproduction(pictures, tmp_path, seeds=2)

    def deaf_to(_: str, training: Training) -> tuple[str, ...]:
        of_protocol = {
            "segment-random": (),
            "stratified-80-10-10": ("rock",),
            "fault-filtered": ("rock", "pop"),
        }
        return of_protocol.get(training.experiment.protocol, ())

    write_models(reproduction, ["B4", "C5"], deaf_to)
    outcome = check("B3", reproduction)
    found = values_of(outcome)
    assert len(outcome.files) == 2
    judged = [one for one in outcome.measurements if one.measure == "accuracy"]
    assert len(judged) == 10
    assert {one.published for one in judged} == {None}
    assert {one.low is None for one in judged if one.unit == "segments"} == {True}
    assert {one.low is None for one in judged if one.unit == "tracks"} == {False}
    honest = 1 - share_of_tests("fault-filtered", "rock", "pop")
    whole = 1 - share_of_tests("stratified-80-10-10", "rock")
    assert honest < whole < 1
    for place, name in enumerate(("base CRNN, longer", "CNN-BiGRU, longer")):
        assert found[f"{name}, segments", "segment-random", "accuracy"] == 1
        for unit in ("segments", "tracks"):
            of = f"{name}, {unit}"
            assert found[of, "fault-filtered", "accuracy"] == pytest.approx(honest)
            assert found[of, "stratified-80-10-10", "accuracy"] == pytest.approx(whole)
        trained, leak, artists, units = outcome.findings[4 * place : 4 * place + 4]
        assert "on 8000 segments" in trained
        assert "on 800 whole tracks" in trained
        assert "on 443 whole tracks" in trained
        assert f"{100 * (1 - whole):+.1f} points go with segments of test" in leak
        assert f"{100 * (whole - honest):+.1f} points less go with artists" in artists
        assert units.count("+0.0 points") == 2


def test_the_three_splits_are_trained_as_long() -> None:
    for row in chosen_rows(["B4", "C5"]):
        (longer,) = [one for one in row.systems if "segment-random" in one.protocols]
        wanted = {"segment-random", "stratified-80-10-10", "fault-filtered"}
        assert set(longer.protocols) == wanted


def test_a_split_by_segments_puts_tracks_on_both_sides(
    pictures: Path, tmp_path: Path
) -> None:
    reproduction = Reproduction(pictures, tmp_path, quick=True)
    write_models(reproduction, ["B4", "C5"], lambda *_: ())
    outcome = check("B3", reproduction)
    found = values_of(outcome)
    name = "segments of 3 s"
    split = "segment-random"
    assert [found[name, split, part] for part in ("train", "valid", "test")] == [
        8000,
        1000,
        1000,
    ]
    # Ten segments of a track are all in training with a probability of 0.8**10.
    assert found[name, split, "tracks on several sides"] == pytest.approx(893, abs=30)
    assert found["segments of 1 s", split, "tracks on several sides"] > 990
    # Of the tracks here, a quick look scores a seventh.
    (judged,) = [
        one
        for one in outcome.measurements
        if one.name == "CNN-BiGRU, longer, segments" and one.protocol == "fault-filtered"
    ]
    n_tests = sum(int(name[-5:]) in NUMBERS for name in folds_of("fault-filtered")[0].test)
    n_scored = -(-n_tests // QUICK_EVERY)
    assert n_scored > 1
    assert judged.n == n_scored * segments_per_track(FRONT_END)


def test_missing_runs_are_said(pictures: Path, tmp_path: Path) -> None:
    for row_id in ("B3", "B12", "C10", "C12", "C15"):
        with pytest.raises((TrainingDataError, ModelFileError)):
            check(row_id, Reproduction(pictures, tmp_path))


def test_c_and_k_are_tuned_on_validation_tracks(pictures: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "mel_png").symlink_to(pictures / "mel_png")
    table = make_table(100, noise=2.5)
    write_lines(data_dir / "features_30_sec.csv", kaggle_lines(table))
    outcome = check("B10", Reproduction(data_dir, tmp_path / "out"))
    assert len(outcome.files) == 4
    assert {one.n for one in outcome.measurements} == {197}
    assert "SVM, 30 s, C = 10 (the paper's), validation" in {
        one.name for one in outcome.measurements
    }
    by_system: dict[str, list[tuple[str, float]]] = {}
    for one in outcome.measurements:
        by_system.setdefault(one.name[:3], []).append((one.name, one.ours))
    for rows in by_system.values():
        assert "chosen" in rows[0][0]
        assert rows[0][1] == max(accuracy for _, accuracy in rows)
        assert 0.3 < rows[0][1] < 1
    (missing,) = outcome.not_run
    assert "SVM and k-NN on the 3-s table" in missing
    assert "features_3_sec.csv" in missing
    assert str(tmp_path) not in missing


def test_tuning_without_any_table(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"features_30_sec\.csv"):
        check("B10", Reproduction(pictures, tmp_path))


def test_the_names_in_the_plots_of_paper_002_are_put_right(
    pictures: Path, tmp_path: Path
) -> None:
    names = true_names()
    assert names["hiphop"] == "rock"
    assert names["blues"] == "metal"
    assert names["classical"] == "classical"
    assert sorted(names) == sorted(names.values())
    reproduction = Reproduction(pictures, tmp_path, seeds=1)

    def deaf_to(_: str, training: Training) -> tuple[str, ...]:
        return () if training.experiment.protocol == "segment-random" else ("rock",)

    write_models(reproduction, ["B4"], deaf_to)
    outcome = check("B12", reproduction)
    judged = [one for one in outcome.measurements if one.measure == "recall"]
    (leaky,) = [one for one in judged if one.published is not None]
    honest = [one for one in judged if one is not leaky]
    assert {one.ours for one in honest} == {0}
    assert len({(one.name, one.protocol) for one in honest}) == len(honest) == 3
    assert (leaky.ours, leaky.leaky) == (1, True)
    assert leaky.published == pytest.approx(243 / 287)
    assert leaky.unit == "segments"
    assert "243 of 287 right (84.7 %), is rock" in outcome.findings[0]
    assert any("the worst genre is rock, with 0.0 %" in one for one in outcome.findings)
    sizes = {one.name: one for one in outcome.measurements if one.published}
    assert sizes["recipe b4_crnn on audio"].difference == 0
    assert sizes["recipe b5_extended_crnn on audio"].difference == 0
    assert sizes["ResNet-18 and a dense layer"].ours == 11_176_842
    assert "58,144,138, as many as the paper's ResNet-18" in outcome.findings[1]
    assert "it still is 1.4612" in outcome.findings[2]
    drawn = " ".join(outcome.files)
    for word in ("gallery.png", "curves", "confusion", "genres", "segment-random"):
        assert word in drawn


def test_sizes_of_residual_networks() -> None:
    # torchvision's ResNet-50 and ResNet-152, less a last layer of 2048 by 1000.
    assert bottleneck_parameters((3, 4, 6, 3)) == 25_557_032 - 2_049_000
    assert bottleneck_parameters((3, 8, 36, 3)) == 60_192_808 - 2_049_000
    assert parameters_of("b5_extended_crnn") == (3_914_064, 4_021_968)
    assert loss_floor(10) == pytest.approx(
        torch.nn.functional.cross_entropy(torch.eye(10), torch.arange(10)).item()
    )


def test_printed_shares_that_no_count_gives() -> None:
    assert counts_printed_as(59.17, 400) == []
    assert counts_printed_as(59.17, 120) == [71]
    assert counts_printed_as(81.5, 2000) == [1630]
    assert counts_printed_as(88.7, 2000) == [1774]
    assert counts_printed_as(50, 30_000) == [14_999, 15_000, 15_001]
    (base,) = impossible_new_songs()
    assert "Base (3)" in base
    assert "400 segments of 3 s (nearest: 59.00 or 59.25 %)" in base
    assert "Transfer (10) has the same number" in base
    cnn, lstm, bigru = possible_units()
    assert "81.50 % cannot be of 100 tracks" in cnn
    assert "81.50 % can be 1630 of 2000 segments, 20 each" in cnn
    assert "74.00 % can be 74 of 100 tracks" in lstm
    assert "88.70 % cannot be of 1900 segments, 19 each" in bigru
    assert "88.70 % can be 1774 of 2000 segments, 20 each" in bigru


def test_ensembles_hear_what_one_of_them_hears(pictures: Path, tmp_path: Path) -> None:
    reproduction = Reproduction(pictures, tmp_path, seeds=2)

    def deaf_to(name: str, training: Training) -> tuple[str, ...]:
        return ("blues",) if "block" in name else (("rock", "pop")[training.seed],)

    write_models(reproduction, ["C3", "C5"], deaf_to)
    outcome = check("C10", reproduction)
    found = values_of(outcome)
    for protocol in ("fault-filtered", "rotation"):
        alone = found["five-block CNN", protocol, "accuracy"]
        assert alone == pytest.approx(1 - share_of_tests(protocol, "blues"))
        pair = found["five-block CNN + CNN-BiGRU", protocol, "accuracy"]
        assert pair == pytest.approx(1)
        together = "CNN-BiGRU, 2 runs as one (expected)"
        assert found[together, protocol, "accuracy"] == pytest.approx(1)
    published = {one.published for one in outcome.measurements if "+" in one.name}
    assert published == {0.84}
    assert len(outcome.findings) == 6
    assert "B = CNN-BiGRU seed-1" in outcome.findings[2]


def test_a_quick_run_has_no_ensemble_of_seeds(pictures: Path, tmp_path: Path) -> None:
    reproduction = Reproduction(pictures, tmp_path, quick=True)
    write_models(reproduction, ["C3", "C5"], lambda *_: ())
    assert "one run alone" in check("C10", reproduction).findings[1]


def test_recall_of_each_genre(pictures: Path, tmp_path: Path) -> None:
    reproduction = Reproduction(pictures, tmp_path, seeds=2)

    def deaf_to(_: str, training: Training) -> tuple[str, ...]:
        return ("rock",) if training.seed else ()

    write_models(reproduction, ["C5"], deaf_to)
    outcome = check("C12", reproduction)
    found = values_of(outcome)
    for protocol in ("stratified-80-10-10", "fault-filtered"):
        assert found["rock", protocol, "recall"] == 0.5
        assert found["classical", protocol, "recall"] == 1
    paper = {
        (one.name, one.protocol): one.published
        for one in outcome.measurements
        if one.published
    }
    assert paper == {("rock", "stratified-80-10-10"): 0.7}
    (recall,) = [one for one in outcome.findings if "macro recall" in one]
    assert "gives 88.7 % accuracy and macro recall 0.90" in recall
    n_rock = round(len(NUMBERS) * 10 * share_of_tests("fault-filtered", "rock"))
    assert n_rock > 0
    assert len(outcome.files) == 6


def test_shapes_of_filters() -> None:
    onset = np.array([[-1, 0, 1]] * 3, float)
    band = np.array([[-1] * 3, [2] * 3, [-1] * 3], float)
    flat = np.ones((3, 3))
    shapes = shapes_of(np.stack([onset, -onset, band, flat, onset.T, band.T]))
    assert (shapes.n_filters, shapes.n_shapes) == (6, 9)
    assert (shapes.n_onset, shapes.n_band) == (2, 1)
    assert shapes.chance == pytest.approx(2 / 9)
    assert shapes.p_value == pytest.approx(
        sum(
            count * (2 / 9) ** k * (7 / 9) ** (6 - k)
            for k, count in ((3, 20), (4, 15), (5, 6), (6, 1))
        )
    )
    rng = np.random.default_rng(0)
    random = shapes_of(rng.normal(size=(9000, 3, 3)))
    assert random.n_onset == pytest.approx(1000, abs=100)
    assert random.n_band == pytest.approx(1000, abs=100)


def test_a_network_without_filters_is_refused(tmp_path: Path) -> None:
    path = write_band_model(tmp_path / "bands.onnx")
    with pytest.raises(ModelFileError, match="no two-dimensional convolution"):
        first_filters(path)


@pytest.fixture(scope="module")
def claimed(
    pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Reproduction, Path]:
    """Train the smallest CNN there is; it stands for the CNN-BiGRU, too."""
    reproduction = Reproduction(
        pictures,
        tmp_path_factory.mktemp("claims"),
        quick=True,
        changes=(
            "network_options.filters=[6, 4]",
            "network_options.pools=[2, 2]",
            "training.batch_size=8",
        ),
    )
    paths: list[Path] = []
    for row in chosen_rows(["C3", "C5"]):
        (training,) = reproduction.trainings(row, "fault-filtered")
        if not paths:
            run_jobs([training])
        paths.append(training.run_folder.model_path)
    paths[1].parent.mkdir(parents=True)
    shutil.copy(*paths)
    return reproduction, paths[0]


def test_claims_become_numbers(claimed: tuple[Reproduction, Path]) -> None:
    reproduction, path = claimed
    outcome = check("C15", reproduction)
    found = values_of(outcome)
    shapes = shapes_of(first_filters(path))
    first = found["first layer of five-block CNN", "fault-filtered", "band-pass or onset"]
    assert first == shapes.n_onset + shapes.n_band
    accuracy = found["CNN-BiGRU", "fault-filtered", "accuracy"]
    assert accuracy <= found["CNN-BiGRU", "fault-filtered", "top_3"] <= 1
    assert found["five-block CNN", "", "seconds per clip"] > 0
    n_mb = found["five-block CNN", "", "MB of the model file"]
    assert n_mb == pytest.approx(path.stat().st_size / 1e6)
    rounded = "CNN-BiGRU, seed 0, 8-bit weights"
    assert found[rounded, "", "MB of the model file"] < n_mb / 2
    before, after = (
        predict_systems(Evaluation(str(model), reproduction.data_dir, every=QUICK_EVERY))[0]
        for model in (path, reproduction.out / "int8" / "c5_cnn_bigru.onnx")
    )
    assert accuracy == before.right.mean()
    assert found[rounded, "fault-filtered", "accuracy"] == after.right.mean()
    n_changed = np.sum(before.probabilities.argmax(1) != after.probabilities.argmax(1))
    n = len(before.labels)
    (finding,) = [one for one in outcome.findings if "8 bits" in one]
    assert f"change the genre of {n_changed} of {n} test tracks" in finding
    assert len(outcome.files) == 2
    for claim in ("pruning", "few hours", "dynamic quantisation"):
        assert claim in outcome.findings[-1]


def test_filters_are_those_of_the_first_layer(claimed: tuple[Reproduction, Path]) -> None:
    filters = first_filters(claimed[1])
    assert filters.shape == (6, 3, 3)
    assert 0 < np.abs(filters).max() < 1


def test_rounded_weights_score_alike(claimed: tuple[Reproduction, Path]) -> None:
    _, path = claimed
    content = read_network(path)
    before, after = read_model(path), model_from_bytes(with_int8_weights(content))
    assert after.card == before.card
    n_mels, n_frames = before.scorer.segment_shape
    values = np.random.default_rng(0).normal(90, 30, (16, n_mels, n_frames))
    segments = Segments(values.astype(np.float32), np.arange(16))
    exact, rounded = (model.scorer.score(segments).logits for model in (before, after))
    difference = np.abs(exact - rounded).max()
    # 127 levels of each sign: a hundredth of the logits, and not nothing.
    assert 0 < difference < 0.05 * np.abs(exact).max()
