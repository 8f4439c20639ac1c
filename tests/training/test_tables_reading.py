"""Feature tables: what is read, and what is said of tables that are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from feature_tables import kaggle_lines, make_table, write_lines

from genre_model.errors import TrainingDataError
from genre_model.papers.tables.feature_table import (
    COLUMNS,
    FEATURE_NAMES,
    find_feature_table,
    read_feature_table,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_kaggle_has_57_features_in_this_order() -> None:
    assert len(FEATURE_NAMES) == 57
    assert FEATURE_NAMES[:3] == ("chroma_stft_mean", "chroma_stft_var", "rms_mean")
    assert FEATURE_NAMES[14:18] == ("perceptr_mean", "perceptr_var", "tempo", "mfcc1_mean")
    assert FEATURE_NAMES[-1] == "mfcc20_var"


@pytest.mark.parametrize(("segments", "seconds"), [(0, 30), (4, 3)])
def test_a_table_is_read_as_it_was_written(
    tmp_path: Path, segments: int, seconds: int
) -> None:
    written = make_table(2, segments)
    table = read_feature_table(write_lines(tmp_path / "t.csv", kaggle_lines(written)))
    assert table.row_ids == written.row_ids
    assert table.track_ids == written.track_ids
    assert np.array_equal(table.labels, written.labels)
    assert np.array_equal(table.values, written.values)
    assert table.seconds == seconds
    assert table.is_segmented == bool(segments)


def test_columns_may_come_in_another_order(tmp_path: Path) -> None:
    written = make_table(1)
    lines = [["more", *reversed(line)] for line in kaggle_lines(written)]
    table = read_feature_table(write_lines(tmp_path / "t.csv", lines))
    assert np.array_equal(table.values, written.values)


def test_rows_are_chosen_by_track_or_segment() -> None:
    table = make_table(2, 3)
    assert table.rows_named(["rock.00001"]).row_ids == (
        "rock.00001#0",
        "rock.00001#1",
        "rock.00001#2",
    )
    assert table.rows_named(["pop.00000#2", "gone.00000"]).row_ids == ("pop.00000#2",)
    assert not table.rows_named([]).row_ids


def test_columns_are_chosen() -> None:
    table = make_table(2)
    mfcc = table.columns(lambda name: name.startswith("mfcc"))
    assert mfcc.values.shape == (20, 40)
    assert np.array_equal(mfcc.values, table.values[:, 17:])
    with pytest.raises(TrainingDataError, match="none of the wanted"):
        table.columns(lambda name: name == "colour")


def test_a_table_is_found_in_kaggles_layouts(tmp_path: Path) -> None:
    path = tmp_path / "Data" / "features_3_sec.csv"
    path.parent.mkdir()
    write_lines(path, kaggle_lines(make_table(1, 2)))
    for folder in (tmp_path, path.parent, path.parent / "genres_original", path):
        if not folder.exists():
            folder.mkdir()
        assert find_feature_table(folder, 3).samefile(path)
    with pytest.raises(TrainingDataError, match=r"no features_30_sec\.csv in"):
        find_feature_table(tmp_path)
    with pytest.raises(TrainingDataError, match="not of 5"):
        find_feature_table(tmp_path, 5)
    text = r"features_3_sec\.csv has rows of 3 s, but a table of 30 s is wanted"
    with pytest.raises(TrainingDataError, match=text):
        find_feature_table(path)


@pytest.mark.parametrize(
    ("line", "column", "value", "message"),
    [
        (3, "mfcc2_var", "", "line 4, column mfcc2_var: '' is no number"),
        (1, "tempo", "fast", "line 2, column tempo: 'fast' is no number"),
        (1, "tempo", "nan", "line 2, column tempo: 'nan' is no number"),
        (2, "length", "inf", "line 3, column length: 'inf' is no number"),
        (2, "label", "polka", "line 3, column label: unknown genre 'polka'"),
        (1, "filename", "song.wav", "line 2, column filename: 'song.wav'"),
        (2, "filename", "blues.00000.wav", "2 rows of blues.00000"),
        (2, "filename", "blues.00001.0.wav", "mixes 9 rows of whole tracks"),
        (0, "rms_var", "loudness", "no column rms_var"),
    ],
)
def test_wrong_values_are_named(
    tmp_path: Path, line: int, column: str, value: str, message: str
) -> None:
    lines = kaggle_lines(make_table(1))
    lines[line][COLUMNS.index(column)] = value
    path = write_lines(tmp_path / "wrong.csv", lines)
    with pytest.raises(TrainingDataError, match=message) as caught:
        read_feature_table(path)
    assert str(path) in str(caught.value)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    lines = kaggle_lines(make_table(1))
    with pytest.raises(TrainingDataError, match="has no rows"):
        read_feature_table(write_lines(tmp_path / "head.csv", lines[:1]))
    with pytest.raises(TrainingDataError, match="has no column filename"):
        read_feature_table(write_lines(tmp_path / "empty.csv", []))
    with pytest.raises(TrainingDataError, match="line 2 has more values"):
        read_feature_table(write_lines(tmp_path / "long.csv", [lines[0], lines[1] * 2]))
    with pytest.raises(TrainingDataError, match=r"line 2, column label: .* ''"):
        read_feature_table(write_lines(tmp_path / "short.csv", [lines[0], lines[1][:9]]))
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("bytes.csv", "gone.csv"):
        with pytest.raises(TrainingDataError, match=f"cannot read .*{name}"):
            read_feature_table(tmp_path / name)


@pytest.mark.data
def test_the_published_table_is_read(data_dir: Path) -> None:
    table = read_feature_table(find_feature_table(data_dir / "gtzan"))
    assert table.values.shape == (1000, 57)
    assert np.array_equal(np.bincount(table.labels), [100] * 10)
    assert table.seconds == 30
    assert find_feature_table(data_dir / "gtzan" / "clips").is_file()
