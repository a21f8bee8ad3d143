# The command line with the core and the extra `excel`: docker build --tag crime-pipelines .
FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/crime-pipelines \
    && /opt/crime-pipelines/bin/pip install --no-cache-dir --constraint requirements/constraints.txt \
        "$(ls /wheels/crime_pipelines-*.whl)[excel]"

FROM python:3.11-slim
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
