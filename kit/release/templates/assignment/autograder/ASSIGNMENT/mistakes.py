"""The wrong implementations that students are known to write, each with what to tell them."""

from kit.checks.mistakes import Switches

SWITCHES = Switches({"squared_error": {"average": "rows"}})
MISTAKES = SWITCHES.mistakes(
    "squared_error",
    (
        "all_elements",
        {"average": "elements"},
        "You divide by the number of elements. The rule divides by N, the number of rows.",
    ),
)


def implementation(changes):
    """All functions that students write, by module and name, with ``changes``."""
    on = SWITCHES.on(changes)

    def squared_error(prediction, target):
        error = prediction - target
        count = error.size if on["squared_error"]["average"] == "elements" else error.shape[0]
        return (error * error).sum() / (2 * count), error / count

    return {"losses.squared_error": squared_error}
