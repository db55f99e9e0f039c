#!/bin/sh
# Pins the images of others to what their tags mean today: looks each NAME:TAG@sha256:DIGEST up and writes the new digest.
#
#   pin.sh FILE...
#
# Needs docker with buildx, or another command in DOCKER that knows `buildx imagetools inspect`, and the network. Look at
# what has changed, build, and run the labs before you commit it.
set -eu
DOCKER=${DOCKER:-docker}

for file in "$@"; do
    grep -oE '[a-z0-9./_-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}' "$file" | sort -u | while read -r pinned; do
        tag=${pinned%@*}
        digest=$("$DOCKER" buildx imagetools inspect "$tag" --format '{{.Manifest.Digest}}')
        case $digest in
        sha256:*) [ ${#digest} = 71 ] ;;
        *) false ;;
        esac || { printf '%s\n' "no digest of $tag: $digest" >&2 && exit 1; }
        printf '%s\n' "$tag@$digest"
        sed -i -e "s|$pinned|$tag@$digest|g" "$file"
    done
done
