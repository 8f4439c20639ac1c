"""What a track is called in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beets.library import Item


def track_name(item: Item) -> str:
    """Return artist and title, or the name of the file that has neither."""
    names = " - ".join(filter(None, (item.artist, item.title)))
    return names or item.filepath.name


def tracks_have(n_tracks: int) -> str:
    """Return the beginning of a sentence about so many tracks."""
    return "1 track has" if n_tracks == 1 else f"{n_tracks} tracks have"
