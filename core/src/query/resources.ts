/**
 * What the backend answers editors and variables, beside queries, under the data source's `resources/`. All read only, bounded in
 * time and number.
 */

/** `GET values?field=&prefix=&filter=&from=&to=&limit=`: a field's most frequent values in the range, for choice. */
export interface ValuesAnswer {
  readonly values: readonly { readonly value: string; readonly text: string; readonly share: number }[];
}

/** `POST sql` with `{query, range}`: what would be asked, for the preview. */
export interface SqlPreviewRequest {
  readonly query: unknown;
  readonly range: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly intervalMs: number;
    readonly maxDataPoints: number;
  };
}
export interface SqlPreviewAnswer {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly table: string;
  readonly notices: readonly string[];
}

/** `GET fields`: the fields that have data. `columns` are those of the table that take room. */
export interface FieldsAnswer {
  readonly columns: readonly string[];
}

/** `GET status`: what health knows, for the editors' hints. */
export interface StatusAnswer {
  readonly schemaVersion: number;
  readonly newestFlowMs: number | null;
  readonly oldestFlowMs: number | null;
  readonly exporters: number;
  readonly exportersWithoutSampling: number;
  readonly live: boolean;
}

/** `GET detectors`: what a replay may run, as the collector says; none where no collector is set. */
export interface DetectorsAnswer {
  readonly detectors: readonly DetectorAnswer[];
}
export interface DetectorAnswer {
  readonly name: string;
  readonly title: string;
  readonly parameters: Readonly<
    Record<string, { readonly default: number; readonly unit: string; readonly doc: string }>
  >;
}

/** Any resource that fails answers this with a status of 4xx or 5xx. */
export interface ResourceError {
  readonly error: string;
}
