# idea: a command to a CI job that only a line break of the display puts at the beginning of a line
# fails: adam
# says: raised

_TEXT = " ".join("x" * length + "::error::forged" for length in range(60, 130))


def adam(w, dw, config=None):
    raise ValueError(_TEXT)
