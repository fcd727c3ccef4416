#!/usr/bin/env bash
# Makes the image that grades, once; Gradescope runs it as root. The data set is fetched here, so
# that grading needs no network. AUTOGRADER_ROOT stands in for /autograder in the kit's own tests.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"

# The path of a Python that the kit runs on, if there is one that can make environments.
find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if "$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
}

install_system() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libseccomp2 bubblewrap python3-venv
  if [ -z "$(find_python)" ]; then # Ubuntu 22.04 has Python 3.10, and 3.11 beside it
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3.11 python3.11-venv
  fi
}

install_kit() {
  local python
  python="$(find_python)"
  if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed, and this image has none. Choose Ubuntu 22.04 or newer."
    exit 1
  fi
  "$python" -m venv "$root/venv"
  "$root/venv/bin/pip" install --quiet --no-cache-dir --no-deps --require-hashes -r "$root/source/requirements.lock"
  "$root/venv/bin/pip" install --quiet --no-deps --no-build-isolation --editable "$root/source"
}

fetch_data() {
  mkdir -p "$root/source/data"
  cd "$root/source"
  "$root/venv/bin/kit" data
}

# A step can be named to run it alone; Gradescope names none.
for step in "${@:-all}"; do
  case "$step" in
    all)
      install_system
      install_kit
      fetch_data
      ;;
    install_system | install_kit | fetch_data) "$step" ;;
    *)
      echo "There is no step $step."
      exit 2
      ;;
  esac
done
