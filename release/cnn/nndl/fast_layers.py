"""Convolution and max pooling that are fast enough to train on CIFAR-10 (provided).

They are fast because they do only what `ThreeLayerConvNet` needs:

- `conv_forward_fast`: stride 1, square filters of odd size, and so much padding that the output is
  as high and as wide as the input.
- `max_pool_forward_fast`: windows of 2 x 2 with stride 2, on images of even height and width.

Anything else raises ValueError. Your own layers in `conv_layers.py` take all shapes. Both kinds
take the same arguments and return the same values; each cache belongs to its own backward function.
"""

import numpy as np

PIECE = 4
"""How many images are worked on at a time: so few that they stay in the processor's cache."""


def conv_forward_fast(x, w, b, conv_param):
    """A convolution as one matrix product for each image.

    The neighbourhood of every pixel is copied into a column of C * HH * WW numbers; the product of
    the filters, as rows, with these columns is the output. This is known as im2col.

    - x: (N, C, H, W), images.
    - w: (F, C, HH, HH), filters, HH odd.
    - b: (F,), biases.
    - conv_param: {"stride": 1, "pad": (HH - 1) / 2}.

    Returns:
    - out: (N, F, H, W).
    - cache: for `conv_backward_fast`.

    Raises ValueError for another stride, padding or shape of filters.
    """
    side = w.shape[2]
    if conv_param["stride"] != 1 or side % 2 == 0 or w.shape[3] != side:
        raise ValueError(f"The fast layers have no convolution by {w.shape[2:]}, {conv_param}.")
    if 2 * conv_param["pad"] != side - 1:
        raise ValueError(f"The fast layers pad filters of size {side} by {(side - 1) // 2} only.")
    columns = _columns(x, side)
    out = np.matmul(w.reshape(len(w), -1), columns)
    out += b[:, None]
    return out.reshape(len(x), len(w), *x.shape[2:]), (x.shape, w, columns)


def conv_backward_fast(dout, cache):
    """Gradients of `conv_forward_fast`.

    - dout: (N, F, H, W), gradient with respect to the output.
    - cache: from `conv_forward_fast`.

    Returns:
    - dx: (N, C, H, W).
    - dw: (F, C, HH, HH).
    - db: (F,).
    """
    shape, w, columns = cache
    rows = dout.reshape(len(dout), len(w), -1)
    dw = np.matmul(rows, columns.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    db = rows.sum(axis=2).sum(axis=0)
    dx = np.empty(shape, dout.dtype)
    turned = w.reshape(len(w), -1).T
    for first in range(0, len(dout), PIECE):
        piece = slice(first, first + PIECE)
        dx[piece] = _added_up(np.matmul(turned, rows[piece]), shape[1:], w.shape[2])
    return dx, dw, db


def _columns(x, side):
    """The neighbourhoods of all pixels: (N, C * side * side, H * W), zero beyond the edges."""
    count, channels, height, width = x.shape
    edge = side // 2
    columns = np.empty((count, channels, side, side, height, width), x.dtype)
    framed = np.zeros((min(PIECE, count), channels, height + 2 * edge, width + 2 * edge), x.dtype)
    for first in range(0, count, PIECE):
        piece = x[first : first + PIECE]
        framed[: len(piece), :, edge : edge + height, edge : edge + width] = piece
        for row in range(side):
            for column in range(side):
                moved = framed[: len(piece), :, row : row + height, column : column + width]
                columns[first : first + PIECE, :, row, column] = moved
    return columns.reshape(count, -1, height * width)


def _added_up(columns, shape, side):
    """The reverse of `_columns`: each pixel gets the sum of what stands for it in the columns."""
    channels, height, width = shape
    edge = side // 2
    parts = columns.reshape(-1, channels, side, side, height, width)
    framed = np.zeros((len(parts), channels, height + 2 * edge, width + 2 * edge), columns.dtype)
    for row in range(side):
        for column in range(side):
            framed[:, :, row : row + height, column : column + width] += parts[:, :, row, column]
    return framed[:, :, edge : edge + height, edge : edge + width]


def max_pool_forward_fast(x, pool_param):
    """Maxima of windows of 2 x 2 pixels that don't overlap.

    - x: (N, C, H, W), H and W even.
    - pool_param: {"pool_height": 2, "pool_width": 2, "stride": 2}.

    Returns:
    - out: (N, C, H / 2, W / 2).
    - cache: for `max_pool_backward_fast`.

    Raises ValueError for other windows and shapes.
    """
    sizes = [pool_param[name] for name in ("pool_height", "pool_width", "stride")]
    if sizes != [2, 2, 2] or x.shape[2] % 2 or x.shape[3] % 2:
        raise ValueError(f"The fast layers have no pooling of {x.shape[2:]} by {pool_param}.")
    of_two_rows = np.maximum(x[:, :, ::2], x[:, :, 1::2])
    out = np.maximum(of_two_rows[..., ::2], of_two_rows[..., 1::2])
    return out, (x, out)


def max_pool_backward_fast(dout, cache):
    """Gradient of `max_pool_forward_fast`; every largest element of a window gets the whole dout.

    - dout: (N, C, H / 2, W / 2).
    - cache: from `max_pool_forward_fast`.

    Returns:
    - dx: (N, C, H, W).
    """
    x, out = cache
    dx = np.empty(x.shape, dout.dtype)
    for first in range(0, len(x), PIECE):
        piece = slice(first, first + PIECE)
        for row in range(2):
            for column in range(2):
                corner = np.s_[piece, :, row::2, column::2]
                np.multiply(dout[piece], x[corner] == out[piece], out=dx[corner])
    return dx
