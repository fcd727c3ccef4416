"""Everything becomes float64, whatever came in."""


def conv_forward_naive(x, w, b, conv_param):
    x64, w64 = np.asarray(x, dtype=np.float64), np.asarray(w, dtype=np.float64)
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x64, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    tops = np.arange(0, padded.shape[2] - w.shape[2] + 1, stride)
    lefts = np.arange(0, padded.shape[3] - w.shape[3] + 1, stride)
    out = np.array(
        [
            [
                [
                    [
                        np.vdot(image[:, t : t + w.shape[2], u : u + w.shape[3]], kernel) + bias
                        for u in lefts
                    ]
                    for t in tops
                ]
                for kernel, bias in zip(w64, b)
            ]
            for image in padded
        ]
    )
    return out, (x, w, b, conv_param)


def max_pool_forward_naive(x, pool_param):
    HH, WW, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    out = [
        [x[:, :, t : t + HH, u : u + WW].max(axis=(2, 3)) for u in range(0, x.shape[3] - WW + 1, s)]
        for t in range(0, x.shape[2] - HH + 1, s)
    ]
    return np.array(out, dtype=np.float64).transpose(2, 3, 0, 1), (x, pool_param)
