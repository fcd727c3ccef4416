# idea: a dict of two hundred thousand keys
# fails: adam
# says: 200,000 items


_keys = dict.fromkeys(map("key {}".format, range(200_000)), 0)


def adam(w, dw, config=None):
    return w, _keys
