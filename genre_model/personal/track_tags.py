"""Artist, album and title in the tags of files."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mutagen

from genre_model.label_spelling import spelling_key
from genre_model.model.card_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

log = logging.getLogger(__name__)

#: Names of each tag in Vorbis comments and APEv2, ASF, ID3 and MP4.
ARTIST = ("artist", "Author", "TPE1", "\xa9ART")
ALBUM_ARTIST = ("albumartist", "album artist", "WM/AlbumArtist", "TPE2", "aART")
ALBUM = ("album", "WM/AlbumTitle", "TALB", "\xa9alb")
TITLE = ("title", "Title", "TIT2", "\xa9nam")
COMPILATION = ("compilation", "WM/IsCompilation", "TCMP", "cpil")
#: Names in the artist tag that mean many artists, or none known; spelling keys.
NOBODY = frozenset(
    {
        *("", "various", "variousartists", "va", "v/a", "compilation", "compilations"),
        *("unknown", "unknownartist", "[unknown]", "<unknown>"),
    }
)


@dataclass(frozen=True)
class FileTags:
    """Tags of a file, empty where there is none; ``seconds`` is 0 if unknown."""

    artist: str = ""
    album_artist: str = ""
    album: str = ""
    title: str = ""
    is_compilation: bool = False
    seconds: float = 0.0

    @property
    def is_by_many(self) -> bool:
        """True if the album is by many artists."""
        return self.is_compilation or self.album_artist != known_artist(self.album_artist)

    @property
    def main_artist(self) -> str:
        """The artist of the album, or of the track if the album is by many."""
        return known_artist(
            self.artist if self.is_by_many else self.album_artist or self.artist
        )

    def album_identity(self, folder: str) -> str:
        """Identify the album by its artist, or by the folder if it is by many."""
        if not self.album:
            return ""
        artist = "" if self.is_by_many else spelling_key(self.main_artist)
        owner = f"by {artist}" if artist else f"in {folder}"
        return f"{owner}: {spelling_key(self.album)}"

    def track_name(self, path: Path) -> str:
        """Return the name of the track for reports."""
        named = f"{self.artist} - {self.title}" if self.artist and self.title else ""
        return named or printable(path.stem)


def known_artist(name: str) -> str:
    """Return the name of an artist; nothing if it only says "unknown" or "various"."""
    return "" if spelling_key(name) in NOBODY else name


def read_tags(path: Path) -> FileTags:
    """Read the tags of a file; none if it cannot be read."""
    try:
        file = mutagen.File(path)
        seconds = float(getattr(getattr(file, "info", None), "length", 0.0))
    except Exception:  # a damaged file can raise anything in a parser
        log.debug("cannot read the tags of %s", path, exc_info=True)
        return FileTags()
    tags = {} if file is None or file.tags is None else file.tags
    return FileTags(
        artist=_text(tags, ARTIST),
        album_artist=_text(tags, ALBUM_ARTIST),
        album=_text(tags, ALBUM),
        title=_text(tags, TITLE),
        is_compilation=_text(tags, COMPILATION).lower() in {"1", "true", "yes"},
        seconds=seconds,
    )


def _text(tags: Any, names: Iterable[str]) -> str:
    """Return the first value of the first tag that is there."""
    for name in names:
        try:
            value = tags[name]
            text = printable(str(value if isinstance(value, bool) else value[0]))
        except (LookupError, TypeError, ValueError):  # no such tag, or none such can be
            continue
        if text:
            return text
    return ""
