# Grafana with Weir's plugin in it. Build from the repository's root: docker build -f docker/grafana.Dockerfile .
FROM node:24-bookworm AS plugin
WORKDIR /opt/weir
COPY . .
RUN npm ci --no-audit --no-fund && node_modules/.bin/node scripts/package.ts --targets host --out /opt/package

FROM grafana/grafana:12.4.0-ubuntu
# Beside /var/lib/grafana, which is a volume in most installations and would hide it.
COPY --from=plugin /opt/package/weir-flow-datasource /opt/weir/plugins/weir-flow-datasource
COPY provisioning/datasources /etc/grafana/provisioning/datasources
COPY provisioning/dashboards /etc/grafana/provisioning/dashboards
COPY provisioning/alerting /etc/grafana/provisioning/alerting
COPY dashboards/*.json /opt/weir/dashboards/
ENV GF_PATHS_PLUGINS=/opt/weir/plugins \
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS=weir-flow-datasource,weir-sankey-panel,weir-topology-panel \
    GF_PLUGINS_PREINSTALL_DISABLED=true \
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=/opt/weir/dashboards/noc-overview.json \
    WEIR_DASHBOARDS=/opt/weir/dashboards
