# idea: solutions, suites, results, the gradebook and a file that everybody may read, in every way
# fails: none
# prints: tried

import importlib.util
import linecache
import pathlib
import tokenize

_PATHS = [
    SECRET_FILE,
    f"{ROOT}/solutions/optimization/nndl/optim.py",
    f"{ROOT}/autograder/optimization/oracle.py",
    f"{ROOT}/autograder/optimization/documented.json",
    f"{ROOT}/results/optimization/ada.json",
    f"{ROOT}/gradebook.db",
    f"/proc/{TESTER}/mem",
    f"/proc/{TESTER}/environ",
    f"/proc/{os.getppid()}/mem",
    "/proc/self/mem",
    "/proc/self/environ",
    "/proc/self/fd/3",
    "/etc/passwd",
    ".",
]
_WAYS = {
    "open": open,
    "os.open": lambda path: os.open(path, os.O_RDONLY),
    "O_PATH": lambda path: os.open(path, os.O_PATH),
    "stat": os.stat,
    "listdir": os.listdir,
    "readlink": os.readlink,
    "pathlib": lambda path: pathlib.Path(path).read_bytes(),
    "numpy": np.fromfile,
    "memmap": np.memmap,
    "loader": lambda path: __spec__.loader.__class__.get_data(None, path),
    "tokenize": tokenize.open,
    "syscall": lambda path: raw("openat", -100, id(path), 0, 0),
}
refused(
    {f"{way} {path}": lambda p=path, f=how: f(p) for path in _PATHS for way, how in _WAYS.items()},
    AttributeError,  # the loader of a submission has no files
)
if any(map(linecache.getlines, _PATHS)):
    breach("linecache")
if os.path.exists(SECRET_FILE) or os.access(SECRET_FILE, os.R_OK):
    breach("exists")
