# Build: verify every locked file by its hash, then install only what running the application needs.
FROM python:3.12.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements.lock ./
# python-terraform is published as source only, so it is built here.
RUN pip wheel --quiet --require-hashes --only-binary :all: --no-binary python-terraform --wheel-dir /wheels \
    -r requirements.lock
COPY . .
RUN python -m venv /venv \
    && /venv/bin/pip install --quiet --no-index --find-links /wheels \
        --config-settings editable_mode=compat --editable . \
    && /venv/bin/python -m compileall -q .

FROM python:3.12.12-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 INTERLACE_HOME=/var/lib/interlace
RUN groupadd --gid 10001 interlace \
    && useradd --uid 10001 --gid interlace --no-create-home --home-dir /var/lib/interlace interlace \
    && install -d -o interlace -g interlace /var/lib/interlace
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER interlace
ENTRYPOINT ["python", "-m", "workers"]
