"""What the library is told before a file is written.

A process that is killed between file and library would leave a genre in the file that the
library knows nothing of, and the next run would take it for a user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from beetsplug.genreclf.policy.provenance import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from beets.dbcore.db import Transaction
    from beets.library import Item

#: Not what was heard: a track whose genre is not stored yet is to be decided again.
NOTED = ("genreclf_previous", "genreclf_file_previous", "genreclf_file_genres")


def note_ahead(item: Item) -> Callable[[], None]:
    """Store that the genres of a track will be in its file, and the previous ones.

    Returns:
        What takes that back.
    """
    # Another object: storing only some fields would make this one forget the rest.
    row = item.db.get_item(cast("int", item.id))
    if row is None:
        return lambda: None
    before = _noted(row)
    _store(row, _noted(item) | {"genreclf_file_genres": joined(item.genres)})
    return lambda: _store(row, before)


def lock(transaction: Transaction, item: Item) -> None:
    """Let nobody else store an edit of a track until a transaction ends."""
    transaction.mutate("UPDATE items SET id = id WHERE id = ?", (item.id,))


def is_stored(item: Item) -> bool:
    """Return True if the library has the genres of a track, and says that they are ours."""
    row = item.db.get_item(cast("int", item.id))
    if row is None or row.genres != item.genres:
        return False
    claims = {each.get("genreclf_genres", with_album=False) for each in (row, item)}
    return len(claims) == 1


def _noted(item: Item) -> dict[str, str]:
    own = set(item.keys(with_album=False))
    return {name: item[name] for name in NOTED if name in own}


def _store(row: Item, fields: Mapping[str, str]) -> None:
    for name in _noted(row).keys() - fields.keys():
        del row[name]
    row.update(fields)
    row.store()
