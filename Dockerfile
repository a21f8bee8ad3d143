# The command line with the core and the extra `excel`: docker build --tag crime-pipelines .
# Another digest: docker buildx imagetools inspect python:3.11-slim
ARG PYTHON_IMAGE=python:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7
FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
COPY . .
RUN python -m pip install --no-cache-dir --no-deps --require-hashes --requirement requirements/build.txt \
    && python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv /opt/crime-pipelines \
    && /opt/crime-pipelines/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
        --requirement requirements/image.txt \
    && /opt/crime-pipelines/bin/pip install --no-cache-dir --no-deps /wheels/crime_pipelines-*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.source="https://github.com/crime-pipelines/crime-pipelines" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/crime-pipelines /opt/crime-pipelines
# Any user may be named with --user: the cache is in a folder that all may write.
RUN useradd --create-home --uid 1000 crimes && mkdir --mode=1777 /cache /data
ENV PATH=/opt/crime-pipelines/bin:$PATH CRIME_PIPELINES_CACHE=/cache
USER crimes
WORKDIR /data
ENTRYPOINT ["crime-pipelines"]
CMD ["--help"]
