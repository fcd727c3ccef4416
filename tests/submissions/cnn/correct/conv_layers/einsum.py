"""Windows by `sliding_window_view`; dx as the convolution of a spread out dout with the filters."""

from numpy.lib.stride_tricks import sliding_window_view


def _windows(x, size, stride, pad):
    padded = np.pad(x, ((0,), (0,), (pad,), (pad,)))
    return sliding_window_view(padded, size, axis=(2, 3))[:, :, ::stride, ::stride]


def conv_forward_naive(x, w, b, conv_param):
    windows = _windows(x, w.shape[2:], conv_param["stride"], conv_param["pad"])
    out = np.einsum("ncijkl,fckl->nfij", windows, w) + b[:, None, None]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    HH, WW = w.shape[2:]
    windows = _windows(x, (HH, WW), stride, pad)
    dw = np.einsum("nfij,ncijkl->fckl", dout, windows)
    db = np.einsum("nfij->f", dout)
    high, wide = x.shape[2] + 2 * pad + HH - 1, x.shape[3] + 2 * pad + WW - 1
    spread = np.zeros((*dout.shape[:2], high, wide))
    rows, columns = dout.shape[2] * stride, dout.shape[3] * stride
    spread[:, :, HH - 1 : HH - 1 + rows : stride, WW - 1 : WW - 1 + columns : stride] = dout
    turned = w[:, :, ::-1, ::-1]
    whole = np.einsum("nfijkl,fckl->ncij", sliding_window_view(spread, (HH, WW), (2, 3)), turned)
    return whole[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, db
