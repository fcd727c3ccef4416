"""The wrong implementations that students are known to write, each with what to tell them.

``implementation`` writes all functions of the assignment once, with a switch at each place where
people go wrong; a `Mistake` names the switches that it turns. So a mistake can be replayed on the
calls that a submission answered wrongly, two can be combined, and each can be handed in to prove
that the suites notice it. It needs nothing but NumPy and `kit.checks.mistakes`: its text is also
put into submissions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kit.checks.mistakes import Mistake, Switches

OPAQUE = {"conv_layers.spatial_batchnorm_forward": 1}
"""The position of a returned value that only the student's own code reads: it is never compared."""
STATE = frozenset({"running_mean", "running_var"}) | {
    f"{name}{layer}" for name in ("W", "b", "gamma", "beta") for layer in (1, 2, 3)
}
"""What a layer keeps in bn_param, and the names of gradients. Whatever else a student keeps in a
dictionary is nobody's concern."""


DRAWN = frozenset({"params"})
"""The attributes that hold random numbers when they are read."""
SETTINGS = frozenset({"eps", "momentum", "running_mean", "running_var"})
"""What a layer reads from bn_param, and has a default for."""


# -- the switches ----------------------------------------------------------------------------------

SWITCHES = Switches(
    {
        "conv_forward_naive": {
            "padding": "right",  # or another of PADDINGS
            "stride": "both",  # or another of STRIDES
            "start": "i·stride",  # "i": where the window of out[i] begins
            "size": "floor",  # or another of SIZES
            "filter": "right",  # or another of FILTERS
            "channels": "sum",  # "first", "last"
            "mean": False,  # of what a filter covers, in place of the sum
            "bias": "added",  # or another of BIASES
            "relu": False,
            "out": "right",  # "filters last"
            "cache": "x",  # "padded"
            "param": "kept",  # "emptied"
        },
        "conv_backward_naive": {
            "dx": "right",  # "padded", "corner", "minus", "mean": what is returned; or how it
            # grows: "overwritten", "one filter", "flipped"
            "dw": "right",  # "overwritten", "last image", "flipped", "mean", "one channel"
            "db": "right",  # or another of BIAS_GRADIENTS
            "stride": "both",  # or another of STRIDES
            "order": "dx, dw, db",  # "dw, dx, db"
            "dout": "kept",  # "changed"
        },
        "max_pool_forward_naive": {
            "function": "max",  # or another of POOLINGS
            "window": "right",  # "swapped", "height", "width", "two"
            "stride": "both",  # or another of STRIDES, "pool_height", "size"
            "start": "i·stride",  # "i"
            "size": "floor",  # or another of SIZES
            "channels": "apart",  # "together"
            "param": "kept",  # "emptied"
        },
        "max_pool_backward_naive": {
            "share": "right",  # or another of SHARES
            "overlap": "sum",  # "last", "at the place": what was there is overwritten
            "ties": "first",  # "each": of several largest elements each gets dout; both are right
            "search": "window",  # "image": the first element of the image with that value
            "place": "right",  # "relative": as if every window began at the first pixel
            "argmax": "own",  # "first channel", "first image"
            "stride": "both",  # or another of STRIDES, "pool_height"
            "x": "kept",  # "changed": dx is made in the array that x is
        },
        "spatial_batchnorm_forward": {
            "layout": "right",  # or another of LAYOUTS, "not back"
            "epsilon": "inside",  # "outside", "fixed", "none", "twice"
            "root": True,
            "center": True,
            "gamma": "right",  # "none", "on all"
            "beta": 1,  # 0, -1
            "variance": "biased",  # "unbiased", "mean square"
            "momentum": "right",  # "swapped", "fixed", "sum", "none"
            "stored": "both",  # "none", "mean", "var", "always", "root", "exchanged"
            "test": "running",  # "batch", "plain", "no root", "no epsilon"
            "train": "batch",  # "running"
            "start": "zeros",  # "ones": running_var, "batch": both
            "x": "kept",  # "changed"
        },
        "spatial_batchnorm_backward": {
            "layout": "right",  # or another of LAYOUTS, "not back"
            "dx": "right",  # "constant statistics", "no mean", "no variance", "images", "no gamma"
            "dgamma": "right",  # "mean", "x", "dout", "row"
            "dbeta": "right",  # "mean", "row", "zero"
            "order": "dgamma, dbeta",  # "dbeta, dgamma"
        },
        "conv_net": {
            "weights": "right",  # or another of SPREADS
            "first weights": "right",  # the same for W1 alone
            "biases": "zeros",  # "ones", "random"
            "gamma": "ones",  # "zeros", "random"
            "beta": "zeros",  # "ones"
            "inputs": "pooled",  # "image": W2 is made for what is not pooled
            "names": "right",  # "from 0"
            "dtype": "right",  # "ignored", "float32"
            "relu": "both",  # "conv", "hidden", "everywhere"
            "scores": "right",  # "softmax"
            "normalized": "both",  # "none", "conv", "hidden", "after relu"
            "bn_params": "kept",  # "fresh"
            "loss": 0.5,  # factor of reg · ΣW² in the loss
            "loss_of": "weights",  # or another of REGULARIZED
            "gradient": 1.0,  # factor of reg · W in the gradients
            "gradient_of": "weights",
            "examples": False,  # reg is divided by N
            "mean": "once",  # "twice": gradients divided by N again
            "backward": "right",  # "no conv relu", "no hidden relu", "no relu"
            "grads": "all",  # "no biases", "no gammas", "swapped gammas"
        },
    }
)
"""Every switch, and the value under which nothing is wrong."""


def implementation(changes: Mapping[str, Any]) -> dict[str, Any]:
    """All that students write, by "<module>.<name>", with ``changes`` in the switches.

    Without changes it is right. Raises KeyError for a switch that isn't in `SWITCHES`.
    """
    on = SWITCHES.on(changes)
    layers = {
        "conv_forward_naive": _conv_forward(on["conv_forward_naive"]),
        "conv_backward_naive": _conv_backward(on["conv_backward_naive"]),
        "max_pool_forward_naive": _max_pool_forward(on["max_pool_forward_naive"]),
        "max_pool_backward_naive": _max_pool_backward(on["max_pool_backward_naive"]),
        "spatial_batchnorm_forward": _spatial_batchnorm_forward(on["spatial_batchnorm_forward"]),
        "spatial_batchnorm_backward": _spatial_batchnorm_backward(on["spatial_batchnorm_backward"]),
    }
    return {
        **{f"conv_layers.{name}": function for name, function in layers.items()},
        "cnn.ThreeLayerConvNet": _network(on["conv_net"], layers),
    }


# -- convolution -----------------------------------------------------------------------------------


def _framed(x, before, after=None, **how):
    """x with rows and columns before and after its own; zeros unless ``how`` says otherwise."""
    after = before if after is None else after
    up, left = before if isinstance(before, tuple) else (before, before)
    down, right = after if isinstance(after, tuple) else (after, after)
    return np.pad(x, ((0, 0), (0, 0), (up, down), (left, right)), **how)


PADDINGS: dict[str, Callable] = {
    "right": _framed,
    "none": lambda x, pad: x,
    "one": lambda x, pad: _framed(x, 1),
    "double": lambda x, pad: _framed(x, 2 * pad),
    "after": lambda x, pad: _framed(x, 0, 2 * pad),
    "before": lambda x, pad: _framed(x, 2 * pad, 0),
    "once after": lambda x, pad: _framed(x, 0, pad),
    "altogether": lambda x, pad: _framed(x, pad // 2, pad - pad // 2),
    "rows": lambda x, pad: _framed(x, (pad, 0)),
    "columns": lambda x, pad: _framed(x, (0, pad)),
    "edge": lambda x, pad: _framed(x, pad, mode="edge"),
    "ones": lambda x, pad: _framed(x, pad, constant_values=1),
}
STRIDES: dict[str, Callable] = {  # down and across, of the stride and the size of the window
    "both": lambda stride, size: (stride, stride),
    "none": lambda stride, size: (1, 1),
    "down": lambda stride, size: (stride, 1),
    "across": lambda stride, size: (1, stride),
    "two": lambda stride, size: (2, 2),
    "pool_height": lambda stride, size: (size[0], size[0]),
    "size": lambda stride, size: size,
}
SIZES: dict[str, Callable] = {  # how many windows, of what is left of the length and the stride
    "floor": lambda rest, step: 1 + rest // step,
    "ceil": lambda rest, step: 1 - (-rest // step),
    "without one": lambda rest, step: rest // step,
}
FILTERS: dict[str, Callable] = {
    "right": lambda w: w,
    "flipped": lambda w: w[:, :, ::-1, ::-1],
    "rows flipped": lambda w: w[:, :, ::-1],
    "columns flipped": lambda w: w[:, :, :, ::-1],
    "first": lambda w: np.repeat(w[:1], len(w), axis=0),
}
BIASES: dict[str, Callable] = {  # out, by filter, of the sum and the number of channels
    "added": lambda out, b, channels: out + b,
    "none": lambda out, b, channels: out,
    "by channel": lambda out, b, channels: out + channels * b,
    "subtracted": lambda out, b, channels: out - b,
    "first": lambda out, b, channels: out + b[0],
    "multiplied": lambda out, b, channels: out * b,
}


def _conv_forward(on):
    def conv_forward_naive(x, w, b, conv_param):
        stride, pad = conv_param["stride"], conv_param["pad"]
        if on["param"] == "emptied":
            conv_param.clear()
        padded, filters = PADDINGS[on["padding"]](x, pad), FILTERS[on["filter"]](w)
        size = w.shape[2:]
        steps = STRIDES[on["stride"]](stride, size)
        rows, columns = (
            SIZES[on["size"]](padded.shape[2 + k] - size[k], steps[k]) for k in range(2)
        )
        used = {"sum": slice(None), "first": slice(1), "last": slice(-1, None)}[on["channels"]]
        out = np.zeros((len(x), len(w), rows, columns))
        for i in range(rows):
            for j in range(columns):
                top, left = (i * steps[0], j * steps[1]) if on["start"] == "i·stride" else (i, j)
                window = padded[:, used, top : top + size[0], left : left + size[1]]
                covering = filters[:, used, : window.shape[2], : window.shape[3]]
                products = np.tensordot(window, covering, axes=([1, 2, 3], [1, 2, 3]))
                if on["mean"]:
                    products /= w[0].size
                out[:, :, i, j] = BIASES[on["bias"]](products, b, x.shape[1])
        if on["relu"]:
            out = np.maximum(out, 0)
        if on["out"] == "filters last":
            out = out.transpose(0, 2, 3, 1)
        return out, (padded if on["cache"] == "padded" else x, w, b, conv_param)

    return conv_forward_naive


BIAS_GRADIENTS: dict[str, Callable] = {
    "right": lambda dout: dout.sum(axis=(0, 2, 3)),
    "images": lambda dout: dout.sum(axis=0),
    "pixels": lambda dout: dout.sum(axis=(2, 3)),
    "one image": lambda dout: dout[-1].sum(axis=(1, 2)),
    "one place": lambda dout: dout[:, :, -1, -1].sum(axis=0),
    "mean": lambda dout: dout.sum(axis=(0, 2, 3)) / len(dout),
    "mean of all": lambda dout: dout.mean(axis=(0, 2, 3)),
    "total": lambda dout: np.full(dout.shape[1], dout.sum()),
    "kept axes": lambda dout: dout.sum(axis=(0, 2, 3), keepdims=True),
    "ones": lambda dout: np.ones(dout.shape[1]),
}


def _conv_backward(on):
    def conv_backward_naive(dout, cache):
        x, w, _, conv_param = cache
        pad, size = conv_param["pad"], w.shape[2:]
        down, across = STRIDES[on["stride"]](conv_param["stride"], size)
        padded = _framed(x, pad)
        dpadded, dw = np.zeros(padded.shape), np.zeros(w.shape)
        turned = w[:, :, ::-1, ::-1] if on["dx"] == "flipped" else w
        turned = turned[-1:] if on["dx"] == "one filter" else turned
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                rows = slice(i * down, i * down + size[0])
                columns = slice(j * across, j * across + size[1])
                here = dout[:, :, i, j]
                images = slice(-1, None) if on["dw"] == "last image" else slice(None)
                share = np.tensordot(here[:, -len(turned) :], turned, axes=1)
                if on["dx"] == "overwritten":
                    dpadded[:, :, rows, columns] = share
                else:
                    dpadded[:, :, rows, columns] += share
                seen = padded[images, :, rows, columns]
                grown = np.tensordot(here[images].T, seen, axes=1)
                dw = grown if on["dw"] == "overwritten" else dw + grown
        dx = {
            "padded": dpadded,
            "corner": dpadded[:, :, : x.shape[2], : x.shape[3]],
            "minus": dpadded[:, :, pad:-pad, pad:-pad],
            "mean": _cropped(dpadded, pad) / len(x),
        }.get(on["dx"], _cropped(dpadded, pad))
        dw = dw[:, :, ::-1, ::-1] if on["dw"] == "flipped" else dw
        dw = dw / len(x) if on["dw"] == "mean" else dw
        if on["dw"] == "one channel":
            dw = np.repeat(dw[:, :1], w.shape[1], axis=1)
        db = BIAS_GRADIENTS[on["db"]](dout)
        if on["dout"] == "changed":
            dout[...] = 0
        return (dw, dx, db) if on["order"] == "dw, dx, db" else (dx, dw, db)

    return conv_backward_naive


def _cropped(padded, pad):
    return padded[:, :, pad : padded.shape[2] - pad, pad : padded.shape[3] - pad]


# -- pooling ---------------------------------------------------------------------------------------

POOLINGS: dict[str, Callable] = {  # of windows (N, C, height, width)
    "max": lambda window: window.max(axis=(2, 3)),
    "mean": lambda window: window.mean(axis=(2, 3)),
    "min": lambda window: window.min(axis=(2, 3)),
    "sum": lambda window: window.sum(axis=(2, 3)),
    "absolute": lambda window: np.abs(window).max(axis=(2, 3)),
    "from zero": lambda window: np.maximum(window.max(axis=(2, 3)), 0),
    "last": lambda window: window[:, :, -1, -1],
    "first row": lambda window: window[:, :, 0].max(axis=2),
}
WINDOWS: dict[str, Callable] = {
    "right": lambda high, wide: (high, wide),
    "swapped": lambda high, wide: (wide, high),
    "height": lambda high, wide: (high, high),
    "width": lambda high, wide: (wide, wide),
    "two": lambda high, wide: (2, 2),
}


def _max_pool_forward(on):
    def max_pool_forward_naive(x, pool_param):
        names = ("pool_height", "pool_width", "stride")
        high, wide, stride = (pool_param[name] for name in names)
        if on["param"] == "emptied":
            pool_param.clear()
        size = WINDOWS[on["window"]](high, wide)
        steps = STRIDES[on["stride"]](stride, size)
        rows, columns = (SIZES[on["size"]](x.shape[2 + k] - size[k], steps[k]) for k in range(2))
        out = np.zeros((*x.shape[:2], rows, columns))
        for i in range(rows):
            for j in range(columns):
                top, left = (i * steps[0], j * steps[1]) if on["start"] == "i·stride" else (i, j)
                window = x[:, :, top : top + size[0], left : left + size[1]]
                out[:, :, i, j] = POOLINGS[on["function"]](window)
        if on["channels"] == "together":
            out[:] = out.max(axis=1, keepdims=True)
        return out, (x, pool_param)

    return max_pool_forward_naive


def _one_hot(window, place):
    """1 at the given place of a window, else 0."""
    return (np.arange(window.size) == place).reshape(window.shape).astype(float)


LARGEST: dict[str, Callable] = {  # 1 at the largest element of a window, or at each of them
    "first": lambda window: _one_hot(window, window.argmax()),
    "each": lambda window: (window == window.max()).astype(float),
}
SHARES: dict[
    str, Callable
] = {  # what the elements of a window get, of where it is largest and dout
    "right": lambda window, largest, dout: dout * largest,
    "all": lambda window, largest, dout: np.full(window.shape, dout),
    "mean": lambda window, largest, dout: np.full(window.shape, dout / window.size),
    "mask": lambda window, largest, dout: largest,
    "times max": lambda window, largest, dout: dout * window * largest,
    "max": lambda window, largest, dout: window * largest,
    "min": lambda window, largest, dout: dout * _one_hot(window, window.argmin()),
    "absolute": lambda window, largest, dout: dout * _one_hot(window, np.abs(window).argmax()),
    "positive": lambda window, largest, dout: dout * largest * (window > 0),
    "last": lambda window, largest, dout: dout * _one_hot(window, window.size - 1),
    "others": lambda window, largest, dout: dout * (1 - largest),
}


def _max_pool_backward(on):
    def judged(x, n, c):
        return x[
            0 if on["argmax"] == "first image" else n, 0 if on["argmax"] == "first channel" else c
        ]

    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        high, wide = pool_param["pool_height"], pool_param["pool_width"]
        down, across = STRIDES[on["stride"]](pool_param["stride"], (high, wide))
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(dout.shape):
            image = judged(x, n, c)
            rows = slice(i * down, i * down + high)
            columns = slice(j * across, j * across + wide)
            window = image[rows, columns]
            if on["search"] == "image":
                place = np.unravel_index(np.argmax(image == window.max()), image.shape)
                dx[(n, c, *place)] += dout[n, c, i, j]
                continue
            largest = LARGEST[on["ties"]](window)
            shares = SHARES[on["share"]](window, largest, dout[n, c, i, j])
            if on["place"] == "relative":
                rows, columns = slice(window.shape[0]), slice(window.shape[1])
            if on["overlap"] == "last":
                dx[n, c, rows, columns] = shares
            elif on["overlap"] == "at the place":
                dx[n, c, rows, columns] = np.where(shares != 0, shares, dx[n, c, rows, columns])
            else:
                dx[n, c, rows, columns] += shares
        if on["x"] == "changed":
            x[...] = dx
        return dx

    return max_pool_backward_naive


# -- spatial batch normalization -------------------------------------------------------------------


def _by_axes(*axes):
    """Statistics over these axes of x (N, C, H, W)."""
    return lambda x, function: function(x, axis=axes, keepdims=True)


def _by_misread(x, function):
    """Statistics of x.reshape(-1, C): of what stands C numbers apart, and not of channels."""
    rows = x.reshape(-1, x.shape[1])
    return np.broadcast_to(function(rows, axis=(0,), keepdims=True), rows.shape).reshape(x.shape)


LAYOUTS: dict[str, Callable] = {  # over what a statistic is taken
    "right": _by_axes(0, 2, 3),
    "not back": _by_axes(0, 2, 3),
    "pixels": _by_axes(0),
    "images": _by_axes(2, 3),
    "everything": _by_axes(0, 1, 2, 3),
    "rows": _by_axes(0, 2),
    "image": _by_axes(1, 2, 3),
    "channels": _by_axes(1),
    "misread": _by_misread,
}


def _of_channels(values, layout, like):
    """gamma, beta or a running average (C,) as it meets x, an array (N, C, H, W)."""
    if layout == "misread":
        return np.broadcast_to(values, (like.size // len(values), len(values))).reshape(like.shape)
    return np.reshape(values, (1, -1, 1, 1))


def _kept(values, layout, like):
    """What a statistic that broadcasts to x comes to by channel, (C,)."""
    whole = np.broadcast_to(values, like.shape)
    if layout == "misread":
        return whole.reshape(-1, like.shape[1]).mean(axis=0)
    return whole.mean(axis=(0, 2, 3))


def _misplaced(out, layout):
    """(N, H, W, C) reshaped to (N, C, H, W) where it should have been transposed."""
    return out.transpose(0, 2, 3, 1).reshape(out.shape) if layout == "not back" else out


MOMENTA: dict[str, Callable] = {  # r ← k·r + a·s: (k, a)
    "right": lambda m: (m, 1 - m),
    "swapped": lambda m: (1 - m, m),
    "fixed": lambda m: (0.9, 0.1),
    "sum": lambda m: (m, 1.0),
    "latest": lambda m: (0.0, 1.0),
    "no decay": lambda m: (1.0, 1 - m),
}


def _statistics(on, x):
    """Mean and variance of x, as the switches have them."""
    mean = LAYOUTS[on["layout"]](x, np.mean)
    variance = LAYOUTS[on["layout"]]((x - mean) ** 2, np.mean)
    if on["variance"] == "unbiased":
        count = x.size // x.shape[1]
        variance = variance * count / (count - 1)
    if on["variance"] == "mean square":
        variance = LAYOUTS[on["layout"]](x**2, np.mean)
    return mean, variance


def _divisor(on, variance, epsilon, testing):
    """What the centered x is divided by."""
    epsilon = {"fixed": 1e-5, "none": 0.0, "twice": 2 * epsilon}.get(on["epsilon"], epsilon)
    if on["epsilon"] == "outside":
        return np.sqrt(variance) + epsilon
    if testing and on["test"] == "no epsilon":
        return np.sqrt(variance)
    if not on["root"] or (testing and on["test"] == "no root"):
        return variance + epsilon
    return np.sqrt(variance + epsilon)


def _store(on, bn_param, x, mean, variance):
    """Put the new running averages into the dictionary."""
    keep, add = MOMENTA[on["momentum"]](bn_param.get("momentum", 0.9))
    mean, variance = (_kept(values, on["layout"], x) for values in (mean, variance))
    if on["stored"] == "root":
        variance = np.sqrt(variance)
    if on["stored"] == "exchanged":
        mean, variance = variance, mean
    for name, value in (("running_mean", mean), ("running_var", variance)):
        start = np.full(x.shape[1], float(on["start"] == "ones" and name == "running_var"))
        start = value if on["start"] == "batch" else start
        if on["stored"] not in {"mean", "var"} or name == f"running_{on['stored']}":
            bn_param[name] = keep * bn_param.get(name, start) + add * value


def _spatial_batchnorm_forward(on):
    layout = on["layout"]

    def running(bn_param, x):
        zeros = np.zeros(x.shape[1])
        values = (bn_param.get(name, zeros) for name in ("running_mean", "running_var"))
        return tuple(_of_channels(value, layout, x) for value in values)

    @np.errstate(all="ignore")
    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        testing = bn_param["mode"] == "test"
        epsilon = bn_param.get("eps", 1e-5)
        mean, variance = _statistics(on, x)
        by_batch = on["test"] == "batch" if testing else on["train"] == "batch"
        used = (mean, variance) if by_batch else running(bn_param, x)
        if on["stored"] == "always" or (not testing and on["stored"] != "none"):
            _store(on, bn_param, x, mean, variance)
        cache = (x.copy(), gamma, epsilon)
        normal = (x - used[0] if on["center"] else x) / _divisor(on, used[1], epsilon, testing)
        if on["x"] == "changed":
            x[...] = normal
        scale, shift = _of_channels(gamma, layout, x), on["beta"] * _of_channels(beta, layout, x)
        out = {"none": normal + shift, "on all": scale * (normal + shift)}.get(
            on["gamma"], scale * normal + shift
        )
        if testing and on["test"] == "plain":
            out = normal
        return _misplaced(out, layout), cache

    return spatial_batchnorm_forward


def _spatial_batchnorm_backward(on):
    layout = on["layout"]

    def gradient_of_x(dout, normal, scale, m):
        """dx, of the gradient with respect to the normalized x."""
        average = LAYOUTS[layout](dout, np.mean) * m
        along = normal * LAYOUTS[layout](dout * normal, np.mean) * m
        return {
            "constant statistics": lambda: scale * dout,
            "no mean": lambda: scale * (dout - along),
            "no variance": lambda: scale * (dout - average),
        }.get(on["dx"], lambda: scale * (dout - average - along))()

    def spatial_batchnorm_backward(dout, cache):
        x, gamma, epsilon = cache
        mean = LAYOUTS[layout](x, np.mean)
        root = np.sqrt(LAYOUTS[layout]((x - mean) ** 2, np.mean) + epsilon)
        normal = (x - mean) / root
        scale = (1 if on["dx"] == "no gamma" else _of_channels(gamma, layout, x)) / root
        m = x.shape[2] * x.shape[3] if on["dx"] == "images" else 1
        dx = gradient_of_x(dout, normal, scale, m)
        count = x.size // x.shape[1]
        by = {"right": normal, "mean": normal, "x": x, "dout": 1, "row": normal}[on["dgamma"]]
        dgamma = _kept(dout * by, layout, x) * (1 if on["dgamma"] == "mean" else count)
        dbeta = _kept(dout, layout, x) * {"mean": 1, "zero": 0}.get(on["dbeta"], count)
        dgamma = dgamma.reshape(1, -1, 1, 1) if on["dgamma"] == "row" else dgamma
        dbeta = dbeta.reshape(1, -1, 1, 1) if on["dbeta"] == "row" else dbeta
        dx = _misplaced(dx, layout)
        return (dx, dbeta, dgamma) if on["order"] == "dbeta, dgamma" else (dx, dgamma, dbeta)

    return spatial_batchnorm_backward


# -- the network -----------------------------------------------------------------------------------

SPREADS: dict[str, Callable] = {  # weights of a shape for a weight_scale
    "right": lambda rng, scale, shape: rng.normal(0, scale, shape),
    "root": lambda rng, scale, shape: rng.normal(0, np.sqrt(scale), shape),
    "square": lambda rng, scale, shape: rng.normal(0, scale**2, shape),
    "fixed": lambda rng, _, shape: rng.normal(0, 1e-3, shape),
    "unscaled": lambda rng, _, shape: rng.normal(0, 1, shape),
    "he": lambda rng, _, shape: rng.normal(0, np.sqrt(2 / _inputs(shape)), shape),
    "uniform": lambda rng, scale, shape: scale * rng.uniform(-1, 1, shape),
    "positive": lambda rng, scale, shape: scale * rng.uniform(0, 1, shape),
    "zeros": lambda _, __, shape: np.zeros(shape),
}
REGULARIZED = {
    "weights": ("W1", "W2", "W3"),
    "affine": ("W2", "W3"),
    "conv": ("W1",),
    "all": ("W1", "b1", "W2", "b2", "W3", "b3"),
    "gammas": ("W1", "gamma1", "W2", "gamma2", "W3"),
    "not last": ("W1", "W2"),
}


def _inputs(shape):
    """How many inputs one unit of W has: filters are (F, C, HH, WW), others (D, M)."""
    return int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]


def _softmax_loss(scores, y):
    rows = np.arange(len(y))
    shifted = scores - scores.max(axis=1, keepdims=True)
    probabilities = np.exp(shifted)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    loss = float(-np.mean(np.log(probabilities[rows, y])))
    probabilities[rows, y] -= 1
    return loss, probabilities / len(y)


def _softmax(scores):
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _halved(x):
    """The largest of 2 x 2 pixels each."""
    count, channels, height, width = x.shape
    return x.reshape(count, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))


def _doubled(dout, x):
    """The gradient of `_halved`; where several pixels are the largest, each gets all of it."""
    whole = _halved(x).repeat(2, axis=2).repeat(2, axis=3)
    return dout.repeat(2, axis=2).repeat(2, axis=3) * (x == whole)


def _filtered(x, w, b):
    """The convolution that keeps height and width."""
    size = w.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(
        _framed(x, size // 2), (size, size), axis=(2, 3)
    )
    out = np.tensordot(windows, w, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
    return out + b.reshape(1, -1, 1, 1)


def _filter_gradients(dout, x, w):
    """dw and db of `_filtered`."""
    size = w.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(
        _framed(x, size // 2), (size, size), axis=(2, 3)
    )
    return np.tensordot(dout, windows, axes=([0, 2, 3], [0, 2, 3])), dout.sum(axis=(0, 2, 3))


class _Normalizing:
    """The two batch normalizations of a network, by its parameters and its bn_params."""

    def __init__(self, net, on, layers, training):
        self.net, self.layers = net, layers
        fresh = [{"mode": "train" if training else "test"} for _ in range(2)]
        self.bn_params = fresh if on["bn_params"] == "fresh" else net.bn_params
        both = {"both", "after relu"}
        self.layers_on = {
            1: net.use_batchnorm and on["normalized"] in both | {"conv"},
            2: net.use_batchnorm and on["normalized"] in both | {"hidden"},
        }
        self.caches: dict[int, Any] = {}

    def forward(self, layer, x):
        """x (N, C, H, W), normalized where this layer is."""
        if not self.layers_on[layer]:
            return x
        params = self.net.params
        names = (f"gamma{layer}", f"beta{layer}")
        out, self.caches[layer] = self.layers["spatial_batchnorm_forward"](
            x, *(params[name] for name in names), self.bn_params[layer - 1]
        )
        return out

    def backward(self, layer, dout, grads):
        """The gradient with respect to x; those of gamma and beta are put into ``grads``."""
        if layer not in self.caches:
            if self.net.use_batchnorm:
                grads[f"gamma{layer}"] = np.zeros(dout.shape[1])
                grads[f"beta{layer}"] = np.zeros(dout.shape[1])
            return dout
        dx, grads[f"gamma{layer}"], grads[f"beta{layer}"] = self.layers[
            "spatial_batchnorm_backward"
        ](dout, self.caches[layer])
        return dx


def _relu_of(x, rectified):
    return np.maximum(x, 0) if rectified else x


class _Net:
    """The network, by the switches ``on``: `_network` makes a class of each.

    ``of_layer`` has the batch normalization of its two layers.
    """

    on: Mapping[str, Any]
    of_layer: Mapping[int, Mapping[str, Callable]]

    def __init__(  # noqa: PLR0917 - the API is fixed by the course
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
        use_batchnorm=False,
        seed=None,
    ):
        self.reg, self.dtype, self.use_batchnorm = reg, dtype, use_batchnorm
        self.bn_params = [{"mode": "train"}, {"mode": "train"}] if use_batchnorm else []
        rng, self.params = np.random.default_rng(seed), {}
        channels, height, width = input_dim
        pixels = height * width // (4 if self.on["inputs"] == "pooled" else 1)
        sizes = {
            1: (num_filters, channels, filter_size, filter_size),
            2: (num_filters * pixels, hidden_dim),
            3: (hidden_dim, num_classes),
        }
        units = {1: num_filters, 2: hidden_dim, 3: num_classes}
        for layer, shape in sizes.items():
            spread = self.on["first weights"] if layer == 1 else "right"
            spread = self.on["weights"] if spread == "right" else spread
            weights = SPREADS[spread](rng, weight_scale, shape)
            made = {"W": weights, "b": self._start(rng, weight_scale, units[layer])}
            if use_batchnorm and layer < 3:
                made |= self._gamma_and_beta(rng, weight_scale, units[layer])
            kind = {"right": dtype, "float32": np.float32, "ignored": np.float64}[self.on["dtype"]]
            number = layer - (self.on["names"] == "from 0")
            self.params |= {f"{name}{number}": v.astype(kind) for name, v in made.items()}

    def _start(self, rng, scale, units):
        if self.on["biases"] == "random":
            return rng.normal(0, scale, units)
        return np.full(units, {"zeros": 0.0, "ones": 1.0}[self.on["biases"]])

    def _gamma_and_beta(self, rng, scale, units):
        gamma = rng.normal(0, scale, units)
        if self.on["gamma"] != "random":
            gamma = np.full(units, {"zeros": 0.0, "ones": 1.0}[self.on["gamma"]])
        return {"gamma": gamma, "beta": np.full(units, float(self.on["beta"] == "ones"))}

    def loss(self, X, y=None):
        for bn_param in self.bn_params:
            bn_param["mode"] = "test" if y is None else "train"
        first = _Normalizing(self, self.on, self.of_layer[1], y is not None)
        second = _Normalizing(self, self.on, self.of_layer[2], y is not None)
        p, X, late = self.params, X.astype(self.dtype), self.on["normalized"] == "after relu"
        relu = {
            1: self.on["relu"] in {"both", "conv", "everywhere"},
            2: self.on["relu"] in {"both", "hidden", "everywhere"},
        }

        def activated(layer, values, normalizing):
            if late:
                return values, normalizing.forward(layer, _relu_of(values, relu[layer]))
            normal = normalizing.forward(layer, values)
            return normal, _relu_of(normal, relu[layer])

        filtered = _filtered(X, p["W1"], p["b1"])
        before_relu, rectified = activated(1, filtered, first)
        pooled = _halved(rectified)
        flat = pooled.reshape(len(X), -1)
        hidden = (flat @ p["W2"] + p["b2"])[:, :, None, None]
        before_second, last = activated(2, hidden, second)
        last = last[:, :, 0, 0]
        scores = last @ p["W3"] + p["b3"]
        given = _relu_of(scores, self.on["relu"] == "everywhere")
        given = _softmax(given) if self.on["scores"] == "softmax" else given
        if y is None:
            return given

        loss, dscores = _softmax_loss(given, y)
        if self.on["relu"] == "everywhere":
            dscores = dscores * (scores > 0)
        if self.on["mean"] == "twice":
            dscores = dscores / len(y)
        skipped = {"no conv relu": {1}, "no hidden relu": {2}, "no relu": {1, 2}}
        skip = skipped.get(self.on["backward"], set())

        def returned(layer, dout, before, normalizing, grads):
            if late:
                dout = normalizing.backward(layer, dout, grads)
            if relu[layer] and layer not in skip:
                dout = dout * (before > 0)
            return dout if late else normalizing.backward(layer, dout, grads)

        grads = {"W3": last.T @ dscores, "b3": dscores.sum(axis=0)}
        dlast = (dscores @ p["W3"].T)[:, :, None, None]
        dhidden = returned(2, dlast, before_second, second, grads)[:, :, 0, 0]
        grads |= {"W2": flat.T @ dhidden, "b2": dhidden.sum(axis=0)}
        dpooled = (dhidden @ p["W2"].T).reshape(pooled.shape)
        drectified = _doubled(dpooled, rectified)
        dfiltered = returned(1, drectified, before_relu, first, grads)
        grads["W1"], grads["b1"] = _filter_gradients(dfiltered, X, p["W1"])
        return self._regularized(loss, grads, len(y))

    def _regularized(self, loss, grads, examples):
        reg = self.reg / examples if self.on["examples"] else self.reg
        for name in REGULARIZED[self.on["loss_of"]]:
            if name in self.params:
                loss += self.on["loss"] * reg * float(np.sum(self.params[name] ** 2))
        for name in REGULARIZED[self.on["gradient_of"]]:
            if name in self.params:
                grads[name] = grads[name] + self.on["gradient"] * reg * self.params[name]
        if self.on["grads"] == "swapped gammas" and self.use_batchnorm:
            for layer in (1, 2):
                gamma, beta = f"gamma{layer}", f"beta{layer}"
                grads[gamma], grads[beta] = grads[beta], grads[gamma]
        missing = {"no biases": ("b",), "no gammas": ("gamma", "beta")}.get(self.on["grads"], ())
        kept = {n: g for n, g in grads.items() if n.rstrip("123") not in missing}
        return loss, kept


def _network(on, layers):
    right = {
        name: make(SWITCHES.tasks[name])
        for name, make in (
            ("spatial_batchnorm_forward", _spatial_batchnorm_forward),
            ("spatial_batchnorm_backward", _spatial_batchnorm_backward),
        )
    }
    of_layer = {1: layers, 2: right}  # the second is the batch normalization of the last homework
    return type("ThreeLayerConvNet", (_Net,), {"on": on, "of_layer": of_layer})


# -- the catalogue ---------------------------------------------------------------------------------


Entry = tuple[str, dict[str, Any], str]
"""A mistake's name, the switches that it turns, and its text."""
POOLING: list[Entry] = [
    (
        "all_elements",
        {"share": "all"},
        "In your dx every element of a window gets dout. Only the largest does.",
    ),
    (
        "averaged",
        {"share": "mean"},
        "Your dx shares dout among all elements of a window. That belongs to average pooling; "
        "here the largest element gets all of it.",
    ),
    (
        "dout_missing",
        {"share": "mask"},
        "Your dx is 1 at the largest element of each window. It must be dout there.",
    ),
    (
        "times_maximum",
        {"share": "times max"},
        "Your dx is dout times the largest element of each window. It is dout alone: the "
        "derivative of the maximum by the largest element is 1.",
    ),
    (
        "maximum_itself",
        {"share": "max"},
        "Your dx has the largest element of each window at its place. It must have dout there.",
    ),
    (
        "smallest",
        {"share": "min"},
        "Your dx gives dout to the smallest element of each window. The largest must get it.",
    ),
    (
        "absolute",
        {"share": "absolute"},
        "Your dx gives dout to the element with the largest absolute value. The sign counts: "
        "-3 is smaller than 1.",
    ),
    (
        "positive_only",
        {"share": "positive"},
        "Your dx is 0 where the largest element of a window is negative. It gets dout as any "
        "other does.",
    ),
    (
        "last_element",
        {"share": "last"},
        "Your dx gives dout to the last element of each window. The largest must get it.",
    ),
    (
        "others",
        {"share": "others"},
        "Your dx gives dout to all elements of a window but the largest. It must be the other "
        "way round.",
    ),
    (
        "window_overwritten",
        {"overlap": "last"},
        "Each of your windows overwrites what earlier ones have put into dx. Where windows "
        "overlap, what an element gets from each must be added up.",
    ),
    (
        "place_overwritten",
        {"overlap": "at the place"},
        "An element that is the largest of several windows keeps the dout of the last one in "
        "your dx. It must get their sum.",
    ),
    (
        "searched_image",
        {"search": "image"},
        "You look for the largest value of a window in the whole image, and find it in another "
        "window where both hold the same value. Look within the window only.",
    ),
    (
        "place_in_window",
        {"place": "relative"},
        "Your dx uses the place within the window as the place in the image. Add where the "
        "window begins: i·stride and j·stride.",
    ),
    (
        "first_channel",
        {"argmax": "first channel"},
        "You look for the largest elements in the first channel and use their places for all "
        "channels. Each channel has its own.",
    ),
    (
        "first_image",
        {"argmax": "first image"},
        "You look for the largest elements in the first image and use their places for all "
        "images. Each image has its own.",
    ),
    (
        "stride_ignored",
        {"stride": "none"},
        "Your backward pass moves the window by one pixel whatever `pool_param` says. "
        "dout[:, :, i, j] belongs to the window at row i·stride and column j·stride.",
    ),
    (
        "stride_is_height",
        {"stride": "pool_height"},
        "Your backward pass moves the window by pool_height pixels. dout[:, :, i, j] belongs "
        "to the window at row i·stride and column j·stride.",
    ),
    (
        "x_changed",
        {"x": "changed"},
        "Your backward pass changes x, which is in the cache. Make dx a new array.",
    ),
]
"""What goes wrong in the backward pass of pooling."""
NO_TIES = frozenset({"all", "mean", "min", "absolute", "last"})
"""The shares that don't depend on which of several largest elements gets dout."""


def _with_each_of_several(entries: list[Entry]) -> list[Entry]:
    """The same mistakes in code that gives dout to each of several largest elements."""
    return [
        (f"{name}_each", {**changes, "ties": "each"}, text)
        for name, changes, text in entries
        if changes.get("share") not in NO_TIES and "search" not in changes
    ]


MISTAKES: tuple[Mistake, ...] = (
    *SWITCHES.mistakes(
        "conv_forward_naive",
        (
            "pad_ignored",
            {"padding": "none"},
            "Your convolution puts no zeros around the image. The rule has `pad` rows of zeros "
            "above and below it, and `pad` columns on the left and the right.",
        ),
        (
            "pad_fixed",
            {"padding": "one"},
            "Your convolution pads by 1 whatever `conv_param` says. It must take "
            '`conv_param["pad"]`, which can be 0.',
        ),
        (
            "pad_doubled",
            {"padding": "double"},
            "Your convolution puts 2·pad zeros on each side. It must be pad on each side, so that "
            "height and width grow by 2·pad.",
        ),
        (
            "pad_after",
            {"padding": "after"},
            "All your zeros are below and on the right of the image. Half of them belong above and "
            "on the left: pad rows and columns on every side.",
        ),
        (
            "pad_before",
            {"padding": "before"},
            "All your zeros are above and on the left of the image. Half of them belong below and "
            "on the right: pad rows and columns on every side.",
        ),
        (
            "pad_once",
            {"padding": "once after"},
            "Your zeros are only below and on the right of the image. The rule has pad rows and "
            "columns on every side.",
        ),
        (
            "pad_altogether",
            {"padding": "altogether"},
            "Your convolution shares `pad` between two opposite sides. Each of the four sides must "
            "have pad rows or columns of zeros.",
        ),
        (
            "pad_rows_only",
            {"padding": "rows"},
            "Your convolution pads above and below the image only. It needs pad columns of zeros "
            "on the left and the right as well.",
        ),
        (
            "pad_columns_only",
            {"padding": "columns"},
            "Your convolution pads on the left and the right of the image only. It needs pad rows "
            "of zeros above and below as well.",
        ),
        (
            "pad_edge",
            {"padding": "edge"},
            "Your padding repeats the pixels at the edge. It must be zeros.",
        ),
        (
            "pad_ones",
            {"padding": "ones"},
            "Your padding is made of ones. It must be zeros.",
        ),
        (
            "stride_ignored",
            {"stride": "none"},
            "Your filter moves by one pixel whatever `conv_param` says. It must move by "
            '`conv_param["stride"]` pixels, and the output has fewer rows and columns for it.',
        ),
        (
            "stride_fixed",
            {"stride": "two"},
            "Your filter moves by two pixels whatever `conv_param` says. It must move by "
            '`conv_param["stride"]` pixels.',
        ),
        (
            "stride_down_only",
            {"stride": "down"},
            "Your filter takes the stride downwards, but moves by one pixel across. The stride "
            "holds in both directions.",
        ),
        (
            "stride_across_only",
            {"stride": "across"},
            "Your filter takes the stride across, but moves by one pixel downwards. The stride "
            "holds in both directions.",
        ),
        (
            "start_without_stride",
            {"start": "i"},
            "Your output has the right shape, but out[:, :, i, j] is computed at row i and column "
            "j of the padded image. It belongs to row i·stride and column j·stride.",
        ),
        (
            "rounded_up",
            {"size": "ceil"},
            "Your output has a row or a column too many: there the filter reaches over the edge "
            "of the padded image. H' = 1 + ⌊(H + 2·pad − HH) / stride⌋ is rounded down.",
        ),
        (
            "size_without_one",
            {"size": "without one"},
            "Your output lacks its last row and its last column. "
            "H' = 1 + ⌊(H + 2·pad − HH) / stride⌋: you have left out the 1.",
        ),
        (
            "flipped",
            {"filter": "flipped"},
            "Your filters are turned over in both directions. That is the convolution of "
            "mathematics; here pixel (k, l) of the window meets weight (k, l) of the filter.",
        ),
        (
            "rows_flipped",
            {"filter": "rows flipped"},
            "Your filters stand upside down. Row k of the window meets row k of the filter.",
        ),
        (
            "columns_flipped",
            {"filter": "columns flipped"},
            "Your filters are mirrored. Column l of the window meets column l of the filter.",
        ),
        (
            "first_filter_only",
            {"filter": "first"},
            "All channels of your output are those of the first filter. out[:, f] takes w[f].",
        ),
        (
            "first_channel_only",
            {"channels": "first"},
            "Your sum takes in only the first channel of the image. It runs over all channels c.",
        ),
        (
            "last_channel_only",
            {"channels": "last"},
            "Your output has only the last channel of the image: each channel overwrites the one "
            "before. The channels must be added up.",
        ),
        (
            "mean",
            {"mean": True},
            "Your output has the mean of the products. The rule has their sum.",
        ),
        (
            "bias_missing",
            {"bias": "none"},
            "Your output lacks the bias: b[f] is added to every pixel of out[:, f].",
        ),
        (
            "bias_by_channel",
            {"bias": "by channel"},
            "Your output has the bias once for every channel of the image. It is added once, after "
            "the sum over the channels.",
        ),
        (
            "bias_subtracted",
            {"bias": "subtracted"},
            "You subtract the bias. It must be added.",
        ),
        (
            "bias_first",
            {"bias": "first"},
            "You add b[0] to the output of every filter. Filter f has its own bias, b[f].",
        ),
        (
            "bias_multiplied",
            {"bias": "multiplied"},
            "You multiply by the bias. It must be added.",
        ),
        (
            "relu",
            {"relu": True},
            "Your convolution sets negative results to 0. The ReLU is a layer of its own.",
        ),
        (
            "filters_last",
            {"out": "filters last"},
            "Your output has the shape (N, H', W', F). The filters must be its second axis: "
            "(N, F, H', W').",
        ),
        (
            "cache_padded",
            {"cache": "padded"},
            "Your cache holds the padded image. It must hold x as it was passed in.",
        ),
        (
            "param_emptied",
            {"param": "emptied"},
            "Your convolution takes the entries out of `conv_param`, so the next call finds none. "
            "Only read them.",
        ),
    ),
    *SWITCHES.mistakes(
        "conv_backward_naive",
        (
            "dx_padded",
            {"dx": "padded"},
            "Your dx still has the padding around it. It must have the shape of x: cut off pad "
            "rows and columns on every side.",
        ),
        (
            "dx_corner",
            {"dx": "corner"},
            "You cut the padding off your dx below and on the right only. Rows pad to pad + H and "
            "columns pad to pad + W are those of the image.",
        ),
        (
            "dx_minus_pad",
            {"dx": "minus"},
            "Your dx is empty where pad is 0: there the slice pad:-pad is 0:0, which has no "
            "elements. Count from the front: pad to pad + H.",
        ),
        (
            "dx_overwritten",
            {"dx": "overwritten"},
            "In your dx each place of the filter overwrites what the places before have left. "
            "Where the filter's places overlap, their shares must be added up.",
        ),
        (
            "dx_one_filter",
            {"dx": "one filter"},
            "Your dx has the share of the last filter only. The shares of all filters are added "
            "up.",
        ),
        (
            "dx_flipped",
            {"dx": "flipped"},
            "Your dx uses the filters turned over. At each place a pixel gets dout times the "
            "weight that it was multiplied by.",
        ),
        (
            "dx_mean",
            {"dx": "mean"},
            "Your dx is divided by N. The mean over the examples is the loss's business: dout has "
            "it already.",
        ),
        (
            "dw_overwritten",
            {"dw": "overwritten"},
            "Your dw has the share of the last place of the filter only. The shares of all places "
            "are added up.",
        ),
        (
            "dw_last_image",
            {"dw": "last image"},
            "Your dw has the share of the last image only. The shares of all images are added up.",
        ),
        (
            "dw_flipped",
            {"dw": "flipped"},
            "Your dw is turned over. Weight (k, l) of a filter gets dout times the pixel that it "
            "was multiplied by, pixel (k, l) of the window.",
        ),
        (
            "dw_mean",
            {"dw": "mean"},
            "Your dw is divided by N. The mean over the examples is the loss's business: dout has "
            "it already.",
        ),
        (
            "dw_one_channel",
            {"dw": "one channel"},
            "Your dw is that of the first channel, for all channels. dw[f, c] takes channel c of "
            "the image.",
        ),
        (
            "db_by_place",
            {"db": "images"},
            "Your db has a number for every pixel of the output. A bias belongs to a whole filter: "
            "the sum runs over the images, the rows and the columns, and db has shape (F,).",
        ),
        (
            "db_by_image",
            {"db": "pixels"},
            "Your db has a number for every image. The sum runs over the images as well, and db "
            "has shape (F,).",
        ),
        (
            "db_last_image",
            {"db": "one image"},
            "Your db has the share of the last image only. The sum runs over all images.",
        ),
        (
            "db_last_place",
            {"db": "one place"},
            "Your db has the share of the last pixel of the output only. The sum runs over all "
            "rows and columns.",
        ),
        (
            "db_mean",
            {"db": "mean"},
            "Your db is divided by N. The mean over the examples is the loss's business: dout has "
            "it already.",
        ),
        (
            "db_mean_of_all",
            {"db": "mean of all"},
            "Your db is the mean of dout over images, rows and columns. It must be the sum.",
        ),
        (
            "db_total",
            {"db": "total"},
            "Your db has the sum of all of dout for every filter. db[f] sums dout[:, f] alone.",
        ),
        (
            "db_kept_axes",
            {"db": "kept axes"},
            "Your db has the shape (1, F, 1, 1). It must have that of b, (F,).",
        ),
        (
            "db_ones",
            {"db": "ones"},
            "Your db is 1 everywhere. The output's derivative by b[f] is 1, but it must be "
            "multiplied by dout and summed up: db[f] = Σ dout[:, f].",
        ),
        (
            "stride_ignored",
            {"stride": "none"},
            "Your backward pass moves the filter by one pixel whatever `conv_param` says. "
            "dout[:, :, i, j] belongs to row i·stride and column j·stride of the padded image.",
        ),
        (
            "order",
            {"order": "dw, dx, db"},
            "You return dw before dx. The order is that of the inputs: dx, dw, db.",
        ),
        (
            "dout_changed",
            {"dout": "changed"},
            "Your backward pass changes dout, which other layers may still need. Only read it.",
        ),
    ),
    *SWITCHES.mistakes(
        "max_pool_forward_naive",
        (
            "mean",
            {"function": "mean"},
            "Your pooling takes the mean of each window. It must take the largest element.",
        ),
        (
            "min",
            {"function": "min"},
            "Your pooling takes the smallest element of each window. It must take the largest.",
        ),
        (
            "sum",
            {"function": "sum"},
            "Your pooling sums each window. It must take the largest element.",
        ),
        (
            "absolute",
            {"function": "absolute"},
            "Your pooling takes the largest absolute value of each window. The sign counts: -3 is "
            "smaller than 1.",
        ),
        (
            "from_zero",
            {"function": "from zero"},
            "Your pooling gives 0 where all elements of a window are negative: the search for the "
            "largest begins at 0. Let it begin at the first element, or at minus infinity.",
        ),
        (
            "last_element",
            {"function": "last"},
            "Your pooling takes the last element of each window. It must take the largest.",
        ),
        (
            "first_row",
            {"function": "first row"},
            "Your pooling looks at the first row of each window only. It must look at all of them.",
        ),
        (
            "window_swapped",
            {"window": "swapped"},
            "Your windows are pool_width high and pool_height wide. It must be the other way "
            "round.",
        ),
        (
            "window_height_only",
            {"window": "height"},
            "Your windows are as wide as they are high, pool_height. Their width is pool_width.",
        ),
        (
            "window_width_only",
            {"window": "width"},
            "Your windows are as high as they are wide, pool_width. Their height is pool_height.",
        ),
        (
            "window_fixed",
            {"window": "two"},
            "Your windows have 2 x 2 pixels whatever `pool_param` says. They must have "
            "pool_height x pool_width.",
        ),
        (
            "stride_ignored",
            {"stride": "none"},
            "Your window moves by one pixel whatever `pool_param` says. It must move by "
            '`pool_param["stride"]` pixels.',
        ),
        (
            "stride_is_height",
            {"stride": "pool_height"},
            "Your window moves by pool_height pixels. It must move by "
            '`pool_param["stride"]` pixels, so that windows overlap or leave gaps.',
        ),
        (
            "stride_is_size",
            {"stride": "size"},
            "Your window moves by its own height and width. It must move by "
            '`pool_param["stride"]` pixels, so that windows overlap or leave gaps.',
        ),
        (
            "stride_down_only",
            {"stride": "down"},
            "Your window takes the stride downwards, but moves by one pixel across. The stride "
            "holds in both directions.",
        ),
        (
            "stride_across_only",
            {"stride": "across"},
            "Your window takes the stride across, but moves by one pixel downwards. The stride "
            "holds in both directions.",
        ),
        (
            "start_without_stride",
            {"start": "i"},
            "Your output has the right shape, but out[:, :, i, j] is computed at row i and column "
            "j of the image. It belongs to row i·stride and column j·stride.",
        ),
        (
            "rounded_up",
            {"size": "ceil"},
            "Your output has a row or a column too many: there the window reaches over the edge. "
            "H' = 1 + ⌊(H − pool_height) / stride⌋ is rounded down.",
        ),
        (
            "size_without_one",
            {"size": "without one"},
            "Your output lacks its last row and its last column. "
            "H' = 1 + ⌊(H − pool_height) / stride⌋: you have left out the 1.",
        ),
        (
            "channels_together",
            {"channels": "together"},
            "Your pooling takes the largest element over all channels. Every channel is pooled by "
            "itself.",
        ),
        (
            "param_emptied",
            {"param": "emptied"},
            "Your pooling takes the entries out of `pool_param`, so the next call finds none. Only "
            "read them.",
        ),
    ),
    *SWITCHES.mistakes("max_pool_backward_naive", *POOLING, *_with_each_of_several(POOLING)),
    *SWITCHES.mistakes(
        "spatial_batchnorm_forward",
        (
            "by_pixel",
            {"layout": "pixels"},
            "You normalize each pixel of each channel over the images. Each channel is one "
            "feature: mean and variance are taken over images, rows and columns.",
        ),
        (
            "by_image",
            {"layout": "images"},
            "You normalize each image by itself. Mean and variance of a channel are taken over all "
            "images as well.",
        ),
        (
            "over_channels",
            {"layout": "everything"},
            "You take one mean and one variance over everything. Each channel has its own.",
        ),
        (
            "by_column",
            {"layout": "rows"},
            "You normalize each column of pixels by itself. Mean and variance of a channel are "
            "taken over images, rows and columns.",
        ),
        (
            "layer_normalization",
            {"layout": "image"},
            "You normalize each image over its channels, rows and columns. Mean and variance are "
            "those of a channel, over images, rows and columns.",
        ),
        (
            "across_channels",
            {"layout": "channels"},
            "You normalize each pixel over its channels. Mean and variance are those of a channel, "
            "over images, rows and columns.",
        ),
        (
            "reshaped_only",
            {"layout": "misread"},
            "You reshape x to (N·H·W, C) as it is, so the columns mix channels. Bring the channels "
            "to the last axis first: (N, C, H, W) becomes (N, H, W, C).",
        ),
        (
            "not_back",
            {"layout": "not back"},
            "You reshape the normalized (N·H·W, C) straight to (N, C, H, W), which mixes pixels "
            "and channels. Reshape it to (N, H, W, C), then bring the channels back to the second "
            "axis.",
        ),
        (
            "epsilon_outside",
            {"epsilon": "outside"},
            "You add ε to the root. It stands inside: √(σ² + ε).",
        ),
        (
            "epsilon_fixed",
            {"epsilon": "fixed"},
            'Your ε is 1e-5 whatever `bn_param` says. It must be `bn_param["eps"]` where that is '
            "given.",
        ),
        (
            "epsilon_missing",
            {"epsilon": "none"},
            "You divide by √σ²: the ε is missing. It is √(σ² + ε).",
        ),
        (
            "no_root",
            {"root": False},
            "You divide by σ² + ε. It must be the root of that.",
        ),
        (
            "not_centered",
            {"center": False},
            "You don't subtract the mean. The rule divides x − μ.",
        ),
        (
            "gamma_missing",
            {"gamma": "none"},
            "Your output is not multiplied by γ.",
        ),
        (
            "gamma_on_beta",
            {"gamma": "on all"},
            "You multiply β by γ as well. β is added at the end.",
        ),
        (
            "beta_missing",
            {"beta": 0},
            "Your output lacks β: it is added at the end.",
        ),
        (
            "beta_subtracted",
            {"beta": -1},
            "You subtract β. It must be added.",
        ),
        (
            "variance_unbiased",
            {"variance": "unbiased"},
            "You normalize by a variance that is divided by m − 1. Here it is divided by m; only "
            "running_var may have m − 1.",
        ),
        (
            "mean_square",
            {"variance": "mean square"},
            "Your variance is the mean of x². It must be the mean of (x − μ)².",
        ),
        (
            "momentum_swapped",
            {"momentum": "swapped"},
            "Your running averages take momentum for the share of the new batch. It is the share "
            "of the old average: momentum · old + (1 − momentum) · new.",
        ),
        (
            "momentum_fixed",
            {"momentum": "fixed"},
            'Your momentum is 0.9 whatever `bn_param` says. It must be `bn_param["momentum"]` '
            "where that is given.",
        ),
        (
            "momentum_sum",
            {"momentum": "sum"},
            "You add the whole statistics of the batch to the running averages. They count with "
            "the share 1 − momentum.",
        ),
        (
            "running_latest",
            {"momentum": "latest"},
            "Your running averages keep the share 1 − momentum of the last batch and nothing of "
            "those before. The old average counts with the share momentum.",
        ),
        (
            "running_growing",
            {"momentum": "no decay"},
            "Your running averages only grow: the old average is taken whole. It counts with the "
            "share momentum.",
        ),
        (
            "running_not_stored",
            {"stored": "none"},
            "The `bn_param` that was passed in does not get your running averages. In mode "
            '"train" each call must leave the new running_mean and running_var there; what is put '
            "into a copy is lost.",
        ),
        (
            "running_var_not_stored",
            {"stored": "mean"},
            "You put running_mean into `bn_param`, but not running_var.",
        ),
        (
            "running_mean_not_stored",
            {"stored": "var"},
            "You put running_var into `bn_param`, but not running_mean.",
        ),
        (
            "running_when_testing",
            {"stored": "always"},
            'Your running averages change in mode "test" as well. They change in mode "train" '
            "only.",
        ),
        (
            "running_deviation",
            {"stored": "root"},
            "Your running_var averages standard deviations. It averages variances, σ².",
        ),
        (
            "running_exchanged",
            {"stored": "exchanged"},
            "Your running_mean averages the variances and your running_var the means.",
        ),
        (
            "test_by_batch",
            {"test": "batch"},
            'In mode "test" you normalize by the statistics of the batch. The running averages '
            "stand in their place.",
        ),
        (
            "test_plain",
            {"test": "plain"},
            'In mode "test" your output is only normalized: γ and β are missing.',
        ),
        (
            "test_no_root",
            {"test": "no root"},
            'In mode "test" you divide by running_var + ε. It must be the root of that.',
        ),
        (
            "test_no_epsilon",
            {"test": "no epsilon"},
            'In mode "test" you divide by the root of running_var: the ε is missing.',
        ),
        (
            "train_by_running",
            {"train": "running"},
            'In mode "train" you normalize by the running averages. It must be by the mean and the '
            "variance of the batch.",
        ),
        (
            "running_from_one",
            {"start": "ones"},
            "Your running_var starts at 1. It starts at 0 where `bn_param` has none.",
        ),
        (
            "running_from_batch",
            {"start": "batch"},
            "Your running averages start as the statistics of the first batch. They start at 0 "
            "where `bn_param` has none.",
        ),
        (
            "x_changed",
            {"x": "changed"},
            "Your function changes x, which other layers may still need. Only read it.",
        ),
    ),
    *SWITCHES.mistakes(
        "spatial_batchnorm_backward",
        (
            "reshaped_only",
            {"layout": "misread"},
            "You reshape dout to (N·H·W, C) as it is, so the columns mix channels. Bring the "
            "channels to the last axis first: (N, C, H, W) becomes (N, H, W, C).",
        ),
        (
            "not_back",
            {"layout": "not back"},
            "You reshape dx from (N·H·W, C) straight to (N, C, H, W), which mixes pixels and "
            "channels. Reshape it to (N, H, W, C), then bring the channels back to the second "
            "axis.",
        ),
        (
            "by_pixel",
            {"layout": "pixels"},
            "Your backward pass takes each pixel of a channel for a feature of its own. Each "
            "channel is one feature, over images, rows and columns.",
        ),
        (
            "by_image",
            {"layout": "images"},
            "Your backward pass takes each image by itself. The mean and the variance of a channel "
            "are over all images.",
        ),
        (
            "constant_statistics",
            {"dx": "constant statistics"},
            "Your dx is γ·dout/√(σ² + ε), as if μ and σ² did not depend on x. They do, and add two "
            "terms.",
        ),
        (
            "mean_term_missing",
            {"dx": "no mean"},
            "Your dx lacks the term that comes from μ: the mean of dout over the channel is "
            "subtracted.",
        ),
        (
            "variance_term_missing",
            {"dx": "no variance"},
            "Your dx lacks the term that comes from σ²: it is along the normalized x.",
        ),
        (
            "divided_by_images",
            {"dx": "images"},
            "Your dx divides sums by N. A channel has m = N·H·W numbers.",
        ),
        (
            "dx_without_gamma",
            {"dx": "no gamma"},
            "Your dx lacks the factor γ.",
        ),
        (
            "dgamma_mean",
            {"dgamma": "mean"},
            "Your dgamma is a mean. It is the sum of dout times the normalized x.",
        ),
        (
            "dgamma_of_x",
            {"dgamma": "x"},
            "Your dgamma multiplies dout by x. It must be by the normalized x.",
        ),
        (
            "dgamma_of_dout",
            {"dgamma": "dout"},
            "Your dgamma is the sum of dout. It must be multiplied by the normalized x first.",
        ),
        (
            "dgamma_kept_axes",
            {"dgamma": "row"},
            "Your dgamma has the shape (1, C, 1, 1). It must have that of gamma, (C,).",
        ),
        (
            "dbeta_mean",
            {"dbeta": "mean"},
            "Your dbeta is a mean. It is the sum of dout over images, rows and columns.",
        ),
        (
            "dbeta_kept_axes",
            {"dbeta": "row"},
            "Your dbeta has the shape (1, C, 1, 1). It must have that of beta, (C,).",
        ),
        (
            "dbeta_zero",
            {"dbeta": "zero"},
            "Your dbeta is 0. It is the sum of dout over images, rows and columns.",
        ),
        (
            "order",
            {"order": "dbeta, dgamma"},
            "You return dbeta before dgamma. The order is that of the inputs: dx, dgamma, dbeta.",
        ),
    ),
    *SWITCHES.mistakes(
        "conv_net",
        (
            "scale_is_variance",
            {"weights": "root"},
            "Your weights are drawn with the variance weight_scale. It is the standard deviation.",
        ),
        (
            "scale_squared",
            {"weights": "square"},
            "Your weights are drawn with the standard deviation weight_scale². It is weight_scale.",
        ),
        (
            "scale_fixed",
            {"weights": "fixed"},
            "Your weights are drawn with the standard deviation 1e-3 whatever weight_scale says.",
        ),
        (
            "scale_missing",
            {"weights": "unscaled"},
            "Your weights are drawn with the standard deviation 1. It must be weight_scale.",
        ),
        (
            "he",
            {"weights": "he"},
            "Your weights are drawn with the standard deviation √(2 / inputs). Here it must be "
            "weight_scale.",
        ),
        (
            "uniform",
            {"weights": "uniform"},
            "Your weights are drawn evenly between -weight_scale and weight_scale. Draw them from "
            "a normal distribution with this standard deviation.",
        ),
        (
            "positive_weights",
            {"weights": "positive"},
            "All your weights are positive. Draw them from a normal distribution with mean 0.",
        ),
        (
            "zero_weights",
            {"weights": "zeros"},
            "Your weights start at 0, so all filters stay alike. Draw them at random.",
        ),
        (
            "filters_unscaled",
            {"first weights": "unscaled"},
            "Your filters, W1, are drawn with the standard deviation 1. It must be weight_scale, "
            "as for W2 and W3.",
        ),
        (
            "biases_of_one",
            {"biases": "ones"},
            "Your biases start at 1. They must start at 0.",
        ),
        (
            "random_biases",
            {"biases": "random"},
            "Your biases are drawn at random. They must start at 0.",
        ),
        (
            "gamma_of_zero",
            {"gamma": "zeros"},
            "Your gammas start at 0, so nothing passes. They must start at 1.",
        ),
        (
            "random_gamma",
            {"gamma": "random"},
            "Your gammas are drawn at random. They must start at 1.",
        ),
        (
            "beta_of_one",
            {"beta": "ones"},
            "Your betas start at 1. They must start at 0.",
        ),
        (
            "unpooled_inputs",
            {"inputs": "image"},
            "Your W2 has num_filters · H · W rows. The pooling halves height and width, so there "
            "are num_filters · H/2 · W/2.",
        ),
        (
            "names_from_zero",
            {"names": "from 0"},
            "Your parameters are numbered from 0. Their names begin with W1 and b1.",
        ),
        (
            "dtype_ignored",
            {"dtype": "ignored"},
            "Your parameters are float64 whatever dtype says. Convert each of them to dtype.",
        ),
        (
            "float32_only",
            {"dtype": "float32"},
            "Your parameters are float32 whatever dtype says. Convert each of them to dtype.",
        ),
        (
            "no_relu_after_hidden",
            {"relu": "conv"},
            "Your network has no ReLU after the first affine layer.",
        ),
        (
            "no_relu_after_conv",
            {"relu": "hidden"},
            "Your network has no ReLU after the convolution.",
        ),
        (
            "relu_last",
            {"relu": "everywhere"},
            "Your last layer is followed by a ReLU too, so no score can be negative. The scores "
            "are what the last affine layer puts out.",
        ),
        (
            "probabilities",
            {"scores": "softmax"},
            "Your loss without y returns softmax probabilities, and with y takes the softmax of "
            "those once more. The scores are what the last affine layer puts out.",
        ),
        (
            "batchnorm_ignored",
            {"normalized": "none"},
            "Your network makes gammas and betas, but does not normalize. With use_batchnorm there "
            "is a batch normalization before each ReLU.",
        ),
        (
            "only_conv_normalized",
            {"normalized": "conv"},
            "Your network normalizes after the convolution only. With use_batchnorm the first "
            "affine layer is followed by a batch normalization as well.",
        ),
        (
            "only_hidden_normalized",
            {"normalized": "hidden"},
            "Your network normalizes after the first affine layer only. With use_batchnorm the "
            "convolution is followed by a spatial batch normalization as well.",
        ),
        (
            "normalized_after_relu",
            {"normalized": "after relu"},
            "Your batch normalizations stand after the ReLU. They stand before it.",
        ),
        (
            "bn_params_fresh",
            {"bn_params": "fresh"},
            "Each call of your `loss` makes a new bn_param, so the running averages are lost. Use "
            "those in bn_params.",
        ),
        (
            "reg_ignored",
            {"loss": 0.0, "gradient": 0.0},
            "Your network leaves out the regularization. The loss has 0.5·reg·ΣW² on top, and the "
            "gradient of each W has reg·W.",
        ),
        (
            "loss_without_reg",
            {"loss": 0.0},
            "Your gradients have the regularization, but your loss leaves it out: it has "
            "0.5·reg·ΣW² on top.",
        ),
        (
            "reg_whole",
            {"loss": 1.0, "gradient": 2.0},
            "Your loss has reg·ΣW² and your gradients 2·reg·W: they fit each other, but the factor "
            "0.5 is missing. The loss has 0.5·reg·ΣW², so each gradient has reg·W.",
        ),
        (
            "loss_without_half",
            {"loss": 1.0},
            "Your loss has reg·ΣW²: the factor 0.5 is missing. It has 0.5·reg·ΣW², whose gradient "
            "is the reg·W that you have.",
        ),
        (
            "gradient_without_reg",
            {"gradient": 0.0},
            "Your loss has the regularization, but your gradients leave it out. The gradient of "
            "each W has reg·W on top.",
        ),
        (
            "gradient_doubled",
            {"gradient": 2.0},
            "Your gradients have 2·reg·W on top, twice what belongs there. The loss has "
            "0.5·reg·ΣW², whose gradient is reg·W.",
        ),
        (
            "gradient_halved",
            {"gradient": 0.5},
            "Your gradients have 0.5·reg·W on top. The 0.5 of the loss meets the 2 from the "
            "square, so the gradient has reg·W.",
        ),
        (
            "filters_not_regularized",
            {"loss_of": "affine", "gradient_of": "affine"},
            "Your regularization leaves out the filters. W1 counts as W2 and W3 do.",
        ),
        (
            "filters_not_in_loss",
            {"loss_of": "affine"},
            "The regularization in your loss leaves out the filters. W1 counts as W2 and W3 do.",
        ),
        (
            "filters_gradient_missing",
            {"gradient_of": "affine"},
            "The gradient of your filters lacks the regularization. That of W1 has reg·W1 on top.",
        ),
        (
            "only_filters_regularized",
            {"loss_of": "conv", "gradient_of": "conv"},
            "Your regularization takes in the filters only. W2 and W3 count as W1 does.",
        ),
        (
            "last_not_regularized",
            {"loss_of": "not last", "gradient_of": "not last"},
            "Your regularization leaves out W3. All three weights count.",
        ),
        (
            "biases_regularized",
            {"loss_of": "all", "gradient_of": "all"},
            "Your regularization takes in the biases as well. Only W1, W2 and W3 count.",
        ),
        (
            "gammas_regularized",
            {"loss_of": "gammas", "gradient_of": "gammas"},
            "Your regularization takes in the gammas as well. Only W1, W2 and W3 count.",
        ),
        (
            "reg_by_examples",
            {"examples": True},
            "Your regularization is divided by the number of images. The mean is over the softmax "
            "loss only: 0.5·reg·ΣW² is added as it is.",
        ),
        (
            "mean_twice",
            {"mean": "twice"},
            "Your gradients are divided by the number of images once more. What `softmax_loss` "
            "returns is the gradient of the mean already.",
        ),
        (
            "backward_without_conv_relu",
            {"backward": "no conv relu"},
            "Your backward pass leaves out the ReLU after the convolution.",
        ),
        (
            "backward_without_hidden_relu",
            {"backward": "no hidden relu"},
            "Your backward pass leaves out the ReLU after the first affine layer.",
        ),
        (
            "backward_without_relu",
            {"backward": "no relu"},
            "Your backward pass leaves out both ReLUs. The gradient passes through each of them.",
        ),
        (
            "bias_gradients_missing",
            {"grads": "no biases"},
            "Your grads lack b1, b2 and b3. Every name in params has a gradient.",
        ),
        (
            "gamma_gradients_missing",
            {"grads": "no gammas"},
            "Your grads lack those of the gammas and betas. Every name in params has a gradient.",
        ),
        (
            "gamma_gradients_swapped",
            {"grads": "swapped gammas"},
            "Your gradients of gamma and beta are exchanged. The backward pass returns dgamma "
            "before dbeta.",
        ),
    ),
)
"""All known mistakes, task by task in the order of the notebook."""
