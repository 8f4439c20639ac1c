"""What the names that people give genres mean to a model, as tables."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import confuse
import pytest

import beetsplug
from beetsplug.genreclf.policy import vocabulary as genre_names
from beetsplug.genreclf.policy.vocabulary import GenreNames, compile_aliases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GTZAN = (
    *("blues", "classical", "country", "disco", "hip hop"),
    *("jazz", "metal", "pop", "reggae", "rock"),
)

#: What people write, by the labels of GTZAN that it means; "|" is between names.
MEANING: dict[str, str] = {
    "blues": "Blues | Delta Blues | Blues Music | St. Louis Blues",
    "classical": (
        "Classical | Classical Music | Baroque | Chamber Music | Early Music"
        " | Gregorian Chant | Modern Classical | Neo-Classical | Opera | Sacred Music"
        " | String Quartet | Symphony"
    ),
    "country": (
        "Country | Alt-Country | alt.country | Americana | Bluegrass"
        " | Cowboy/Western Music | Country & Western | Country and Western | Honky Tonk"
    ),
    "disco": "Disco | Eurodisco | Euro Disco | Italo-Disco | nu disco | Post-Disco",
    "hip hop": (
        "Hip Hop | hip-hop | HIPHOP | hip_hop | Hip\N{NON-BREAKING HYPHEN}Hop"
        " | Hip-Hop/Rap | Rap & Hip Hop | Rap | Rap Music | Country Rap | Gangsta Rap"
        " | Jazz Rap | Conscious Rap | Old-School Hip-Hop | Turntablism"
    ),
    "jazz": (
        "Jazz | Acid Jazz | Bebop | Big Band | Dixieland | Fusion | Reggae Jazz | Swing"
        " | Swing Music"
    ),
    "metal": (
        "Metal | Heavy Metal | Thrash Metal | Thrash | Black Metal | Deathcore"
        " | Death/Doom | Djent | Grindcore | Industrial Metal | Neue Deutsche Härte"
        " | Neue Deutsche Ha\N{COMBINING DIAERESIS}rte | Nu-Metal | Rap Metal"
    ),
    "pop": "Pop | Pop Music | Indie Pop | K-Pop | KPop | Schlager | Synthpop | Synth-Pop",
    "reggae": "Reggae | Dancehall | Dub | Lovers Rock | Roots Reggae | Ska",
    "rock": (
        "Rock | Rock and Roll | Rock & Roll | Rock 'n' Roll | rock'n'roll | Alternative"
        " | Alternative & Punk | Alt. Rock | Blues Rock | Country Rock | Folk-Rock"
        " | Grunge | New Wave | Post-Punk | post rock | Prog | Punk | Shoegaze"
        " | Symphonic Rock"
    ),
    "blues, jazz": "Jazz & Blues | Jazz, Blues | Jazz+Blues | jazz and blues",
    "country, rock": "Rockabilly",
    "pop, rock": "Pop/Rock | Pop / Rock | Pop Rock | Rock, Pop, | Indie",
    # A part that the model lacks, as of "Funk / Soul", or words and places in the tree that
    # look like what they are not.
    "": (
        "Polka | Other | Soundtrack | Singer-Songwriter | Contemporary R&B | R&B | RnB"
        " | Rhythm and Blues | Rhythm 'n' Blues | Drum and Bass | Drum & Bass"
        " | Electropop | Electro Swing | Reggaeton | Synthwave | Trap | Trip-Hop"
        " | World Fusion | Folk, World, & Country | Funk / Soul | Hip-Hop/R&B"
        " | Soul & Jazz"
    ),
}
NAMES = [
    (name.strip(), set(filter(None, labels.split(", "))))
    for labels, text in MEANING.items()
    for name in text.split("|")
] + [(" BLUES ", {"blues"}), ("", set()), (" ", set()), ("/", set())]

PERSONAL = ("Chanson française", "Drum and Bass", "Neue Deutsche Welle", "Psytrance", "Rap")


def names(
    labels: Sequence[str] = GTZAN,
    *,
    label_map: Mapping[str, tuple[str, ...]] | None = None,
    aliases: bool | Mapping[str, Sequence[str]] = True,
) -> GenreNames:
    return GenreNames(labels, label_map=label_map or {}, aliases=aliases)


def lastgenre_file(name: str) -> Path:
    (path,) = {
        path.resolve()
        for folder in beetsplug.__path__
        if (path := Path(folder, "lastgenre", name)).is_file()
    }
    return path


@pytest.fixture
def beets_before_2_13(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide lastgenre's aliases, which came with that version; leave the tree."""
    (tmp_path / "lastgenre").mkdir()
    shutil.copy(lastgenre_file("genres-tree.yaml"), tmp_path / "lastgenre")
    monkeypatch.setattr(beetsplug, "__path__", [str(tmp_path / "none"), str(tmp_path)])


@pytest.fixture
def without_lastgenre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beetsplug, "__path__", [str(tmp_path)])


@pytest.mark.parametrize(("name", "labels"), NAMES)
def test_names(name: str, labels: set[str]) -> None:
    assert names().labels_of(name) == labels


@pytest.mark.usefixtures("beets_before_2_13")
@pytest.mark.parametrize(("name", "labels"), NAMES)
def test_names_mean_the_same_in_older_beets(name: str, labels: set[str]) -> None:
    assert names().labels_of(name) == labels


@pytest.mark.usefixtures("without_lastgenre")
@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("hip-hop", {"hip hop"}),
        ("Hip-Hop/Rap", {"hip hop"}),
        ("Thrash Metal", {"metal"}),
        ("Punk", {"rock"}),
        ("Djent", set()),
        ("Ska", set()),
    ],
)
def test_without_lastgenre_the_tree_is_missed_only(name: str, labels: set[str]) -> None:
    assert names().labels_of(name) == labels


def test_lastgenre_is_read_and_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "beetsplug.lastgenre", None)  # fails if imported

    assert names().labels_of("Ska") == {"reggae"}


@pytest.mark.parametrize(
    ("aliases", "labels"),
    [
        (True, {"Rap": {"hip hop"}, "Gnarl": set(), "Ska": {"reggae"}}),
        # No aliases: every name is taken literally.
        (
            False,
            {"Rap": set(), "Ska": set(), "Thrash Metal": set(), "Hip-Hop": {"hip hop"}},
        ),
        # A table of one's own stands in place of lastgenre's; the rest stays.
        ({}, {"Rap": {"hip hop"}, "Gnarl": set(), "Ska": {"reggae"}}),
        ({"Metal": ["gn[ao]rl"]}, {"Gnarl": {"metal"}, "Gnarly": set()}),
        # The name that an alias gives is looked up like any other.
        ({"ska": ["gnarl"]}, {"Gnarl": {"reggae"}}),
        ({"death metal": ["gnarl"]}, {"Gnarl": {"metal"}}),
        ({"jazz/pop": ["gnarl"]}, {"Gnarl": {"jazz", "pop"}}),
        # The first pattern wins, though it leads nowhere, and a label wins over all.
        ({"polka": ["g.*"], "rock": ["gnarl"]}, {"Gnarl": set()}),
        ({"pop": ["rock"]}, {"Rock": {"rock"}}),
        # References to groups are expanded.
        ({r"\1 \2": ["(hip)x(hop)"]}, {"HipXHop": {"hip hop"}}),
        ({r"\g<kind>": ["(?P<kind>.+)-ish"]}, {"Blues-ish": {"blues"}, "Odd-ish": set()}),
        # A circle ends.
        ({"gnarl/twang": ["gnarl"]}, {"Gnarl": set()}),
    ],
)
def test_aliases_as_in_lastgenre(
    aliases: bool | Mapping[str, Sequence[str]], labels: Mapping[str, set[str]]
) -> None:
    translated = names(aliases=aliases)
    assert {name: translated.labels_of(name) for name in labels} == labels


@pytest.mark.parametrize(
    "aliases",
    [{"rock": ["("]}, {r"\1": ["rock"]}, {r"\2": ["(r)ock"]}, {r"\g<kind>": ["(r)ock"]}],
)
def test_a_wrong_alias_is_an_error_of_its_pattern(aliases: dict[str, list[str]]) -> None:
    with pytest.raises(re.error):
        compile_aliases(aliases)


@pytest.mark.parametrize("table", [genre_names.MISLEADING, genre_names.SYNONYMS])
def test_our_additions_compile(table: dict[str, list[str]]) -> None:
    assert len(compile_aliases(table)) == sum(map(len, table.values()))


@pytest.mark.parametrize(
    ("label_map", "labels"),
    [
        # What a label is written as means the label, as does the label itself.
        (
            {"hip hop": ("Urban",)},
            {"urban": {"hip hop"}, "Hip-Hop": {"hip hop"}, "Rap": {"hip hop"}},
        ),
        # Several labels may be written alike; one without an entry is written as itself.
        ({"disco": ("Pop",)}, {"Pop": {"disco", "pop"}, "Disco": {"disco"}}),
        (
            {"disco": ("Dance",), "pop": ("Dance", "Charts")},
            {"Dance": {"disco", "pop"}, "Charts": {"pop"}, "Pop": {"pop"}},
        ),
        # A map wins over the label that another one is written as.
        ({"metal": ("Rock",), "rock": ("Guitar",)}, {"Rock": {"metal"}}),
        # ... and over what everybody else means.
        ({"blues": ("R&B",)}, {"R&B": {"blues"}, "rhythm & blues": {"blues"}}),
        ({"jazz": ("Soul / Jazz",)}, {"soul/jazz": {"jazz"}, "Soul": set()}),
        # A label that is not written at all still has its name.
        ({"pop": ()}, {"Pop": {"pop"}, "K-Pop": {"pop"}}),
        # The map may speak of another model's labels.
        ({"zouk": ("Rock",), "HIP-HOP": ("Beats",)}, {"Rock": {"rock"}, "Zouk": set()}),
        ({"HIP-HOP": ("Beats",)}, {"Beats": {"hip hop"}}),
    ],
)
def test_label_map_is_read_backwards(
    label_map: dict[str, tuple[str, ...]], labels: dict[str, set[str]]
) -> None:
    translated = names(label_map=label_map)
    assert {name: translated.labels_of(name) for name in labels} == labels


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("psy-trance", {"Psytrance"}),
        ("Melodic Psytrance", {"Psytrance"}),
        ("Psytrance Music", {"Psytrance"}),
        ("Neue Deutsche Welle", {"Neue Deutsche Welle"}),
        ("CHANSON FRANC\N{COMBINING CEDILLA}AISE", {"Chanson française"}),
        ("Drum & Bass", {"Drum and Bass"}),
        ("Liquid Drum 'n' Bass", {"Drum and Bass"}),
        ("Jungle", {"Drum and Bass"}),
        # Our additions say "hip hop", which this model does not know.
        ("Gangsta Rap", {"Rap"}),
        ("Rock", set()),
        ("Pop/Rock", set()),
        ("Rockabilly", set()),
    ],
)
def test_labels_of_a_personal_model(name: str, labels: set[str]) -> None:
    assert names(PERSONAL).labels_of(name) == labels


def test_the_most_words_at_the_end_win() -> None:
    assert names(("metal", "black metal")).labels_of("Nordic Black Metal") == {
        "black metal"
    }


def test_the_nearest_ancestor_wins() -> None:
    assert names(("rock", "punk rock", "post-hardcore")).labels_of("Screamo") == {
        "post-hardcore"
    }
    assert names(("rock", "punk rock")).labels_of("Screamo") == {"punk rock"}
    assert names(("rock", "folk")).labels_of("Screamo") == {"rock"}


def test_labels_spelled_alike_are_both_meant() -> None:
    assert names(("hip hop", "Hip-Hop")).labels_of("hiphop") == {"hip hop", "Hip-Hop"}


def test_the_files_are_read_once_and_not_before_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    genuine = confuse.load_yaml

    def load_yaml(path: str) -> object:
        read.append(Path(path).name)
        return genuine(path)

    genre_names._yaml.cache_clear()
    monkeypatch.setattr(confuse, "load_yaml", load_yaml)

    names().labels_of("Rock")
    names(aliases=False).labels_of("Death Metal")
    assert read == []

    for _ in range(2):
        translated = names()
        for name in ("Ska", "Polka", "Djent"):
            translated.labels_of(name)
    assert read.count("genres-tree.yaml") == 1
    assert len(read) == len(set(read))
