#!/usr/bin/env bash
# Create the passwords that docker-compose.yml reads, where they are still missing.
set -euo pipefail
cd "$(dirname "$0")/.."
# Containers read them under user ids of their own, so the files are readable and the folder is closed.
mkdir -p secrets
chmod 700 secrets
for name in temporal-db-password catalogue-db-password grafana-admin-password; do
    if [ ! -s "secrets/$name" ]; then
        od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
        echo "made secrets/$name"
    fi
    chmod 444 "secrets/$name"
done
