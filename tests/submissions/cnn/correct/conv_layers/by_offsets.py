"""A loop over the pixels of a filter: each multiplies a strided piece of the padded image."""


def _pieces(padded, w, stride, rows, columns):
    for k in range(w.shape[2]):
        for m in range(w.shape[3]):
            yield k, m, np.s_[
                :, :, k : k + stride * (rows - 1) + 1 : stride,
                m : m + stride * (columns - 1) + 1 : stride,
            ]


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = 1 + (padded.shape[2] - w.shape[2]) // stride
    columns = 1 + (padded.shape[3] - w.shape[3]) // stride
    out = np.tile(b.reshape(1, -1, 1, 1), (len(x), 1, rows, columns))
    for k, m, piece in _pieces(padded, w, stride, rows, columns):
        out += np.tensordot(padded[piece], w[:, :, k, m], axes=(1, 1)).transpose(0, 3, 1, 2)
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded, dw = 0 * padded, np.empty_like(w)
    for k, m, piece in _pieces(padded, w, stride, *dout.shape[2:]):
        dw[:, :, k, m] = np.tensordot(dout, padded[piece], axes=([0, 2, 3], [0, 2, 3]))
        dpadded[piece] += np.tensordot(dout, w[:, :, k, m], axes=(1, 0)).transpose(0, 3, 1, 2)
    end = -pad if pad else None
    return dpadded[:, :, pad:end, pad:end], dw, dout.sum(axis=3).sum(axis=2).sum(axis=0)
