"""The import stage in the real importer."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets import plugins
from mediafile import MediaFile
from plugin.conftest import edit_file
from plugin.importing import AS_IS, MATCHED, put_album
from waiting import wait_until

from genre_model import AudioDecodeError

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome

    from genre_model import TrackPrediction

pytestmark = pytest.mark.usefixtures("classifier")
THREADED = pytest.mark.parametrize("threaded", [True, False], ids=["threads", "one thread"])


@THREADED
def test_matched_album_is_tagged_in_library_and_files(
    home: BeetsHome, plugin_names: list[str], threaded: bool
) -> None:
    plugin_names.append("perfectmatch")
    folder = put_album(home, "One", "Two", "Three")
    home.settings |= {"threaded": threaded, "paths": {"default": "$genres/$title"}}
    home.configure(source="track")
    home.classifier.answers["Two"] = ("blues", 0.99)

    printed = home.beet(*MATCHED, folder)

    assert len(home.classifier.heard) == 3
    assert printed.exit_code == 0
    assert home.genres("One") == home.genres("Three") == (["Rock"], ["Rock"])
    assert home.genres("Two") == (["Blues"], ["Blues"])
    assert all(item.mtime == item.current_mtime() for item in home.items())
    assert home.album("Record").genres == ["Rock"]
    assert {path.parent.name for path in home.files()} == {"Rock"}
    assert home.item("Two")["genreclf_confidence"] == pytest.approx(0.99)


@THREADED
def test_matched_singleton(
    home: BeetsHome, plugin_names: list[str], threaded: bool
) -> None:
    plugin_names.append("perfectmatch")
    home.settings["threaded"] = threaded
    path = home.audio_file(home.inbox / "Song.mp3")

    home.beet(*MATCHED, "-s", str(path))

    assert home.classifier.heard == [path]
    assert home.genres("Song") == (["Rock"], ["Rock"])
    assert home.item("Song").album_id is None


@pytest.mark.parametrize("threaded", [True, False])
def test_bad_file_is_named_and_the_import_goes_on(home: BeetsHome, threaded: bool) -> None:
    folder = put_album(home, "{title}", "Song")
    home.settings["threaded"] = threaded
    home.classifier.answers["{title}"] = AudioDecodeError(f"{folder}/{{title}}: noise")

    printed = home.beet(*AS_IS, folder)

    (warning,) = [line for line in printed.err.splitlines() if line.startswith("genreclf")]
    assert warning == f"genreclf: {folder}/{{title}}: noise"
    assert [item.genres for item in home.items()] == [["Rock"], []]
    assert len(home.files()) == 2


def test_what_has_a_genre_is_left_alone(home: BeetsHome) -> None:
    folder = put_album(home, "Groomed", genres=["Acid Jazz"])
    put_album(home, "New")
    home.configure(source="track")
    home.beet(*AS_IS, folder)
    assert [path.stem for path in home.classifier.heard] == ["New"]
    assert home.item("Groomed").genres == ["Acid Jazz"]


def test_genre_given_on_the_command_line_stays(home: BeetsHome) -> None:
    folder = put_album(home, "Song")
    home.beet(*AS_IS, "--set", "genres=Acid Jazz", folder)
    assert not home.classifier.heard
    assert home.item("Song").genres == ["Acid Jazz"]


def test_force_in_the_configuration_counts_for_imports(home: BeetsHome) -> None:
    folder = put_album(home, "Song", genres=["Pop"])
    home.configure(force=True)
    home.beet(*AS_IS, folder)
    assert home.classifier.heard
    assert home.item("Song").genres == ["Rock"]
    assert home.item("Song")["genreclf_previous"] == "Pop"
    assert home.album("Record").genres == ["Rock"]
    assert home.album("Record")["genreclf_album_previous"] == "Pop"


def test_unsure(home: BeetsHome) -> None:
    folder = put_album(home, "Murky")
    home.classifier.answers["Murky"] = ("rock", 0.4)
    home.beet(*AS_IS, folder)
    assert home.item("Murky").genres == []
    assert home.titles("genreclf_confidence:..0.45") == ["Murky"]
    assert home.album("Record").genres == []


def test_one_empty_text_is_no_genre(home: BeetsHome) -> None:
    path = write_audio(home.inbox / "Cleared.wv", music(1))
    edit_file(path, "Pop")
    media_file = MediaFile(path)
    media_file.update({"title": "Cleared", "genres": []})
    media_file.save()
    # What a cleared genre looks like in an APEv2 tag.
    assert MediaFile(path).genres == [""]

    home.beet(*AS_IS, "-s", str(path))

    assert home.item("Cleared").genres == ["Rock"]
    assert home.item("Cleared")["genreclf_previous"] == ""


def test_auto_off(home: BeetsHome) -> None:
    folder = put_album(home, "Song")
    home.configure(auto=False)
    home.beet(*AS_IS, folder)
    assert not home.classifier.heard
    assert home.item("Song").genres == []


def test_pretending_by_configuration(home: BeetsHome) -> None:
    folder = put_album(home, "Song")
    home.configure(pretend=True)
    home.beet(*AS_IS, folder)
    assert home.classifier.heard
    assert home.item("Song").genres == []
    assert home.item("Song").get("genreclf_model") is None


def test_pretended_import_loads_nothing(home: BeetsHome) -> None:
    folder = put_album(home, "Song")
    home.configure(model="/missing.onnx")
    printed = home.beet("import", "--pretend", folder)
    assert not home.classifier.heard
    assert "genreclf" not in printed.err


def test_verbose_import_logs_tracks_and_summary(home: BeetsHome) -> None:
    folder = put_album(home, "Murky", "Song")
    home.configure(source="track")
    home.classifier.answers["Murky"] = ("rock", 0.4)

    printed = home.beet("-v", *AS_IS, folder)

    assert printed.out == "genreclf: 1 tagged, 1 abstained, 0 unreadable\n"
    assert "genreclf: Ann - Song: Rock 0.83" in printed.err
    assert "genreclf: Ann - Murky: abstained: rock 0.40 < 0.6" in printed.err


@pytest.mark.parametrize("is_quiet", ["beets", "genreclf", "nobody"])
def test_an_import_ends_with_its_counts_unless_it_is_quiet(
    home: BeetsHome, is_quiet: str
) -> None:
    folder = put_album(home, "Song")
    home.configure(quiet=is_quiet == "genreclf")
    quiet = ["-q"] if is_quiet == "beets" else []
    printed = home.beet(*AS_IS, *quiet, folder)
    assert home.classifier.heard
    counts = "genreclf: 1 tagged, 0 abstained, 0 unreadable\n"
    assert printed.out == (counts if is_quiet == "nobody" else "")


@THREADED
@pytest.mark.parametrize("option", ["label_map", "ignore"])
def test_a_misspelt_label_costs_the_genres_and_one_warning(
    home: BeetsHome, threaded: bool, option: str
) -> None:
    for number in range(3):
        put_album(home, f"Song {number}", album=f"Album {number}")
    home.settings["threaded"] = threaded
    home.configure(
        **{option: {"hipphop": ["rock"]} if option == "label_map" else ["hipphop"]}
    )

    printed = home.beet(*AS_IS, str(home.inbox))

    (warning,) = [line for line in printed.err.splitlines() if "genreclf" in line]
    assert warning == (
        f"genreclf: no genres in this import: option {option}: the model "
        "scripted@00000000 has no label hipphop; it has blues, hip hop, rock"
    )
    assert (printed.out, printed.exit_code) == ("", 0)
    assert not home.classifier.heard
    assert [item.genres for item in home.items()] == [[], [], []]


def test_plugin_listens_to_no_event_that_its_stage_sets_off(home: BeetsHome) -> None:
    home.beet("version")
    listened = {
        event
        for event, listeners in plugins.BeetsPlugin._raw_listeners.items()
        if listeners
    }
    # beets itself registers the first for every plugin.
    assert listened == {"pluginload", "import_begin", "import_task_files", "import"}


def is_aborted(thread: threading.Thread) -> bool:
    """Return True if beets has told this thread of an import to stop."""
    return getattr(thread, "abort_flag", False)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal would end pytest")
@pytest.mark.usefixtures("default_signals")
def test_ctrl_c_ends_the_import_after_the_tracks_under_way(
    home: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_album(home, *(f"Song {number:02}" for number in range(60)))
    home.configure(threads=1, source="track")
    home.settings["threaded"] = True
    hear = home.classifier.predict_file

    def press(path: Path) -> TrackPrediction:
        if len(home.classifier.heard) == 3:
            os.kill(os.getpid(), signal.SIGINT)
            wait_until(lambda: any(map(is_aborted, threading.enumerate())))
        return hear(path)

    monkeypatch.setattr(home.classifier, "predict_file", press)
    home.beet(*AS_IS, folder)

    # Three before the press, and what the pool had in hand.
    assert len(home.classifier.heard) <= 10
    tagged = home.titles("genres:Rock")
    assert 0 < len(tagged) <= len(home.classifier.heard)
    assert home.titles("genreclf_model:scripted@00000000") == tagged
