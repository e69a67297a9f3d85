# Sourced by the other scripts. One target directory outside the clone, so that a fresh clone builds warm.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${CHARTROOM_CACHE:-$HOME/.cache/chartroom}/target}
bin=$CARGO_TARGET_DIR/release
