export { type DecodedField, type DecodedFrame, decodeArrowFile, decodedToJson } from './decode-arrow.ts';
export {
  type CallerOptions,
  type DecodedResponse,
  PluginClient,
  type QueryInput,
  type RequestOptions,
  type ResourceAnswer,
  type ResourceInput,
  type StreamReply,
} from './plugin-client.ts';
export {
  HOST_ENVIRONMENT,
  type PluginProcess,
  runToEnd,
  startPlugin,
  type StartOptions,
} from './plugin-process.ts';
export { silentLogger, testContext, testSettings } from './test-context.ts';
