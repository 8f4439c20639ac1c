"""Checks of the papers: their numbers on data whose answer is known."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from feature_tables import kaggle_lines, make_table, write_lines
from gtzan_folder import write_pictures
from onnx_models import FRONT_END
from scored_systems import predictions_of, write_band_model

from genre_model.errors import ModelFileError, TrainingDataError
from genre_model.features.segments import Segments
from genre_model.model.model_file import model_from_bytes, read_model
from genre_model.model.source import read_network
from genre_model.papers.checks import CHECKS, confusions, features
from genre_model.papers.checks.claims import count_shapes, first_filters, with_int8_weights
from genre_model.papers.checks.clips import neighbours_right
from genre_model.papers.checks.features import cosines_of
from genre_model.papers.checks.front_ends import au_without_conversion
from genre_model.papers.checks.genres import (
    bottleneck_parameters,
    loss_floor,
    parameters_of,
    true_names,
)
from genre_model.papers.checks.printed_tables import ZHANG_FIGURE_8
from genre_model.papers.checks.splits import (
    counts_printed_as,
    impossible_new_songs,
    possible_units,
    random_split_p_value,
)
from genre_model.papers.checks.tables import PUBLISHED_DROPPED
from genre_model.papers.outcome import Outcome
from genre_model.papers.reproduction import QUICK_EVERY, Reproduction
from genre_model.papers.rows import CHECKED_PROTOCOLS, chosen_rows
from genre_model.training.data.gtzan import GENRES, segments_per_track
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.predictions import (
    Evaluation,
    Predictions,
    predict_systems,
)
from genre_model.training.fit.job_pool import run_jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from genre_model.papers.outcome import Measurement
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.fit.experiment import Training


#: Of the tracks of each genre: some of them train, validate and test every protocol.
NUMBERS = range(3, 78, 5)
N_TRACKS = 10 * len(NUMBERS)
Z2 = chosen_rows(["Z2"])[0]
#: A network of a few weights.
TINY = (
    "network_options.filters=[2, 2]",
    "network_options.dense=8",
    "training.batch_size=8",
    'training.precision="32-true"',
)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"), NUMBERS)


@pytest.fixture(scope="session")
def folder(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mel pictures, and a feature table of the same tracks."""
    return with_table(tmp_path_factory.mktemp("tables"), pictures, known_table())


@pytest.fixture(scope="session")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    """Quick networks of Z2, under both protocols."""
    made = Reproduction(folder, tmp_path_factory.mktemp("out"), quick=True, changes=TINY)
    for protocol in CHECKED_PROTOCOLS:
        run_jobs(made.trainings(Z2, protocol))
    return made


@pytest.fixture
def reproduction(folder: Path, tmp_path: Path) -> Reproduction:
    return Reproduction(folder, tmp_path, quick=True)


def with_table(data: Path, pictures: Path, table: FeatureTable) -> Path:
    data.mkdir(exist_ok=True)
    (data / "mel_png").symlink_to(pictures / "mel_png")
    write_lines(data / "features_30_sec.csv", kaggle_lines(table))
    return data


def known_table() -> FeatureTable:
    """Disco's and rock's features are alike, and one feature is twice another."""
    table = make_table(NUMBERS.stop, noise=3.0)
    table = table.rows_named(
        {name for name in table.track_ids if int(name[-5:]) in NUMBERS}
    )
    values = table.values.copy()
    disco, rock = (table.labels == GENRES.index(genre) for genre in ("disco", "rock"))
    bandwidth, centroid, tempo = (
        table.names.index(name)
        for name in ("spectral_bandwidth_mean", "spectral_centroid_mean", "tempo")
    )
    values[:, bandwidth] = 2 * values[:, centroid]
    values[disco, tempo] = 123
    values[rock] = values[disco]
    return replace(table, values=values)


def check(row_id: str, reproduction: Reproduction) -> Outcome:
    outcome = CHECKS[row_id](chosen_rows([row_id])[0], reproduction)
    assert outcome.id == row_id
    assert Outcome.from_dict(outcome.to_dict()) == outcome
    for name in outcome.files:
        assert (reproduction.out / name).stat().st_size > 1000
    return outcome


def measured(outcome: Outcome, name: str, measure: str) -> Measurement:
    (found,) = [
        one for one in outcome.measurements if (one.name, one.measure) == (name, measure)
    ]
    return found


def said(outcome: Outcome) -> str:
    return " ".join(outcome.findings)


def test_z1_counts_frames(reproduction: Reproduction) -> None:
    outcome = check("Z1", reproduction)
    assert measured(outcome, "clip of 30 s", "frames").ours == 1 + (661500 - 2048) // 512
    assert measured(outcome, "128 columns", "seconds").ours == pytest.approx(
        128 * 512 / 22050
    )
    share = measured(outcome, "128 columns", "share of the clip").ours
    assert share == pytest.approx(0.0994, abs=1e-4)


def test_z6_sets_table_1_beside_the_network(trained: Reproduction) -> None:
    outcome = check("Z6", trained)
    assert "101 of 170 clips right, 59.4 %" in said(outcome)
    assert "8 of the 10 genres" in said(outcome)
    assert "blues for rock (50 %)" in said(outcome)
    assert len(outcome.files) == 6
    for protocol, one in zip(CHECKED_PROTOCOLS, outcome.measurements, strict=True):
        predictions = trained.predictions(Z2, protocol)[0]
        assert one.published == pytest.approx(101 / 170)
        assert one.ours == predictions.right.mean()
        assert (one.protocol, one.leaky) == (protocol, protocol != "fault-filtered")


def test_z7_sets_figure_8_beside_the_network(trained: Reproduction) -> None:
    outcome = check("Z7", trained)
    assert "125 of 200 clips right, 62.5 %" in said(outcome)
    assert "f1 0.625 (printed 0.62)" in said(outcome)
    by_protocol: dict[str, set[str]] = {protocol: set() for protocol in CHECKED_PROTOCOLS}
    for one in outcome.measurements:
        by_protocol[one.protocol].add(one.measure)
        place = GENRES.index(one.name)
        assert one.published == getattr(ZHANG_FIGURE_8, one.measure)[place]
        assert 0 <= one.ours <= 1
    assert by_protocol["stratified-80-20"] == {"precision", "recall", "f1"}
    assert by_protocol["fault-filtered"] == {"f1"}


def test_d6_finds_what_text_and_table_disagree_on(trained: Reproduction) -> None:
    (row,) = chosen_rows(["D6"])
    assert row.needs == ("D2",)
    # Whichever network is judged, the paper's numbers are the same: one is enough here.
    outcome = CHECKS["D6"](replace(row, needs=("Z2",)), trained)
    blues = outcome.measurements[0]
    assert (blues.name, blues.measure, blues.published) == ("blues", "precision", 0.80)
    printed = "recall 0.783 (printed 0.79), f1 0.780 (printed 0.78), by support unknown"
    assert printed in said(outcome)
    assert "precision +0.006, recall +0.007, f1 +0.000" in said(outcome)
    assert "0.96 stands for precision of jazz." in said(outcome)
    assert "country 95 %, its row has precision 0.75" in said(outcome)
    assert "classical (0.95) and rock (0.50) are not" in said(outcome)


def test_z8_and_z13_score_the_training_tracks(trained: Reproduction) -> None:
    memorised, curves = check("Z13", trained), check("Z8", trained)
    assert len(curves.files) == 4
    experiment = trained.experiment(Z2.systems[0], "fault-filtered")
    (everything,) = predict_systems(
        Evaluation(
            str(experiment.out),
            trained.data_dir,
            part="train",  # type: ignore[arg-type]
            allow_seen=True,
        )
    )
    expected = everything.subset(experiment.folds()[0].train)
    assert 0 < len(expected.labels) < len(everything.labels)
    for outcome in (memorised, curves):
        (one,) = [
            one
            for one in outcome.measurements
            if one.name == "its own training tracks" and one.protocol == "fault-filtered"
        ]
        assert one.ours == pytest.approx(expected.right.mean())
        assert one.n == len(expected.labels)
        assert one.published == 1
    (valid,) = [one for one in curves.measurements if one.name.startswith("validation")]
    (training,) = trained.trainings(Z2, "fault-filtered")
    rows = training.run_folder.read_metrics()
    assert valid.ours == rows[-1]["valid_accuracy"]


def test_z9_prefers_what_keeps_genres_apart(reproduction: Reproduction) -> None:
    outcome = check("Z9", reproduction)
    mel = measured(outcome, "5 nearest neighbours, mel bands (192 features)", "accuracy")
    mfcc = measured(outcome, "5 nearest neighbours, MFCC (40 features)", "accuracy")
    assert mel.ours > mfcc.ours + 0.2
    assert mel.n == sum(
        name in fold.test
        for fold in folds_of("rotation")
        for name in reproduction.table(30).track_ids
    )
    assert "mel is better distributed" in said(outcome)
    assert measured(outcome, "mel bands (192 features)", "silhouette").ours > 0


def test_neighbours_without_tracks_are_refused() -> None:
    table = make_table(1)  # the first track of each genre, of which one part has none
    only = table.rows([0])
    with pytest.raises(TrainingDataError, match="rotation"):
        neighbours_right(only.values, only)


def test_z15_tells_stratified_from_random(reproduction: Reproduction) -> None:
    outcome = check("Z15", reproduction)
    statistic, p_value = random_split_p_value(ZHANG_FIGURE_8.support)
    assert statistic == pytest.approx(212 / 20 * 999 / 800)
    rng = np.random.default_rng(0)
    draws = rng.multivariate_hypergeometric([100] * 10, 200, 20_000)
    as_far = ((draws - 20) ** 2).sum(axis=1) >= 212
    assert p_value == pytest.approx(as_far.mean(), abs=0.01)
    assert random_split_p_value([20] * 10) == (0, 1)
    assert random_split_p_value([38] + [18] * 9)[1] < 0.01
    assert [one.ours for one in outcome.measurements] == [20] * 10
    assert "cannot be of a stratified split" in outcome.findings[0]
    assert "could well be of a plain random one" in outcome.findings[0]


def test_d5_counts_the_parts(reproduction: Reproduction) -> None:
    outcome = check("D5", reproduction)
    parts = {one.name: one.ours for one in outcome.measurements}
    assert parts["test"] == 200
    assert parts["train"] + parts["valid"] == 800
    assert parts["valid"] > 100
    assert "0 tracks are in the test and elsewhere" in said(outcome)


def test_d1_reads_au_files(reproduction: Reproduction) -> None:
    (one,) = check("D1", reproduction).measurements
    assert (one.ours, one.n) == (0, 30 * 22050)


def test_d1_counts_what_differs(
    reproduction: Reproduction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genre_model.papers.checks.front_ends.HEADER_BYTES", 28)
    row = chosen_rows(["D1"])[0]
    (one,) = au_without_conversion(row, reproduction).measurements
    assert one.ours > 600_000  # the header claims that the sound begins later


def test_a1_counts_rows_and_pictures(folder: Path, reproduction: Reproduction) -> None:
    outcome = check("A1", reproduction)
    n = 10 * len(NUMBERS)
    assert measured(outcome, "features_30_sec.csv", "rows").ours == n
    assert measured(outcome, "features_30_sec.csv", "features").difference == 0
    assert measured(outcome, "mel pictures", "files").ours == n
    (missing,) = outcome.not_run
    assert "features_3_sec.csv" in missing
    assert str(folder) not in missing
    assert "blues 15, classical 15" in said(outcome)
    assert str(folder) not in said(outcome)


def test_a1_counts_segments(tmp_path: Path) -> None:
    data = write_pictures(tmp_path, range(2))
    write_lines(data / "features_30_sec.csv", kaggle_lines(make_table(2)))
    write_lines(data / "features_3_sec.csv", kaggle_lines(make_table(2, segments=10)))
    outcome = check("A1", Reproduction(data, tmp_path / "out"))
    assert measured(outcome, "features_3_sec.csv", "rows").ours == 200
    assert "Rows of 3 s, of 20 tracks: blues 20" in said(outcome)


@pytest.mark.parametrize("row_id", ["A1", "A2", "A7", "A8", "A9", "A11", "B10", "Z9"])
def test_without_a_table_its_checks_say_so(
    row_id: str, pictures: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingDataError, match=r"features_30_sec\.csv"):
        check(row_id, Reproduction(pictures, tmp_path))


def test_a2_names_what_is_dropped(reproduction: Reproduction) -> None:
    outcome = check("A2", reproduction)
    assert measured(outcome, "all rows", "features dropped").ours == 1
    assert measured(outcome, "all rows", "features left").ours == 56
    dropped = "spectral_bandwidth_mean (|r| 1.00 with spectral_centroid_mean)"
    assert dropped in said(outcome)
    assert ", ".join(sorted(PUBLISHED_DROPPED - {"spectral_bandwidth_mean"})) in said(
        outcome
    )
    assert "the filter drops the same in each" in said(outcome)


def test_a2_drops_the_papers_features_of_gtzan(data_dir: Path, tmp_path: Path) -> None:
    outcome = check("A2", Reproduction(data_dir / "gtzan", tmp_path))
    assert [one.difference for one in outcome.measurements] == [0, 0]
    assert "as the paper" in said(outcome)


def test_a7_counts_confusions(
    reproduction: Reproduction, monkeypatch: pytest.MonkeyPatch
) -> None:
    predicted = {"rock": ("rock", "disco"), "disco": ("disco", "pop")}
    pairs = [(genre, taken) for genre, both in predicted.items() for taken in both]
    pairs += [("classical", "metal"), ("classical", "classical")]
    runs = [_predictions(pairs), _predictions([(genre, genre) for genre, _ in pairs])]
    monkeypatch.setattr(confusions, "table_predictions", lambda _: runs)
    outcome = check("A7", reproduction)
    for genre, published in (("rock", 0.55), ("disco", 0.54)):
        one = measured(outcome, genre, "recall")
        assert (one.published, one.ours, one.n, one.seeds) == (published, 0.75, 2, 2)
    assert measured(outcome, "all genres", "error").ours == 0.25
    exchanged = measured(outcome, "classical for metal, or metal for classical", "tracks")
    assert exchanged.ours == 0.5
    name = "rock for disco and disco for rock"
    share = measured(outcome, name, "share of their errors")
    assert (share.ours, share.seeds) == (0.5, 1)  # the second run makes no errors


def test_a7_and_a8_fit_the_table(reproduction: Reproduction) -> None:
    pooled = check("A7", reproduction)
    n_tested = sum(
        name in folds_of("stratified")[0].test for name in reproduction.table(30).track_ids
    )
    assert measured(pooled, "all genres", "error").n == n_tested
    similar = check("A8", reproduction)
    for group in ("MFCC", "all but MFCC"):
        for scaling in ("standardised", "min-max scaled", "raw"):
            name = f"disco and rock, {group}, {scaling}"
            assert measured(similar, name, "cosine").ours == pytest.approx(1)
        assert f"{group}: most alike are disco and rock (1.00)" in said(similar)


def test_cosines_of_means_by_scaling() -> None:
    table = make_table(2).rows([0, 1, 2, 3]).columns(lambda name: name.startswith("mfcc1_"))
    assert len(table.names) == 2
    blues, classical = sorted(set(table.labels))
    values = np.array([[0, 100], [2, 300], [4, 200], [10, 400]])
    made = replace(table, values=values.astype(float))
    raw = cosines_of(made, "raw")[blues, classical]
    assert raw == pytest.approx((1 * 7 + 200 * 300) / np.hypot(1, 200) / np.hypot(7, 300))
    scaled = cosines_of(made, "min-max scaled")[blues, classical]
    first, second = np.array([0.1, 1 / 3]), np.array([0.7, 2 / 3])
    assert scaled == pytest.approx(
        first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    )
    assert cosines_of(made, "standardised")[blues, classical] == pytest.approx(-1)
    assert np.isnan(cosines_of(made, "raw")[blues, -1])


def test_a8_says_for_which_scaling_genres_are_alike(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [_predictions([(genre, genre) for genre in GENRES])]
    monkeypatch.setattr(features, "table_predictions", lambda _: runs)
    outcome = check("A8", Reproduction(data_dir / "gtzan", tmp_path))
    standardised, scaled, raw, reading = outcome.findings[2:6]
    assert "do not hold" in standardised
    assert 'words "practically identical" hold' in scaled
    assert 'words "practically identical" hold' in raw
    assert "standardise" in reading


def test_a9_checks_what_the_plots_are_said_to_show(reproduction: Reproduction) -> None:
    outcome = check("A9", reproduction)
    assert len(outcome.files) == 8
    disco = measured(outcome, "disco", "median tempo, BPM")
    assert (disco.published, disco.ours) == (120, 123)
    share = measured(outcome, "two principal components", "share of the variance")
    assert 0 < share.ours < 1
    strongest = "spectral_centroid_mean and spectral_bandwidth_mean (1.00)"
    assert strongest in said(outcome)
    classical, pop = (
        _median(reproduction, genre, "spectral_bandwidth_mean")
        for genre in ("classical", "pop")
    )
    assert ("so it is" in said(outcome)) == (classical > pop)


def test_a11_times_the_folds(reproduction: Reproduction) -> None:
    (one,) = check("A11", reproduction).measurements
    assert one.name == "load, prepare, train and test 1 folds"
    assert (one.published, one.measure) == (30, "seconds")
    assert 0 < one.ours < 60


def _median(reproduction: Reproduction, genre: str, feature: str) -> float:
    table = reproduction.table(30)
    of_genre = table.labels == GENRES.index(genre)
    return float(np.median(table.values[of_genre, table.names.index(feature)]))


def _predictions(pairs: list[tuple[str, str]]) -> Predictions:
    """Make predictions of tracks from true and predicted genres."""
    truth, taken = np.array([[GENRES.index(one) for one in pair] for pair in pairs]).T
    return predictions_of(np.eye(len(GENRES), dtype=np.float32)[taken], truth)


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
    tests = [name for fold in folds_of(protocol) for name in fold.test]
    there = [name.partition(".")[0] for name in tests if int(name[-5:]) in NUMBERS]
    return sum(folder in genres for folder in there) / len(there)


def test_the_front_end_of_paper_002(pictures: Path, tmp_path: Path) -> None:
    outcome = check("B1", Reproduction(pictures, tmp_path))
    found = {one.measure: (one.published, one.ours) for one in outcome.measurements}
    assert found["hop (samples)"] == (67, 256)
    assert found["sample rate (Hz)"] == (22500, 22050)
    assert found["mel bands"] == (192, 192)
    frames = tuple(1 + (660_000 - 2048) // hop for hop in (67, 256))
    assert found["frames of a clip, by that hop"] == frames
    assert "96 bands" in outcome.findings[-1]


def test_segments_of_four_lengths(pictures: Path, tmp_path: Path) -> None:
    found = values_of(check("B2", Reproduction(pictures, tmp_path)))
    for seconds, per_track in ((30, 1), (10, 3), (3, 10)):
        n_segments = found[f"segments of {seconds} s", "", "segments"]
        assert n_segments == per_track * N_TRACKS
    assert found["segments of 1 s", "", "segments"] >= 30 * N_TRACKS


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


@pytest.mark.parametrize(
    "row_id", ["Z6", "Z7", "Z8", "Z13", "B3", "B12", "C10", "C12", "C15", "D6"]
)
def test_missing_runs_are_said(row_id: str, reproduction: Reproduction) -> None:
    with pytest.raises((TrainingDataError, ModelFileError)):
        check(row_id, reproduction)


def test_c_and_k_are_tuned_on_validation_tracks(pictures: Path, tmp_path: Path) -> None:
    data = with_table(tmp_path / "data", pictures, make_table(100, noise=2.5))
    outcome = check("B10", Reproduction(data, tmp_path / "out"))
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
    filters = np.stack([onset, -onset, band, flat, onset.T, band.T])
    assert count_shapes(filters) == (2, 1)
    rng = np.random.default_rng(0)
    assert count_shapes(rng.normal(size=(9000, 3, 3))) == pytest.approx(
        (1000, 1000), abs=100
    )


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
    filters = first_filters(path)
    assert filters.shape == (6, 3, 3)
    assert 0 < np.abs(filters).max() < 1
    first = found["first layer of five-block CNN", "fault-filtered", "band-pass or onset"]
    assert first == sum(count_shapes(filters))
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
