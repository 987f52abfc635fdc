# Two images of Debian 12: `reconcile` (the default; previews a folder in CI, or keeps an nginx in
# another container) and `statusd` (the status pages, without root).
#
#     docker build -t reconcile .
#     docker run --rm -v "$PWD/folder:/folder:ro" reconcile --dry-run --offline /folder
#     docker build -t reconcile-statusd --target statusd .

FROM debian:12 AS build
WORKDIR /source
COPY deploy/packages deploy/install-packages deploy/
RUN deploy/install-packages build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build --preset release --parallel "$(nproc)" \
    && DESTDIR=/install cmake --install build/release --prefix /usr --strip

# The account and the group that may read the store have the same numbers in both images, so that a
# volume can be shared.
FROM debian:12-slim AS statusd
COPY deploy/packages deploy/install-packages /tmp/deploy/
RUN /tmp/deploy/install-packages status && rm -rf /var/lib/apt/lists/* /tmp/deploy \
    && groupadd --system --gid 820 reconcile \
    && useradd --system --uid 820 --gid reconcile --home-dir /nonexistent --no-create-home \
       --shell /usr/sbin/nologin reconcile
COPY --from=build /install/usr/bin/statusd /usr/bin/statusd
COPY --from=build /install/usr/share /usr/share
USER reconcile
EXPOSE 8080
# bash asks by itself: an image that answers questions needs no program that asks them.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["bash", "-c", \
    "exec 3<> /dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && IFS= read -r line <&3 && [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["/usr/bin/statusd"]
CMD ["--listen", "0.0.0.0:8080", "--store", "/var/lib/reconcile/store/reconcile.db"]

# nginx is in it because nothing is applied that the real one has not tested; it serves only where
# somebody starts it. Root, because that is what applying means; a preview needs none:
# docker run --user 1000.
FROM debian:12-slim AS reconcile
COPY deploy/packages deploy/install-packages /tmp/deploy/
RUN /tmp/deploy/install-packages run && rm -rf /var/lib/apt/lists/* /tmp/deploy \
    && groupadd --system --gid 820 reconcile \
    && install -d -m 0755 /etc/reconcile && install -d -m 0700 /etc/reconcile/secrets \
    && install -d -m 0755 /var/lib/reconcile
COPY --from=build /install/usr/bin/reconcile /usr/bin/reconcile
COPY --from=build /install/usr/share /usr/share
# Healthy while the host is as the folder says: 2 is the answer when something differs.
HEALTHCHECK --interval=60s --timeout=30s --start-period=60s \
    CMD ["/usr/bin/reconcile", "status", "--quiet", "--detailed-exitcode"]
ENTRYPOINT ["/usr/bin/reconcile"]
CMD ["--help"]
