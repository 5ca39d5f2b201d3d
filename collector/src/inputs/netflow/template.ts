import type { Plan } from './plan.ts';

/** Length that announces a variable-length field (RFC 7011 section 7). */
export const VARIABLE_LENGTH = 65535;

/** v9's scope types are numbers of their own space (RFC 3954 section 6.1): kept apart under this pseudo enterprise number. */
export const V9_SCOPE_PEN = -1;

export interface TemplateField {
  /** Private enterprise number; 0 for IANA's registry. */
  readonly pen: number;
  readonly id: number;
  /** Bytes on the wire, `VARIABLE_LENGTH` where each record says. */
  readonly length: number;
}

/** A template or an options template as an exporter announced it. */
export interface Template {
  readonly id: number;
  /** Number of leading fields that are the scope; 0 for a data template. */
  readonly scopeCount: number;
  readonly options: boolean;
  readonly fields: readonly TemplateField[];
  /** The least a record takes, in bytes: at least 1. */
  readonly minLength: number;
  readonly variable: boolean;
  /** When it was last announced, in milliseconds since 1970. */
  seenMs: number;
  /** When it was last used or announced. */
  usedMs: number;
  /** How to decode it into columns; compiled at first use. */
  plan: Plan | undefined;
}

export type TemplateProblem =
  'template_truncated' | 'template_empty' | 'template_bad_id' | 'template_too_many_fields';

/** Whether two announcements describe the same layout: then counters and plans carry on. */
export function sameLayout(a: Template, b: Template): boolean {
  if (a.options !== b.options || a.scopeCount !== b.scopeCount || a.fields.length !== b.fields.length)
    return false;
  for (let i = 0; i < a.fields.length; i++) {
    const x = a.fields[i]!;
    const y = b.fields[i]!;
    if (x.id !== y.id || x.length !== y.length || x.pen !== y.pen) return false;
  }
  return true;
}

/** A template of these fields, or why it cannot be one: a record must take at least a byte. */
export function makeTemplate(
  id: number,
  fields: readonly TemplateField[],
  scopeCount: number,
  options: boolean,
  nowMs: number,
): Template | TemplateProblem {
  let minLength = 0;
  let variable = false;
  for (const field of fields) {
    if (field.length === VARIABLE_LENGTH) variable = true;
    minLength += field.length === VARIABLE_LENGTH ? 1 : field.length;
  }
  if (minLength === 0) return 'template_empty';
  return {
    id,
    scopeCount,
    options,
    fields,
    minLength,
    variable,
    seenMs: nowMs,
    usedMs: nowMs,
    plan: undefined,
  };
}
