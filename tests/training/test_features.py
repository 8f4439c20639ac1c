"""Features of audio: what they mean, the table that is written, and runs that end early."""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING
from unittest.mock import Mock

import numpy as np
import pytest
from audio_files import music, noise, silence, tone, write_audio

from genre_model.cli.features import add_features, features
from genre_model.errors import SilentError, TooShortError, TrainingDataError
from genre_model.papers.tables import feature_extraction
from genre_model.papers.tables.feature_extraction import audio_features, write_features
from genre_model.papers.tables.feature_table import (
    COLUMNS,
    FEATURE_NAMES,
    find_feature_table,
    read_feature_table,
)
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, find_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 22050
#: A tempo that nothing has.
MARK = -1.0


def test_what_numba_needs_is_said() -> None:
    module = "genre_model.papers.tables.feature_extraction"
    script = (
        "import sys, types\n"
        "class Broken(types.ModuleType):\n"
        "    def __getattr__(self, name): raise RuntimeError('no locator available')\n"
        "sys.modules['librosa.core'] = Broken('librosa.core')\n"
        f"import {module}"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "no locator available" in done.stderr
    assert "set NUMBA_CACHE_DIR" in done.stderr.splitlines()[-1]


class Listener:
    """Remembers what it hears, and may end a run as Ctrl-C does."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.n_done = 0
        self.warnings: list[str] = []

    def expect(self, n_tracks: int) -> None:
        self.n_expected = n_tracks

    def advance(self) -> None:
        self.n_done += 1
        if self.n_done == self.stop_after:
            raise KeyboardInterrupt

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Stand in for the features where only the files matter."""
    made = Mock(side_effect=lambda x: np.full(len(FEATURE_NAMES), float(np.mean(x**2))))
    monkeypatch.setattr(feature_extraction, "audio_features", made)
    return made


@pytest.fixture
def gtzan(tmp_path: Path) -> Path:
    """One track of each genre, in the layout of Kaggle."""
    root = tmp_path / "gtzan"
    for seed, folder in enumerate(GENRE_OF_FOLDER):
        (root / "genres_original" / folder).mkdir(parents=True)
        path = root / "genres_original" / folder / f"{folder}.00000.wav"
        write_audio(path, music(2.5, RATE_HZ, seed), RATE_HZ)
    return root


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_features(parser.add_subparsers(dest="command"))
    return features(parser.parse_args(["features", *arguments]))


def named(values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(FEATURE_NAMES, values.tolist(), strict=True))


def test_features_of_a_tone_are_those_of_a_tone() -> None:
    found = named(audio_features(tone(1000, 3, RATE_HZ, amplitude=0.5)))
    assert found["rms_mean"] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert found["zero_crossing_rate_mean"] == pytest.approx(2000 / RATE_HZ, rel=0.02)
    assert found["spectral_centroid_mean"] == pytest.approx(1000, rel=0.05)
    assert found["spectral_bandwidth_mean"] < 200
    assert found["harmony_var"] > 100 * found["perceptr_var"]


def test_features_of_noise_are_those_of_noise() -> None:
    found = named(audio_features(noise(3, RATE_HZ)))
    assert found["rms_mean"] == pytest.approx(0.5 / np.sqrt(3), rel=0.02)
    assert found["spectral_centroid_mean"] == pytest.approx(RATE_HZ / 4, rel=0.02)
    assert found["rolloff_mean"] == pytest.approx(0.85 * RATE_HZ / 2, rel=0.02)
    assert found["harmony_var"] < 5 * found["perceptr_var"]


def test_the_tempo_is_that_of_the_beats() -> None:
    clicks = silence(10, RATE_HZ)
    for beat in range(20):
        clicks[beat * RATE_HZ // 2 :][:200] = noise(1, RATE_HZ)[:200]
    assert named(audio_features(clicks))["tempo"] == pytest.approx(120, rel=0.03)


def test_what_has_no_features() -> None:
    with pytest.raises(TooShortError, match=r"0\.50 s of audio; 1 s are needed"):
        audio_features(tone(440, 0.5, RATE_HZ))
    with pytest.raises(SilentError):
        audio_features(silence(2, RATE_HZ))


def test_the_command_writes_kaggles_table(
    gtzan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "features.csv"
    assert run(str(gtzan), "--out", str(out), "-t", "2") == 0
    assert capsys.readouterr().out == f"{out} has the features of 10 tracks\n"
    with out.open(encoding="utf-8") as file:
        lines = list(csv.reader(file))
    assert lines[0] == list(COLUMNS)
    assert lines[1][:2] == ["blues.00000.wav", str(round(2.5 * RATE_HZ))]
    assert lines[5][-1] == "hiphop"
    table = read_feature_table(out)
    assert np.array_equal(table.labels, np.arange(10))
    assert [path.name for path in out.parent.iterdir()] == ["features.csv"]


def test_segments_are_cut_as_kaggles_are(
    gtzan: Path, tmp_path: Path, counter: Mock
) -> None:
    path = gtzan / "genres_original" / "rock" / "rock.00000.wav"
    samples = np.concatenate([music(1, RATE_HZ), silence(1, RATE_HZ), music(1, RATE_HZ)])
    write_audio(path, samples[:-1], RATE_HZ)  # its last segment is as long as needed
    out = tmp_path / "features.csv"
    assert run(str(gtzan), "--out", str(out), "--segment-seconds", "1") == 0
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["length"] for row in rows} == {str(RATE_HZ - 1)}
    table = read_feature_table(out)
    assert table.seconds == 1
    assert table.rows_named(["jazz.00000"]).row_ids == ("jazz.00000#0", "jazz.00000#1")
    assert table.rows_named(["rock.00000"]).row_ids == ("rock.00000#0", "rock.00000#2")
    assert counter.call_count == len(rows)


def test_broken_files_are_named_and_the_others_go_on(
    gtzan: Path, tmp_path: Path, counter: Mock, capsys: pytest.CaptureFixture[str]
) -> None:
    pop = gtzan / "genres_original" / "pop" / "pop.00000.wav"
    jazz = gtzan / "genres_original" / "jazz" / "jazz.00000.wav"
    pop.write_bytes(b"RIFF, or so it says")
    whole = jazz.read_bytes()
    jazz.write_bytes(b"")
    out = tmp_path / "features.csv"
    assert run(str(gtzan), "--out", str(out)) == 1
    printed = capsys.readouterr()
    assert "8 tracks" in printed.out
    assert f"{pop}: is not an audio file" in printed.err
    assert f"{jazz}: is an empty file" in printed.err
    assert len(read_feature_table(out).row_ids) == 8
    jazz.write_bytes(whole)
    n_calls = counter.call_count
    assert run(str(gtzan), "--out", str(out)) == 1
    assert counter.call_count == n_calls + 1  # who repairs a file waits for that one only
    assert len(read_feature_table(out).row_ids) == 9


def test_silent_and_short_files_are_named(gtzan: Path, tmp_path: Path) -> None:
    paths = sorted((gtzan / "genres_original").glob("*/*.wav"))
    for path in paths[::2]:
        write_audio(path, silence(2, RATE_HZ), RATE_HZ)
    for path in paths[1::2]:
        write_audio(path, tone(440, 0.3, RATE_HZ), RATE_HZ)
    listener = Listener()
    out = tmp_path / "features.csv"
    with pytest.raises(TrainingDataError, match="no table was written"):
        write_features(find_tracks(gtzan, "audio"), out, watcher=listener)
    assert not out.exists()
    assert f"{paths[0]}: nothing but silence" in listener.warnings
    assert f"{paths[1]}: 0.30 s of audio; 1 s are needed" in listener.warnings


def stop_run(gtzan: Path, out: Path, after: int) -> Path:
    """End a run after some files, and mark what its journal keeps."""
    with pytest.raises(KeyboardInterrupt):
        write_features(
            find_tracks(gtzan, "audio"), out, n_threads=1, watcher=Listener(after)
        )
    journal = out.with_name(f"{out.name}.computed.jsonl")
    lines = journal.read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line]
    assert len(entries) == after
    for _, rows in entries:
        rows[0][COLUMNS.index("tempo")] = MARK
    journal.write_text("\n".join(map(json.dumps, entries)), "utf-8")
    return journal


def count_kept(out: Path) -> int:
    """Count the rows that come from a journal."""
    tempo = read_feature_table(out).values[:, FEATURE_NAMES.index("tempo")]
    return int((tempo == MARK).sum())


@pytest.mark.usefixtures("counter")
def test_a_run_that_was_stopped_goes_on(gtzan: Path, tmp_path: Path) -> None:
    tracks = find_tracks(gtzan, "audio")
    whole, out = tmp_path / "whole.csv", tmp_path / "features.csv"
    write_features(tracks, whole, watcher=Listener())
    journal = stop_run(gtzan, out, after=4)
    assert not out.exists()
    torn = journal.read_text("utf-8")[:-200]
    journal.write_text(torn, "utf-8")
    assert write_features(tracks, out, watcher=Listener()) == 0
    assert count_kept(out) == 3
    assert not journal.exists()
    resumed, computed = read_feature_table(out), read_feature_table(whole)
    assert resumed.row_ids == computed.row_ids
    assert np.array_equal(resumed.values[3:], computed.values[3:])


@pytest.mark.usefixtures("counter")
def test_what_changed_meanwhile_is_computed_again(gtzan: Path, tmp_path: Path) -> None:
    tracks = find_tracks(gtzan, "audio")
    out = tmp_path / "features.csv"
    stop_run(gtzan, out, after=10)
    write_audio(tracks[3].path, music(3, RATE_HZ, seed=40), RATE_HZ)
    write_features(tracks, out, watcher=Listener())
    assert count_kept(out) == 9
    stop_run(gtzan, out, after=10)
    write_features(tracks, out, segment_seconds=2, watcher=Listener())
    assert count_kept(out) == 0
    journal = stop_run(gtzan, out, after=10)
    journal.write_text("something else\n", "utf-8")
    write_features(tracks, out, watcher=Listener())
    assert count_kept(out) == 0


#: Largest median relative difference, by how the names of columns begin. Means over
#: samples (harmony, perceptr) are sums of a million numbers that nearly cancel out.
BOUNDS = {
    "tempo": 1e-9,
    "zero_crossing_rate": 1e-9,
    "chroma_stft": 1e-6,
    "rms": 1e-6,
    "spectral": 1e-6,
    "rolloff": 1e-6,
    "mfcc": 1e-5,
    "harmony": 1e-5,
    "perceptr": 1e-5,
}


@pytest.mark.data
def test_the_originals_have_the_published_features(data_dir: Path, tmp_path: Path) -> None:
    tracks = [
        track
        for track in find_tracks(data_dir / "gtzan", "audio")
        if track.path.suffix == ".flac"
    ]
    assert len(tracks) == 20
    out = tmp_path / "features.csv"
    assert write_features(tracks, out, watcher=Listener()) == 0
    computed = read_feature_table(out)
    published = read_feature_table(find_feature_table(data_dir / "gtzan"))
    published = published.rows_named(computed.row_ids)
    assert published.row_ids == computed.row_ids
    difference = np.abs(computed.values - published.values)
    medians = np.median(difference / np.abs(published.values), axis=0)
    for name, found in zip(FEATURE_NAMES, medians, strict=True):
        bound = next(b for start, b in BOUNDS.items() if name.startswith(start))
        assert found <= bound, name
