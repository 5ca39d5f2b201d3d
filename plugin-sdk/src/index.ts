export { servePlugin, type ServedPlugin, type ServeOptions } from './serve-plugin.ts';
export type {
  DataQuery,
  HealthResult,
  InstanceFactory,
  PluginDefinition,
  QueryResult,
  StreamHandlers,
} from './plugin-definition.ts';
export type { CallContext, InstanceSettings, PluginContext, User } from './call-context.ts';
export {
  CallAborted,
  errorSourceOfStatus,
  PluginError,
  type ErrorSource,
  type PluginErrorOptions,
} from './plugin-error.ts';
export { RequestHeaders } from './request-headers.ts';
export type { LogFields, Logger, LogLevel } from './logging/logger.ts';
export {
  jsonResponse,
  type ResourceBody,
  type ResourceRequest,
  type ResourceResponse,
} from './resources/resource.ts';
export { createResourceRouter, type ResourceRoute } from './resources/router.ts';
export type {
  FrameInclude,
  PublishReply,
  StreamRequest,
  StreamSender,
  SubscribeReply,
} from './streams/stream.ts';
export type {
  BooleanField,
  DataLink,
  DictionaryValues,
  Field,
  FieldConfig,
  Frame,
  FrameMeta,
  FrameNotice,
  FrameStat,
  FrameType,
  JsonField,
  NumberField,
  NumberValues,
  StringField,
  TimeField,
  Utf8Values,
} from './frame/frame.ts';
export { frameLength, fieldLength, rowIsNull, validityOf } from './frame/rows.ts';
export { frameToJson, type DataFrameJson } from './frame/json.ts';
export { encodeArrowFile } from './frame/arrow-file.ts';
