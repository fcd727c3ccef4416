# idea: processes, by every way there is to start one
# fails: none
# prints: tried

import subprocess


def _fork(start):
    child = start()
    if child == 0:
        os._exit(0)  # so that a fork that isn't refused is no bomb
    return child


refused(
    {
        "fork": lambda: _fork(os.fork),
        "forkpty": lambda: os.forkpty(),
        "libc": lambda: raw("fork") or os._exit(0),
        "clone": lambda: raw("clone", 17, 0, 0, 0, 0) or os._exit(0),
        "clone3": lambda: raw("clone3", 0, 0),
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "subprocess": lambda: subprocess.run(["/bin/true"], check=False),
        "popen": lambda: os.popen("true"),
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "execveat": lambda: raw("execveat", 0, 0, 0, 0, 0x1000),
    }
)
if os.system("true") == 0:
    breach("system")
