# One process, no key and no secret inside: `docker build -t rft-graders .`
# Any image with Python 3.11 to 3.13 and apt will do as a base.
ARG BASE_IMAGE=python:3.12-slim

FROM ${BASE_IMAGE} AS build
# A slim image of Python has what makes environments; a plain Debian has not.
# hadolint ignore=DL3008
RUN python3 -c 'import ensurepip' 2>/dev/null \
    || (apt-get update && apt-get install -y --no-install-recommends python3-venv && rm -rf /var/lib/apt/lists/*)
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN python3 -m venv /opt/rft-graders \
    && /opt/rft-graders/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY evaluations evaluations
COPY graders graders
COPY migrations migrations
COPY sandbox sandbox
RUN /opt/rft-graders/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/rft-graders/bin/pip uninstall -q -y hatchling editables packaging pathspec pluggy tomlkit \
        trove-classifiers pip

FROM ${BASE_IMAGE}
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin rft \
    && install -d -o rft -g rft /var/lib/rft-graders
COPY --from=build /opt/rft-graders /opt/rft-graders
ENV PATH=/opt/rft-graders/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    RFT_HOST=0.0.0.0 \
    RFT_DATA_DIR=/var/lib/rft-graders
USER 10001:10001
WORKDIR /var/lib/rft-graders
VOLUME /var/lib/rft-graders
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8001/healthz', timeout=5)"]
ENTRYPOINT ["rft-graders"]
CMD ["serve"]
