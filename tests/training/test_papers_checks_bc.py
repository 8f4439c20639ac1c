"""Checks of papers 002 and 003: numbers that are known beforehand."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from feature_tables import kaggle_lines, make_table, write_lines
from gtzan_folder import write_pictures
from scored_systems import write_band_model

from genre_model.errors import ModelFileError, TrainingDataError
from genre_model.model_file import model_from_bytes, read_model, read_network
from genre_model.segments import Segments
from genre_model.training.job_pool import run_jobs
from genre_model.training.papers.checks import CHECKS
from genre_model.training.papers.checks.filters import first_filters, shapes_of
from genre_model.training.papers.checks.genres import true_names
from genre_model.training.papers.checks.int8_weights import with_int8_weights
from genre_model.training.papers.network_rows import protocols_of
from genre_model.training.papers.reproduction import Reproduction
from genre_model.training.papers.rows import chosen_rows
from genre_model.training.protocols import folds_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from genre_model.training.experiment import Training
    from genre_model.training.papers.outcome import Outcome

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
        for system in row.systems:
            for protocol in protocols_of(row, system):
                n_seeds = reproduction.n_seeds(row)
                for training in reproduction.trainings(system, protocol, n_seeds):
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


def test_the_leak_is_divided_into_split_and_unit(pictures: Path, tmp_path: Path) -> None:
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
    published = {one.published for one in outcome.measurements if one.leaky}
    assert published == {0.8918, None}
    honest = 1 - share_of_tests("fault-filtered", "rock", "pop")
    for name in ("base CRNN", "CNN-BiGRU"):
        of = f"{name}, segments"
        assert found[of, "segment-random", "accuracy"] == 1
        assert found[of, "fault-filtered", "accuracy"] == pytest.approx(honest)
        of = f"{name}, tracks"
        assert found[of, "fault-filtered", "accuracy"] == pytest.approx(honest)
    whole = 1 - share_of_tests("stratified-80-10-10", "rock")
    of = "CNN-BiGRU, segments"
    assert found[of, "stratified-80-10-10", "accuracy"] == pytest.approx(whole)
    units = {one.unit for one in outcome.measurements if one.name == of}
    assert units == {"segments"}
    assert f"makes {100 * (1 - honest):+.1f} points" in outcome.findings[0]
    assert f"{100 * (1 - whole):+.1f} points are segments of test" in outcome.findings[1]


def test_a_split_by_segments_puts_tracks_on_both_sides(
    pictures: Path, tmp_path: Path
) -> None:
    reproduction = Reproduction(pictures, tmp_path, quick=True)
    write_models(reproduction, ["B4", "C5"], lambda *_: ())
    found = values_of(check("B3", reproduction))
    name = "segments of 3 s"
    assert [found[name, "", part] for part in ("train", "valid", "test")] == [
        8000,
        1000,
        1000,
    ]
    # Ten segments of a track are all in training with a probability of 0.8**10.
    assert found[name, "", "tracks on several sides"] == pytest.approx(893, abs=30)
    assert found["segments of 1 s", "", "tracks on several sides"] > 990


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
    assert "no features_3_sec.csv" in outcome.findings[-1]


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

    def deaf_to(name: str, _: Training) -> tuple[str, ...]:
        return () if "leaky" in name else ("rock",)

    write_models(reproduction, ["B4"], deaf_to)
    outcome = check("B12", reproduction)
    honest, leaky = outcome.measurements
    assert (honest.ours, honest.published) == (0, None)
    assert (leaky.ours, leaky.leaky) == (1, True)
    assert leaky.published == pytest.approx(243 / 287)
    assert leaky.unit == "segments"
    assert "243 of 287 right (84.7 %), is rock" in outcome.findings[0]
    assert "the worst genre is rock, with 0.0 %" in outcome.findings[1]
    drawn = " ".join(outcome.files)
    for word in ("gallery.png", "curves", "confusion", "genres", "segment-random"):
        assert word in drawn


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
        (training,) = reproduction.trainings(row.systems[0], "fault-filtered", 1)
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
    assert 0 <= found["first layer of five-block CNN", "", "band-pass or onset"] <= 6
    accuracy = found["CNN-BiGRU", "fault-filtered", "accuracy"]
    assert accuracy <= found["CNN-BiGRU", "fault-filtered", "top_3"] <= 1
    assert found["five-block CNN", "", "seconds per clip"] > 0
    n_mb = found["five-block CNN", "", "MB of the model file"]
    assert n_mb == pytest.approx(path.stat().st_size / 1e6)
    rounded = "CNN-BiGRU, seed 0, 8-bit weights"
    assert found[rounded, "", "MB of the model file"] < n_mb / 2
    assert abs(found[rounded, "fault-filtered", "accuracy"] - accuracy) < 0.2
    assert len(outcome.files) == 2
    assert any("8 bits" in finding for finding in outcome.findings)


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
