# Mirage in a container. Build: docker build -t mirage .   Run: docker run -p 3000:3000 -v mirage:/data mirage
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY .ci/venv .ci/venv
COPY pyproject.toml requirements.lock ./
# The installer comes out of the hash-pinned lock and stays in this stage.
RUN sh .ci/venv python3 /installer \
    && python3 -m venv --without-pip .venv \
    && /installer/bin/uv pip install --no-cache --compile-bytecode --python .venv/bin/python \
        -r pyproject.toml -c requirements.lock
COPY cache cache
COPY config config
COPY core core
COPY edge edge
COPY LICENSE ./
# The image runs with a read-only root, where nothing can be compiled later.
RUN .venv/bin/python -m compileall -q cache config core edge \
    && rm -rf .ci requirements.lock \
    && install -d -o 10001 -g 10001 /data

FROM python:3.11-slim-bookworm
WORKDIR /app
COPY --from=build /app /app
COPY --from=build --chown=10001:10001 /data /data
ENV HOST=0.0.0.0 \
    PORT=3000 \
    EDGE_DATA_DIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME ["/data"]
EXPOSE 3000
# Alive, not ready: a part that is away must not make the orchestrator restart a server of hits.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/app/.venv/bin/python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=2)"]
ENTRYPOINT ["/app/.venv/bin/python", "-m", "edge"]
CMD ["serve"]
