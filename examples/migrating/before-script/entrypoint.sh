#!/bin/sh
set -e
litestream restore -if-db-not-exists -if-replica-exists "$DATABASE_PATH"
exec litestream replicate -exec "node app.js"
