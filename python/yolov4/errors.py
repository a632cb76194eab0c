"""What can go wrong, a class a kind; the text is the library's sentence, for people.

All of them are :class:`Error`. Those that Python has a name for are that too: ``except FileNotFoundError`` does not find them, but
``except OSError`` and ``except ValueError`` do.
"""


class Error(Exception):
    """Whatever the package raises."""


class ModelError(Error):
    """A file of a network - cfg, weights, names - cannot be taken as it stands."""


class GraphError(Error):
    """A network cannot be built, or not be played as it is."""


class LimitError(Error):
    """More than the adapter allows."""


class NoAdapterError(Error):
    """No adapter answers."""


class DeviceLostError(Error):
    """The device was lost: a new detector may work."""


class OutOfMemoryError(Error, MemoryError):
    """The device ran out of memory."""


class GpuError(Error):
    """Any other complaint of the GPU stack."""


class ImageError(Error, ValueError):
    """A picture cannot be decoded."""


class FileError(Error, OSError):
    """The operating system refused: no such file, no permission."""


class NotCachedError(Error):
    """A file of a model is not in the cache, and was not to be fetched."""


class CacheError(Error):
    """A cached file is not what it should be."""


class FetchError(Error, OSError):
    """A server would not give a file."""


class FormatError(Error, ValueError):
    """A result that its format has no words for."""


class UsageError(Error, ValueError):
    """What was asked for cannot be, whatever the machine."""
