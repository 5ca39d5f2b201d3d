/** Bounds on what exporters can make the decoder remember. */
export interface NetflowLimits {
  readonly exporters: number;
  readonly domainsPerExporter: number;
  readonly templatesPerExporter: number;
  readonly templates: number;
  readonly fieldsPerTemplate: number;
  /** Names of each kind (interfaces, VRFs, applications) learnt from one exporter. */
  readonly namesPerExporter: number;
  /** Bytes of data waiting for templates, of one exporter and of all. */
  readonly pendingBytesPerExporter: number;
  readonly pendingBytes: number;
  /** How long data waits for its template. */
  readonly pendingMs: number;
  /** A template neither announced nor used for so long is forgotten. */
  readonly templateLifetimeMs: number;
  /** An exporter's clock further off than this is flagged. */
  readonly clockSkewMs: number;
  /** Elements without a column that are counted for one exporter. */
  readonly unusedElementsPerExporter: number;
}

export const defaultLimits: NetflowLimits = {
  exporters: 20_000,
  domainsPerExporter: 512,
  templatesPerExporter: 4_096,
  templates: 100_000,
  fieldsPerTemplate: 512,
  namesPerExporter: 20_000,
  pendingBytesPerExporter: 4 << 20,
  pendingBytes: 64 << 20,
  pendingMs: 30 * 60_000,
  templateLifetimeMs: 24 * 3_600_000,
  clockSkewMs: 10_000,
  unusedElementsPerExporter: 1_024,
};
