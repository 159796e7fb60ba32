# shellcheck shell=bash
# A hash of the look of the pages, which is stored with the screenshots and checked. It covers the styles, but
# not the markup, because most changes of the markup are not visible.

# shellcheck disable=SC2034 # read by scripts/test and scripts/screenshots
LOOK_FILE=$DECKWATCH_ROOT/docs/screenshots/look.sha256

look_hash() {
  cd "$DECKWATCH_ROOT" || return 1
  find style -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}
