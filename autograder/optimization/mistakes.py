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

OPAQUE = {"layer_utils.affine_relu_forward": 1}
"""The position of a returned value that only the student's own code reads: it is never compared."""
STATE = frozenset({"velocity", "a", "v", "t"})
"""What a rule keeps in config. Whatever else a student keeps there is nobody's concern."""
DRAWN = frozenset({"params"})
"""The attributes that hold random numbers when they are read."""
SETTINGS = frozenset({"learning_rate", "momentum", "decay_rate", "beta1", "beta2", "epsilon"})
"""What a rule reads from config, and has a default for."""
VARIANTS = {
    "sgd_momentum.never_stored": "sgd_momentum.not_stored",
    "sgd_nesterov_momentum.never_stored": "sgd_nesterov_momentum.not_stored",
    "rmsprop.never_stored": "rmsprop.not_stored",
    "adam.t_never_stored": "adam.t_not_stored",
}
"""Mistakes that are another one, whose sentence is true as well, where config holds the state."""


# -- the switches ----------------------------------------------------------------------------------

RULE = {
    "defaults": "always",  # "state", "never": what a dictionary that is passed in still gets
    "learning_rate": None,  # a number: whatever config says
    "stored": "new",  # "never": what config lacks isn't put there either
    "name": "right",
}
MOMENTUM = RULE | {
    "momentum": None,  # a number: whatever config says
    "velocity": "right",  # or another of VELOCITIES
    "dw": "kept",  # "scaled": multiplied by the learning rate where it is
}
AVERAGE = {
    "direction": 1,  # -1: up the gradient
    "epsilon": None,  # a number: whatever config says
    "denominator": "right",  # or another of DENOMINATORS
    "state": "new",  # "old": the step is taken before the state is updated
}
SWITCHES = Switches(
    {
        "sgd_momentum": MOMENTUM | {"step": "momentum"},  # or another of STEPS
        "sgd_nesterov_momentum": MOMENTUM | {"step": "nesterov"},
        "rmsprop": RULE
        | AVERAGE
        | {
            "decay_rate": None,  # a number: whatever config says
            "average": "right",  # or another of AVERAGES
            "power": 2,
            "numerator": "g",  # "1"
        },
        "adam": RULE
        | AVERAGE
        | {
            "betas": "right",  # "swapped", "same", "fixed"
            "averages": "right",  # or another of AVERAGES, for both moments
            "square": "g²",  # "g", "v²", "swapped": the first moment averages g², the second g
            "share": "1 - β₂",  # "1 - β₁": of the square in the second moment
            "grown": "own",  # "v": the second moment goes on from the first
            "numerator": "v̂",  # "g"
            "moments": "right",  # "swapped" in the step, "both v", "both a"
            "correction": "both",  # "none", "first", "second", "multiplied", "betas swapped"
            "power": "t",  # a number, or "(1 - β)ᵗ"
            "count": (1, 1),  # what is added to t for the correction, and to the t that is stored
            "clock": "runs",  # "stands": every step is the first
            "start": 0,  # t where config has none
            "rate": "right",  # "1/√t", "kept": the corrected rate is stored as learning_rate
        },
        "affine_forward": {
            "flatten": "right",  # or another of FLATTENINGS
            "product": "x·w",  # "w·x"
            "bias": "added",  # "none", "weights", "twice", "subtracted"
            "relu": False,
            "cache": "x",  # "flat"
        },
        "affine_backward": {
            "flatten": "right",
            "dx": "right",  # "flat", "w", "mean"
            "dw": "right",  # "transposed", "mean"
            "db": "right",  # "row", "mean", "features", "total", "none", "ones"
            "order": "dx, dw, db",  # "dw, dx, db"
        },
        "relu_forward": {"function": "right", "x": "kept"},  # or another of RECTIFIERS; "changed"
        "relu_backward": {"function": "right", "dout": "kept"},  # or another of MASKS; "changed"
        "affine_relu": {
            "forward": "affine, relu",  # "affine", "relu, affine"
            "backward": "relu, affine",  # "affine", "affine, relu", "mask of dout", "mask of x"
        },
        "fc_net": {
            "names": 1,  # number of the first layer
            "layers": "all",  # "hidden": the last one gets no parameters
            "weights": "right",  # or another of SPREADS
            "biases": "zeros",  # "row", "random", "ones"
            "classes": None,  # a number: whatever num_classes says
            "input": None,  # a number: whatever input_dim says
            "dtype": "right",  # "ignored", "float32"
            "relu": "between",  # "none", "everywhere"
            "scores": "right",  # "softmax"
            "loss": 0.5,  # factor of reg · ΣW² in the loss
            "loss_of": "weights",  # "all", "hidden", "last"
            "norm": "squares",  # "absolute values", "square of sum", "root"
            "gradient": 1.0,  # factor of reg · W in the gradients
            "gradient_of": "weights",
            "examples": False,  # reg is divided by N
            "mean": "once",  # "twice": gradients divided by N again
            "backward": "right",  # "without relu"
            "grads": "all",  # "weights": those of the biases are missing
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
        "affine_forward": _affine_forward(on["affine_forward"]),
        "affine_backward": _affine_backward(on["affine_backward"]),
        "relu_forward": _relu_forward(on["relu_forward"]),
        "relu_backward": _relu_backward(on["relu_backward"]),
    }
    layers |= _affine_relu(on["affine_relu"], layers)
    modules = {"affine_relu_forward": "layer_utils", "affine_relu_backward": "layer_utils"}
    return {
        "optim.sgd_momentum": _with_velocity(on["sgd_momentum"]),
        "optim.sgd_nesterov_momentum": _with_velocity(on["sgd_nesterov_momentum"]),
        "optim.rmsprop": _rmsprop(on["rmsprop"]),
        "optim.adam": _adam(on["adam"]),
        **{f"{modules.get(name, 'layers')}.{name}": function for name, function in layers.items()},
        "fc_net.FullyConnectedNet": _network(on["fc_net"], layers),
    }


# -- update rules ----------------------------------------------------------------------------------


def _opened(on, config, state, **defaults):
    """``config`` with the state that it lacks, and the settings; these aren't put into it.

    Raises KeyError for what is missing and has, under the switches, no default.
    """
    settings = defaults if config is None else {**defaults, **config}
    if config is not None and on["defaults"] != "always":
        settings = {name: config[name] for name in defaults}
    if config is None or on["defaults"] != "never":
        config = {} if config is None else config
        for name, start in state.items() if on["stored"] != "never" else ():
            config.setdefault(name, start)
    fixed = {name: on[name] for name in defaults.keys() & on.keys() if on[name] is not None}
    return config, settings | fixed


VELOCITIES: dict[str, Callable] = {  # v ← k·v - c·g: (k, c)
    "right": lambda mu, rate: (mu, rate),
    "ascent": lambda mu, rate: (mu, -rate),
    "negative momentum": lambda mu, rate: (-mu, rate),
    "no memory": lambda mu, rate: (0.0, rate),
    "no decay": lambda mu, rate: (1.0, rate),
    "complement": lambda mu, rate: (1 - mu, rate),
    "swapped": lambda mu, rate: (rate, mu),
    "dampened": lambda mu, rate: (mu, (1 - mu) * rate),
    "rate on both": lambda mu, rate: (rate * mu, rate),
    "plus gradient": lambda mu, _: (mu, -1.0),
    "minus gradient": lambda mu, _: (mu, 1.0),
    "average": lambda mu, _: (mu, mu - 1),
}
STEPS: dict[str, Callable] = {  # w ← w + n·v_new + o·v_old - s·g: (n, o, s)
    "momentum": lambda *_: (1.0, 0.0, 0.0),
    "minus": lambda *_: (-1.0, 0.0, 0.0),
    "rate": lambda mu, rate: (rate, 0.0, 0.0),
    "minus rate": lambda mu, rate: (-rate, 0.0, 0.0),
    "old": lambda *_: (0.0, 1.0, 0.0),
    "extra": lambda mu, rate: (1.0, 0.0, rate),
    "gradient": lambda mu, rate: (0.0, 0.0, rate),
    "nesterov": lambda mu, _: (1 + mu, -mu, 0.0),
    "plus old": lambda mu, _: (1 + mu, mu, 0.0),
    "old missing": lambda mu, _: (1 + mu, 0.0, 0.0),
    "only minus old": lambda mu, _: (1.0, -mu, 0.0),
    "ahead only": lambda mu, _: (mu, 0.0, 0.0),
    "flipped": lambda mu, _: (1 - mu, mu, 0.0),
    "whole difference": lambda *_: (2.0, -1.0, 0.0),
    "swapped": lambda mu, _: (-mu, 1 + mu, 0.0),
    "complement": lambda mu, _: (1 - mu, -mu, 0.0),
    "ascended": lambda mu, _: (-1 - mu, mu, 0.0),
    "scaled": lambda mu, rate: (-rate * mu, 0.0, rate),
}


def _with_velocity(on):
    def rule(w, dw, config=None):
        state = {"velocity": np.zeros_like(w)}
        config, settings = _opened(on, config, state, learning_rate=1e-2, momentum=0.9)
        rate, mu = settings["learning_rate"], settings["momentum"]
        name = "velocity" if on["name"] == "right" else "v"
        optional = on["name"] != "right" or on["stored"] == "never"
        old = config.get(name, np.zeros_like(w)) if optional else config[name]
        keep, pull = VELOCITIES[on["velocity"]](mu, rate)
        velocity = keep * old - pull * dw
        new, before, gradient = STEPS[on["step"]](mu, rate)
        next_w = w + new * velocity + before * old - gradient * dw
        if on["dw"] == "scaled":
            dw *= rate
        if on["stored"] == "ahead":
            velocity = mu * velocity - rate * dw
        if on["stored"] not in {"old", "never"}:
            config[name] = velocity
        return next_w, config

    return rule


AVERAGES: dict[str, Callable] = {  # a ← k·a + c·g²: (k, c)
    "right": lambda beta, _: (beta, 1 - beta),
    "swapped": lambda beta, _: (1 - beta, beta),
    "sum": lambda *_: (1.0, 1.0),
    "undamped": lambda beta, _: (beta, 1.0),
    "no decay": lambda beta, _: (1.0, 1 - beta),
    "rate": lambda beta, rate: (beta, rate),
    "no memory": lambda beta, _: (0.0, 1 - beta),
    "latest": lambda *_: (0.0, 1.0),
}
DENOMINATORS: dict[str, Callable] = {  # the step, of η, what it goes along, a and ε
    "right": lambda rate, g, a, epsilon: rate * g / (np.sqrt(a) + epsilon),
    "inside": lambda rate, g, a, epsilon: rate * g / np.sqrt(a + epsilon),
    "both": lambda rate, g, a, epsilon: rate * g / (np.sqrt(a + epsilon) + epsilon),
    "squared": lambda rate, g, a, epsilon: rate * g / np.sqrt(a + epsilon**2),
    "no root": lambda rate, g, a, epsilon: rate * g / (a + epsilon),
    "no epsilon": lambda rate, g, a, _: rate * g / np.sqrt(a),
    "multiplied": lambda rate, g, a, epsilon: rate * g * (np.sqrt(a) + epsilon),
    "added after": lambda rate, g, a, epsilon: rate * g / np.sqrt(a) + epsilon,
    "added to w": lambda rate, g, a, epsilon: rate * g / np.sqrt(a) - epsilon,
    "added to rate": lambda rate, g, a, epsilon: (rate / np.sqrt(a) + epsilon) * g,
    "none": lambda rate, g, *_: rate * g,
}


def _rmsprop(on):
    @np.errstate(all="ignore")
    def rmsprop(w, dw, config=None):
        defaults = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8}
        config, settings = _opened(on, config, {"a": np.zeros_like(w)}, **defaults)
        rate, decay, epsilon = (settings[name] for name in defaults)
        name = "a" if on["name"] == "right" else "cache"
        optional = on["name"] != "right" or on["stored"] == "never"
        old = config.get(name, np.zeros_like(w)) if optional else config[name]
        keep, add = AVERAGES[on["average"]](decay, rate)
        new = keep * old + add * dw ** on["power"]
        numerator = dw if on["numerator"] == "g" else np.ones_like(dw)
        used = old if on["state"] == "old" else new
        step = DENOMINATORS[on["denominator"]](rate, numerator, used, epsilon)
        if on["stored"] not in {"old", "never"}:
            config[name] = np.sqrt(new) if on["stored"] == "root" else new
        return w - on["direction"] * step, config

    return rmsprop


def _betas(on, settings):
    """β₁ and β₂ as the switch has them."""
    first, second = settings["beta1"], settings["beta2"]
    return {
        "right": (first, second),
        "swapped": (second, first),
        "same": (first, first),
        "fixed": (0.9, 0.999),
    }[on["betas"]]


def _adam(on):
    first_name, second_name = {
        "right": ("v", "a"),
        "paper": ("m", "v"),
        "swapped": ("a", "v"),
    }[on["name"]]

    def corrected(moment, beta, t, which):
        if on["correction"] not in {"both", "betas swapped", "multiplied", which}:
            return moment
        power = t if on["power"] in {"t", "(1 - β)ᵗ"} else on["power"]
        factor = (1 - beta) ** power if on["power"] == "(1 - β)ᵗ" else 1 - beta**power
        return moment * factor if on["correction"] == "multiplied" else moment / factor

    @np.errstate(all="ignore")
    def adam(w, dw, config=None):
        state = {"v": np.zeros_like(w), "a": np.zeros_like(w), "t": on["start"]}
        was_missing = config is None or "t" not in config
        defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
        config, settings = _opened(on, config, state, **defaults)
        rate, epsilon = settings["learning_rate"], settings["epsilon"]
        beta1, beta2 = _betas(on, settings)
        before = config["t"] if on["clock"] == "runs" else 0
        t = before + on["count"][0]

        old_first = config.get(first_name, np.zeros_like(w))
        old_second = config.get(second_name, np.zeros_like(w))
        keep, add = AVERAGES[on["averages"]](beta1, rate)
        first = keep * old_first + add * (dw**2 if on["square"] == "swapped" else dw)
        square = {"g²": dw**2, "g": dw, "v²": first**2, "swapped": dw}[on["square"]]
        if on["share"] == "1 - β₂":
            keep, add = AVERAGES[on["averages"]](beta2, rate)
        else:
            keep = AVERAGES[on["averages"]](beta2, rate)[0]
        second = keep * (old_second if on["grown"] == "own" else old_first) + add * square

        used = (old_first, old_second) if on["state"] == "old" else (first, second)
        pair = (beta2, beta1) if on["correction"] == "betas swapped" else (beta1, beta2)
        unbiased_first = corrected(used[0], pair[0], t, "first")
        unbiased_second = corrected(used[1], pair[1], t, "second")
        numerator = dw if on["numerator"] == "g" else unbiased_first
        divisor = unbiased_second
        numerator, divisor = {
            "right": (numerator, divisor),
            "swapped": (divisor, numerator),
            "both v": (numerator, numerator),
            "both a": (divisor, divisor),
        }[on["moments"]]
        if on["rate"] == "1/√t":
            rate /= np.sqrt(t)
        if on["rate"] == "kept":
            rate *= np.sqrt(1 - beta2**t) / (1 - beta1**t)
            config["learning_rate"], numerator, divisor = float(rate), used[0], used[1]
        step = DENOMINATORS[on["denominator"]](rate, numerator, divisor, epsilon)

        if on["stored"] == "corrected":
            first, second = unbiased_first, unbiased_second
        if on["stored"] == "swapped":
            first, second = second, first
        if on["stored"] in {"new", "corrected", "swapped", "first"}:
            config[first_name] = first
        if on["stored"] in {"new", "corrected", "swapped", "second"}:
            config[second_name] = second
        if on["count"][1] is not None:
            config["t"] = before + on["count"][1]
        elif was_missing:
            del config["t"]
        return w - on["direction"] * step, config

    return adam


# -- layers ----------------------------------------------------------------------------------------

FLATTENINGS: dict[str, Callable] = {  # x (N, d_1, ..., d_k) as (N, D)
    "right": lambda x: x.reshape(x.shape[0], -1),
    "none": lambda x: x,
    "columns": lambda x: x.reshape(-1, x.shape[0]).T,
    "fortran": lambda x: x.reshape(x.shape[0], -1, order="F"),
    "images": lambda x: x.reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]),
}


def _affine_forward(on):
    def affine_forward(x, w, b):
        flat = FLATTENINGS[on["flatten"]](x)
        product = flat @ (w + b if on["bias"] == "weights" else w)
        if on["product"] == "w·x":
            product = w @ flat
        count = {"added": 1, "twice": 2, "subtracted": -1}.get(on["bias"], 0)
        out = product + count * b if count else product
        if on["relu"]:
            out = np.maximum(out, 0)
        return out, (flat if on["cache"] == "flat" else x, w, b)

    return affine_forward


def _affine_backward(on):
    def affine_backward(dout, cache):
        x, w, b = cache
        count = dout.shape[0]
        dx = dout @ (w if on["dx"] == "w" else w.T)
        dw = FLATTENINGS[on["flatten"]](x).T @ dout
        if on["dx"] == "mean":
            dx = dx / count
        if on["dx"] != "flat":
            dx = dx.reshape(x.shape)
        if on["dw"] == "transposed":
            dw = dw.T
        if on["dw"] == "mean":
            dw = dw / count
        db = {
            "right": lambda: dout.sum(axis=0),
            "row": lambda: dout.sum(axis=0, keepdims=True),
            "mean": lambda: dout.mean(axis=0),
            "features": lambda: dout.sum(axis=1),
            "total": dout.sum,
            "none": lambda: dout,
            "ones": lambda: np.ones_like(b),
        }[on["db"]]()
        return (dw, dx, db) if on["order"] == "dw, dx, db" else (dx, dw, db)

    return affine_backward


RECTIFIERS: dict[str, Callable] = {
    "right": lambda x: np.maximum(x, 0),
    "leaky": lambda x: np.where(x > 0, x, 0.01 * x),
    "absolute": np.abs,
    "clipped": lambda x: np.clip(x, 0, 1),
    "mask": lambda x: (x > 0).astype(x.dtype),
    "negative": lambda x: np.minimum(x, 0),
    "none": lambda x: x,
    "rows": lambda x: np.maximum(x.reshape(x.shape[0], -1), 0),
    "flat": lambda x: np.maximum(x.reshape(-1), 0),
}


def _relu_forward(on):
    def relu_forward(x):
        out = RECTIFIERS[on["function"]](x)
        if on["x"] == "changed":
            x[...] = out
        return out, x

    return relu_forward


def _rows(x):
    return x.reshape(x.shape[0], -1)


def _square(dout, x):
    """dout times the mask; of x of one dimension each row of the result is repeated."""
    dx = _rows(dout) * (_rows(x) > 0)
    return dx.reshape(x.shape) if x.ndim > 1 else dx * np.ones((1, len(x)))


MASKS: dict[str, Callable] = {
    "right": lambda dout, x: dout * (x > 0),
    "sign of dout": lambda dout, _: dout * (dout > 0),
    "both signs": lambda dout, x: dout * (x > 0) * (dout > 0),
    "no dout": lambda dout, x: (x > 0).astype(dout.dtype),
    "no mask": lambda dout, _: dout.copy(),
    "leaky": lambda dout, x: dout * np.where(x > 0, 1.0, 0.01),
    "times out": lambda dout, x: dout * np.maximum(x, 0),
    "times x": lambda dout, x: dout * x,
    "inverted": lambda dout, x: dout * (x < 0),
    "out": lambda _, x: np.maximum(x, 0),
    "sign of x": lambda dout, x: dout * np.sign(x),
    "rows": lambda dout, x: _rows(dout) * (_rows(x) > 0),
    "flat": lambda dout, x: dout.reshape(-1) * (x.reshape(-1) > 0),
    "rows of x": lambda dout, x: dout * (_rows(x) > 0),
    "column of x": lambda dout, x: dout * ((x if x.ndim > 1 else _rows(x)) > 0),
    "square": _square,
}


def _relu_backward(on):
    def relu_backward(dout, cache):
        dx = MASKS[on["function"]](dout, cache)
        if on["dout"] == "changed":
            dout[...] = dx
        return dx

    return relu_backward


def _affine_relu(on, layers):
    def affine_relu_forward(x, w, b):
        if on["forward"] == "relu, affine":
            rectified, relu_cache = layers["relu_forward"](x)
            out, affine_cache = layers["affine_forward"](rectified, w, b)
            return out, (affine_cache, relu_cache)
        hidden, affine_cache = layers["affine_forward"](x, w, b)
        out, relu_cache = layers["relu_forward"](hidden)
        return hidden if on["forward"] == "affine" else out, (affine_cache, relu_cache)

    def affine_relu_backward(dout, cache):
        affine_cache, relu_cache = cache
        if on["forward"] == "relu, affine" and on["backward"] == "relu, affine":
            dx, dw, db = layers["affine_backward"](dout, affine_cache)
            return layers["relu_backward"](dx, relu_cache), dw, db
        if on["backward"] == "affine, relu":
            dx, dw, db = layers["affine_backward"](dout, affine_cache)
            return layers["relu_backward"](dx, relu_cache), dw, db
        if on["backward"] == "mask of dout":
            dout, _ = layers["relu_forward"](dout)
        elif on["backward"] == "mask of x":
            dout = layers["relu_backward"](dout, affine_cache[0])
        elif on["backward"] == "relu, affine":
            dout = layers["relu_backward"](dout, relu_cache)
        return layers["affine_backward"](dout, affine_cache)

    return {
        "affine_relu_forward": affine_relu_forward,
        "affine_relu_backward": affine_relu_backward,
    }


# -- the network -----------------------------------------------------------------------------------

SPREADS: dict[str, Callable] = {  # weights of shape (D, M) for a weight_scale
    "right": lambda rng, scale, shape: rng.normal(0, scale, shape),
    "root": lambda rng, scale, shape: rng.normal(0, np.sqrt(scale), shape),
    "square": lambda rng, scale, shape: rng.normal(0, scale**2, shape),
    "fixed": lambda rng, _, shape: rng.normal(0, 1e-2, shape),
    "unscaled": lambda rng, _, shape: rng.normal(0, 1, shape),
    "he": lambda rng, _, shape: rng.normal(0, np.sqrt(2 / shape[0]), shape),
    "xavier": lambda rng, _, shape: rng.normal(0, np.sqrt(1 / shape[0]), shape),
    "uniform": lambda rng, scale, shape: scale * rng.uniform(-1, 1, shape),
    "positive": lambda rng, scale, shape: scale * rng.uniform(0, 1, shape),
    "zeros": lambda _, __, shape: np.zeros(shape),
    "transposed": lambda rng, scale, shape: rng.normal(0, scale, shape[::-1]),
}
BIASES: dict[str, Callable] = {
    "zeros": lambda rng, scale, units: np.zeros(units),
    "ones": lambda rng, scale, units: np.ones(units),
    "random": lambda rng, scale, units: rng.normal(0, scale, units),
    "row": lambda rng, scale, units: np.zeros((1, units)),
}
NORMS: dict[str, Callable] = {
    "squares": lambda w: np.sum(w**2),
    "absolute values": lambda w: np.sum(np.abs(w)),
    "square of sum": lambda w: np.sum(w) ** 2,
    "root": lambda w: np.sqrt(np.sum(w**2)),
}


def _softmax(scores):
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _softmax_loss(scores, y):
    """The provided loss, for a network that uses it as it should."""
    rows = np.arange(len(y))
    shifted = scores - scores.max(axis=1, keepdims=True)
    loss = float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, y]))
    dscores = _softmax(scores)
    dscores[rows, y] -= 1
    return loss, dscores / len(y)


def _regularized(which, first, last):
    """The names of the parameters, of layers ``first`` to ``last``, that are regularized."""
    numbers = range(first, last + 1)
    weights = [f"W{i}" for i in numbers]
    return {
        "weights": weights,
        "all": [*weights, *(f"b{i}" for i in numbers)],
        "hidden": weights[:-1],
        "first": weights[:1],
        "last": weights[-1:],
    }[which]


def _network(on, layers):
    def rectified(layer, last):
        return on["relu"] == "everywhere" or (on["relu"] == "between" and layer < last)

    class FullyConnectedNet:
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
            self.reg, self.dtype, self.params = reg, dtype, {}
            drawn = np.random.default_rng(seed)
            units = on["classes"] or num_classes
            sizes = [on["input"] or input_dim, *hidden_dims, units]
            count = self.num_layers - (on["layers"] == "hidden")
            for i in range(count):
                shape = (sizes[i], sizes[i + 1])
                number = on["names"] + i
                weights = SPREADS[on["weights"]](drawn, weight_scale, shape)
                biases = BIASES[on["biases"]](drawn, weight_scale, sizes[i + 1])
                for name, values in ((f"W{number}", weights), (f"b{number}", biases)):
                    kind = {"right": dtype, "float32": np.float32, "ignored": np.float64}
                    self.params[name] = values.astype(kind[on["dtype"]])

        def loss(self, X, y=None):
            first, last = on["names"], on["names"] + self.num_layers - 1
            hidden, caches = X.astype(self.dtype), {}
            for i in range(first, last + 1):
                forward = "affine_relu_forward" if rectified(i, last) else "affine_forward"
                hidden, caches[i] = layers[forward](
                    hidden, self.params[f"W{i}"], self.params[f"b{i}"]
                )
            scores = _softmax(hidden) if on["scores"] == "softmax" else hidden
            if y is None:
                return scores

            loss, dout = _softmax_loss(scores, y)
            reg = self.reg / len(y) if on["examples"] else self.reg
            if on["mean"] == "twice":
                dout = dout / len(y)
            grads = {}
            for i in reversed(range(first, last + 1)):
                cache, backward = caches[i], "affine_backward"
                if rectified(i, last) and on["backward"] == "right":
                    backward = "affine_relu_backward"
                elif rectified(i, last):
                    cache = cache[0]
                dout, grads[f"W{i}"], db = layers[backward](dout, cache)
                if on["grads"] == "all":
                    grads[f"b{i}"] = db
            for name in _regularized(on["loss_of"], first, last):
                loss += on["loss"] * reg * float(NORMS[on["norm"]](self.params[name]))
            for name in _regularized(on["gradient_of"], first, last):
                if name in grads and reg:  # else gradients of a wrong shape stay as they are
                    grads[name] = grads[name] + on["gradient"] * reg * self.params[name]
            return loss, grads

    return FullyConnectedNet


# -- the catalogue ---------------------------------------------------------------------------------


def _fixed(name: str, symbol: str, changes: dict[str, Any], value: str) -> tuple:
    return (
        f"{name}_fixed",
        changes,
        f"Your step uses {symbol} = {value} whatever `config` says: it is written into the code or "
        f'read under another name. The rule takes {symbol} from `config["{name}"]`.',
    )


def _shared(default_rate: float) -> list[tuple]:
    """What goes wrong alike in every update rule."""
    return [
        _fixed("learning_rate", "η", {"learning_rate": default_rate}, f"{default_rate:g}"),
        (
            "learning_rate_ignored",
            {"learning_rate": 1.0},
            "Your step has no learning rate in it: it is what the rule gives with η = 1. The rule "
            'multiplies the step by η, which is `config["learning_rate"]`.',
        ),
        (
            "defaults_need_none",
            {"defaults": "never"},
            "Your defaults count only when `config` is None, so a dictionary that holds just some "
            "settings ends in a KeyError. Whatever is missing gets its default, and state starts "
            "at zero.",
        ),
    ]


NOT_STORED = (
    'Your new {symbol} never reaches `config["{name}"]`: what is there after the step is the old '
    "one, so the next step starts from that. The rule remembers the new {symbol}."
)

NEVER_STORED = (
    'Your {symbol} is never put into `config`: where there is no `config["{name}"]` yet, there is '
    "none after the step either, so each step starts from zero. The rule remembers {symbol}."
)

VELOCITY: list[tuple] = [
    *_shared(1e-2),
    (
        "settings_need_none",
        {"defaults": "state"},
        "Your settings get their defaults only when `config` is None, so a dictionary that holds "
        "just some of them ends in a KeyError. Each setting that is missing gets its default.",
    ),
    _fixed("momentum", "μ", {"momentum": 0.9}, "0.9"),
    ("not_stored", {"stored": "old"}, NOT_STORED.format(symbol="v", name="velocity")),
    ("never_stored", {"stored": "never"}, NEVER_STORED.format(symbol="v", name="velocity")),
    (
        "stored_as_v",
        {"name": "v"},
        'Your steps are right, but you remember v under another name than `config["velocity"]`, '
        "which is where the rule keeps it and where others read it.",
    ),
    (
        "ascent",
        {"velocity": "ascent"},
        "Your velocity has the gradient with the wrong sign, μv + ηg, so w climbs. The rule "
        "subtracts: v ← μv - ηg.",
    ),
    (
        "negative_momentum",
        {"velocity": "negative momentum"},
        "Your velocity is -μv - ηg: the old velocity has the wrong sign and brakes. The rule "
        "keeps its direction: v ← μv - ηg.",
    ),
    (
        "no_memory",
        {"velocity": "no memory"},
        "Your velocity starts from zero in every step: it is just -ηg. The rule goes on from the "
        "velocity that `config` remembers: v ← μv - ηg.",
    ),
    (
        "no_decay",
        {"velocity": "no decay"},
        "Your velocity is v - ηg: the old one is kept whole. The rule first shrinks it by the "
        "momentum: v ← μv - ηg.",
    ),
    (
        "complement",
        {"velocity": "complement"},
        "Your velocity keeps the share 1 - μ of the old one. In the rule μ itself is the share "
        "that is kept: v ← μv - ηg.",
    ),
    (
        "swapped",
        {"velocity": "swapped"},
        "Your velocity is ηv - μg: momentum and learning rate have changed places. The rule has v "
        "← μv - ηg.",
    ),
    (
        "dampened",
        {"velocity": "dampened"},
        "Your velocity takes the gradient times (1 - μ)η, as an average would. The rule takes all "
        "of it: v ← μv - ηg.",
    ),
    (
        "rate_on_both",
        {"velocity": "rate on both"},
        "Your velocity is η(μv - g): the learning rate is applied to the old velocity once more, "
        "in every step. In the rule it belongs to the gradient only: v ← μv - ηg.",
    ),
    (
        "gradient_scaled",
        {"dw": "scaled"},
        "Your step is right, but it multiplies dw by the learning rate where it is, so the "
        "caller's gradient is changed. A rule only reads dw: compute with a new array.",
    ),
]

MISTAKES: tuple[Mistake, ...] = (
    *SWITCHES.mistakes(
        "sgd_momentum",
        *VELOCITY,
        (
            "velocity_negated",
            {"velocity": "ascent", "step": "minus"},
            "Your weights are right, but your velocity has the opposite sign: you store μv + ηg "
            "and subtract it. The rule stores v ← μv - ηg and adds it, so a velocity that is "
            "handed in counts the other way.",
        ),
        (
            "step_subtracted",
            {"step": "minus"},
            "Your velocity is right, but you subtract it: w - v moves against the descent. The "
            "minus is in the velocity already, and the rule adds: w ← w + v.",
        ),
        (
            "rate_outside",
            {"velocity": "plus gradient", "step": "minus rate"},
            "Your velocity is μv + g, and the learning rate comes in at the step, w - ηv. The "
            "rule has it in the velocity: v ← μv - ηg, then w ← w + v.",
        ),
        (
            "rate_outside_negated",
            {"velocity": "minus gradient", "step": "rate"},
            "Your velocity is μv - g, and the learning rate comes in at the step, w + ηv. The "
            "rule has it in the velocity: v ← μv - ηg, then w ← w + v.",
        ),
        (
            "average",
            {"velocity": "average", "step": "minus rate"},
            "Your velocity is an average of gradients, μv + (1 - μ)g, and your step is w - ηv. "
            "The rule lets the velocity add up: v ← μv - ηg, then w ← w + v.",
        ),
        (
            "rate_twice",
            {"step": "rate"},
            "Your step multiplies v by the learning rate once more: w + ηv. The velocity holds η "
            "already, and the rule adds it as it is: w ← w + v.",
        ),
        (
            "old_velocity",
            {"step": "old"},
            "Your step adds the velocity from before this step. The rule updates v first and adds "
            "the new one: w ← w + v.",
        ),
        (
            "extra_step",
            {"step": "extra"},
            "Your step is w + v - ηg: an SGD step on top of the momentum step, so this gradient "
            "counts twice. The velocity holds -ηg already: w ← w + v.",
        ),
        (
            "plain_sgd",
            {"step": "gradient"},
            "Your velocity is right, but your step does not use it: it is w - ηg, plain SGD. The "
            "rule moves by the velocity: w ← w + v.",
        ),
        (
            "nesterov",
            {"step": "nesterov"},
            "Your step is Nesterov's: it looks ahead by μ(v - v_old). Plain momentum just adds "
            "the new velocity: w ← w + v.",
        ),
    ),
    *SWITCHES.mistakes(
        "sgd_nesterov_momentum",
        *VELOCITY,
        (
            "plain_momentum",
            {"step": "momentum"},
            "Your step is w + v, plain momentum's: the look-ahead μ(v - v_old) is missing, or "
            "comes out as 0 because v_old was overwritten before it was used. The rule has w ← w "
            "+ v + μ(v - v_old).",
        ),
        (
            "old_added",
            {"step": "plus old"},
            "Your step adds μ times the old velocity where it should be subtracted. The rule has "
            "w ← w + v + μ(v - v_old).",
        ),
        (
            "old_missing",
            {"step": "old missing"},
            "Your step is w + v + μv: the old velocity is never subtracted. The rule looks ahead "
            "by the difference only: w ← w + v + μ(v - v_old).",
        ),
        (
            "new_missing",
            {"step": "only minus old"},
            "Your step is w + v - μv_old: the look-ahead has the old velocity but not the new "
            "one. The rule has w ← w + v + μ(v - v_old), in which v counts 1 + μ times.",
        ),
        (
            "ahead_only",
            {"step": "ahead only"},
            "Your step is w + μv: that is where momentum alone would carry w, without the step "
            "itself. The rule has w ← w + v + μ(v - v_old).",
        ),
        (
            "difference_flipped",
            {"step": "flipped"},
            "Your look-ahead is μ(v_old - v): the difference is the wrong way round. The rule has "
            "w ← w + v + μ(v - v_old).",
        ),
        (
            "difference_whole",
            {"step": "whole difference"},
            "Your look-ahead is v - v_old without the factor μ. The rule has w ← w + v + μ(v - "
            "v_old).",
        ),
        (
            "share_of_new",
            {"step": "complement"},
            "Your step is w - μv_old + (1 - μ)v: the new velocity counts 1 - μ times. The rule has "
            "w ← w + v + μ(v - v_old), in which it counts 1 + μ times.",
        ),
        (
            "velocities_swapped",
            {"step": "swapped"},
            "Your step is right but for the velocities, which have changed places: v_old counts 1 "
            "+ μ times and v is subtracted. The rule has w ← w + v + μ(v - v_old), v being the "
            "new one.",
        ),
        (
            "extra_step",
            {"step": "extra"},
            "Your step is w + v - ηg: the new velocity and one more step along the gradient, with "
            "no look-ahead. The rule has w ← w + v + μ(v - v_old).",
        ),
        (
            "velocity_negated",
            {"velocity": "ascent", "step": "ascended"},
            "Your weights are right, but your velocity has the opposite sign: you store μv + ηg "
            "and subtract. The rule stores v ← μv - ηg, so a velocity that is handed in counts "
            "the other way.",
        ),
        (
            "rate_outside",
            {"velocity": "plus gradient", "step": "scaled"},
            "Your velocity is μv + g, and the learning rate comes in at the step, w - η(g + μv), "
            "as some libraries do. The rule has it in the velocity: v ← μv - ηg.",
        ),
        (
            "ahead_stored",
            {"stored": "ahead"},
            "Your step is right, but you store μv - ηg of the new v, as if the velocity were "
            "updated twice. What the rule remembers is v itself, updated once.",
        ),
    ),
    *SWITCHES.mistakes(
        "rmsprop",
        *_shared(1e-2),
        _fixed("decay_rate", "β", {"decay_rate": 0.99}, "0.99"),
        (
            "decay_rate_0_9",
            {"decay_rate": 0.9},
            "Your average uses β = 0.9 whatever `config` says. The rule takes β from "
            '`config["decay_rate"]`, and 0.99 where that is missing.',
        ),
        _fixed("epsilon", "ε", {"epsilon": 1e-8}, "1e-8"),
        ("not_stored", {"stored": "old"}, NOT_STORED.format(symbol="a", name="a")),
        ("never_stored", {"stored": "never"}, NEVER_STORED.format(symbol="a", name="a")),
        (
            "root_stored",
            {"stored": "root"},
            "Your step is right, but you store √a, so the next average mixes a root with squares. "
            "The rule remembers a itself.",
        ),
        (
            "stored_as_cache",
            {"name": "cache"},
            'You remember the moving average under another name than `config["a"]`, which is '
            "where the rule keeps it: what `config` holds there is neither used nor updated.",
        ),
        (
            "adagrad",
            {"average": "sum"},
            "Your a is the sum of all squared gradients, as in AdaGrad. RMSProp forgets: a ← βa + "
            "(1 - β)g².",
        ),
        (
            "weights_swapped",
            {"average": "swapped"},
            "Your average is (1 - β)a + βg²: the two shares have changed places. The rule keeps "
            "the share β of the old average: a ← βa + (1 - β)g².",
        ),
        (
            "gradient_undamped",
            {"average": "undamped"},
            "Your average is βa + g²: the new square counts in full. The rule takes the share 1 - "
            "β of it: a ← βa + (1 - β)g².",
        ),
        (
            "no_decay",
            {"average": "no decay"},
            "Your average is a + (1 - β)g²: the old average never fades. The rule keeps the share "
            "β of it: a ← βa + (1 - β)g².",
        ),
        (
            "rate_in_average",
            {"average": "rate"},
            "Your average is βa + ηg²: the learning rate stands where 1 - β should. The rule has "
            "a ← βa + (1 - β)g².",
        ),
        (
            "no_memory",
            {"average": "no memory"},
            "Your a is (1 - β)g²: it starts from zero in every step. The rule goes on from the a "
            "that `config` remembers: a ← βa + (1 - β)g².",
        ),
        (
            "latest_square",
            {"average": "latest"},
            "Your a is just g², with no average over the steps. The rule has a ← βa + (1 - β)g².",
        ),
        (
            "not_squared",
            {"power": 1},
            "Your average takes the gradient as it is, so it can be negative and its root nan. "
            "The rule averages the squares: a ← βa + (1 - β)g².",
        ),
        (
            "old_average",
            {"state": "old"},
            "Your step divides by the root of the average from before this step. The rule updates "
            "a first and uses the new one.",
        ),
        (
            "epsilon_inside",
            {"denominator": "inside"},
            "Your step divides by √(a + ε): ε is inside the root. Here the rule adds it to the "
            "root, √a + ε.",
        ),
        (
            "epsilon_twice",
            {"denominator": "both"},
            "Your step has ε twice, in the root and beside it: √(a + ε) + ε. The rule adds it once "
            "only, to the root: √a + ε.",
        ),
        (
            "epsilon_squared",
            {"denominator": "squared"},
            "Your step divides by √(a + ε²): ε is inside the root, squared. The rule adds it as it "
            "is to the root, √a + ε.",
        ),
        (
            "no_root",
            {"denominator": "no root"},
            "Your step divides by a + ε: the square root is missing. The rule divides by √a + ε.",
        ),
        (
            "no_epsilon",
            {"denominator": "no epsilon"},
            "Your step divides by √a without ε, which gives nan where all gradients were 0. The "
            "rule divides by √a + ε.",
        ),
        (
            "epsilon_added_after",
            {"denominator": "added after"},
            "Your step divides by √a and then adds ε to the quotient: brackets are missing. The "
            "rule divides by the sum √a + ε.",
        ),
        (
            "epsilon_added_to_weights",
            {"denominator": "added to w"},
            "Your step is w - ηg / √a + ε: brackets are missing, so ε is added to the weights. The "
            "rule divides by the sum √a + ε.",
        ),
        (
            "epsilon_added_to_rate",
            {"denominator": "added to rate"},
            "Your step is (η / √a + ε)g: brackets are missing, so ε is added to the quotient. The "
            "rule divides by the sum √a + ε.",
        ),
        (
            "root_multiplied",
            {"denominator": "multiplied"},
            "Your step is multiplied by √a + ε. The rule divides by it.",
        ),
        (
            "plain_sgd",
            {"denominator": "none"},
            "Your a is right, but your step does not use it: it is w - ηg, plain SGD. The rule "
            "divides ηg by √a + ε.",
        ),
        (
            "gradient_forgotten",
            {"numerator": "1"},
            "Your step is η / (√a + ε), with no gradient in it, so it always goes one way. The "
            "rule has w ← w - ηg / (√a + ε).",
        ),
        (
            "ascent",
            {"direction": -1},
            "Your step has the wrong sign: it is added, and w climbs. The rule subtracts: w ← w - "
            "ηg / (√a + ε).",
        ),
    ),
    *SWITCHES.mistakes(
        "adam",
        *_shared(1e-3),
        _fixed("epsilon", "ε", {"epsilon": 1e-8}, "1e-8"),
        (
            "betas_fixed",
            {"betas": "fixed"},
            "Your step uses β₁ = 0.9 and β₂ = 0.999 whatever `config` says. The rule takes them "
            'from `config["beta1"]` and `config["beta2"]`.',
        ),
        (
            "betas_swapped",
            {"betas": "swapped"},
            "Your β₁ and β₂ have changed places. In the rule β₁ belongs to v, the average of "
            "gradients, and β₂ to a, the average of their squares.",
        ),
        (
            "beta1_for_both",
            {"betas": "same"},
            "Your second moment fades with β₁ as the first does. The rule has β₂ for it: a ← β₂a "
            "+ (1 - β₂)g².",
        ),
        (
            "share_of_beta1",
            {"share": "1 - β₁"},
            "Your second moment is β₂a + (1 - β₁)g²: the share of the new square has the other β. "
            "The rule has a ← β₂a + (1 - β₂)g².",
        ),
        (
            "second_from_first",
            {"grown": "v"},
            "Your second moment goes on from v: β₂v + (1 - β₂)g². It goes on from its own old "
            "value: a ← β₂a + (1 - β₂)g².",
        ),
        (
            "rate_in_averages",
            {"averages": "rate"},
            "Your moments are β₁v + ηg and β₂a + ηg²: the learning rate stands where 1 - β₁ and "
            "1 - β₂ should. The rule has v ← β₁v + (1 - β₁)g and a ← β₂a + (1 - β₂)g².",
        ),
        (
            "no_decay",
            {"averages": "no decay"},
            "Your moments are v + (1 - β₁)g and a + (1 - β₂)g²: the old ones never fade. The rule "
            "keeps the share β₁ of v and β₂ of a.",
        ),
        (
            "weights_swapped",
            {"averages": "swapped"},
            "Your averages give the share 1 - β to the old value and β to the new one. The rule "
            "has v ← β₁v + (1 - β₁)g and a ← β₂a + (1 - β₂)g².",
        ),
        (
            "gradients_undamped",
            {"averages": "undamped"},
            "Your moments are β₁v + g and β₂a + g²: the new gradient counts in full. The rule "
            "takes the share 1 - β₁ of g and 1 - β₂ of g².",
        ),
        (
            "no_memory",
            {"averages": "no memory"},
            "Your moments start from zero in every step. The rule goes on from the v and a that "
            "`config` remembers: v ← β₁v + (1 - β₁)g and a ← β₂a + (1 - β₂)g².",
        ),
        (
            "not_squared",
            {"square": "g"},
            "Your second moment averages the gradient as it is, so it can be negative and its "
            "root nan. The rule averages the squares: a ← β₂a + (1 - β₂)g².",
        ),
        (
            "square_of_moment",
            {"square": "v²"},
            "Your second moment averages the squares of v. The rule averages those of the "
            "gradient itself: a ← β₂a + (1 - β₂)g².",
        ),
        (
            "squares_swapped",
            {"square": "swapped"},
            "Your v averages the squares and your a the gradient itself: g and g² have changed "
            "places. The rule has v ← β₁v + (1 - β₁)g and a ← β₂a + (1 - β₂)g².",
        ),
        (
            "no_first_moment",
            {"numerator": "g"},
            "Your step moves along the gradient itself, as RMSProp does: the first moment is "
            "computed but not used. The rule moves along its corrected value, v / (1 - β₁ᵗ).",
        ),
        (
            "moments_swapped",
            {"moments": "swapped"},
            "Your step has v and a in each other's place. The rule divides the corrected v by the "
            "root of the corrected a, plus ε.",
        ),
        (
            "first_moment_for_both",
            {"moments": "both v"},
            "Your step divides the corrected v by the root of itself, plus ε. The rule divides it "
            "by √â + ε, and â is the corrected second moment.",
        ),
        (
            "second_moment_for_both",
            {"moments": "both a"},
            "Your step goes along the second moment: it is ηâ / (√â + ε), so no step goes down. "
            "The rule goes along the corrected first moment, ηv̂ / (√â + ε).",
        ),
        (
            "old_moments",
            {"state": "old"},
            "Your step uses v and a from before this step. The rule updates both first and uses "
            "the new ones.",
        ),
        (
            "no_correction",
            {"correction": "none"},
            "Your step is exactly Adam without the bias correction: the rule divides v by 1 - β₁ᵗ "
            "and a by 1 - β₂ᵗ before the step.",
        ),
        (
            "no_correction_no_count",
            {"correction": "none", "count": (0, 0)},
            "Your step is Adam without the bias correction, and you never count the steps in t. "
            "The rule has t ← t + 1 in each step, and divides v by 1 - β₁ᵗ and a by 1 - β₂ᵗ.",
        ),
        (
            "second_uncorrected",
            {"correction": "first"},
            "Your step corrects v but not a. The rule divides both, v by 1 - β₁ᵗ and a by 1 - "
            "β₂ᵗ, before the step.",
        ),
        (
            "first_uncorrected",
            {"correction": "second"},
            "Your step corrects a but not v. The rule divides both, v by 1 - β₁ᵗ and a by 1 - "
            "β₂ᵗ, before the step.",
        ),
        (
            "correction_multiplied",
            {"correction": "multiplied"},
            "Your correction multiplies the moments by 1 - βᵗ, which makes them still smaller. "
            "The rule divides by it, since averages that start at zero are too small at first.",
        ),
        (
            "correction_betas_swapped",
            {"correction": "betas swapped"},
            "Your correction divides v by 1 - β₂ᵗ and a by 1 - β₁ᵗ: the betas have changed places "
            "there. The rule has β₁ for v and β₂ for a.",
        ),
        (
            "exponent_one",
            {"power": 1},
            "Your correction divides by 1 - β in every step: the power is missing. The rule "
            "divides by 1 - βᵗ, which grows towards 1 with the number of steps t.",
        ),
        (
            "exponent_two",
            {"power": 2},
            "Your correction divides by 1 - β² in every step. The exponent in the rule is t, the "
            "number of steps: 1 - βᵗ.",
        ),
        (
            "power_outside",
            {"power": "(1 - β)ᵗ"},
            "Your correction divides by (1 - β)ᵗ: the power is taken of the difference. In the "
            "rule it is taken of β alone: 1 - βᵗ.",
        ),
        (
            "t_not_stored",
            {"count": (1, 0)},
            "You count the step but do not store the new t in `config`, so the next step uses the "
            "same t again. The rule remembers t ← t + 1.",
        ),
        (
            "t_never_stored",
            {"count": (1, None)},
            "You count the step but never put t into `config`: where there is no t yet, there is "
            "none after the step either, so every step is the first. The rule remembers t ← t + 1.",
        ),
        (
            "t_late",
            {"count": (0, 1)},
            "Your correction uses t before it is incremented, so the first step of all divides by "
            "1 - β⁰ = 0. The rule begins with t ← t + 1.",
        ),
        (
            "t_never_counted",
            {"count": (0, 0)},
            "Your t is never incremented, so every step is corrected alike, and from t = 0 by a "
            "division by 0. The rule begins each step with t ← t + 1.",
        ),
        (
            "t_twice",
            {"count": (2, 2)},
            "Your t is incremented twice in each step. The rule begins each step with t ← t + 1, "
            "just once.",
        ),
        (
            "t_ahead",
            {"count": (2, 1)},
            "Your correction uses t + 2 where t is what `config` holds, though you store t + 1. "
            "The rule increments t once, and uses what it stores.",
        ),
        (
            "t_again_after",
            {"count": (1, 2)},
            "Your t is incremented before the step, as it should be, and then once more when it "
            "is stored. The rule increments it once in each step.",
        ),
        (
            "t_reset",
            {"clock": "stands"},
            "Your t is 1 in every step: it does not go on from the t that `config` holds. The "
            "rule counts on: t ← t + 1.",
        ),
        (
            "t_from_one",
            {"start": 1},
            "Your t starts at 1 where `config` has none, so the first step is corrected with t = "
            "2. The rule starts it at 0 and increments it before it is used.",
        ),
        (
            "corrected_stored",
            {"stored": "corrected"},
            "Your step is right, but you store the corrected moments, so the next step corrects "
            "them once more. The rule remembers v and a as they are before the correction.",
        ),
        (
            "moments_stored_swapped",
            {"stored": "swapped"},
            "You store the moments in each other's place, so the next step takes one for the "
            'other. The first moment v belongs into `config["v"]`, the second into `config["a"]`.',
        ),
        (
            "names_swapped",
            {"name": "swapped"},
            'You keep the first moment in `config["a"]` and the second in `config["v"]`. It is the '
            "other way round here: v is the average of g, and a that of g².",
        ),
        (
            "moments_not_stored",
            {"stored": "none"},
            "Your new v and a never reach `config`: what is there after the step are the old "
            "ones. The rule remembers both, for the next step to go on from.",
        ),
        (
            "first_not_stored",
            {"stored": "second"},
            'Your new v never reaches `config["v"]`, so the next step starts from the old one. '
            "The rule remembers both moments.",
        ),
        (
            "second_not_stored",
            {"stored": "first"},
            'Your new a never reaches `config["a"]`, so the next step starts from the old one. '
            "The rule remembers both moments.",
        ),
        (
            "names_of_paper",
            {"name": "paper"},
            "You keep the moments under the names of the paper, m and v. Here the first moment is "
            '`config["v"]` and the second is `config["a"]`.',
        ),
        (
            "epsilon_inside",
            {"denominator": "inside"},
            "Your step divides by √(â + ε): ε is inside the root. Here the rule adds it to the "
            "root, √â + ε.",
        ),
        (
            "epsilon_twice",
            {"denominator": "both"},
            "Your step has ε twice, in the root and beside it: √(â + ε) + ε. The rule adds it once "
            "only, to the root: √â + ε.",
        ),
        (
            "epsilon_squared",
            {"denominator": "squared"},
            "Your step divides by √(â + ε²): ε is inside the root, squared. The rule adds it as it "
            "is to the root, √â + ε.",
        ),
        (
            "no_root",
            {"denominator": "no root"},
            "Your step divides by â + ε: the square root is missing. The rule divides by √â + ε.",
        ),
        (
            "no_epsilon",
            {"denominator": "no epsilon"},
            "Your step divides by √â without ε, which gives nan where all gradients were 0. The "
            "rule divides by √â + ε.",
        ),
        (
            "epsilon_added_after",
            {"denominator": "added after"},
            "Your step divides by √â and then adds ε to the quotient: brackets are missing. The "
            "rule divides by the sum √â + ε.",
        ),
        (
            "epsilon_added_to_weights",
            {"denominator": "added to w"},
            "Your step is w - ηv̂ / √â + ε: brackets are missing, so ε is added to the weights. The "
            "rule divides by the sum √â + ε.",
        ),
        (
            "epsilon_added_to_rate",
            {"denominator": "added to rate"},
            "Your step is (η / √â + ε)v̂: brackets are missing, so ε is added to the quotient. The "
            "rule divides by the sum √â + ε.",
        ),
        (
            "root_multiplied",
            {"denominator": "multiplied"},
            "Your step is multiplied by √â + ε. The rule divides by it.",
        ),
        (
            "no_second_moment",
            {"denominator": "none"},
            "Your step does not divide by the second moment: it is ηv̂, momentum with a "
            "correction. The rule divides it by √â + ε.",
        ),
        (
            "rate_decays",
            {"rate": "1/√t"},
            "Your learning rate shrinks with √t. The rule keeps η as `config` has it; a schedule "
            "is for the solver to apply.",
        ),
        (
            "rate_kept",
            {"rate": "kept"},
            "Your correction is put into the learning rate, which is fine, but then stored in "
            '`config["learning_rate"]`, so it is applied again in every step. The rule leaves η '
            "as it is.",
        ),
        (
            "ascent",
            {"direction": -1},
            "Your step has the wrong sign: it is added, and w climbs. The rule subtracts: w ← w - "
            "ηv̂ / (√â + ε).",
        ),
    ),
    *SWITCHES.mistakes(
        "affine_forward",
        (
            "not_flattened",
            {"flatten": "none"},
            "Your layer multiplies x as it is, which can't work when an example has several "
            "dimensions. Flatten each example to one row of D numbers first.",
        ),
        (
            "flattened_to_columns",
            {"flatten": "columns"},
            "You reshape x to N columns, which mixes numbers of different examples. Each example "
            "becomes one row: reshape to (N, D) directly.",
        ),
        (
            "flattened_in_other_order",
            {"flatten": "fortran"},
            "You flatten each example with its first dimension running fastest, as a "
            "transposition before the reshape does. The rule keeps numpy's own order, the last "
            "dimension running fastest.",
        ),
        (
            "only_images",
            {"flatten": "images"},
            "You flatten x as if an example always had three dimensions. It may have any number "
            "of them: their product is D.",
        ),
        (
            "product_turned",
            {"product": "w·x"},
            "Your layer multiplies w by x, and the shapes do not fit. The rule is x·w + b: (N, D) "
            "times (D, M).",
        ),
        (
            "no_bias",
            {"bias": "none"},
            "Your layer leaves out the bias: it is x·w. The rule is x·w + b.",
        ),
        (
            "bias_twice",
            {"bias": "twice"},
            "Your layer adds the bias twice: it is x·w + 2b. The rule adds it once: x·w + b.",
        ),
        (
            "bias_subtracted",
            {"bias": "subtracted"},
            "Your layer subtracts the bias: it is x·w - b. The rule adds it: x·w + b.",
        ),
        (
            "bias_on_weights",
            {"bias": "weights"},
            "Your layer adds b to the weights, x·(w + b), so it counts once for every feature. "
            "The rule adds it to the product: x·w + b.",
        ),
        (
            "rectified",
            {"relu": True},
            "Your affine layer cuts off what is negative. That is the task of the ReLU layer: "
            "this one returns x·w + b as it is.",
        ),
        (
            "flat_cache",
            {"cache": "flat"},
            "Your cache holds x flattened, so `affine_backward` can't give dx the shape of x. "
            "Keep x as it was passed in: use another name for the flattened one.",
        ),
    ),
    *SWITCHES.mistakes(
        "affine_backward",
        (
            "dx_flat",
            {"dx": "flat"},
            "Your dx is right but flat, of shape (N, D). It needs the shape that x was passed in "
            "with.",
        ),
        (
            "dx_untransposed",
            {"dx": "w"},
            "Your dx multiplies dout by w as it is, and the shapes do not fit. The rule has the "
            "transposed weights: dx = dout·wᵀ.",
        ),
        (
            "dx_mean",
            {"dx": "mean"},
            "Your dx is divided by the number of examples. The mean is taken in the loss, and its "
            "gradient dout holds that already: dx = dout·wᵀ.",
        ),
        (
            "dw_transposed",
            {"dw": "transposed"},
            "Your dw is transposed, of shape (M, D). It needs the shape of w: dw = xᵀ·dout.",
        ),
        (
            "dw_mean",
            {"dw": "mean"},
            "Your dw is divided by the number of examples. The mean is taken in the loss, and its "
            "gradient dout holds that already: dw = xᵀ·dout.",
        ),
        (
            "not_flattened",
            {"flatten": "none"},
            "Your dw uses x as it is, which can't work when an example has several dimensions. "
            "Flatten each example to one row of D numbers, as in the forward pass.",
        ),
        (
            "flattened_to_columns",
            {"flatten": "columns"},
            "For dw you reshape x to (D, N), which mixes numbers of different examples. Make rows "
            "of shape (N, D) first, and transpose those.",
        ),
        (
            "flattened_in_other_order",
            {"flatten": "fortran"},
            "For dw you flatten each example with its first dimension running fastest, so the "
            "rows of dw are in another order than those of w. Flatten as in the forward pass.",
        ),
        (
            "db_row",
            {"db": "row"},
            "Your db is right but of shape (1, M). It needs the shape of b: (M,).",
        ),
        (
            "db_mean",
            {"db": "mean"},
            "Your db is the mean over the examples. The mean is taken in the loss, and its "
            "gradient dout holds that already: db is the sum.",
        ),
        (
            "db_over_units",
            {"db": "features"},
            "Your db sums over the units and has one number for each example. The rule sums over "
            "the examples, so that each unit has one: (M,).",
        ),
        (
            "db_total",
            {"db": "total"},
            "Your db is a single number, the sum of all of dout. The rule sums over the examples "
            "only, so that each unit has its own: (M,).",
        ),
        (
            "db_not_summed",
            {"db": "none"},
            "Your db is dout itself, of shape (N, M). The same b is added to every example, so "
            "its gradient is the sum over the examples: (M,).",
        ),
        (
            "db_ones",
            {"db": "ones"},
            "Your db is all ones: that is how the output changes with b, before the chain rule. "
            "The rule multiplies by dout and sums over the examples.",
        ),
        (
            "order",
            {"order": "dw, dx, db"},
            "Your gradients are returned in another order: dw comes first. The order is dx, dw, "
            "db, that of x, w, b.",
        ),
    ),
    *SWITCHES.mistakes(
        "relu_forward",
        (
            "leaky",
            {"function": "leaky"},
            "Your layer lets through a hundredth of what is negative: a leaky ReLU. The rule "
            "makes it 0: max(0, x).",
        ),
        (
            "absolute",
            {"function": "absolute"},
            "Your layer returns the absolute value, so what is negative comes out positive. The "
            "rule makes it 0: max(0, x).",
        ),
        (
            "clipped",
            {"function": "clipped"},
            "Your layer also cuts off what is above 1. The rule has no upper end: max(0, x).",
        ),
        (
            "mask",
            {"function": "mask"},
            "Your layer returns 1 where x is positive, not x itself. The rule keeps the value: "
            "max(0, x).",
        ),
        (
            "negative_kept",
            {"function": "negative"},
            "Your layer keeps what is negative and cuts off what is positive: min(0, x). The rule "
            "is max(0, x).",
        ),
        (
            "not_applied",
            {"function": "none"},
            "Your layer returns x as it is. The rule makes what is negative 0: max(0, x).",
        ),
        (
            "flattened",
            {"function": "rows"},
            "Your layer flattens each example to a row, and its output stays that way. Its output "
            "has the shape of x: max(0, x) of each element needs no other.",
        ),
        (
            "flattened_whole",
            {"function": "flat"},
            "Your layer flattens x to one dimension, and its output stays that way. Its output has "
            "the shape of x: max(0, x) of each element needs no other.",
        ),
        (
            "x_changed",
            {"x": "changed"},
            "Your output is right, but your cache holds it in place of x: it was made in x itself, "
            "or given the name x. Leave x as it is, and compute the output in a new array.",
        ),
    ),
    *SWITCHES.mistakes(
        "relu_backward",
        (
            "sign_of_dout",
            {"function": "sign of dout"},
            "Your mask is where dout is positive, as if dout went through the ReLU itself. The "
            "gradient passes where x, the input of the forward pass, was positive.",
        ),
        (
            "both_signs",
            {"function": "both signs"},
            "Your gradient passes only where x and dout are both positive. The sign of x alone "
            "decides; dout may have either.",
        ),
        (
            "mask_only",
            {"function": "no dout"},
            "Your dx is the mask itself, 1 where x was positive. By the chain rule it is dout "
            "there, and 0 elsewhere.",
        ),
        (
            "no_mask",
            {"function": "no mask"},
            "Your dx is dout everywhere. Where x was negative the output did not depend on x, so "
            "the gradient there is 0.",
        ),
        (
            "leaky",
            {"function": "leaky"},
            "Your gradient is a hundredth of dout where x was negative: a leaky ReLU. The rule "
            "makes it 0 there.",
        ),
        (
            "times_output",
            {"function": "times out"},
            "Your dx multiplies dout by the output max(0, x). The derivative there is 1, not x: "
            "dx is dout where x was positive, else 0.",
        ),
        (
            "times_x",
            {"function": "times x"},
            "Your dx is dout times x. The derivative of the ReLU is 1 or 0: dx is dout where x "
            "was positive, else 0.",
        ),
        (
            "inverted",
            {"function": "inverted"},
            "Your mask is the wrong way round: dout passes where x was negative. It passes where "
            "x was positive.",
        ),
        (
            "forward_again",
            {"function": "out"},
            "Your dx is max(0, x), the forward pass again. The gradient is dout where x was "
            "positive, else 0.",
        ),
        (
            "sign_of_x",
            {"function": "sign of x"},
            "Your dx is dout times the sign of x, so it is -dout where x was negative. The rule "
            "makes it 0 there.",
        ),
        (
            "flattened",
            {"function": "rows"},
            "You flatten each example to a row, and your dx stays that way. It has the shape of x: "
            "each element of dout is kept or made 0 where it stands.",
        ),
        (
            "flattened_whole",
            {"function": "flat"},
            "You flatten x and dout to one dimension, and your dx stays that way. It has the shape "
            "of x: each element of dout is kept or made 0 where it stands.",
        ),
        (
            "mask_flattened",
            {"function": "rows of x"},
            "You flatten x to rows but not dout, so their shapes agree only for two dimensions: of "
            "shape (9,) they make (9, 9). Compare x with 0 in the shape that it has.",
        ),
        (
            "mask_in_a_column",
            {"function": "column of x"},
            "You turn an x of one dimension into a column, and times dout of shape (9,) that makes "
            "(9, 9). Your dx has the shape of x: compare x with 0 in the shape that it has.",
        ),
        (
            "square_in_one_dimension",
            {"function": "square"},
            "Your dx is right for two and more dimensions, but of shape (9, 9) for an x of shape "
            "(9,), each number in a row of its own. It has the shape of x, whatever that is.",
        ),
        (
            "dout_changed",
            {"dout": "changed"},
            "Your dx is right, but it was made in dout itself, so the caller's dout is changed. "
            "Leave dout as it is, and compute dx in a new array.",
        ),
    ),
    *SWITCHES.mistakes(
        "affine_relu",
        (
            "forward_without_relu",
            {"forward": "affine"},
            "Your forward pass returns the output of the affine layer: what the ReLU makes of it "
            "is lost. The rule is max(0, x·w + b).",
        ),
        (
            "relu_first",
            {"forward": "relu, affine"},
            "Your layers are in the other order: x goes through the ReLU and then through the "
            "affine layer. The rule is max(0, x·w + b).",
        ),
        (
            "backward_without_relu",
            {"backward": "affine"},
            "Your backward pass leaves out the ReLU: dout goes straight into the affine layer. It "
            "passes backwards through the ReLU first.",
        ),
        (
            "backward_in_forward_order",
            {"backward": "affine, relu"},
            "Your backward pass goes through the affine layer first and then through the ReLU, and "
            "the shapes do not fit. The last layer comes first: the ReLU, then the affine layer.",
        ),
        (
            "relu_of_dout",
            {"backward": "mask of dout"},
            "Your backward pass sends dout through the ReLU's forward pass, so that dout's own "
            "sign decides. It goes through its backward pass, with the ReLU's cache.",
        ),
        (
            "wrong_cache",
            {"backward": "mask of x"},
            "Your backward pass gives the ReLU the affine layer's input, and the shapes do not "
            "fit. The ReLU's cache is what went into the ReLU: x·w + b.",
        ),
    ),
    *SWITCHES.mistakes(
        "fc_net",
        (
            "numbered_from_zero",
            {"names": 0},
            "Your parameters are numbered from 0. The names start with W1 and b1, and loss must "
            "find them under those.",
        ),
        (
            "last_layer_missing",
            {"layers": "hidden"},
            "Your constructor makes parameters for the hidden layers only. The last layer, which "
            "gives the scores, needs its own: L layers in all.",
        ),
        (
            "weight_scale_as_variance",
            {"weights": "root"},
            "Your weights have the variance weight_scale, so their standard deviation is its "
            "root. weight_scale is the standard deviation itself.",
        ),
        (
            "weight_scale_squared",
            {"weights": "square"},
            "Your weights have the standard deviation weight_scale². It should be weight_scale "
            "itself.",
        ),
        (
            "weight_scale_fixed",
            {"weights": "fixed"},
            "Your weights have the standard deviation 0.01 whatever weight_scale says. It should "
            "be weight_scale, of which 0.01 is just the default.",
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
            "xavier_initialization",
            {"weights": "xavier"},
            "Your weights are scaled by the size of their layer, √(1/D), as Xavier's "
            "initialization does. Here their standard deviation is weight_scale.",
        ),
        (
            "uniform_weights",
            {"weights": "uniform"},
            "Your weights are spread evenly between -weight_scale and weight_scale. They should "
            "be drawn from a normal distribution with that standard deviation.",
        ),
        (
            "positive_weights",
            {"weights": "positive"},
            "Your weights are spread evenly between 0 and weight_scale, so none is negative. They "
            "should be drawn from a normal distribution around 0 with that standard deviation.",
        ),
        (
            "zero_weights",
            {"weights": "zeros"},
            "Your weights all start at 0, so that all units of a layer stay alike. They should be "
            "drawn at random, with standard deviation weight_scale.",
        ),
        (
            "weights_transposed",
            {"weights": "transposed"},
            "Your weights have shape (outputs, inputs). Each W of yours is to have shape (inputs, "
            "outputs), as the affine layer takes it.",
        ),
        (
            "row_biases",
            {"biases": "row"},
            "Your biases have shape (1, units). Each has one number for each unit: shape (units,).",
        ),
        (
            "random_biases",
            {"biases": "random"},
            "Your biases are drawn at random, as only the weights should be. Biases start at 0.",
        ),
        (
            "biases_of_one",
            {"biases": "ones"},
            "Your biases start at 1. The network is to begin with biases of 0.",
        ),
        (
            "ten_classes",
            {"classes": 10},
            "Your last layer has 10 units whatever num_classes says. It needs one for each class.",
        ),
        (
            "fixed_input",
            {"input": 3072},
            "Your first layer takes 3072 features whatever input_dim says. It should take "
            "input_dim of them.",
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
            "no_relu",
            {"relu": "none"},
            "Your hidden layers have no ReLU, so the network as a whole is linear. Every affine "
            "layer but the last is followed by one.",
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
            "biases_regularized",
            {"loss_of": "all", "gradient_of": "all"},
            "Your regularization takes in the biases as well. Only weights count, in the loss and "
            "in the gradients.",
        ),
        (
            "biases_in_loss",
            {"loss_of": "all"},
            "The regularization in your loss takes in the biases as well. Only weights count.",
        ),
        (
            "only_last_regularized",
            {"loss_of": "last", "gradient_of": "last"},
            "Your regularization takes in the weights of the last layer only. Those of every "
            "layer count, in the loss and in the gradients.",
        ),
        (
            "only_first_regularized",
            {"loss_of": "first", "gradient_of": "first"},
            "Your regularization takes in the weights of the first layer only. Those of every "
            "layer count, in the loss and in the gradients.",
        ),
        (
            "last_not_regularized",
            {"loss_of": "hidden", "gradient_of": "hidden"},
            "Your regularization leaves out the weights of the last layer. Those of every layer "
            "count, in the loss and in the gradients.",
        ),
        (
            "last_not_in_loss",
            {"loss_of": "hidden"},
            "The regularization in your loss leaves out the weights of the last layer. Those of "
            "every layer count.",
        ),
        (
            "last_loss_only",
            {"loss_of": "last"},
            "The regularization in your loss has the weights of the last layer only. Those of "
            "every layer count.",
        ),
        (
            "last_gradient_only",
            {"gradient_of": "last"},
            "Of your gradients only that of the last layer's weights has the regularization. That "
            "of every W has reg·W on top.",
        ),
        (
            "last_gradient_missing",
            {"gradient_of": "hidden"},
            "The gradient of your last layer's weights lacks the regularization. That of every W "
            "has reg·W on top.",
        ),
        (
            "absolute_weights",
            {"norm": "absolute values"},
            "The regularization in your loss sums the absolute values of the weights. The rule "
            "sums their squares: 0.5·reg·ΣW².",
        ),
        (
            "squared_sum",
            {"norm": "square of sum"},
            "The regularization in your loss squares the sum of the weights. The rule sums their "
            "squares: 0.5·reg·ΣW².",
        ),
        (
            "norm_not_squared",
            {"norm": "root"},
            "The regularization in your loss has the norm of each W. The rule has the norm's "
            "square, the sum of the squares: 0.5·reg·ΣW².",
        ),
        (
            "reg_by_examples",
            {"examples": True},
            "Your regularization is divided by the number of examples. The mean is over the "
            "softmax loss only: 0.5·reg·ΣW² is added as it is.",
        ),
        (
            "mean_twice",
            {"mean": "twice"},
            "Your gradients are divided by the number of examples once more. What `softmax_loss` "
            "returns is the gradient of the mean already.",
        ),
        (
            "backward_without_relu",
            {"backward": "without relu"},
            "Your backward pass goes through the affine layers only. Each hidden layer has a "
            "ReLU, through which the gradient passes first.",
        ),
        (
            "bias_gradients_missing",
            {"grads": "weights"},
            "Your grads hold the gradients of the weights only. Every name in params has one, the "
            "biases too.",
        ),
    ),
)
"""All known mistakes, task by task in the order of the notebook's cells within each module."""
