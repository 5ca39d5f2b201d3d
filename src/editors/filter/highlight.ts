import { type Finding, tokens } from '@weir/core/filter';
import { variableReferences } from './variable-references.ts';

/** A piece of the text that looks the same all through. */
export interface Segment {
  readonly text: string;
  readonly look:
    | 'plain'
    | 'field'
    | 'operator'
    | 'keyword'
    | 'value'
    | 'string'
    | 'number'
    | 'punctuation'
    | 'error'
    | 'variable';
  readonly squiggle: 'none' | 'error' | 'warning';
}

/** The text in pieces to be coloured; joined they are the text. */
export function segmentsOf(
  text: string,
  findings: readonly Pick<Finding, 'from' | 'to' | 'severity'>[],
): Segment[] {
  const variables = variableReferences(text);
  const parts = tokens(text);
  const borders = new Set([0, text.length]);
  for (const { from, to } of [...parts, ...findings, ...variables]) {
    borders.add(Math.max(0, Math.min(from, text.length)));
    borders.add(Math.max(0, Math.min(to, text.length)));
  }
  const sorted = [...borders].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((from, i) => {
    const to = sorted[i + 1]!;
    const covers = (range: { readonly from: number; readonly to: number }): boolean =>
      range.from <= from && to <= range.to;
    const isVariable = variables.some(covers);
    const finding = findings.find((f) => covers(f) && f.severity === 'error') ?? findings.find(covers);
    return {
      text: text.slice(from, to),
      look: isVariable ? 'variable' : (parts.find(covers)?.kind ?? 'plain'),
      squiggle: finding?.severity ?? 'none',
    };
  });
}
