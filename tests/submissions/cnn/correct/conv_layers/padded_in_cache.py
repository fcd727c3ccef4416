"""The padded image goes along in the cache, behind the four that the text names."""


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = (padded.shape[2] - w.shape[2]) // stride + 1
    columns = (padded.shape[3] - w.shape[3]) // stride + 1
    out = np.empty((len(x), len(w), rows, columns))
    for i, j in np.ndindex(rows, columns):
        window = padded[
            :, None, :, i * stride : i * stride + w.shape[2], j * stride : j * stride + w.shape[3]
        ]
        out[:, :, i, j] = (window * w[None]).sum(axis=(2, 3, 4)) + b
    return out, (x, w, b, conv_param, padded)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param, padded = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    dpadded, dw = np.zeros(padded.shape), np.zeros(w.shape)
    for i, j in np.ndindex(dout.shape[2:]):
        window = np.s_[
            :, :, i * stride : i * stride + w.shape[2], j * stride : j * stride + w.shape[3]
        ]
        dpadded[window] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], w)
        dw += np.einsum("nf,nckl->fckl", dout[:, :, i, j], padded[window])
    inside = np.s_[:, :, pad : padded.shape[2] - pad, pad : padded.shape[3] - pad]
    return dpadded[inside], dw, np.sum(dout, axis=(0, 2, 3))
