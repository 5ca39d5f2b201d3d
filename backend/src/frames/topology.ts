import { PluginError, type Field, type FieldConfig, type Frame } from '@weir/plugin-sdk';
import { TOPOLOGY_PANEL_ID } from '@weir/core/query';
import { numbersOf, textsOf } from '../clickhouse/columns.ts';
import { type Answer, emptyFrame, mainTable, metaOf } from './answer.ts';
import type { LayoutMemory } from './layout-memory.ts';
import { measureOf } from './series-names.ts';

interface Edge {
  readonly source: string;
  readonly target: string;
  readonly value: number;
  readonly reverse: number;
  readonly bytes: number;
  readonly packets: number;
  readonly flows: number;
  /** Percent; NaN where not known. */
  readonly utilization: number;
}

const MAX_THICKNESS = 12;

/**
 * Who speaks with whom: a frame of nodes and one of edges, for the node graph and for our own panel. Positions are part of the
 * answer (`fixedX`, `fixedY`) and stay from one refresh to the next.
 */
export function topologyFrames(answer: Answer, layouts: LayoutMemory): Frame[] {
  const { query, forAlert } = answer;
  if (forAlert)
    throw new PluginError(
      'A topology is nothing for an alert rule: take the kind “Top” or “Time series” with the same fields.',
      { status: 400, source: 'downstream' },
    );
  const { edges, rest } = edgesOf(answer);
  const graph = {
    preferredVisualisationType: 'nodeGraph',
    preferredVisualisationPluginId: TOPOLOGY_PANEL_ID,
  } as const;
  if (edges.length === 0) return [emptyFrame(answer, 'table', graph)];
  const traffic = new Map<string, { sent: number; received: number }>();
  const at = (id: string): { sent: number; received: number } => {
    const held = traffic.get(id);
    if (held !== undefined) return held;
    const fresh = { sent: 0, received: 0 };
    traffic.set(id, fresh);
    return fresh;
  };
  for (const edge of edges) {
    at(edge.source).sent += edge.value;
    at(edge.source).received += edge.reverse;
    at(edge.target).sent += edge.reverse;
    at(edge.target).received += edge.value;
  }
  const ids = [...traffic.keys()];
  const picture = JSON.stringify([query.node, query.filter, query.adHoc, query.metric]);
  const positions = layouts.place(
    picture,
    ids,
    edges.map(({ source, target, value, reverse }) => ({ source, target, value: value + reverse })),
  );
  const measure = measureOf(query);
  const unit = { unit: measure.unit };
  const total = (id: string): number => traffic.get(id)!.sent + traffic.get(id)!.received;
  const most = Math.max(...ids.map(total), Number.MIN_VALUE);
  const share = (id: string, of: 'sent' | 'received'): number =>
    total(id) === 0 ? (of === 'sent' ? 1 : 0) : traffic.get(id)![of] / total(id);
  const nodes: Field[] = [
    text('id', ids),
    text('title', ids.map(titleOf), { displayName: 'Name', filterable: true }),
    text(
      'subtitle',
      ids.map(() => query.node),
    ),
    number('mainstat', ids.map(total), { displayName: measure.label, ...unit }),
    number(
      'secondarystat',
      ids.map((id) => traffic.get(id)!.sent),
      { displayName: 'Sent', ...unit },
    ),
    number(
      'arc__sent',
      ids.map((id) => share(id, 'sent')),
      arc('Sent', 'blue'),
    ),
    number(
      'arc__received',
      ids.map((id) => share(id, 'received')),
      arc('Received', 'green'),
    ),
    number(
      'nodeRadius',
      ids.map((id) => Math.round(24 + 26 * Math.sqrt(total(id) / most))),
    ),
    number(
      'detail__sent',
      ids.map((id) => traffic.get(id)!.sent),
      { displayName: 'Sent', ...unit },
    ),
    number(
      'detail__received',
      ids.map((id) => traffic.get(id)!.received),
      { displayName: 'Received', ...unit },
    ),
    number(
      'fixedX',
      ids.map((id) => positions.get(id)!.x),
    ),
    number(
      'fixedY',
      ids.map((id) => positions.get(id)!.y),
    ),
  ];
  const heaviest = Math.max(...edges.map((edge) => edge.value + edge.reverse), Number.MIN_VALUE);
  const withUtilization = edges.some((edge) => !Number.isNaN(edge.utilization));
  const column = (of: (edge: Edge) => number): number[] => edges.map(of);
  const links: Field[] = [
    text(
      'id',
      edges.map(({ source, target }) => `${source} → ${target}`),
    ),
    text(
      'source',
      edges.map(({ source }) => source),
    ),
    text(
      'target',
      edges.map(({ target }) => target),
    ),
    number(
      'mainstat',
      column((edge) => edge.value),
      { displayName: measure.label, ...unit },
    ),
    number(
      'secondarystat',
      column((edge) => edge.reverse),
      { displayName: `${measure.label}, reverse`, ...unit },
    ),
    number(
      'thickness',
      column(
        (edge) =>
          Math.round(10 * (1 + (MAX_THICKNESS - 1) * Math.sqrt((edge.value + edge.reverse) / heaviest))) / 10,
      ),
    ),
    text('color', edges.map(colorOf)),
    number(
      'detail__bytes',
      column((edge) => edge.bytes),
      { displayName: 'Bytes', unit: 'decbytes' },
    ),
    number(
      'detail__packets',
      column((edge) => edge.packets),
      { displayName: 'Packets', unit: 'short' },
    ),
    number(
      'detail__flows',
      column((edge) => edge.flows),
      { displayName: 'Flows', unit: 'short' },
    ),
    ...(withUtilization
      ? [
          number(
            'detail__utilization',
            column((edge) => edge.utilization),
            { displayName: 'Utilization', unit: 'percent' },
          ),
        ]
      : []),
  ];
  const drawn = edges.reduce((sum, edge) => sum + edge.value + edge.reverse, 0);
  const restNotice =
    rest > 0
      ? [
          {
            severity: 'info' as const,
            text: `The ${edges.length} heaviest edges are drawn: ${((100 * drawn) / (drawn + rest)).toFixed(1)} % of the traffic.`,
          },
        ]
      : [];
  return [
    {
      name: 'nodes',
      fields: nodes,
      meta: metaOf(answer, { ...graph, custom: { node: query.node, rest } }, restNotice),
    },
    { name: 'edges', fields: links, meta: { ...graph, custom: { node: query.node } } },
  ];
}

/** Edges, and what is beyond the limit, which is summed up in a last row without ends: nothing that could be drawn. */
function edgesOf(answer: Answer): { readonly edges: readonly Edge[]; readonly rest: number } {
  const table = mainTable(answer);
  if (table.rows === 0) return { edges: [], rest: 0 };
  const source = textsOf(table, 'source');
  const destination = textsOf(table, 'destination');
  const numbers = (name: string): Float64Array => numbersOf(table, name);
  const [value, reverse] = [numbers('value'), numbers('reverse_value')];
  const [bytes, packets, flows] = [numbers('bytes'), numbers('packets'), numbers('flows')];
  const utilization = numbers('utilization');
  const all = source.map((from, row) => ({
    source: from,
    target: destination[row]!,
    value: value[row]!,
    reverse: reverse[row]!,
    bytes: bytes[row]!,
    packets: packets[row]!,
    flows: flows[row]!,
    utilization: utilization[row]! < 0 ? Number.NaN : utilization[row]!,
  }));
  const last = all.at(-1)!;
  if (!answer.query.other || last.source !== '' || last.target !== '') return { edges: all, rest: 0 };
  return { edges: all.slice(0, -1), rest: last.value + last.reverse };
}

function titleOf(id: string): string {
  return id === '' ? '(none)' : id;
}

/** By utilization, where it is known: what a person watches is a link that fills up. */
function colorOf({ utilization }: Edge): string {
  if (Number.isNaN(utilization)) return '#8e8e8e';
  if (utilization >= 90) return '#e02f44';
  if (utilization >= 70) return '#ff9830';
  if (utilization >= 40) return '#fade2a';
  return '#56a64b';
}

function text(name: string, values: readonly string[], config?: FieldConfig): Field {
  return { name, type: 'string', values, ...(config === undefined ? {} : { config }) };
}

function number(name: string, values: readonly number[], config?: FieldConfig): Field {
  const missing = values.some((value) => Number.isNaN(value));
  const validity = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, i) => {
    if (!Number.isNaN(value)) validity[i >> 3]! |= 1 << (i & 7);
  });
  return {
    name,
    type: 'number',
    values: Float64Array.from(values),
    ...(config === undefined ? {} : { config }),
    ...(missing ? { validity } : {}),
  };
}

function arc(displayName: string, fixedColor: string): FieldConfig {
  return { displayName, color: { mode: 'fixed', fixedColor } };
}
