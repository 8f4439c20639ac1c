"""Plots: two files each, legible for people and programs, the same bytes every time."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import partial
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from genre_model.metrics import reliability_bins
from genre_model.papers import plots as paper_plots
from genre_model.training import plots
from genre_model.training.data.gtzan import GENRES
from genre_model.training.plots import style

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

TITLE = "what is shown"
N_TRACKS = 60
LABELS = np.arange(N_TRACKS) % len(GENRES)


def noise(*shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=shape)


def confusion() -> NDArray[np.int64]:
    counts = np.random.default_rng(0).integers(0, 9, (len(GENRES), len(GENRES)))
    return np.asarray(counts + 20 * np.eye(len(GENRES), dtype=np.int64))


def epochs(n_epochs: int) -> list[dict[str, float]]:
    return [
        {"epoch": e, "train_loss": 2 / e, "valid_loss": 3 / e, "valid_accuracy": 1 - 1 / e}
        for e in range(1, n_epochs + 1)
    ]


CONFIDENCES = np.repeat([0.15, 0.35, 0.55, 0.9], [3, 10, 9, 30]).astype(np.float32)
BINS = reliability_bins(CONFIDENCES, np.arange(52) % 3 > 0, 5)
CURVE = (np.linspace(0.01, 1, 50), np.linspace(0, 0.4, 50))

#: A small drawing of every kind: the function, its first argument, further ones, and texts
#: that its SVG must hold.
DRAWINGS: list[tuple[Callable[..., list[Path]], Any, dict[str, Any], tuple[str, ...]]] = [
    (
        plots.plot_learning_curves,
        {"a": epochs(5), "b": epochs(7)},
        {},
        ("training, mean of 2 runs", "validation, mean of 2 runs", "epoch"),
    ),
    (plots.plot_confusion, confusion(), {}, (*GENRES, "predicted genre", "true genre")),
    (
        plots.plot_genre_bars,
        {"k-NN": np.linspace(0, 1, 10), "SVM": np.full(10, 0.5)},
        {"n_tracks": {"SVM": np.full(10, 29)}},
        (*GENRES, "k-NN", "SVM", "recall (%)", "lines: 95 % Wilson interval"),
    ),
    (plots.plot_genre_table, confusion(), {}, (*GENRES, "precision", "recall", "F1")),
    (
        plots.plot_reliability,
        BINS,
        {"calibration_error": 0.082, "noise_floor": 0.0331, "n_systems": 2},
        ("ECE 8.2 %", "noise floor 3.3 %", "confidence (%)"),
    ),
    (plots.plot_risk_coverage, {"crnn": CURVE, "svm": CURVE}, {}, ("crnn", "svm")),
    (
        paper_plots.plot_embedding_2d,
        {"MFCC": noise(N_TRACKS, 2), "mel": noise(N_TRACKS, 2)},
        {"labels": LABELS},
        (*GENRES, "MFCC", "mel", "t-SNE 1"),
    ),
    (
        paper_plots.plot_kde,
        {"tempo (BPM)": 9 * noise(N_TRACKS), "of no spread": np.full(N_TRACKS, 120.0)},
        {"labels": LABELS},
        (*GENRES, "tempo (BPM)"),
    ),
    (
        paper_plots.plot_correlation_map,
        np.array([[1, -0.25], [-0.25, 1]]),
        {"names": ["rms_mean", "tempo"]},
        ("rms_mean", "tempo", "-0.25"),
    ),
    (
        paper_plots.plot_cosine_similarity,
        {"MFCC": np.eye(10)},
        {},
        (*GENRES, "MFCC", "1.00"),
    ),
    (
        paper_plots.plot_mel_gallery,
        {genre: noise(12, 30) for genre in GENRES[:3]},
        {"frame_seconds": 0.1},
        (*GENRES[:3], "dB", "time (s)"),
    ),
    (
        paper_plots.plot_filters,
        noise(9, 3, 3),
        {},
        ("0", "8", "weight", "relative response"),
    ),
    (
        paper_plots.plot_sweep,
        {"kernel (bins)": {"3": [0.5, 0.6], "5": [0.7]}, "dropout": {"0": [0.5]}},
        {},
        ("kernel (bins)", "dropout", "55.0"),
    ),
    (
        paper_plots.plot_tuning,
        {0.1: 0.4, 1: 0.6, 10: 0.6},
        {"setting": "C", "label": "20 tracks", "is_logarithmic": True},
        ("0.1", "10", "20 tracks", "chosen: 1"),
    ),
    (
        paper_plots.plot_leak,
        {"B4": ([0.5, 0.6], [0.9]), "C5": ([0.7], [0.6])},
        {"protocols": ("fault-filtered", "segment-random")},
        ("B4", "C5", "+35.0 points", "-10.0 points", "segment-random (LEAKY)"),
    ),
]


def texts_of(svg: Path) -> list[str]:
    root = ET.fromstring(svg.read_bytes())  # noqa: S314 -- our own file
    return [
        "".join(found.itertext()) for found in root.iter() if found.tag.endswith("text")
    ]


def grey_values(png: Path) -> NDArray[np.uint8]:
    with Image.open(png) as image:
        return np.asarray(image.convert("L"))


def edge_of(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def test_every_plot_is_tried_here() -> None:
    modules = (plots, paper_plots)
    offered = {name for one in modules for name in dir(one) if name.startswith("plot_")}
    tried = {draw.__name__ for draw, *_ in DRAWINGS}
    assert offered == tried | {"plot_metrics", "plot_style"}


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing[0].__name__)
def test_a_plot_is_a_png_and_an_svg_with_its_words(drawing: Any, tmp_path: Path) -> None:
    function, what, options, words = drawing
    draw = partial(function, what, TITLE, **options)
    png, svg = draw(tmp_path / "new" / "plot.png")
    assert sorted(png.parent.iterdir()) == [png, svg], "nothing else is left"
    assert (png.name, svg.name) == ("plot.png", "plot.svg")
    assert {TITLE, *words} <= set(texts_of(svg))
    grey = grey_values(png)
    assert min(grey.shape) >= 250
    assert max(grey.shape) <= 2000
    assert np.ptp(grey) > 200, "the plot is blank"
    assert edge_of(grey).min() == 255, "something sticks out of the paper"
    again = draw(tmp_path / "again")
    assert [p.read_bytes() for p in again] == [png.read_bytes(), svg.read_bytes()]


def test_the_users_settings_neither_show_nor_change(tmp_path: Path) -> None:
    plain = plots.plot_metrics(epochs(5), tmp_path / "plain")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10}):
        before = dict(mpl.rcParams)
        own = plots.plot_metrics(epochs(5), tmp_path / "own")
        assert dict(mpl.rcParams) == before
    assert [one.read_bytes() for one in own] == [one.read_bytes() for one in plain]


@pytest.mark.parametrize(
    ("given", "stem"),
    [("plot", "plot"), ("plot.svg", "plot"), ("a.PNG", "a"), ("crnn.v1", "crnn.v1")],
)
def test_a_path_may_have_a_suffix_or_none(given: str, stem: str, tmp_path: Path) -> None:
    written = plots.save_plot(Figure(), tmp_path / given)
    assert written == [tmp_path / f"{stem}.png", tmp_path / f"{stem}.svg"]


def test_a_failure_leaves_the_old_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [path.read_bytes() for path in plots.plot_metrics(epochs(3), tmp_path / "m")]

    def disk_full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        plots.plot_metrics(epochs(4), tmp_path / "m")
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == old


def test_rows_of_a_confusion_matrix_may_be_empty_or_unknown(tmp_path: Path) -> None:
    counts = confusion().astype(float)
    counts[3], counts[7] = 0, np.nan
    _, svg = plots.plot_confusion(counts, TITLE, tmp_path / "confusion")
    assert not [text for text in texts_of(svg) if "nan" in text]
    plots.plot_confusion(np.zeros((10, 10), np.int64), TITLE, tmp_path / "zeros")


def test_cells_tell_counts_and_shares_of_the_true_genre(tmp_path: Path) -> None:
    counts = np.array([[3, 1], [0, 5]])
    _, svg = plots.plot_confusion(counts, TITLE, tmp_path / "c", genres=["folk", "techno"])
    texts = texts_of(svg)
    in_cells = texts[texts.index("techno", texts.index("techno") + 1) + 1 :]
    assert {"3", "75 %", "1", "25 %", "0", "5", "100 %"} <= set(in_cells)


def test_genres_have_to_fit_the_matrix(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="10 genres cannot name"):
        plots.plot_confusion(np.zeros((3, 3), np.int64), TITLE, tmp_path / "c")
    assert not list(tmp_path.iterdir())


def test_long_titles_and_any_script_fit(tmp_path: Path) -> None:
    genres = ["日本の伝統音楽", "A$AP $x^", "Köçekçe", "singer/songwriter & contemporary"]
    title = "Ωμέγα 日本 " + "a name that nobody wanted to shorten " * 5
    png, svg = plots.plot_confusion(np.eye(4), title, tmp_path / "odd", genres=genres)
    assert edge_of(grey_values(png)).min() == 255
    texts = texts_of(svg)
    assert set(genres[:3]) <= set(texts), "the SVG holds what the font lacks"
    assert " ".join(title.split()) in " ".join(texts)
    assert max(map(len, texts)) < 60


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    rows = [{"epoch": row["epoch"], "train_loss": row["train_loss"]} for row in epochs(3)]
    _, svg = plots.plot_metrics(rows, tmp_path / "metrics")
    assert texts_of(svg).count("not measured") == 1


def test_genres_without_tracks_have_no_bars(tmp_path: Path) -> None:
    counts = confusion()
    counts[0], counts[:, 1] = 0, 0
    plots.plot_genre_table(counts, TITLE, tmp_path / "table")


def test_many_features_are_drawn_without_numbers(tmp_path: Path) -> None:
    names = [f"feature_{i}" for i in range(30)]
    _, svg = paper_plots.plot_correlation_map(
        np.eye(30), TITLE, tmp_path / "c", names=names
    )
    texts = texts_of(svg)
    assert set(names) <= set(texts)
    assert texts.count("1.00") == 1, "on the colour bar alone"


def test_a_layer_of_zeros_is_drawn(tmp_path: Path) -> None:
    paper_plots.plot_filters(np.zeros((3, 5, 5)), TITLE, tmp_path / "f")


def test_responses_tell_what_filters_pass() -> None:
    smooth, onset = np.ones((3, 3)), np.tile([-1.0, 0, 1], (3, 1))
    filters = np.stack([smooth, onset, np.zeros((3, 3))])
    responses = paper_plots.frequency_responses_of(filters)
    middle = responses.shape[1] // 2
    assert responses.shape == (3, 33, 33)
    assert responses[0, middle, middle] == 1, "a mean passes what does not change"
    assert responses[1, middle, middle] == pytest.approx(0), "a difference does not"
    row, column = np.unravel_index(responses[1].argmax(), (33, 33))
    assert row == middle, "an onset is alike in all bands"
    assert abs(column - middle) == 8, "and changes over four frames"
    assert not responses[2].any()


def test_nothing_is_told_apart_by_colour_alone() -> None:
    lines = [style.line_look(index) for index in range(len(style.LINE_COLOURS))]
    assert len({(str(look["linestyle"]), look["marker"]) for look in lines}) == len(lines)
    points = [style.point_look(index) for index in range(100)]
    assert len({look["marker"] for look in points[: len(GENRES)]}) == len(GENRES)
    assert len({(look["marker"], look["facecolor"]) for look in points}) == len(points)


def test_importing_plots_loads_nothing_and_drawing_no_pyplot(tmp_path: Path) -> None:
    script = (
        "import json, pathlib, sys; from genre_model.training.plots import plot_metrics;"
        "imported = list(sys.modules); plot_metrics([], pathlib.Path(sys.argv[1]));"
        "print(json.dumps([imported, list(sys.modules)]))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(tmp_path / "metrics")],
        check=True,
        capture_output=True,
        text=True,
    )
    imported, drawn = map(set, json.loads(done.stdout))
    assert not {"matplotlib", "scipy", "sklearn", "torch"} & imported
    assert "matplotlib" in drawn
    assert "matplotlib.pyplot" not in drawn
