# idea: the channel is copied to many numbers, and a copy is written to
# fails: adam
# says: malformed reply

import fcntl


def adam(w, dw, config=None):
    copies = []
    try:
        while True:
            copies.append(fcntl.fcntl(3, fcntl.F_DUPFD, 10))
    except OSError:
        os.write(copies[-1], b"HTTP/1.1 200 OK\r\n\r\n")
