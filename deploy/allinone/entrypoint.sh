#!/bin/sh
# PostgreSQL's initdb refuses a user id without a name; a platform may run us under any id.
if ! id -un >/dev/null 2>&1 && [ -w /etc/passwd ]; then
    echo "mcpgateway:x:$(id -u):0:MCP Gateway:/data:/usr/sbin/nologin" >>/etc/passwd
fi
exec "$@"
