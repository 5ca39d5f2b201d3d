/** Grafana's ids of the data source and of the panels that come with it. */
export const PLUGIN_ID = 'weir-flow-datasource';
export const SANKEY_PANEL_ID = 'weir-sankey-panel';
export const TOPOLOGY_PANEL_ID = 'weir-topology-panel';
/** The backend's executable without system and architecture. */
export const EXECUTABLE = 'gpx_weir';
/** Uid of the data source that `provisioning/` sets up, and that its dashboards' variable and rules name. */
export const DATASOURCE_UID = 'weir';
