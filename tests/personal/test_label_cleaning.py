"""Which tracks train, under which labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from genre_model.errors import TrainingDataError
from genre_model.personal.label_cleaning import clean_files
from genre_model.personal.labelled_files import LabelledFile
from genre_model.personal.settings import PersonalSettings

FEW = PersonalSettings(min_tracks=2)


def tracks(
    *labels: str, n: int = 2, artist: str = "", album: str = ""
) -> list[LabelledFile]:
    """Make tracks of these labels, each by an artist of its own unless one is given."""
    name = "; ".join(labels)
    return [
        LabelledFile(
            key=f"{name}{artist}{i}",
            path=Path(f"{name}{artist}{i}.mp3"),
            labels=labels,
            name=f"{name} {i}",
            artist=artist or f"{name} band {i}",
            album=album,
        )
        for i in range(n)
    ]


def labels_by_key(files: tuple[LabelledFile, ...]) -> dict[str, tuple[str, ...]]:
    return {file.key: file.labels for file in files}


def test_the_first_label_counts_and_the_most_frequent_comes_first() -> None:
    clean = clean_files([*tracks("Jazz", "Live"), *tracks("Rock", "Live", n=3)], FEW)
    assert clean.labels == ("Rock", "Jazz")
    assert {file.labels for file in clean.files} == {("Rock",), ("Jazz",)}
    assert clean.notes == ()


def test_all_labels_count_for_a_multi_label_model() -> None:
    settings = PersonalSettings(min_tracks=2, multi_label=True)
    clean = clean_files([*tracks("Jazz", "Live"), *tracks("Rock", "Live")], settings)
    assert clean.labels == ("Live", "Jazz", "Rock")
    assert clean.files[0].labels == ("Jazz", "Live")


@pytest.mark.parametrize(
    "other",
    ["hip hop", "Hip-Hop", "HipHop", "hip_hop", "\N{FULLWIDTH LATIN SMALL LETTER H}ip hop"],
)
def test_spellings_are_unified_to_the_most_frequent(other: str) -> None:
    files = [*tracks("Hip Hop", n=3), *tracks(other, n=2), *tracks("Rock")]
    clean = clean_files(files, FEW)
    assert clean.labels == ("Hip Hop", "Rock")
    assert clean.notes == (f"{other} counted as Hip Hop",)
    assert len(clean.files) == 7


def test_an_alias_merges_only_labels_that_are_both_there() -> None:
    canonical = {"Prog": "progressive rock", "Rap": "hip hop"}
    files = [*tracks("Prog"), *tracks("Progressive Rock", n=3), *tracks("Rap")]
    clean = clean_files(files, FEW, lambda label: canonical.get(label, label))
    assert clean.labels == ("Progressive Rock", "Rap")
    assert clean.notes == ("Prog counted as Progressive Rock",)


def test_a_label_twice_on_a_track_is_one() -> None:
    settings = PersonalSettings(min_tracks=2, multi_label=True)
    files = [*tracks("Hip Hop", "Hip-Hop"), *tracks("Rock")]
    assert clean_files(files, settings).files[0].labels == ("Hip-Hop",)


def test_the_map_renames_splits_and_drops() -> None:
    settings = PersonalSettings(
        min_tracks=2,
        multi_label=True,
        label_map={"thrash": ("Metal",), "jazz rock": ("Jazz", "Rock"), "unknown": ()},
    )
    files = [*tracks("Thrash"), *tracks(" Jazz-Rock "), *tracks("Unknown"), *tracks("Rock")]
    clean = clean_files(files, settings)
    assert set(labels_by_key(clean.files).values()) == {
        ("Metal",),
        ("Jazz", "Rock"),
        ("Rock",),
    }
    assert clean.notes == ("2 tracks have no label, or one that is mapped to nothing",)


def test_rare_labels_are_dropped_and_named() -> None:
    files = [*tracks("Rock", n=3), *tracks("Jazz", n=3), *tracks("Polka", n=1)]
    clean = clean_files(files, FEW)
    assert clean.labels == ("Jazz", "Rock")
    assert clean.notes == ("left out, fewer than 2 tracks: Polka 1",)


def test_a_genre_by_one_artist_is_dropped_since_no_score_could_be_honest() -> None:
    files = [*tracks("Rock"), *tracks("Jazz"), *tracks("Bob", n=30, artist="Bob")]
    clean = clean_files(files, FEW)
    assert clean.labels == ("Jazz", "Rock")
    (note,) = clean.notes
    assert note.startswith("left out, all tracks by one artist")
    assert note.endswith(": Bob 30")


def test_spellings_of_an_artist_are_one_artist() -> None:
    bob = [*tracks("Bob", artist="Bob & Co"), *tracks("Bob", artist="bob and co")]
    clean = clean_files([*tracks("Rock"), *tracks("Jazz"), *bob], FEW)
    assert clean.labels == ("Jazz", "Rock")


def test_dropping_a_label_can_make_another_rare() -> None:
    # Without Live the second Jazz track has no label left.
    settings = PersonalSettings(min_tracks=3, multi_label=True)
    files = [
        *tracks("Rock", n=4),
        *tracks("Soul", n=4),
        *tracks("Jazz", "Live", n=2),
        *tracks("Jazz", n=1, artist="x"),
    ]
    assert clean_files(files, settings).labels == ("Rock", "Soul", "Jazz")
    two_artists = [file for file in files if file.artist != "x"]
    assert clean_files(two_artists, settings).labels == ("Rock", "Soul")


def test_the_cap_keeps_the_first_tracks_of_an_artist_in_each_label() -> None:
    settings = PersonalSettings(min_tracks=2, max_per_artist=2)
    files = [
        *tracks("Rock", n=5, artist="Ann"),
        *tracks("Rock", n=1, artist="Bob"),
        *tracks("Jazz", n=3, artist="Ann"),
        *tracks("Jazz", n=1, artist="Cid"),
    ]
    clean = clean_files(files, settings)
    assert [file.key for file in clean.files] == [
        *("RockAnn0", "RockAnn1", "RockBob0"),
        *("JazzAnn0", "JazzAnn1", "JazzCid0"),
    ]
    assert clean.notes == ("4 tracks left out: more than 2 by an artist in a label",)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "no label is left, and a model needs two"),
        (tracks("", " "), "2 tracks have no label"),
        (tracks("Rock", n=9), "only Rock is left"),
        ([*tracks("Rock", n=9), *tracks("Jazz", n=1)], "fewer than 2 tracks: Jazz 1"),
        (
            [*tracks("A", n=9, artist="Ann"), *tracks("B", n=9, artist="Bob")],
            "all tracks by one artist, which no score could tell from a genre: A 9, B 9",
        ),
    ],
)
def test_too_few_labels_are_an_error_with_a_reason(
    files: list[LabelledFile], said: str
) -> None:
    with pytest.raises(TrainingDataError) as caught:
        clean_files(files, FEW)
    assert said in str(caught.value)
    assert "Label more tracks" in str(caught.value)
