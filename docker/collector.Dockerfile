# Weir's collector. Build from the repository's root: docker build -f docker/collector.Dockerfile .
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/weir
COPY package.json package-lock.json .npmrc ./
COPY core/package.json core/
COPY collector/package.json collector/
COPY plugin-sdk/package.json plugin-sdk/
COPY backend/package.json backend/
RUN npm ci --omit=dev --ignore-scripts --workspace core --workspace collector

FROM node:24-bookworm-slim
WORKDIR /opt/weir
COPY --from=packages /opt/weir ./
COPY core core
COPY collector collector
RUN mkdir -p /var/lib/weir && chown node:node /var/lib/weir
USER node
ENV WEIR_DATA_DIR=/var/lib/weir WEIR_HTTP_BIND=0.0.0.0:9055
VOLUME /var/lib/weir
EXPOSE 2055/udp 9055/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9055/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "collector/src/main.ts"]
CMD ["collect"]
