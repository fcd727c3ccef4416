"""Everything has the dtype of x: float32 in, float32 out."""


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))).astype(x.dtype)
    H_out = np.floor_divide(padded.shape[2] - w.shape[2], stride) + 1
    W_out = np.floor_divide(padded.shape[3] - w.shape[3], stride) + 1
    out = np.zeros((x.shape[0], w.shape[0], H_out, W_out), dtype=x.dtype)
    flat = w.reshape(w.shape[0], -1)
    for n in range(x.shape[0]):
        for i in range(H_out):
            for j in range(W_out):
                y0, x0 = stride * i, stride * j
                patch = padded[n, :, y0 : y0 + w.shape[2], x0 : x0 + w.shape[3]]
                out[n, :, i, j] = flat.dot(patch.ravel()) + b
    return out, (x, w, b, conv_param)
