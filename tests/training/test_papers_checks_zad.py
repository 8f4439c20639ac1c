"""Checks of papers 000, 001 and 004: their numbers on data whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from feature_tables import kaggle_lines, make_table, write_lines
from gtzan_folder import write_pictures

from genre_model.errors import GenreModelError, TrainingDataError
from genre_model.papers.checks import CHECKS, confusions, features
from genre_model.papers.checks.au_files import au_without_conversion
from genre_model.papers.checks.features import cosines_of
from genre_model.papers.checks.mel_against_mfcc import neighbours_right
from genre_model.papers.checks.printed_tables import ZHANG_FIGURE_8
from genre_model.papers.checks.splits import random_split_p_value
from genre_model.papers.checks.table_facts import PUBLISHED_DROPPED
from genre_model.papers.outcome import Outcome
from genre_model.papers.reproduction import Reproduction
from genre_model.papers.rows import CHECKED_PROTOCOLS, chosen_rows
from genre_model.training.data.gtzan import GENRES
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.predictions import (
    Evaluation,
    Predictions,
    predict_systems,
)
from genre_model.training.fit.job_pool import run_jobs

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.papers.outcome import Measurement
    from genre_model.papers.tables.feature_table import FeatureTable

#: Tracks of every genre; most genres are in each part of each split.
NUMBERS = range(72, 82)
MINE = (
    *("Z1", "Z6", "Z7", "Z8", "Z9", "Z13", "Z15"),
    *("A1", "A2", "A7", "A8", "A9", "A11", "D1", "D5", "D6"),
)
Z2 = chosen_rows(["Z2"])[0]
#: A network of a few weights.
TINY = (
    "network_options.filters=[2, 2]",
    "network_options.dense=8",
    "training.batch_size=8",
    'training.precision="32-true"',
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mel pictures, and a feature table of the same tracks."""
    data = write_pictures(tmp_path_factory.mktemp("zad"), NUMBERS)
    write_lines(data / "features_30_sec.csv", kaggle_lines(known_table()))
    return data


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
    assert all((reproduction.out / name).is_file() for name in outcome.files)
    return outcome


def measured(outcome: Outcome, name: str, measure: str) -> Measurement:
    (found,) = [
        one for one in outcome.measurements if (one.name, one.measure) == (name, measure)
    ]
    return found


def said(outcome: Outcome) -> str:
    return " ".join(outcome.findings)


def test_every_check_of_these_papers_is_there() -> None:
    wanted = [row.id for row in chosen_rows(["Z", "A", "D"]) if row.kind == "check"]
    assert sorted(wanted) == sorted(MINE)
    assert set(MINE) <= set(CHECKS)


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


def test_networks_that_are_not_trained_are_named(reproduction: Reproduction) -> None:
    for row_id in ("Z6", "Z7", "Z8", "Z13", "D6"):
        with pytest.raises(GenreModelError):
            check(row_id, reproduction)


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
    monkeypatch.setattr("genre_model.papers.checks.au_files.HEADER_BYTES", 28)
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
    assert "blues 10, classical 10" in said(outcome)
    assert str(folder) not in said(outcome)


def test_a1_counts_segments(tmp_path: Path) -> None:
    data = write_pictures(tmp_path, range(2))
    write_lines(data / "features_30_sec.csv", kaggle_lines(make_table(2)))
    write_lines(data / "features_3_sec.csv", kaggle_lines(make_table(2, segments=10)))
    outcome = check("A1", Reproduction(data, tmp_path / "out"))
    assert measured(outcome, "features_3_sec.csv", "rows").ours == 200
    assert "Rows of 3 s, of 20 tracks: blues 20" in said(outcome)


def test_without_a_table_its_checks_say_so(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", range(1))
    for row_id in ("A1", "A2", "A7", "A8", "A9", "A11", "Z9"):
        with pytest.raises(TrainingDataError, match=r"features_30_sec\.csv"):
            check(row_id, Reproduction(data, tmp_path))


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
    taken = [GENRES.index(predicted) for _, predicted in pairs]
    return Predictions(
        name="made",
        source="features",
        track_ids=tuple(f"track-{number}" for number in range(len(pairs))),
        labels=np.array([GENRES.index(genre) for genre, _ in pairs], np.int64),
        probabilities=np.eye(len(GENRES), dtype=np.float32)[taken],
        n_seen=0,
        temperature=1.0,
        recipe="",
    )
