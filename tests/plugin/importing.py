"""What tests of the importer share: commands, other plugins, files to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome

AS_IS = ["import", "-A"]
#: With the plugin below, every album and track finds a match that is applied unasked.
MATCHED = ["import", "-q"]

PERFECT_MATCH = '''
from beets.autotag import AlbumInfo, TrackInfo
from beets.metadata_plugins import MetadataSourcePlugin


def track_info(item, index=1):
    return TrackInfo(
        title=item.title, track_id=f"t{index}", artist=item.artist, length=item.length,
        index=index, medium=1, medium_index=index, media="CD",
    )


class PerfectMatchPlugin(MetadataSourcePlugin):
    """Finds just what stands in the tags."""

    def candidates(self, items, artist, album, va_likely):
        tracks = [track_info(item, item.track) for item in items]
        yield AlbumInfo(
            tracks, album=album, artist=artist, album_id="a", artist_id="r", mediums=1
        )

    def item_candidates(self, item, artist, title):
        yield track_info(item)

    def album_for_id(self, album_id):
        return None

    def track_for_id(self, track_id):
        return None
'''

#: Stands for lastgenre: knows some tracks, and leaves alone those with a genre.
LAST_FM = """
from beets.plugins import BeetsPlugin


class LastFmPlugin(BeetsPlugin):
    def __init__(self):
        super().__init__()
        self.import_stages = [self.fill]

    def fill(self, session, task):
        for item in task.imported_items():
            if "Famous" in item.title and not item.genres:
                item.genres = ["Last"]
                item.store()
"""


def add_plugins(home: BeetsHome) -> None:
    """Let beets find both plugins."""
    folder = home.folder / "plugins"
    folder.mkdir()
    (folder / "perfectmatch.py").write_text(PERFECT_MATCH)
    (folder / "lastfm.py").write_text(LAST_FM)
    home.settings["pluginpath"] = [str(folder)]


def put_album(home: BeetsHome, *titles: str, album: str = "Record", **tags: Any) -> str:
    """Put an album to import into the inbox; return its folder."""
    for number, title in enumerate(titles, 1):
        path = home.inbox / album / f"{title}.mp3"
        home.audio_file(path, album=album, track=number, **tags)
    return str(home.inbox / album)


def files_in(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file in a folder."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*.*")
    }
