"""Reads weights that ``torch.save`` wrote, without torch."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from genre_model.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

#: Counts of the batches of a training; nothing is computed with them.
COUNTS = ".num_batches_tracked"
_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
# Older files begin with three pickles: a magic number, a version and the byte order.
_N_PICKLES_OF_HEADER = 3


def read_weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Read a state dictionary, without counts of batches.

    Args:
        content: of a file whose checksum was compared: nothing else is checked.

    Raises:
        ModelFileError: if the pickle asks for anything but tensors and dictionaries.
    """
    read = _read_zip if content.startswith(b"PK") else _read_stream
    return {
        name: tensor.array()
        for name, tensor in read(content).items()
        if not name.endswith(COUNTS)
    }


class _Storage(NamedTuple):
    """Numbers of tensors; ``contents`` maps keys to bytes, which may be read later."""

    key: str
    dtype: str
    contents: Mapping[str, bytes]


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: Sequence[int]

    def array(self) -> NDArray[np.float32]:
        """Return the numbers."""
        values = np.frombuffer(self.storage.contents[self.storage.key], self.storage.dtype)
        n_values = int(np.prod(self.shape, dtype=np.int64))
        return values[self.offset :][:n_values].reshape(self.shape)


def _tensor(
    storage: _Storage, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any
) -> _Tensor:
    contiguous = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    if list(strides) != contiguous:
        raise ModelFileError("it holds a tensor that is not contiguous")
    return _Tensor(storage, offset, shape)


class _Unpickler(pickle.Unpickler):
    """Builds dictionaries of tensors, and nothing else."""

    def __init__(self, file: io.BytesIO, contents: Mapping[str, bytes]) -> None:
        super().__init__(file)
        self._contents = contents

    def find_class(self, module: str, name: str) -> Callable[..., Any] | str:
        """Return what replaces a global; a pickle may call no other."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise ModelFileError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Sequence[Any]) -> _Storage:
        """Return a storage."""
        _, dtype, key, *_ = pid
        return _Storage(key, dtype, self._contents)


def _read_zip(content: bytes) -> Mapping[str, _Tensor]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        contents = {
            name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()
        }
    found: Mapping[str, _Tensor] = _Unpickler(
        io.BytesIO(contents["data.pkl"]), contents
    ).load()
    return found


def _read_stream(content: bytes) -> Mapping[str, _Tensor]:
    """Read what torch wrote before version 1.6: pickles, then the storages."""
    file, contents = io.BytesIO(content), dict[str, bytes]()
    for _ in range(_N_PICKLES_OF_HEADER):
        _Unpickler(file, contents).load()
    tensors: Mapping[str, _Tensor] = _Unpickler(file, contents).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    for key in _Unpickler(file, contents).load():
        (n_values,) = struct.unpack("<q", file.read(8))
        contents[key] = file.read(n_values * np.dtype(dtypes[key]).itemsize)
    return tensors
