# idea: a dict of two hundred thousand keys
# fails: adam
# says: 200,000 items


def adam(w, dw, config=None):
    return w, dict.fromkeys(map("key {}".format, range(200_000)), 0)
