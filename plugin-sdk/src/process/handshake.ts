/** Versions of go-plugin's handshake and of Grafana's protocol on top of it. */
const CORE_PROTOCOL = 1;
const PLUGIN_PROTOCOL = 2;

const COOKIE_NAME = 'grafana_plugin_type';
const COOKIE_VALUE = 'datasource'; // the same for apps

type Environment = Readonly<Record<string, string | undefined>>;

/** Why this process cannot be served as a plugin, in words for whoever started it; undefined when it can. */
export const refusalOf = (env: Environment, pluginId: string): string | undefined => {
  if (env[COOKIE_NAME] !== COOKIE_VALUE) {
    return [
      `This program is the backend of the Grafana plugin ${pluginId}. Grafana starts it; it does nothing when started by hand.`,
      'To run it under a debugger, start it with --standalone.',
    ].join('\n');
  }
  if (env['PLUGIN_CLIENT_CERT']) {
    return `The host asks for mutual TLS (PLUGIN_CLIENT_CERT is set), which the plugin ${pluginId} does not offer. Grafana does not ask for it; switch AutoMTLS off in the host.`;
  }
  const versions = env['PLUGIN_PROTOCOL_VERSIONS'];
  if (versions && !versions.split(',').some((version) => version.trim() === String(PLUGIN_PROTOCOL))) {
    return `The host speaks plugin protocol ${versions}; the plugin ${pluginId} speaks ${PLUGIN_PROTOCOL}.`;
  }
  return undefined;
};

/** The one line on standard output by which the host finds the server. */
export const handshakeLine = (address: string): string =>
  `${CORE_PROTOCOL}|${PLUGIN_PROTOCOL}|tcp|${address}|grpc\n`;

/** Name of the variable that points Grafana's copy of the plugin at one that runs standalone. */
export const standaloneVariable = (pluginId: string): string =>
  `GF_PLUGIN_GRPC_ADDRESS_${pluginId.toUpperCase().replaceAll(/[-.]/g, '_')}`;
