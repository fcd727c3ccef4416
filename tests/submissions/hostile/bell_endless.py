# idea: the bell that wakes the tester is rung without end and without a reply
# fails: adam
# says: did not return within 0.5 s


def adam(w, dw, config=None):
    while True:
        os.write(4, (1).to_bytes(8, "little"))
