/** What the page offers to the tests: everything is JSON. */
export interface HostApi {
  readonly ready: true;
  /** Draws a screen anew. */
  show(screen: Screen): void;
  /** Goes to another address of the page, as a dashboard does. */
  go(path: string): void;
  setVariables(variables: readonly HostVariable[]): void;
  /** What the query screen's editor has made of the query. */
  query(): unknown;
  /** What the configuration screen holds: what Grafana would store. */
  options(): unknown;
  /** Frames of the newest answer. */
  frames(): readonly FrameSummary[];
  /** Times that frames have come since the query was last run. */
  answers(): number;
  errors(): readonly string[];
  tagKeys(): Promise<unknown>;
  tagValues(options: unknown): Promise<unknown>;
  metricFind(query: unknown): Promise<unknown>;
  variableValues(query: unknown): Promise<unknown>;
  annotations(annotation: unknown): Promise<readonly FrameSummary[]>;
  /** Answers to a query with ad hoc filters, asked apart from any editor. */
  ask(query: unknown, options?: { adHoc?: unknown }): Promise<readonly FrameSummary[]>;
  supplementary(type: string, query: unknown): unknown;
}

export type Theme = 'light' | 'dark';

export type Screen =
  | { readonly kind: 'config'; readonly theme: Theme; readonly uid: string }
  | {
      readonly kind: 'query';
      readonly theme: Theme;
      readonly query: unknown;
      readonly app?: string;
      readonly run?: boolean;
      /** Milliseconds since 1970. */
      readonly range?: { readonly from: number; readonly to: number };
    }
  | { readonly kind: 'variable'; readonly theme: Theme; readonly query: unknown }
  | {
      readonly kind: 'panel';
      readonly theme: Theme;
      readonly plugin: string;
      readonly query: unknown;
      readonly width: number;
      readonly height: number;
      readonly options?: Record<string, unknown>;
    };

export interface HostVariable {
  readonly name: string;
  readonly type: string;
  readonly value: string | readonly string[];
  readonly multi?: boolean;
  readonly options?: readonly string[];
}

export interface FrameSummary {
  readonly name: string;
  readonly type: string;
  readonly visualisation: string;
  readonly notices: readonly string[];
  readonly fields: readonly {
    readonly name: string;
    readonly type: string;
    readonly labels: Record<string, string>;
    readonly values: readonly unknown[];
  }[];
}
