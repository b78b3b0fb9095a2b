#!/bin/sh
# `make serve-ssl`: the suite, and nginx in front of it with a self-signed certificate. The gateway
# itself speaks no TLS; this is what a TLS proxy in front of it looks like. Usage: serve_ssl.sh ARGS
# (of `mcpgateway up`); SSL_PORT is where https is served. CERT and KEY: your own files instead.
set -eu
cd "$(dirname "$0")/.."
umask 077
port=${SSL_PORT:-4443}
tls=$PWD/.data/tls

for program in nginx openssl; do
    if ! PATH=$PATH:/usr/sbin command -v "$program" >/dev/null; then
        echo "The gateway speaks no TLS itself, and $program, with which this would put TLS in front" >&2
        echo "of it, is not here. Any TLS proxy will do: let it pass Host and X-Forwarded-Proto on, and" >&2
        echo "start the gateway with MCPGATEWAY_TRUSTED_PROXIES=<its address>/32 (make serve)." >&2
        exit 2
    fi
done

mkdir -p "$tls"
if [ -z "${CERT:-}" ] && [ ! -f "$tls/cert.pem" ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -keyout "$tls/key.pem" -out "$tls/cert.pem" 2>/dev/null
    chmod 600 "$tls/key.pem"
fi
cat >"$tls/nginx.conf" <<CONF
error_log stderr warn;
pid $tls/nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path $tls/body;
    proxy_temp_path $tls/proxy;
    fastcgi_temp_path $tls/fastcgi;
    scgi_temp_path $tls/scgi;
    uwsgi_temp_path $tls/uwsgi;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate ${CERT:-$tls/cert.pem};
        ssl_certificate_key ${KEY:-$tls/key.pem};
        client_max_body_size 64m;
        location / {
            proxy_pass http://127.0.0.1:${PORT:-4444};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host \$http_host;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Host \$http_host;
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_read_timeout 1h;
        }
    }
}
CONF
PATH=$PATH:/usr/sbin nginx -c "$tls/nginx.conf" -g 'daemon off;' &
nginx=$!
trap 'kill "$nginx" 2>/dev/null || true' EXIT
trap : INT TERM # the suite stops by itself; then nginx is ended
echo "https://localhost:$port (${CERT:-a self-signed certificate, $tls/cert.pem})" >&2
MCPGATEWAY_TRUSTED_PROXIES=127.0.0.1/32 PORT=${PORT:-4444} .venv/bin/mcpgateway up --data-dir .data "$@"
