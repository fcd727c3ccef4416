"""The wrong implementations that students are known to write, each with what to tell them.

``implementation`` writes all functions of the assignment once, with a switch at each place where
people go wrong; a `Mistake` names the switches that it turns. So a mistake can be replayed on the
calls that a submission answered wrongly, two can be combined, and each can be handed in to prove
that the suites notice it. It needs nothing but NumPy, `kit.checks.mistakes` and the catalogue of
the last homework: its text is also put into submissions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from optimization.mistakes import _softmax_loss as softmax_loss
from optimization.mistakes import implementation as earlier

from kit.checks.mistakes import Mistake, Switches

_LAYERS = earlier({})
affine_forward, affine_backward = (
    _LAYERS[f"layers.affine_{way}"] for way in ("forward", "backward")
)

OPAQUE = {
    "batchnorm.batchnorm_forward": 1,
    "dropout.dropout_forward": 1,
    "batchnorm_utils.affine_batchnorm_relu_forward": 1,
}
"""The position of a returned value that only the student's own code reads: it is never compared."""
STATE = frozenset({"running_mean", "running_var"}) | {
    f"{kind}{layer}" for kind in ("b", "gamma", "beta") for layer in range(1, 5)
}
"""What a layer keeps in bn_param, and the gradients that a mistake may leave out of grads. Whatever
else a student keeps in a dictionary is nobody's concern."""
SETTINGS = frozenset({"eps", "momentum"})
"""What a layer reads from bn_param, and has a default for."""
DRAWN = frozenset({"params"})
"""The attributes that hold random numbers when they are read."""


# -- the switches ----------------------------------------------------------------------------------

SWITCHES = Switches(
    {
        "batchnorm_forward": {
            "axis": "examples",  # "features", "all": over what mean and variance are taken
            "center": True,
            "variance": "right",  # or another of VARIANCES
            "division": "right",  # or another of DIVISIONS
            "eps": None,  # a number: whatever bn_param says
            "affine": "right",  # or another of AFFINES
            "normalized_by": "batch",  # "averages": in train mode too
            "momentum": None,  # a number: whatever bn_param says
            "average": "right",  # or another of AVERAGES
            "mean_kept": "mean",  # "out", "zero"
            "var_kept": "variance",  # "std", "unbiased", "with eps", "mean"
            "start": "zeros",  # "batch", "var one"
            "stored": "in bn_param",  # "lost", "only missing", "only mean", "swapped"
            "test_by": "averages",  # "batch"
            "test_division": "right",  # or another of DIVISIONS
            "test_affine": "right",  # or another of AFFINES
            "test_center": True,
            "test_averages": "kept",  # "updated", "reset"
            "x": "kept",  # "changed"
            "dtype": "kept",  # "float64"
        },
        "batchnorm_backward": {
            "dbeta": "sum",  # or another of SUMS
            "dgamma": "right",  # or another of SCALES
            "order": "dx, dgamma, dbeta",  # "dx, dbeta, dgamma", "dgamma, dbeta, dx"
            "dx": "right",  # or another of PATHS
            "gamma": "once",  # "none", "twice"
            "std": "right",  # "none", "multiplied", "without eps", "variance"
            "dout": "kept",  # "changed"
            "dtype": "kept",  # "float64"
        },
        "dropout_forward": {
            "dropped": "p",  # "1 - p"
            "scale": "1 - p",  # or another of DROPOUT_SCALES
            "draws": "elements",  # "examples", "features", "normal"
            "seed": "used",  # "fixed"
            "test": "x",  # or another of IN_TEST_MODE
            "x": "kept",  # "changed"
            "dtype": "kept",  # "float64"
        },
        "dropout_backward": {
            "dx": "right",  # or another of MASKED
            "test": "dout",  # "zero", "scaled", "divided"
            "dout": "kept",  # "changed"
        },
        "affine_batchnorm_relu": {
            "forward": "affine, norm, relu",  # or another of ORDERS
            "bn_param": "same",  # "copy", "train"
            "backward": "relu, norm, affine",  # or another of WAYS_BACK
            "order": "dgamma, dbeta",  # "dbeta, dgamma", "first"
        },
        "fc_net": {
            "gamma": "ones",  # "zeros", "random", "row"
            "beta": "zeros",  # "ones", "random"
            "last": "plain",  # "normalized": the last layer has gamma and beta too
            "parameters": "asked for",  # "always", "never"
            "first": 1,  # the number of the first gamma and beta
            "biases": "kept",  # "left out" of layers with batch normalization
            "weights": "right",  # "he", "unscaled"
            "dtype": "right",  # "float64", "float32"
            "norm": "asked for",  # "never", "not first"
            "bn_params": "own",  # "shared", "copied"
            "test": "right",  # "batch": batch normalization works in train mode without y; "drops"
            "relu": "right",  # "before", "none"
            "dropout": "asked for",  # "never", "before norm", "scores too", "input", "first only"
            "dropout_back": "right",  # "left out", "last cache"
            "norm_back": "right",  # "left out"
            "grads": "all",  # "no gamma", "no biases", "swapped"
            "loss": 0.5,  # factor of reg · ΣW² in the loss
            "gradient": 1.0,  # factor of reg · W in the gradients
            "loss_of": "weights",  # or another of REGULARIZED
            "gradient_of": "weights",
        },
    }
)
"""Where people go wrong; with these values nothing is."""


def implementation(changes: Mapping[str, Any]) -> dict[str, Any]:
    """All that students write, by "<module>.<name>", with ``changes`` in the switches.

    Without changes it is right. Raises KeyError for a switch that isn't in `SWITCHES`.
    """
    on = SWITCHES.on(changes)
    layers = {
        "batchnorm_forward": _batchnorm_forward(on["batchnorm_forward"]),
        "batchnorm_backward": _batchnorm_backward(on["batchnorm_backward"]),
        "dropout_forward": _dropout_forward(on["dropout_forward"]),
        "dropout_backward": _dropout_backward(on["dropout_backward"]),
    }
    joined = _affine_batchnorm_relu(on["affine_batchnorm_relu"], layers)
    return {
        **{f"{name.partition('_')[0]}.{name}": function for name, function in layers.items()},
        **{f"batchnorm_utils.{name}": function for name, function in joined.items()},
        "fc_net.FullyConnectedNet": _network(on["fc_net"], layers | joined),
    }


# -- batch normalization ---------------------------------------------------------------------------

VARIANCES: dict[str, Callable] = {  # σ² of x along an axis
    "right": lambda x, axis: x.var(axis=axis, keepdims=True),
    "unbiased": lambda x, axis: x.var(axis=axis, keepdims=True, ddof=1),
    "sum": lambda x, axis: x.var(axis=axis, keepdims=True) * len(x),
    "squares": lambda x, axis: (x**2).mean(axis=axis, keepdims=True),
    "std": lambda x, axis: x.std(axis=axis, keepdims=True),
    "one": lambda x, axis: np.ones_like(x.mean(axis=axis, keepdims=True)),
}
DIVISIONS: dict[str, Callable] = {  # what x - μ is divided by, of σ² and ε
    "right": lambda var, eps: np.sqrt(var + eps),
    "outside": lambda var, eps: np.sqrt(var) + eps,
    "none": lambda var, _: np.sqrt(var),
    "squared": lambda var, eps: np.sqrt(var + eps**2),
    "no root": lambda var, eps: var + eps,
    "no variance": lambda var, _: np.ones_like(var),
    "turned": lambda var, eps: 1 / np.sqrt(var + eps),
}
AFFINES: dict[str, Callable] = {
    "right": lambda x, gamma, beta: gamma * x + beta,
    "none": lambda x, *_: x,
    "no gamma": lambda x, _, beta: x + beta,
    "no beta": lambda x, gamma, _: gamma * x,
    "swapped": lambda x, gamma, beta: beta * x + gamma,
    "brackets": lambda x, gamma, beta: gamma * (x + beta),
    "minus": lambda x, gamma, beta: gamma * x - beta,
}
AVERAGES: dict[str, Callable] = {  # running ← k·running + c·batch: (k, c)
    "right": lambda m: (m, 1 - m),
    "swapped": lambda m: (1 - m, m),
    "latest": lambda _: (0.0, 1.0),
    "sum": lambda _: (1.0, 1.0),
    "undamped": lambda m: (m, 1.0),
    "no decay": lambda m: (1.0, 1 - m),
    "both": lambda m: (m, m),
    "never": lambda _: (1.0, 0.0),
}


def _statistics(on, x):
    """Mean and variance as the switches have them, of shape (1, D) or one that goes with x."""
    axis = {"examples": 0, "features": 1, "all": None}[on["axis"]]
    mean = x.mean(axis=axis, keepdims=True)
    return mean, VARIANCES[on["variance"]](x, axis)


def _kept(on, x, statistics, eps, out):
    """What goes into the running averages, of shape (D,) where nothing is wrong."""
    mean, var = statistics
    first = {"mean": mean, "out": out.mean(axis=0), "zero": np.zeros_like(mean)}[on["mean_kept"]]
    count = len(x)
    second = {
        "variance": lambda: var,
        "std": lambda: np.sqrt(var),
        "unbiased": lambda: var * count / (count - 1),
        "with eps": lambda: var + eps,
        "mean": lambda: mean,
    }[on["var_kept"]]()
    return _flat(first), _flat(second)


def _flat(statistic):
    """A statistic without the axis that was kept for broadcasting."""
    if statistic.ndim == 2 and statistic.shape[0] == 1:
        return statistic[0]
    return statistic[:, 0] if statistic.ndim == 2 else statistic


def _updated(on, held, statistics, momentum):
    """The running averages after a batch."""
    keep, add = AVERAGES[on["average"]](momentum)
    if held is None and on["start"] == "batch":
        return statistics
    first, second = held if held is not None else (np.zeros_like(each) for each in statistics)
    if held is None and on["start"] == "var one":
        second = np.ones_like(second)
    return keep * first + add * statistics[0], keep * second + add * statistics[1]


def _store(on, bn_param, averages):
    """Put the running averages into bn_param as the switch has it."""
    names = ["running_mean", "running_var"]
    if on["stored"] == "swapped":
        names.reverse()
    if on["stored"] == "only mean":
        names = names[:1]
    if on["stored"] == "only missing" and "running_mean" in bn_param:
        names = []
    if on["stored"] != "lost":
        bn_param.update(zip(names, averages, strict=False))


def _batchnorm_forward(on):
    def train(x, gamma, beta, bn_param, settings):
        eps, momentum = settings
        mean, var = _statistics(on, x)
        held = None
        if "running_mean" in bn_param and "running_var" in bn_param:
            held = (bn_param["running_mean"], bn_param["running_var"])
        divisor = DIVISIONS[on["division"]](var, eps)
        normalized = (x - mean if on["center"] else x) / divisor
        out = AFFINES[on["affine"]](normalized, gamma, beta)
        averages = _updated(on, held, _kept(on, x, (mean, var), eps, out), momentum)
        _store(on, bn_param, averages)
        if on["normalized_by"] == "averages":
            divisor = DIVISIONS[on["division"]](averages[1], eps)
            normalized = (x - averages[0]) / divisor
            out = AFFINES[on["affine"]](normalized, gamma, beta)
        cache = (x.copy(), normalized, gamma, (mean, var, divisor, eps), out)
        if on["x"] == "changed":
            x -= mean
        return out, cache

    def test(x, gamma, beta, bn_param, settings):
        eps, momentum = settings
        zeros = np.zeros(x.shape[1], dtype=x.dtype)
        mean, var = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros)
        if on["test_by"] == "batch":
            mean, var = x.mean(axis=0), x.var(axis=0)
        divisor = DIVISIONS[on["test_division"]](var, eps)
        out = AFFINES[on["test_affine"]](
            (x - mean if on["test_center"] else x) / divisor, gamma, beta
        )
        if on["test_averages"] == "updated":
            _store(
                on, bn_param, _updated(on, (mean, var), (x.mean(axis=0), x.var(axis=0)), momentum)
            )
        if on["test_averages"] == "reset":
            _store(on, bn_param, (zeros, zeros))
        return out, None

    @np.errstate(all="ignore")
    def batchnorm_forward(x, gamma, beta, bn_param):
        mode = bn_param["mode"]
        if mode not in {"train", "test"}:
            raise ValueError(f'bn_param["mode"] must be "train" or "test", it is {mode!r}.')
        eps = bn_param.get("eps", 1e-5) if on["eps"] is None else on["eps"]
        momentum = bn_param.get("momentum", 0.9) if on["momentum"] is None else on["momentum"]
        out, cache = (train if mode == "train" else test)(x, gamma, beta, bn_param, (eps, momentum))
        if on["dtype"] == "float64":
            out = out.astype(np.float64)
            for name in {"running_mean", "running_var"} & bn_param.keys():
                bn_param[name] = bn_param[name].astype(np.float64)
        return out, cache

    return batchnorm_forward


SUMS: dict[str, Callable] = {
    "sum": lambda dout: dout.sum(axis=0),
    "mean": lambda dout: dout.mean(axis=0),
    "row": lambda dout: dout.sum(axis=0, keepdims=True),
    "features": lambda dout: dout.sum(axis=1),
    "total": lambda dout: dout.sum(),
    "none": lambda dout: dout,
}
SCALES: dict[str, Callable] = {  # dgamma, of dout, x̂, x, x - μ and out
    "right": lambda dout, normalized, *_: (dout * normalized).sum(axis=0),
    "mean": lambda dout, normalized, *_: (dout * normalized).mean(axis=0),
    "row": lambda dout, normalized, *_: (dout * normalized).sum(axis=0, keepdims=True),
    "features": lambda dout, normalized, *_: (dout * normalized).sum(axis=1),
    "none": lambda dout, normalized, *_: dout * normalized,
    "of x": lambda dout, _, x, *__: (dout * x).sum(axis=0),
    "of centered": lambda dout, _, __, centered, ___: (dout * centered).sum(axis=0),
    "of out": lambda dout, _, __, ___, out: (dout * out).sum(axis=0),
    "dout only": lambda dout, *_: dout.sum(axis=0),
}
PATHS: dict[str, Callable] = {  # dx but for gamma/√(σ² + ε), of g = dout, x̂ and σ²/(σ² + ε)
    "right": lambda g, n, _: g - g.mean(axis=0) - n * (g * n).mean(axis=0),
    "constants": lambda g, *_: g,
    "no mean": lambda g, n, _: g - n * (g * n).mean(axis=0),
    "no variance": lambda g, *_: g - g.mean(axis=0),
    "plus variance": lambda g, n, _: g - g.mean(axis=0) + n * (g * n).mean(axis=0),
    "plus mean": lambda g, n, _: g + g.mean(axis=0) - n * (g * n).mean(axis=0),
    "half": lambda g, n, _: g - g.mean(axis=0) - 0.5 * n * (g * n).mean(axis=0),
    "double": lambda g, n, _: g - g.mean(axis=0) - 2 * n * (g * n).mean(axis=0),
    "sums": lambda g, n, _: g - g.sum(axis=0) - n * (g * n).sum(axis=0),
    "times N": lambda g, n, _: len(g) * (g - g.mean(axis=0) - n * (g * n).mean(axis=0)),
    "no x̂": lambda g, n, _: g - g.mean(axis=0) - (g * n).mean(axis=0),
    "features": lambda g, n, _: g - g.mean(axis=1, keepdims=True) - n * (g * n).mean(axis=0),
    "dgamma missing": lambda g, n, _: g - g.mean(axis=0) - n * g.mean(axis=0),
    "without eps": lambda g, n, share: g - g.mean(axis=0) - n * (g * n).mean(axis=0) / share,
}


def _batchnorm_backward(on):
    @np.errstate(all="ignore")
    def batchnorm_backward(dout, cache):
        x, normalized, gamma, (mean, var, divisor, eps), out = cache
        original = dout.copy()
        dbeta = SUMS[on["dbeta"]](dout)
        dgamma = SCALES[on["dgamma"]](dout, normalized, x, x - mean, out)
        share = var / (var + eps)
        std = {
            "right": divisor,
            "none": np.ones_like(divisor),
            "multiplied": 1 / divisor,
            "without eps": np.sqrt(var),
            "variance": divisor**2,
        }[on["std"]]
        scale = {"once": gamma, "none": np.ones_like(gamma), "twice": gamma**2}[on["gamma"]]
        dx = scale / std * PATHS[on["dx"]](original, normalized, share)
        if on["dout"] == "changed":
            dout *= gamma
        if on["dtype"] == "float64":
            dx, dgamma, dbeta = (each.astype(np.float64) for each in (dx, dgamma, dbeta))
        return {
            "dx, dgamma, dbeta": (dx, dgamma, dbeta),
            "dx, dbeta, dgamma": (dx, dbeta, dgamma),
            "dgamma, dbeta, dx": (dgamma, dbeta, dx),
        }[on["order"]]

    return batchnorm_backward


# -- dropout ---------------------------------------------------------------------------------------

DROPOUT_SCALES: dict[str, Callable] = {  # what is kept is multiplied by, of p
    "1 - p": lambda p: 1 / (1 - p),
    "none": lambda _: 1.0,
    "p": lambda p: 1 / p if p else np.inf,
    "times 1 - p": lambda p: 1 - p,
    "times p": lambda p: p,
    "squared": lambda p: 1 / (1 - p) ** 2,
    "root": lambda p: 1 / np.sqrt(1 - p),
}
IN_TEST_MODE: dict[str, Callable] = {
    "x": lambda x, _: x,
    "times 1 - p": lambda x, p: x * (1 - p),
    "times p": lambda x, p: x * p,
    "divided": lambda x, p: x / (1 - p),
    "zero": lambda x, _: np.zeros_like(x),
}


def _kept_elements(on, shape, p):
    """What is kept of an array, as booleans that broadcast to its shape."""
    if on["draws"] == "normal":
        return np.random.randn(*shape) >= p
    drawn = {
        "elements": shape,
        "examples": (shape[0], *[1] * (len(shape) - 1)),
        "features": (1, *shape[1:]),
    }[on["draws"]]
    draws = np.random.rand(*drawn)
    return draws < p if on["dropped"] == "1 - p" else draws >= p


def _dropout_forward(on):
    @np.errstate(all="ignore")
    def dropout_forward(x, dropout_param):
        mode, p = dropout_param["mode"], dropout_param["p"]
        if mode not in {"train", "test"}:
            raise ValueError(f'dropout_param["mode"] must be "train" or "test", it is {mode!r}.')
        if on["seed"] == "fixed":
            np.random.seed(0)
        elif "seed" in dropout_param:
            np.random.seed(dropout_param["seed"])
        mask = None
        if mode == "train" or on["test"] == "dropped":
            kept = np.broadcast_to(_kept_elements(on, x.shape, p), x.shape)
            mask = np.where(kept, DROPOUT_SCALES[on["scale"]](p), 0).astype(x.dtype)
            out = x * mask
        else:
            out = IN_TEST_MODE[on["test"]](x, p)
        if on["x"] == "changed":
            x[...] = out
        if on["dtype"] == "float64":
            out = out.astype(np.float64)
        return out, (mode, mask, p)

    return dropout_forward


MASKED: dict[str, Callable] = {  # dx, of dout, the mask and p
    "right": lambda dout, mask, _: dout * mask,
    "none": lambda dout, *_: dout,
    "mask": lambda _, mask, __: mask,
    "unscaled": lambda dout, mask, _: dout * (mask > 0),
    "scaled twice": lambda dout, mask, p: dout * mask / (1 - p),
    "times 1 - p": lambda dout, mask, p: dout * (mask > 0) * (1 - p),
    "scaled only": lambda dout, _, p: dout / (1 - p),
    "turned": lambda dout, mask, p: dout * (mask == 0) / (1 - p),
    "new": lambda dout, _, p: dout * (np.random.rand(*dout.shape) >= p) / (1 - p),
    "sign of dout": lambda dout, mask, _: dout * mask * (dout > 0),
}


def _dropout_backward(on):
    @np.errstate(all="ignore")
    def dropout_backward(dout, cache):
        mode, mask, p = cache
        if mode == "train":
            dx = MASKED[on["dx"]](dout, mask, p)
        else:
            dx = {
                "dout": dout,
                "zero": np.zeros_like(dout),
                "scaled": dout * (1 - p),
                "divided": dout / (1 - p),
            }[on["test"]]
        if on["dout"] == "changed":
            dout[...] = dx
        return dx

    return dropout_backward


# -- the three layers as one -----------------------------------------------------------------------


def _affine_batchnorm_relu(on, layers):
    order = on["forward"]
    normalizes, rectifies = "norm" in order, "relu" in order
    relu_first = order in {"affine, relu, norm"}

    def affine_batchnorm_relu_forward(x, w, b, gamma, beta, bn_param):  # noqa: PLR0917 - taught API
        if on["bn_param"] == "copy":
            bn_param = dict(bn_param)
        if on["bn_param"] == "train":
            bn_param["mode"] = "train"
        hidden, affine_cache = affine_forward(x, w, b)
        rectified = hidden
        norm_cache = None
        if relu_first:
            hidden = np.maximum(hidden, 0)
        if normalizes:
            hidden, norm_cache = layers["batchnorm_forward"](hidden, gamma, beta, bn_param)
        if not relu_first:
            rectified = hidden
        out = np.maximum(hidden, 0) if rectifies and not relu_first else hidden
        return out, (affine_cache, norm_cache, rectified)

    def affine_batchnorm_relu_backward(dout, cache):
        affine_cache, norm_cache, rectified = cache
        way = on["backward"]
        if rectifies and not relu_first and "relu" in way:
            dout = dout * ((dout if way == "relu of dout, norm, affine" else rectified) > 0)
        dgamma, dbeta = dout.sum(axis=0), dout.sum(axis=0)
        if normalizes:
            normed, dgamma, dbeta = layers["batchnorm_backward"](dout, norm_cache)
            dout = dout if way == "relu, affine" else normed
        if relu_first:
            dout = dout * (rectified > 0)
        dx, dw, db = affine_backward(dout, affine_cache)
        if on["order"] == "first":
            return dgamma, dbeta, dx, dw, db
        if on["order"] == "dbeta, dgamma":
            dgamma, dbeta = dbeta, dgamma
        return dx, dw, db, dgamma, dbeta

    return {
        "affine_batchnorm_relu_forward": affine_batchnorm_relu_forward,
        "affine_batchnorm_relu_backward": affine_batchnorm_relu_backward,
    }


# -- the network -----------------------------------------------------------------------------------

SPREADS: dict[str, Callable] = {  # weights of shape (D, M) for a weight_scale
    "right": lambda rng, scale, shape: rng.normal(0, scale, shape),
    "unscaled": lambda rng, _, shape: rng.normal(0, 1, shape),
    "he": lambda rng, _, shape: rng.normal(0, np.sqrt(2 / shape[0]), shape),
}
STARTS: dict[str, Callable] = {  # gamma or beta
    "ones": lambda _, __, units: np.ones(units),
    "zeros": lambda _, __, units: np.zeros(units),
    "random": lambda rng, scale, units: rng.normal(0, scale, units),
    "row": lambda _, __, units: np.ones((1, units)),
}
REGULARIZED: dict[str, Callable] = {  # which of the names of parameters
    "weights": lambda name, _: name.startswith("W"),
    "all": lambda *_: True,
    "gammas": lambda name, _: name.startswith(("W", "gamma")),
    "biases": lambda name, _: name.startswith(("W", "b")) and not name.startswith("beta"),
    "hidden": lambda name, last: name.startswith("W") and name != f"W{last}",
}


def _parameters(on, drawn, sizes, use_batchnorm, scale):
    """The fresh parameters of a net, float64."""
    params = {}
    last = len(sizes) - 1
    wanted = {"always": True, "never": False}.get(on["parameters"], use_batchnorm)
    for layer in range(1, last + 1):
        shape = (sizes[layer - 1], sizes[layer])
        normalized = wanted and (layer < last or on["last"] == "normalized")
        params[f"W{layer}"] = SPREADS[on["weights"]](drawn, scale, shape)
        if not (normalized and on["biases"] == "left out"):
            params[f"b{layer}"] = np.zeros(shape[1])
        if normalized:
            number = layer - 1 + on["first"]
            params[f"gamma{number}"] = STARTS[on["gamma"]](drawn, scale, shape[1])
            params[f"beta{number}"] = STARTS[on["beta"]](drawn, scale, shape[1])
    return params


class _Net:
    """The network, by the switches ``on`` and with ``layers``: `_network` makes a class of each."""

    on: Mapping[str, Any]
    layers: Mapping[str, Callable]

    def __init__(  # noqa: PLR0917 - the API is fixed by the course
        self,
        hidden_dims,
        input_dim=3072,
        num_classes=10,
        dropout=0,
        use_batchnorm=False,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self.num_layers = len(hidden_dims) + 1
        self.use_batchnorm, self.use_dropout = use_batchnorm, dropout > 0
        self.reg, self.dtype = reg, dtype
        sizes = [input_dim, *hidden_dims, num_classes]
        drawn = np.random.default_rng(seed)
        kind = {"right": dtype, "float32": np.float32, "float64": np.float64}[self.on["dtype"]]
        params = _parameters(self.on, drawn, sizes, use_batchnorm, weight_scale)
        self.params = {name: value.astype(kind) for name, value in params.items()}
        self.bn_params = []
        if use_batchnorm:
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        self.dropout_param = {"mode": "train", "p": dropout}
        if seed is not None:
            self.dropout_param["seed"] = seed

    def _normalizes(self, layer):
        """Whether there is batch normalization in a hidden layer."""
        never = self.on["norm"] == "never" or (self.on["norm"] == "not first" and layer == 1)
        return self.use_batchnorm and not never

    def _drops(self, layer):
        """Whether there is dropout after a layer."""
        if self.on["dropout"] == "first only" and layer > 1:
            return False
        last = self.num_layers if self.on["dropout"] == "scores too" else self.num_layers - 1
        return self.use_dropout and self.on["dropout"] != "never" and layer <= last

    def _norm(self, hidden, layer, mode):
        """The output of batch normalization in a layer, and its cache."""
        at = 0 if self.on["bn_params"] == "shared" else layer - 1
        bn_param = self.bn_params[at]
        if self.on["bn_params"] == "copied":
            bn_param = dict(bn_param)
        bn_param["mode"] = "train" if self.on["test"] == "batch" else mode
        number = layer - 1 + self.on["first"]
        scale, shift = self.params[f"gamma{number}"], self.params[f"beta{number}"]
        return self.layers["batchnorm_forward"](hidden, scale, shift, bn_param)

    def _dropped(self, hidden, mode):
        mode = "train" if self.on["test"] == "drops" else mode
        return self.layers["dropout_forward"](hidden, {**self.dropout_param, "mode": mode})

    def _forward(self, X, mode):
        """The scores, and the steps that led to them: (kind, layer, cache)."""
        hidden, steps = X.astype(self.dtype), []
        if self.use_dropout and self.on["dropout"] == "input":
            hidden, cache = self._dropped(hidden, mode)
            steps.append(("dropout", 0, cache))
        for layer in range(1, self.num_layers + 1):
            biases = self.params.get(f"b{layer}", 0)
            hidden, cache = affine_forward(hidden, self.params[f"W{layer}"], biases)
            steps.append(("affine", layer, cache))
            kinds = [] if layer == self.num_layers else self._hidden_kinds(layer)
            if layer == self.num_layers and self._drops(layer):
                kinds = ["dropout"]
            for kind in kinds:
                if kind == "norm":
                    hidden, cache = self._norm(hidden, layer, mode)
                elif kind == "relu":
                    hidden, cache = np.maximum(hidden, 0), hidden
                else:
                    hidden, cache = self._dropped(hidden, mode)
                steps.append((kind, layer, cache))
        return hidden, steps

    def _hidden_kinds(self, layer):
        """What follows the affine part of a hidden layer, in order."""
        kinds = ["norm"] if self._normalizes(layer) else []
        if self.on["relu"] != "none":
            kinds.insert(0 if self.on["relu"] == "before" else len(kinds), "relu")
        if self._drops(layer):
            kinds.insert(0 if self.on["dropout"] == "before norm" else len(kinds), "dropout")
        return kinds

    def _backward(self, dout, steps):
        grads = {}
        caches = [cache for kind, _, cache in steps if kind == "dropout"]
        for kind, layer, cache in reversed(steps):
            if kind == "affine":
                dout, grads[f"W{layer}"], db = affine_backward(dout, cache)
                if f"b{layer}" in self.params and self.on["grads"] != "no biases":
                    grads[f"b{layer}"] = db
            elif kind == "norm":
                dx, dgamma, dbeta = self.layers["batchnorm_backward"](dout, cache)
                dout = dout if self.on["norm_back"] == "left out" else dx
                number = layer - 1 + self.on["first"]
                if self.on["grads"] == "swapped":
                    dgamma, dbeta = dbeta, dgamma
                if self.on["grads"] != "no gamma":
                    grads[f"gamma{number}"], grads[f"beta{number}"] = dgamma, dbeta
            elif kind == "relu":
                dout = dout * (cache > 0)
            elif self.on["dropout_back"] != "left out":
                last = self.on["dropout_back"] == "last cache"
                dout = self.layers["dropout_backward"](dout, caches[-1] if last else cache)
        return grads

    def loss(self, X, y=None):
        scores, steps = self._forward(X, "test" if y is None else "train")
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads = self._backward(dscores, steps)
        for name, value in self.params.items():
            if REGULARIZED[self.on["loss_of"]](name, self.num_layers):
                loss += self.on["loss"] * self.reg * float(np.sum(value**2))
            if (
                self.reg
                and name in grads
                and REGULARIZED[self.on["gradient_of"]](name, self.num_layers)
            ):
                grads[name] = grads[name] + self.on["gradient"] * self.reg * value
        return loss, grads


def _network(on, layers):
    return type("FullyConnectedNet", (_Net,), {"on": on, "layers": layers})


# -- the catalogue ---------------------------------------------------------------------------------

MISTAKES: tuple[Mistake, ...] = (
    *SWITCHES.mistakes(
        "batchnorm_forward",
        (
            "over_features",
            {"axis": "features"},
            "Your mean and variance are taken over the features of each example. They belong to "
            "each feature, over the examples of the batch.",
        ),
        (
            "over_everything",
            {"axis": "all"},
            "Your mean and variance are one number each, of the whole batch. Each feature has its "
            "own mean and its own variance, over the examples.",
        ),
        (
            "not_centered",
            {"center": False},
            "In train mode your output is x / √(σ² + ε), scaled and shifted: the mean is not taken "
            "off. The rule is x̂ = (x - μ) / √(σ² + ε).",
        ),
        (
            "variance_unbiased",
            {"variance": "unbiased"},
            "Your variance is divided by N - 1. Here σ² is the mean of (x - μ)² over the batch: it "
            "is divided by N, for the output and for the running average.",
        ),
        (
            "variance_summed",
            {"variance": "sum"},
            "Your variance is the sum of (x - μ)² over the batch. It is their mean: divide by N.",
        ),
        (
            "variance_of_uncentered",
            {"variance": "squares"},
            "Your variance is the mean of x². It is the mean of (x - μ)².",
        ),
        (
            "std_for_variance",
            {"variance": "std"},
            "You use the standard deviation in the place of the variance, in the output and in the "
            "running average. The rule has σ², the mean of (x - μ)².",
        ),
        (
            "eps_outside",
            {"division": "outside"},
            "In train mode you divide by √σ² + ε. Here ε stands inside the root: √(σ² + ε).",
        ),
        (
            "eps_missing",
            {"division": "none"},
            "In train mode you divide by √σ², without ε. The rule is √(σ² + ε).",
        ),
        (
            "eps_squared",
            {"division": "squared"},
            "In train mode you divide by √(σ² + ε²). The rule is √(σ² + ε): ε is added to σ² as it "
            "is.",
        ),
        (
            "root_missing",
            {"division": "no root"},
            "In train mode you divide by σ² + ε. The rule divides by its root, √(σ² + ε).",
        ),
        (
            "only_centered",
            {"division": "no variance"},
            "In train mode you take off the mean and do not divide. The rule is "
            "x̂ = (x - μ) / √(σ² + ε).",
        ),
        (
            "multiplied_by_std",
            {"division": "turned"},
            "In train mode you multiply x - μ by √(σ² + ε). The rule divides by it.",
        ),
        (
            "eps_fixed",
            {"eps": 1e-5},
            "Your ε is 1e-5 whatever bn_param says. It is bn_param's eps, whose default is 1e-5.",
        ),
        (
            "scale_and_shift_missing",
            {"affine": "none"},
            "In train mode your output is x̂ itself. The rule scales and shifts it: gamma x̂ + beta.",
        ),
        (
            "gamma_missing",
            {"affine": "no gamma"},
            "In train mode your output is x̂ + beta. The rule is gamma x̂ + beta.",
        ),
        (
            "beta_missing",
            {"affine": "no beta"},
            "In train mode your output is gamma x̂. The rule is gamma x̂ + beta.",
        ),
        (
            "gamma_and_beta_swapped",
            {"affine": "swapped"},
            "In train mode your output is beta x̂ + gamma. The rule is gamma x̂ + beta.",
        ),
        (
            "beta_scaled",
            {"affine": "brackets"},
            "In train mode your output is gamma (x̂ + beta). The rule is gamma x̂ + beta: beta is "
            "not scaled.",
        ),
        (
            "normalized_by_averages",
            {"normalized_by": "averages"},
            "In train mode you normalize by the running averages. There the mean and the variance "
            "of this batch are used; the averages are for test mode.",
        ),
        (
            "momentum_fixed",
            {"momentum": 0.9},
            "Your momentum is 0.9 whatever bn_param says. It is bn_param's momentum, whose default "
            "is 0.9.",
        ),
        (
            "momentum_swapped",
            {"average": "swapped"},
            "Your running averages are (1 - m) · running + m · batch. Here m is the share of the "
            "old average: m · running + (1 - m) · batch.",
        ),
        (
            "averages_replaced",
            {"average": "latest"},
            "Your running averages are those of the last batch alone. The rule is "
            "m · running + (1 - m) · batch.",
        ),
        (
            "averages_summed",
            {"average": "sum"},
            "Your running averages add up all batches, without momentum. The rule is "
            "m · running + (1 - m) · batch.",
        ),
        (
            "averages_undamped",
            {"average": "undamped"},
            "Your running averages are m · running + batch: the factor 1 - m is missing. The rule "
            "is m · running + (1 - m) · batch.",
        ),
        (
            "averages_never_fade",
            {"average": "no decay"},
            "Your running averages are running + (1 - m) · batch: the old one is not multiplied by "
            "m. The rule is m · running + (1 - m) · batch.",
        ),
        (
            "momentum_on_both",
            {"average": "both"},
            "Your running averages are m · running + m · batch. The batch has the other share: "
            "m · running + (1 - m) · batch.",
        ),
        (
            "averages_not_updated",
            {"average": "never"},
            "Your running averages stay as they were. In train mode each becomes "
            "m · running + (1 - m) · batch.",
        ),
        (
            "averages_lost",
            {"stored": "lost"},
            "What you compute for the running averages is not in bn_param after the call. Both "
            "belong there, under running_mean and running_var.",
        ),
        (
            "averages_stored_once",
            {"stored": "only missing"},
            "Your running averages are stored where bn_param has none and left alone afterwards. "
            "After each call in train mode bn_param holds the new ones.",
        ),
        (
            "averages_under_each_others_name",
            {"stored": "swapped"},
            "Your running averages are stored under each other's name: running_mean is the average "
            "of the means, running_var that of the variances.",
        ),
        (
            "mean_of_output",
            {"mean_kept": "out"},
            "Your running mean averages the output. It averages μ, the mean of x.",
        ),
        (
            "running_std",
            {"var_kept": "std"},
            "Your running variance averages √σ². It averages σ² itself.",
        ),
        (
            "running_variance_unbiased",
            {"var_kept": "unbiased"},
            "Your running variance averages a variance that is divided by N - 1. Here it is the "
            "same σ² as for the output, divided by N.",
        ),
        (
            "running_variance_with_eps",
            {"var_kept": "with eps"},
            "Your running variance averages σ² + ε. It averages σ² alone: ε is added where it is "
            "used.",
        ),
        (
            "running_variance_is_mean",
            {"var_kept": "mean"},
            "Your running variance averages the mean of the batch. It averages σ².",
        ),
        (
            "averages_start_at_batch",
            {"start": "batch"},
            "Where bn_param has no running averages, yours start as the first batch's mean and "
            "variance. They start at zero, and the first batch has the share 1 - m.",
        ),
        (
            "variance_starts_at_one",
            {"start": "var one"},
            "Where bn_param has no running variance, yours starts at 1. It starts at zero.",
        ),
        (
            "batch_in_test_mode",
            {"test_by": "batch"},
            "In test mode you normalize by the mean and variance of the batch. There the running "
            "averages are used.",
        ),
        (
            "test_not_centered",
            {"test_center": False},
            "In test mode you do not take off the running mean. The rule is "
            "(x - running_mean) / √(running_var + ε), scaled and shifted.",
        ),
        (
            "test_eps_outside",
            {"test_division": "outside"},
            "In test mode you divide by √running_var + ε. Here ε stands inside the root: "
            "√(running_var + ε).",
        ),
        (
            "test_eps_missing",
            {"test_division": "none"},
            "In test mode you divide by √running_var, without ε. The rule is √(running_var + ε).",
        ),
        (
            "test_root_missing",
            {"test_division": "no root"},
            "In test mode you divide by running_var + ε. The rule divides by its root.",
        ),
        (
            "test_only_centered",
            {"test_division": "no variance"},
            "In test mode you take off the running mean and do not divide. The rule divides by "
            "√(running_var + ε).",
        ),
        (
            "test_scale_and_shift_missing",
            {"test_affine": "none"},
            "In test mode your output is x̂ itself. There too it is scaled and shifted: "
            "gamma x̂ + beta.",
        ),
        (
            "test_gamma_missing",
            {"test_affine": "no gamma"},
            "In test mode your output is x̂ + beta. The rule is gamma x̂ + beta.",
        ),
        (
            "test_beta_missing",
            {"test_affine": "no beta"},
            "In test mode your output is gamma x̂. The rule is gamma x̂ + beta.",
        ),
        (
            "test_beta_scaled",
            {"test_affine": "brackets"},
            "In test mode your output is gamma (x̂ + beta). The rule is gamma x̂ + beta.",
        ),
        (
            "updated_in_test_mode",
            {"test_averages": "updated"},
            "Your running averages go on in test mode. There they are used and stay as they are.",
        ),
        (
            "reset_in_test_mode",
            {"test_averages": "reset"},
            "Your running averages are back at zero after a call in test mode. They stay as they "
            "are.",
        ),
        (
            "x_changed",
            {"x": "changed"},
            "Your output is right, but the mean was taken off x itself, so the caller's x is "
            "changed. Leave x as it is, and compute in a new array.",
        ),
        (
            "float64",
            {"dtype": "float64"},
            "Your results are float64 whatever the inputs are. Results have the dtype of x: look "
            "for arrays that are made without a dtype.",
        ),
    ),
    *SWITCHES.mistakes(
        "batchnorm_backward",
        (
            "mean_and_variance_constant",
            {"dx": "constants"},
            "Your dx is gamma · dout / √(σ² + ε), as if μ and σ² were given. They depend on x: two "
            "parts more come by way of them.",
        ),
        (
            "path_by_mean_missing",
            {"dx": "no mean"},
            "Your dx lacks the part that comes by way of μ. Each x moves the mean of the batch, "
            "and so every x - μ.",
        ),
        (
            "path_by_variance_missing",
            {"dx": "no variance"},
            "Your dx lacks the part that comes by way of σ². Each x changes the variance of the "
            "batch, and so every x̂.",
        ),
        (
            "variance_sign",
            {"dx": "plus variance"},
            "The part of your dx that comes by way of σ² has the wrong sign: a larger variance "
            "makes x̂ smaller.",
        ),
        (
            "mean_sign",
            {"dx": "plus mean"},
            "The part of your dx that comes by way of μ has the wrong sign: μ is taken off x.",
        ),
        (
            "variance_half",
            {"dx": "half"},
            "The part of your dx that comes by way of σ² is half of what it must be: the "
            "derivative of (x - μ)² has a factor 2.",
        ),
        (
            "variance_double",
            {"dx": "double"},
            "The part of your dx that comes by way of σ² is twice what it must be: the derivative "
            "of 1/√(σ² + ε) has a factor 1/2.",
        ),
        (
            "sums_for_means",
            {"dx": "sums"},
            "In your dx the parts by way of μ and σ² lack the factor 1/N: both are means over the "
            "batch.",
        ),
        (
            "not_divided_by_examples",
            {"dx": "times N"},
            "Your dx is N times what it must be. Where the formula is written with N in front of "
            "dout, the whole is divided by N.",
        ),
        (
            "normalized_missing",
            {"dx": "no x̂"},
            "In your dx the part by way of σ² is the same for every example. It is multiplied by "
            "the example's own x̂.",
        ),
        (
            "mean_over_features",
            {"dx": "features"},
            "In your dx the part by way of μ is a mean over the features of each example. It is a "
            "mean over the examples, for each feature.",
        ),
        (
            "dbeta_for_dgamma",
            {"dx": "dgamma missing"},
            "In your dx the part by way of σ² has x̂ · Σ dout. It has x̂ · Σ (dout · x̂).",
        ),
        (
            "variance_without_eps",
            {"dx": "without eps"},
            "In your dx the part by way of σ² is computed with σ² in the place of σ² + ε. The "
            "forward pass has the root of σ² + ε.",
        ),
        (
            "gamma_missing",
            {"gamma": "none"},
            "Your dx lacks gamma: what reaches x̂ is gamma · dout.",
        ),
        (
            "gamma_twice",
            {"gamma": "twice"},
            "Your dx is multiplied by gamma twice. Once is right: what reaches x̂ is gamma · dout.",
        ),
        (
            "std_missing",
            {"std": "none"},
            "Your dx lacks the factor 1/√(σ² + ε), by which x - μ becomes x̂.",
        ),
        (
            "std_multiplied",
            {"std": "multiplied"},
            "Your dx is multiplied by √(σ² + ε). It is divided by it.",
        ),
        (
            "eps_missing",
            {"std": "without eps"},
            "Your dx is divided by √σ². The forward pass divides by √(σ² + ε), and so does dx.",
        ),
        (
            "divided_by_variance",
            {"std": "variance"},
            "Your dx is divided by σ² + ε. It is divided by the root of it.",
        ),
        (
            "dgamma_mean",
            {"dgamma": "mean"},
            "Your dgamma is a mean over the examples. It is their sum: Σ (dout · x̂).",
        ),
        (
            "dgamma_row",
            {"dgamma": "row"},
            "Your dgamma has shape (1, D). It has the shape of gamma, (D,).",
        ),
        (
            "dgamma_over_features",
            {"dgamma": "features"},
            "Your dgamma sums over the features of each example. It sums over the examples, for "
            "each feature.",
        ),
        (
            "dgamma_not_summed",
            {"dgamma": "none"},
            "Your dgamma is dout · x̂ of every example. gamma serves all of them, so it is the sum "
            "over the examples.",
        ),
        (
            "dgamma_of_x",
            {"dgamma": "of x"},
            "Your dgamma is Σ (dout · x). It is Σ (dout · x̂): gamma multiplies the normalized x̂.",
        ),
        (
            "dgamma_of_centered",
            {"dgamma": "of centered"},
            "Your dgamma is Σ (dout · (x - μ)). It is Σ (dout · x̂), with x - μ divided by "
            "√(σ² + ε).",
        ),
        (
            "dgamma_of_out",
            {"dgamma": "of out"},
            "Your dgamma is Σ (dout · out). It is Σ (dout · x̂): without gamma and beta.",
        ),
        (
            "dgamma_is_dbeta",
            {"dgamma": "dout only"},
            "Your dgamma is Σ dout, which is dbeta. It is Σ (dout · x̂).",
        ),
        (
            "dbeta_mean",
            {"dbeta": "mean"},
            "Your dbeta is a mean over the examples. It is their sum: Σ dout.",
        ),
        (
            "dbeta_row",
            {"dbeta": "row"},
            "Your dbeta has shape (1, D). It has the shape of beta, (D,).",
        ),
        (
            "dbeta_over_features",
            {"dbeta": "features"},
            "Your dbeta sums over the features of each example. It sums over the examples, for "
            "each feature.",
        ),
        (
            "dbeta_total",
            {"dbeta": "total"},
            "Your dbeta is one number, the sum of all of dout. Each feature has its own: the sum "
            "over the examples.",
        ),
        (
            "dbeta_not_summed",
            {"dbeta": "none"},
            "Your dbeta is dout itself. beta serves all examples, so it is the sum over them.",
        ),
        (
            "dbeta_first",
            {"order": "dx, dbeta, dgamma"},
            "Your backward pass returns dx, dbeta, dgamma. The order is dx, dgamma, dbeta.",
        ),
        (
            "dx_last",
            {"order": "dgamma, dbeta, dx"},
            "Your backward pass returns dgamma, dbeta, dx. The order is dx, dgamma, dbeta.",
        ),
        (
            "dout_changed",
            {"dout": "changed"},
            "Your gradients are right, but dout was multiplied by gamma in place, so the caller's "
            "dout is changed. Leave dout as it is.",
        ),
        (
            "float64",
            {"dtype": "float64"},
            "Your gradients are float64 whatever the inputs are. They have the dtype of dout.",
        ),
    ),
    *SWITCHES.mistakes(
        "dropout_forward",
        (
            "p_keeps",
            {"dropped": "1 - p", "scale": "p"},
            "Your p is the probability with which an element is kept. Here p is the probability "
            "with which it is dropped; what is kept is divided by 1 - p.",
        ),
        (
            "kept_with_p",
            {"dropped": "1 - p"},
            "You keep an element with probability p and divide it by 1 - p. p is the probability "
            "with which an element is dropped.",
        ),
        (
            "not_scaled",
            {"scale": "none"},
            "In train mode you do not scale what is kept. It is divided by 1 - p, so that its mean "
            "is the same in both modes.",
        ),
        (
            "scaled_in_test_mode",
            {"scale": "none", "test": "times 1 - p"},
            "You scale by 1 - p in test mode. Here the scaling is done in train mode, where what "
            "is kept is divided by 1 - p; in test mode the output is x.",
        ),
        (
            "divided_by_p",
            {"scale": "p"},
            "In train mode you divide what is kept by p. It is divided by 1 - p, the probability "
            "with which an element is kept.",
        ),
        (
            "multiplied",
            {"scale": "times 1 - p"},
            "In train mode you multiply what is kept by 1 - p. It is divided by it.",
        ),
        (
            "multiplied_by_p",
            {"scale": "times p"},
            "In train mode you multiply what is kept by p. It is divided by 1 - p.",
        ),
        (
            "scaled_twice",
            {"scale": "squared"},
            "In train mode you divide what is kept by 1 - p twice: in the mask and once more.",
        ),
        (
            "scaled_by_root",
            {"scale": "root"},
            "In train mode you divide what is kept by √(1 - p). It is divided by 1 - p.",
        ),
        (
            "whole_examples",
            {"draws": "examples"},
            "You drop an example with all its features, or none of it. Every element is drawn by "
            "itself.",
        ),
        (
            "whole_features",
            {"draws": "features"},
            "You drop the same features in all examples of the batch. Every element is drawn by "
            "itself.",
        ),
        (
            "normal_draws",
            {"draws": "normal"},
            "You compare p with numbers of a normal distribution, as randn draws them. With "
            "uniform numbers from 0 to 1 the share that is dropped is p.",
        ),
        (
            "seed_fixed",
            {"seed": "fixed"},
            "Every call of yours drops the same elements, whatever seed says. A seed of "
            "dropout_param's is used where there is one; else each call draws anew.",
        ),
        (
            "dropped_in_test_mode",
            {"test": "dropped"},
            "You drop elements in test mode too. There the output is x.",
        ),
        (
            "test_scaled",
            {"test": "times 1 - p"},
            "You scale by 1 - p in test mode, though what is kept is divided by it in train mode "
            "already. In test mode the output is x.",
        ),
        (
            "test_scaled_by_p",
            {"test": "times p"},
            "You scale by p in test mode. There the output is x.",
        ),
        (
            "test_divided",
            {"test": "divided"},
            "You divide by 1 - p in test mode. There the output is x.",
        ),
        (
            "test_zero",
            {"test": "zero"},
            "Your output in test mode is zero. There it is x.",
        ),
        (
            "x_changed",
            {"x": "changed"},
            "Your output is right, but it was made in x itself, so the caller's x is changed. "
            "Leave x as it is, and compute the output in a new array.",
        ),
        (
            "float64",
            {"dtype": "float64"},
            "Your output is float64 whatever x is. It has the dtype of x: make the mask of that "
            "dtype.",
        ),
    ),
    *SWITCHES.mistakes(
        "dropout_backward",
        (
            "not_masked",
            {"dx": "none"},
            "In train mode your dx is dout: what was dropped passes its gradient. It is "
            "dout · mask, with the mask of the forward pass.",
        ),
        (
            "mask_only",
            {"dx": "mask"},
            "In train mode your dx is the mask itself. It is dout · mask.",
        ),
        (
            "not_scaled",
            {"dx": "unscaled"},
            "In train mode your dx is 0 where x was dropped and dout elsewhere. Elsewhere it is "
            "dout divided by 1 - p, as x was.",
        ),
        (
            "scaled_twice",
            {"dx": "scaled twice"},
            "In train mode your dx is divided by 1 - p once more than x was. The mask holds that "
            "factor already.",
        ),
        (
            "multiplied",
            {"dx": "times 1 - p"},
            "In train mode your dx is multiplied by 1 - p where x was kept. It is divided by it, "
            "as x was.",
        ),
        (
            "scaled_only",
            {"dx": "scaled only"},
            "In train mode your dx is dout / (1 - p) everywhere. It is 0 where x was dropped.",
        ),
        (
            "turned",
            {"dx": "turned"},
            "In train mode your dx passes dout where x was dropped. It passes it where x was kept.",
        ),
        (
            "sign_of_dout",
            {"dx": "sign of dout"},
            "In train mode your dx is 0 where dout is negative. Only the mask decides.",
        ),
        (
            "test_zero",
            {"test": "zero"},
            "In test mode your dx is zero. There it is dout: nothing was dropped.",
        ),
        (
            "test_scaled",
            {"test": "scaled"},
            "In test mode your dx is dout · (1 - p). There it is dout.",
        ),
        (
            "test_divided",
            {"test": "divided"},
            "In test mode your dx is dout / (1 - p). There it is dout.",
        ),
        (
            "dout_changed",
            {"dout": "changed"},
            "Your dx is right, but it was made in dout itself, so the caller's dout is changed. "
            "Leave dout as it is.",
        ),
    ),
    *SWITCHES.mistakes(
        "affine_batchnorm_relu",
        (
            "without_batchnorm",
            {"forward": "affine, relu"},
            "Your layer has no batch normalization between the affine layer and the ReLU.",
        ),
        (
            "without_relu",
            {"forward": "affine, norm"},
            "Your layer ends with the batch normalization: what the ReLU makes of it is lost.",
        ),
        (
            "relu_before_batchnorm",
            {"forward": "affine, relu, norm"},
            "Your ReLU stands before the batch normalization. The order is affine layer, batch "
            "normalization, ReLU.",
        ),
        (
            "bn_param_copied",
            {"bn_param": "copy"},
            "You give batch normalization a copy of bn_param, so the running averages are lost. "
            "Hand on bn_param itself: it is changed in place.",
        ),
        (
            "always_train",
            {"bn_param": "train"},
            "Your layer works in train mode whatever bn_param says. Its mode decides.",
        ),
        (
            "backward_without_relu",
            {"backward": "norm, affine"},
            "Your backward pass leaves out the ReLU: dout goes straight into the batch "
            "normalization.",
        ),
        (
            "backward_without_batchnorm",
            {"backward": "relu, affine"},
            "Your backward pass leaves out the batch normalization on the way to the affine layer: "
            "what comes out of its backward function is the affine layer's dout.",
        ),
        (
            "relu_of_dout",
            {"backward": "relu of dout, norm, affine"},
            "Your backward pass lets dout's own sign decide in the ReLU. What went into the ReLU "
            "decides: it is in its cache.",
        ),
        (
            "dbeta_first",
            {"order": "dbeta, dgamma"},
            "Your backward pass returns dbeta before dgamma. The order is dx, dw, db, dgamma, "
            "dbeta.",
        ),
        (
            "dgamma_and_dbeta_first",
            {"order": "first"},
            "Your backward pass returns dgamma and dbeta before the rest. The order is dx, dw, db, "
            "dgamma, dbeta.",
        ),
    ),
    *SWITCHES.mistakes(
        "fc_net",
        (
            "gamma_zero",
            {"gamma": "zeros"},
            "Your gamma starts at 0, so that nothing passes the batch normalization. It starts at "
            "1.",
        ),
        (
            "gamma_random",
            {"gamma": "random"},
            "Your gamma is drawn at random, as only the weights should be. It starts at 1.",
        ),
        (
            "gamma_row",
            {"gamma": "row"},
            "Your gamma has shape (1, units). It has one number for each unit: shape (units,).",
        ),
        (
            "beta_one",
            {"beta": "ones"},
            "Your beta starts at 1. It starts at 0.",
        ),
        (
            "beta_random",
            {"beta": "random"},
            "Your beta is drawn at random, as only the weights should be. It starts at 0.",
        ),
        (
            "last_layer_normalized",
            {"last": "normalized"},
            "Your last layer has gamma and beta too. Only the hidden layers have batch "
            "normalization: there are L - 1 of each.",
        ),
        (
            "gamma_always",
            {"parameters": "always"},
            "Your params have gamma and beta without batch normalization too. They are there only "
            "with use_batchnorm=True.",
        ),
        (
            "numbered_from_zero",
            {"first": 0},
            "Your gamma and beta are numbered from 0. They are gamma1 and beta1 in the first "
            "layer, as W1 and b1.",
        ),
        (
            "biases_left_out",
            {"biases": "left out"},
            "Your hidden layers have no biases beside batch normalization. They are of no use "
            "there, but params has a b for every layer.",
        ),
        (
            "weight_scale_ignored",
            {"weights": "unscaled"},
            "Your weights have the standard deviation 1: weight_scale is not used. It says what "
            "their standard deviation should be.",
        ),
        (
            "he_initialization",
            {"weights": "he"},
            "Your weights are scaled by the size of their layer, √(2/D), as He et al. do. Here "
            "their standard deviation is weight_scale.",
        ),
        (
            "dtype_ignored",
            {"dtype": "float64"},
            "Your parameters are float64 whatever dtype says. Convert each of them to dtype.",
        ),
        (
            "float32_only",
            {"dtype": "float32"},
            "Your parameters are float32 whatever dtype says. Convert each of them to dtype.",
        ),
        (
            "batchnorm_left_out",
            {"norm": "never"},
            "Your network has no batch normalization, whatever use_batchnorm says. With it every "
            "hidden layer is affine, batch normalization, ReLU.",
        ),
        (
            "first_layer_not_normalized",
            {"norm": "not first"},
            "Your first layer has no batch normalization. With use_batchnorm=True every hidden "
            "layer has one.",
        ),
        (
            "bn_param_shared",
            {"bn_params": "shared"},
            "All your layers use the first dictionary of bn_params, so they mix their running "
            "averages. Layer i has the one at position i - 1.",
        ),
        (
            "bn_params_copied",
            {"bn_params": "copied"},
            "Your layers get copies of the dictionaries of bn_params, so their running averages "
            "are lost after each call. Hand on the dictionaries themselves.",
        ),
        (
            "train_mode_without_y",
            {"test": "batch"},
            "Your batch normalization works in train mode without y as well. There it works in "
            "test mode, by the running averages.",
        ),
        (
            "drops_without_y",
            {"test": "drops"},
            "Your network drops elements without y as well. There dropout works in test mode.",
        ),
        (
            "relu_first",
            {"relu": "before"},
            "Your ReLU stands before the batch normalization. In a hidden layer the order is "
            "affine, batch normalization, ReLU, dropout.",
        ),
        (
            "no_relu",
            {"relu": "none"},
            "Your hidden layers have no ReLU. Each is affine, batch normalization if asked for, "
            "ReLU, dropout if asked for.",
        ),
        (
            "dropout_left_out",
            {"dropout": "never"},
            "Your network has no dropout, whatever dropout says. With dropout > 0 there is a "
            "dropout layer after the ReLU of every hidden layer.",
        ),
        (
            "dropout_before_batchnorm",
            {"dropout": "before norm"},
            "Your dropout stands before the batch normalization. In a hidden layer the order is "
            "affine, batch normalization, ReLU, dropout.",
        ),
        (
            "dropout_of_scores",
            {"dropout": "scores too"},
            "Your network drops scores as well. Dropout follows the hidden layers only.",
        ),
        (
            "dropout_of_input",
            {"dropout": "input"},
            "Your network drops elements of X as well. Dropout follows the hidden layers only.",
        ),
        (
            "dropout_once",
            {"dropout": "first only"},
            "Only your first layer has dropout. It follows every hidden layer.",
        ),
        (
            "dropout_not_backwards",
            {"dropout_back": "left out"},
            "Your backward pass leaves out dropout. The gradient passes through the dropout layer "
            "of each hidden layer first.",
        ),
        (
            "dropout_cache_of_last",
            {"dropout_back": "last cache"},
            "Your backward pass uses the last dropout layer's cache for all of them. Keep one for "
            "each layer.",
        ),
        (
            "batchnorm_not_backwards",
            {"norm_back": "left out"},
            "Your backward pass leaves out the batch normalization: the affine layer gets the dout "
            "of the ReLU.",
        ),
        (
            "gamma_gradients_missing",
            {"grads": "no gamma"},
            "Your grads lack gamma and beta. Every name in params has a gradient.",
        ),
        (
            "bias_gradients_missing",
            {"grads": "no biases"},
            "Your grads lack the biases. Every name in params has a gradient.",
        ),
        (
            "gamma_and_beta_gradients_swapped",
            {"grads": "swapped"},
            "The gradients of your gamma and beta are under each other's name.",
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
            "gradient_without_reg",
            {"gradient": 0.0},
            "Your loss has the regularization, but your gradients leave it out. The gradient of "
            "each W has reg·W on top.",
        ),
        (
            "reg_whole",
            {"loss": 1.0, "gradient": 2.0},
            "Your loss has reg·ΣW² and your gradients 2·reg·W: they fit each other, but the "
            "factor 0.5 is missing. The loss has 0.5·reg·ΣW², so each gradient has reg·W.",
        ),
        (
            "loss_without_half",
            {"loss": 1.0},
            "Your loss has reg·ΣW²: the factor 0.5 is missing. It has 0.5·reg·ΣW², whose gradient "
            "is the reg·W that you have.",
        ),
        (
            "all_regularized",
            {"loss_of": "all", "gradient_of": "all"},
            "Your regularization takes in all parameters. Only weights count, in the loss and in "
            "the gradients: not b, gamma and beta.",
        ),
        (
            "gamma_regularized",
            {"loss_of": "gammas", "gradient_of": "gammas"},
            "Your regularization takes in gamma as well. Only weights count, in the loss and in "
            "the gradients.",
        ),
        (
            "biases_regularized",
            {"loss_of": "biases", "gradient_of": "biases"},
            "Your regularization takes in the biases as well. Only weights count, in the loss and "
            "in the gradients.",
        ),
        (
            "last_not_regularized",
            {"loss_of": "hidden", "gradient_of": "hidden"},
            "Your regularization leaves out the weights of the last layer. Those of every layer "
            "count, in the loss and in the gradients.",
        ),
    ),
)
"""All known mistakes, task by task in the order of the notebook's cells."""
