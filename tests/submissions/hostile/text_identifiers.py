# idea: names that look like others: fullwidth letters are the same name, Cyrillic ones are not
# fails: none
# prints: three

ａｄａｍ_ = ａｄａｍ  # NFKC makes this adam_ = adam


def аdam(w, dw, config=None):  # begins with a Cyrillic letter
    raise ValueError("not the one that is graded")


print("three" if adam_ is adam and adam is not аdam else "two", flush=True)
