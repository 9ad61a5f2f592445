FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/interlace
WORKDIR /src
COPY requirements.lock ./
RUN /opt/interlace/bin/pip install --require-hashes -r requirements.lock
COPY . .
RUN /opt/interlace/bin/pip install --no-deps --no-build-isolation .

FROM python:3.12-slim
ENV PATH=/opt/interlace/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    INTERLACE_HOME=/var/lib/interlace
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin interlace \
    && install -d -o interlace -g interlace /var/lib/interlace
COPY --from=build /opt/interlace /opt/interlace
WORKDIR /var/lib/interlace
USER interlace
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "workers"]
