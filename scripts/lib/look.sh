# shellcheck shell=bash
# How the pages look, as one hash: the screenshots were made of a look, and a check compares. The styles
# count; the markup does not, because most of its changes show nothing.

# shellcheck disable=SC2034 # read by scripts/test and scripts/screenshots
LOOK_FILE=$DECKWATCH_ROOT/docs/screenshots/look.sha256

look_hash() {
  cd "$DECKWATCH_ROOT" || return 1
  find style -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}
