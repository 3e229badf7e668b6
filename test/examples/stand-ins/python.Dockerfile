# Stands in for python:3.13-slim-bookworm: tests use no registry. It is Debian's own, older Python.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 && ln -s /usr/bin/python3 /usr/local/bin/python
CMD ["python"]
