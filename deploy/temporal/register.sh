#!/bin/sh
# Register the namespace, then each argument as a Keyword search attribute. Safe to run again.
# The address and the namespace come from TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi

# A new namespace reaches every part of the server only after its caches are refreshed.
attempts=30
for attribute in "$@"; do
    until temporal operator search-attribute create --name "$attribute" --type Keyword; do
        attempts=$((attempts - 1))
        [ "$attempts" -gt 0 ] || exit 1
        sleep 2
    done
done
