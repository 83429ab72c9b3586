# The web, worker and beat of ABE in one image; the command chooses (see docker-compose.yml).

FROM node:22-slim AS static
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY static static
RUN npm run build

FROM python:3.11-slim AS packages
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir uv
COPY requirements.txt .
RUN /venv/bin/uv pip install --python /venv/bin/python --no-cache --require-hashes --compile-bytecode -r requirements.txt \
    && /venv/bin/pip uninstall --yes --quiet uv

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=abe.settings ABE_HOST=0.0.0.0 ABE_STATE=/state
# Letters that the built-in fonts of papers lack, such as Chinese, Korean and Thai ones.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-droid-fallback fonts-noto-core \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /state --create-home abe
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py ./
COPY abe abe
COPY accounts accounts
COPY common common
COPY demo demo
COPY engagement engagement
COPY finance finance
COPY metrics metrics
COPY people people
COPY pods pods
COPY product product
COPY support support
COPY sync sync
COPY templates templates
COPY tiers tiers
COPY --from=static /build/static static
# In a state of its own, so that the key made for this one command is not part of the image.
RUN ABE_STATE=/tmp/build python manage.py collectstatic --noinput --verbosity 0 && rm -rf /tmp/build
USER abe
VOLUME /state
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 CMD ["python", "-m", "abe.health_probe"]
CMD ["gunicorn", "--config", "python:abe.gunicorn", "abe.wsgi"]
