"""What the plugin makes of some music, shown without changing a file of it.

``make demo MUSIC=folder`` imports the songs into a beets library that is thrown away
at the end, and checks by SHA-256 that every song is what it was.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from compose import compose_pieces
from throwaway_library import BeetError, Row, ThrowawayLibrary

from beetsplug.genreclf.config.options import DEFAULTS
from genre_model.audio.suffixes import AUDIO_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOT_HEARD = "^genreclf_model::."
NAME_WIDTH = 44

SYNTHETIC_NOTICE = """\
No MUSIC was named, so three short pieces were composed: synthetic, not recorded.
The model has learned from real music. What it says of these shows that it runs, and
means little. To try your own songs, which stay as they are: make demo MUSIC=folder
"""


class DemoError(Exception):
    """The demo cannot go on; the message is for the user who started it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(description="Tag music in a throwaway library.")
    parser.add_argument("music", nargs="?", type=Path, help="a folder, or one file")
    music: Path | None = parser.parse_args(arguments).music
    try:
        with tempfile.TemporaryDirectory(prefix="genreclf-demo-") as folder:
            home = Path(folder).resolve()
            demonstrate(_composed(home) if music is None else music, home)
    except (BeetError, DemoError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 130
    return 0


def _composed(home: Path) -> Path:
    print(SYNTHETIC_NOTICE)
    folder = home / "composed"
    folder.mkdir()
    compose_pieces(folder)
    return folder


def demonstrate(music: Path, home: Path) -> None:
    """Import ``music`` into a library in ``home``, tag it, and print the outcome.

    Raises:
        DemoError: if there is no song, or if any song has changed.
        BeetError: if beets fails.
    """
    music = music.expanduser().absolute()
    songs = find_songs(music)
    print(f"Reading the SHA-256 of {_count(songs)} ...", flush=True)
    before = {song: sha256(song) for song in songs}

    library = ThrowawayLibrary(home)
    try:
        library.create(songs)
    except OSError as error:
        raise DemoError(f"no links to the songs can be made: {error}") from error
    tag(library)
    rows = library.rows()
    if not rows:
        raise DemoError(f"nothing in {music} is audio to beets")
    print_table(songs, rows)
    if not any(row.confidence for row in rows.values()):
        raise DemoError("no song could be heard")

    if {song: sha256(song) for song in find_songs(music)} != before:
        raise DemoError(f"files in {music} have changed")
    print(f"\nNo file has changed: SHA-256 of {_count(songs)} as before.")


def tag(library: ThrowawayLibrary) -> None:
    """Tag at the import, then by command; last, songs that came with a genre."""
    # The import stage leaves the screen to the importer; only -v shows what it hears.
    import_songs = ("-v", "import", "-A", "-q", "-s", str(library.music))
    library.show(*import_songs, only="genreclf:")
    if not library.rows():
        return
    library.show("genreclf", "--nowrite", may_fail=True)
    if any(row.genres for row in library.rows(NOT_HEARD).values()):
        print("\nSongs that came with a genre have kept it. To hear them, too:")
        library.show("genreclf", "--nowrite", "--force", NOT_HEARD, may_fail=True)


def print_table(songs: Sequence[Path], rows: dict[int, Row]) -> None:
    """Print one line for each song, in the order of the files."""
    print("\n" + _line("song", "genre", "confidence", "genre in the file"))
    for number, song in enumerate(songs):
        row = rows.get(number)
        if row is None:
            print(_line(song.name, "(no audio)", "", ""))
        else:
            in_file = row.previous_genres if row.our_genres else row.genres
            print(_line(_name(row), _genre(row), row.confidence, in_file))


def _line(song: str, genre: str, confidence: str, in_file: str) -> str:
    song = " ".join(song.split())
    if len(song) > NAME_WIDTH:
        song = f"{song[: NAME_WIDTH - 3]}..."
    return f"{song:{NAME_WIDTH}}  {genre:17}  {confidence:10}  {in_file}".rstrip()


def _genre(row: Row) -> str:
    """Return the genre that was heard, or why there is none."""
    if row.confidence and not row.scores:
        return "(too little)"
    if not row.confidence:
        return "(not heard)"
    if row.strangeness and float(row.strangeness) > 1:
        return "unknown"
    sure = float(row.confidence) >= DEFAULTS["min_confidence"]
    if row.genres and sure:
        return row.genres
    best, _, _ = row.scores.partition(";")[0].rpartition(" ")
    return f"abstained: {best}"


def _name(row: Row) -> str:
    names = " - ".join(filter(None, (row.artist, row.title)))
    return names or Path(row.path).name


def _count(songs: Sequence[Path]) -> str:
    return "1 file" if len(songs) == 1 else f"{len(songs)} files"


def find_songs(music: Path) -> list[Path]:
    """Return every audio file of a folder, or the one file that was named.

    Raises:
        DemoError: if there is none.
    """
    if music.is_file():
        return [music]
    if not music.is_dir():
        raise DemoError(f"no such file or folder: {music}")
    songs = sorted(path for path in _files_below(music) if _is_song(path))
    if not songs:
        raise DemoError(f"no audio file in {music}")
    return songs


def _files_below(folder: Path) -> Iterator[Path]:
    """Follow links to folders, too, but enter none twice, and no hidden one."""
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real_root = os.path.realpath(root)
        if real_root in seen:
            folders.clear()
            continue
        seen.add(real_root)
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in files)


def _is_song(path: Path) -> bool:
    is_audio = path.suffix.lower() in AUDIO_SUFFIXES
    return is_audio and not path.name.startswith(".") and path.is_file()


def sha256(path: Path) -> str:
    """Return the digest of a file, or why it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        return f"unreadable: {error.strerror}"
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
