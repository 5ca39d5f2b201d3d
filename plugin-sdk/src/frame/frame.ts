/**
 * Data frames: what a query answers. A frame is a table of columns ("fields") that hold typed arrays, so that a big
 * answer goes from the database to the wire without an object per row.
 *
 * Source of names and meaning: Grafana's data frame documentation and its TypeScript typings (`@grafana/data`).
 */

/** One table. All fields have the same length; no fields at all is a valid "no data" frame. */
export interface Frame {
  readonly name?: string;
  /** The query this frame answers. The server fills it in when it is absent. */
  readonly refId?: string;
  readonly meta?: FrameMeta;
  readonly fields: readonly Field[];
}

interface FieldBase {
  /** Column name. Names may repeat within a frame. */
  readonly name: string;
  /** Labels that tell a series from the others of the same name. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly config?: FieldConfig;
  /**
   * Arrow validity bitmap: bit `i & 7` of byte `i >> 3` is 1 when row `i` has a value. Absent: no row is null and the
   * field is not nullable. {@link validityOf} builds one.
   */
  readonly validity?: Uint8Array;
}

/** Points in time. Alert evaluation accepts a time field only when it has no nulls. */
export interface TimeField extends FieldBase {
  readonly type: 'time';
  /** `Float64Array`: milliseconds since the epoch (fractions kept to the nanosecond). `BigInt64Array`: nanoseconds since the epoch. */
  readonly values: Float64Array | BigInt64Array;
}

export type NumberValues =
  | Float64Array
  | Float32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Numbers. 64-bit integers become JSON numbers in the browser and lose precision above 2^53. */
export interface NumberField extends FieldBase {
  readonly type: 'number';
  readonly values: NumberValues;
}

/** Strings as one run of UTF-8 bytes: row `i` is `bytes[offsets[i] .. offsets[i + 1])`. */
export interface Utf8Values {
  readonly bytes: Uint8Array;
  /** One entry more than there are rows, ascending. */
  readonly offsets: Int32Array;
}

/** Strings as positions in a list of distinct strings. Written out in full on the wire: Grafana refuses dictionaries. */
export interface DictionaryValues {
  readonly dictionary: readonly string[];
  readonly indices: Uint8Array | Uint16Array | Uint32Array | Int32Array;
}

export interface StringField extends FieldBase {
  readonly type: 'string';
  /** A `null` in an array makes the field nullable without a {@link FieldBase.validity} bitmap. */
  readonly values: readonly (string | null)[] | Utf8Values | DictionaryValues;
}

export interface BooleanField extends FieldBase {
  readonly type: 'boolean';
  /** `Uint8Array`: one byte a row, 0 is false. A `null` in an array makes the field nullable. */
  readonly values: Uint8Array | readonly (boolean | null)[];
}

/** JSON documents, such as the labels of log lines. */
export interface JsonField extends FieldBase {
  readonly type: 'json';
  /** Each row the text of one JSON document. */
  readonly values: readonly (string | null)[] | Utf8Values;
}

export type Field = TimeField | NumberField | StringField | BooleanField | JsonField;

/** How Grafana is to show a field. Unknown keys are dropped by Grafana. */
export interface FieldConfig {
  readonly displayName?: string;
  /** Display name given by the data source; panels let users override it. */
  readonly displayNameFromDS?: string;
  readonly description?: string;
  /** Unit id of Grafana, such as `bps`, `decbytes`, `percentunit`. */
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Expected distance of points, in milliseconds: greater gaps are drawn as gaps. */
  readonly interval?: number;
  readonly filterable?: boolean;
  readonly links?: readonly DataLink[];
  readonly color?: { readonly mode: string; readonly fixedColor?: string; readonly seriesBy?: string };
  readonly mappings?: readonly unknown[];
  readonly thresholds?: unknown;
  readonly noValue?: string;
  readonly custom?: Readonly<Record<string, unknown>>;
}

export interface DataLink {
  readonly title?: string;
  readonly targetBlank?: boolean;
  readonly url?: string;
  readonly internal?: unknown;
}

/** Kinds of the data plane contract; Grafana's expressions and alerting trust them. */
export type FrameType =
  | 'timeseries-wide'
  | 'timeseries-long'
  | 'timeseries-many'
  | 'timeseries-multi'
  | 'numeric-wide'
  | 'numeric-multi'
  | 'numeric-long'
  | 'log-lines'
  | 'table'
  | 'directory-listing'
  | 'heatmap-rows'
  | 'heatmap-cells'
  | (string & {});

export interface FrameNotice {
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly link?: string;
  /** The inspector tab that tells more. */
  readonly inspect?: 'meta' | 'error' | 'data' | 'stats';
}

/** One number about how the answer was made, shown in the inspector. */
export interface FrameStat extends FieldConfig {
  readonly displayName: string;
  readonly value: number;
}

export interface FrameMeta {
  readonly type?: FrameType;
  /** Version of the data plane kind: `[major, minor]`, such as `[0, 1]`. */
  readonly typeVersion?: readonly [number, number];
  readonly custom?: unknown;
  readonly stats?: readonly FrameStat[];
  readonly notices?: readonly FrameNotice[];
  /** Live channel (`ds/<uid>/<path>`) that Grafana subscribes the panel to. */
  readonly channel?: string;
  readonly preferredVisualisationType?:
    'graph' | 'table' | 'logs' | 'trace' | 'nodeGraph' | 'flamegraph' | 'rawPrometheus';
  /** Id of the panel plugin to show the frame with. */
  readonly preferredVisualisationPluginId?: string;
  /** What was really sent to the database. */
  readonly executedQueryString?: string;
  /** Absent: the series themselves. */
  readonly dataTopic?: 'annotations' | 'alertStates';
  /** Indices of the fields that together identify a row. */
  readonly uniqueRowIdFields?: readonly number[];
}
