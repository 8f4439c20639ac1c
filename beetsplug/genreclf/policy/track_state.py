"""What the library and the file of a track hold; pure functions of that."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy.provenance import (
    clean,
    forget_field,
    is_claimed,
    joined,
    split,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.library import Item

#: Attributes of a :class:`TrackState` and the fields that store them.
FIELDS = {
    "claimed": "genreclf_genres",
    "previous": "genreclf_previous",
    "file_previous": "genreclf_file_previous",
    "file_written": "genreclf_file_genres",
}


@dataclass(frozen=True)
class TrackState:
    """What the library and the file of a track hold, and what the plugin wrote there.

    Attributes:
        genres: in the library.
        claimed: genres that the plugin chose, as one text; None if it chose none.
        previous: genres in the library before those.
        file_previous: genres in the file before those, where it held others than the
            library.
        file_written: genres that the plugin wrote into the file.
        in_file: genres in the file; None if they were not read, or cannot be.
        hidden: genres in a tag of the file that beets does not read.
    """

    genres: tuple[str, ...]
    claimed: str | None = None
    previous: str | None = None
    file_previous: str | None = None
    file_written: str | None = None
    in_file: tuple[str, ...] | None = None
    hidden: tuple[str, ...] = ()

    @classmethod
    def of(cls, item: Item) -> TrackState:
        """Return the state of a track in the library; its file is not read."""
        fields = {name: item.get(field, with_album=False) for name, field in FIELDS.items()}
        return cls(tuple(item.genres), **fields)

    def apply_to(self, item: Item) -> None:
        """Set genres and fields of a track in which they differ; store nothing."""
        if list(item.genres) != list(self.genres):
            item.genres = list(self.genres)
        for name, field in FIELDS.items():
            value = getattr(self, name)
            if value is None:
                forget_field(item, field)
            else:
                item[field] = value

    @property
    def is_by_plugin(self) -> bool:
        """Whether the plugin wrote the genres in the library."""
        return is_claimed(self.genres, self.claimed)

    @property
    def previous_genres(self) -> list[str] | None:
        """The genres before those of the plugin; None if the user has changed these."""
        return split(self.previous or "") if self.is_by_plugin else None

    @property
    def previous_file_genres(self) -> list[str]:
        """The genres to put back into the file."""
        if self.file_previous is None:
            return split(self.previous or "")
        return _split_exactly(self.file_previous)

    @property
    def was_ever_by_plugin(self) -> bool:
        """Whether a genre of the plugin may still be in the library or the file."""
        return bool(self.claimed or self.file_written)

    @property
    def file_is_by_plugin(self) -> bool:
        """Whether the plugin wrote the genres in the file.

        They may be older ones, if the present ones were not written; or the present ones,
        that another program wrote for the plugin.
        """
        in_file = joined(self.in_file or ())
        is_in_both = in_file == joined(self.genres)
        if is_in_both and not self.is_by_plugin and self.file_previous is None:
            return False  # the user's, not what the plugin was about to write
        return bool(self.in_file) and in_file in (self.claimed, self.file_written)

    @property
    def foreign_genres(self) -> tuple[str, ...]:
        """The genres that another program wrote into the file, past the library."""
        in_file = self.in_file or ()
        is_known = (
            not in_file
            or joined(in_file) == joined(self.genres)
            or self.file_is_by_plugin
            or (not self.file_written and list(in_file) == self.previous_file_genres)
        )
        return () if is_known else in_file

    @property
    def file_differs(self) -> bool:
        """Whether the file holds something else than the library."""
        return self.in_file is not None and list(self.in_file) != clean(self.genres)

    @property
    def waits_for_revert(self) -> bool:
        """Whether ``--revert -W`` has restored the library, and the file is next."""
        return self.previous is not None and joined(self.genres) == self.previous

    def claim(self, genres: Sequence[str]) -> TrackState:
        """Return the state in which the plugin has chosen other genres.

        Where it chose the current ones, too, the previous genres are kept. Choosing just
        these ends the claim to the library, though not to the file.
        """
        state = self.note_file() if self.is_by_plugin else self._note_previous()
        claimed = joined(genres)
        return replace(
            state,
            genres=tuple(genres),
            claimed=None if claimed == state.previous else claimed,
        )

    def note_file(self) -> TrackState:
        """Return the state with what the file holds, before that is overwritten.

        A genre that another program wrote or removed will be restored in the file.
        """
        if self.in_file is None:
            return self
        is_emptied = not self.in_file and self.file_written
        if is_emptied or self.foreign_genres:
            return replace(self, file_previous=_joined_exactly(self.in_file))
        if self.in_file and self.file_is_by_plugin:
            # Also if `beet write` wrote it.
            return replace(self, file_written=joined(self.in_file))
        return self

    def _note_previous(self) -> TrackState:
        in_file, file_written = self.in_file, None
        if in_file is not None and self.file_is_by_plugin:
            # The user changed the library only; the file still waits to be restored.
            file_written = joined(in_file)
            in_file = tuple(self.previous_file_genres)
        previous, file_previous = joined(self.genres), None
        if in_file is not None and list(in_file) != split(previous):
            file_previous = _joined_exactly(in_file)
        return replace(
            self, previous=previous, file_previous=file_previous, file_written=file_written
        )

    def note_written(self) -> TrackState:
        """Return the state in which the file holds the genres of the library."""
        if self.claimed is not None or self.file_previous is not None:
            return replace(self, file_written=joined(self.genres))
        # The user's genres are in both places, as before the plugin.
        return replace(self, file_written=None, previous=None)


def _joined_exactly(genres: Sequence[str]) -> str:
    """Return genres of a file as one text, also if one of them is "Rock; Pop"."""
    plain = joined(genres)
    return plain if split(plain) == list(genres) else json.dumps(list(genres))


def _split_exactly(text: str) -> list[str]:
    """Undo :func:`_joined_exactly`."""
    return list(json.loads(text)) if text.startswith('["') else split(text)
