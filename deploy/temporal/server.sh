#!/bin/sh
# The server reads its database password from the environment only: take it from the secret's file.
set -eu
POSTGRES_PWD=$(cat "$POSTGRES_PWD_FILE")
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
