# Sourced by the scripts at the root. What a machine lacks is collected by `need` and `need_library`, then
# `provide` installs it where it may (apt, as root or by sudo) or names the packages and stops.

has() { command -v "$1" >/dev/null 2>&1; }

missing=()

# need <command> <package of Debian>...: the packages, unless the command is there.
need() {
  local command="$1"
  shift
  if ! has "$command"; then missing+=("$@"); fi
}

# need_library <pkg-config name> <package of Debian>: its headers.
need_library() {
  if ! has pkg-config || ! pkg-config --exists "$1"; then missing+=("$2"); fi
}

# Every registry is asked over TLS.
need_certificates() {
  if [[ ! -e /etc/ssl/certs/ca-certificates.crt && -z "${SSL_CERT_FILE:-}" ]]; then missing+=(ca-certificates); fi
}

provide() {
  if ((${#missing[@]})); then
    local unique=()
    mapfile -t unique < <(printf '%s\n' "${missing[@]}" | sort -u)
    echo "== missing here: ${unique[*]}" >&2
    if ! has apt-get; then
      echo "These are Debian's names. Install what your system calls them, and start this again." >&2
      exit 1
    fi
    local privileged=()
    if ((EUID != 0)); then
      if ! has sudo; then
        echo "As root: apt-get install --no-install-recommends ${unique[*]}" >&2
        exit 1
      fi
      privileged=(sudo)
    fi
    echo "== installing them" >&2
    "${privileged[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${privileged[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install --yes -qq --no-install-recommends "${unique[@]}" >/dev/null
  fi
  if ! has cargo && [[ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  fi
  if ! has cargo; then
    echo "cargo is missing: install Rust by https://rustup.rs, and start this again." >&2
    exit 1
  fi
}
