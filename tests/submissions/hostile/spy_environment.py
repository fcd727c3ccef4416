# idea: everything that says who and where it is, is printed
# fails: none
# prints: 'PATH'

import platform
import sys

print(sorted(os.environ), sys.argv, sys.path, sys.flags, platform.python_version(), os.getuid())
print(sorted(os.environ.values()), sys.orig_argv, flush=True)
