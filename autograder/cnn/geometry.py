"""The sizes of images, filters and windows that the suites use; their values are drawn each time.

No two sizes of a case are the same by accident: code that takes one for another gives a result of
another shape, or other numbers.
"""

from __future__ import annotations

from typing import NamedTuple


class Convolution(NamedTuple):
    """x (N, C, H, W), filters of a number and a size, and how they move."""

    x: tuple[int, int, int, int]
    filters: int
    size: tuple[int, int]
    stride: int
    pad: int

    @property
    def param(self):
        """What goes into ``conv_param``."""
        return {"stride": self.stride, "pad": self.pad}

    @property
    def where(self):
        """How messages name the case."""
        height, width = self.size
        how = f"stride={self.stride}, pad={self.pad}"
        return f"for x of shape {self.x}, {self.filters} filters of {height} x {width}, {how}"

    def draw(self, draw):
        """Unseen x, w and b."""
        return draw(self.x), draw((self.filters, self.x[1], *self.size)), draw((self.filters,))


class Pooling(NamedTuple):
    """x (N, C, H, W), the size of a window, and how it moves."""

    x: tuple[int, int, int, int]
    size: tuple[int, int]
    stride: int

    @property
    def param(self):
        """What goes into ``pool_param``."""
        return {"pool_height": self.size[0], "pool_width": self.size[1], "stride": self.stride}

    @property
    def where(self):
        """How messages name the case."""
        height, width = self.size
        return f"for x of shape {self.x}, windows of {height} x {width}, stride={self.stride}"


PLAIN = [
    Convolution((2, 3, 5, 4), 2, (3, 2), stride=1, pad=0),
    Convolution((1, 2, 4, 6), 3, (2, 3), stride=1, pad=0),
]
PADDED = [
    Convolution((1, 3, 3, 5), 2, (2, 4), stride=1, pad=2),
    Convolution((2, 2, 4, 3), 3, (3, 2), stride=1, pad=1),
]
STRIDED = [
    Convolution((2, 2, 5, 9), 3, (3, 3), stride=2, pad=0),
    Convolution((1, 3, 8, 5), 2, (2, 2), stride=3, pad=0),
]
UNCOVERED = [
    Convolution((2, 1, 6, 9), 2, (3, 2), stride=2, pad=0),
    Convolution((1, 2, 5, 9), 3, (3, 3), stride=3, pad=1),
]
"""Here the last places of the filter would reach over the edge."""

SQUARE = [
    Pooling((2, 3, 4, 5), (2, 2), stride=1),
    Pooling((1, 2, 5, 4), (3, 3), stride=1),
]
OBLONG = [
    Pooling((2, 2, 4, 3), (3, 1), stride=1),
    Pooling((1, 3, 3, 5), (2, 3), stride=1),
]
MOVING = [
    Pooling((1, 2, 7, 5), (3, 3), stride=2),
    Pooling((2, 2, 5, 8), (2, 2), stride=3),
]
EDGES = [
    Pooling((2, 2, 5, 7), (2, 2), stride=2),
    Pooling((1, 2, 7, 6), (2, 2), stride=3),
]
"""Here the last windows would reach over the edge."""

APART = [
    Pooling((2, 3, 4, 6), (2, 2), stride=2),
    Pooling((1, 2, 6, 9), (3, 3), stride=3),
]
OBLONG_APART = [
    Pooling((2, 2, 4, 5), (2, 1), stride=2),
    Pooling((1, 3, 5, 6), (2, 3), stride=3),
]
OVERLAPPING = [
    Pooling((2, 3, 7, 6), (3, 3), stride=1),
    Pooling((2, 3, 9, 7), (3, 3), stride=2),
]
