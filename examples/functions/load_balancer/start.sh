#!/bin/sh
# HAProxy with a master that stays in front, so that a new configuration is taken over without closing the port.
set -eu
cd "$INTERLACE_DIR"
exec haproxy -W -S "$INTERLACE_DIR/master.sock" -f "$INTERLACE_DIR/haproxy.cfg"
