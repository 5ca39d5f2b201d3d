import type { FieldSpec, FieldValue } from './datagrams.ts';
import type { FlowRow } from './flows.ts';

/*
 * A second reading of NetFlow v9 and IPFIX, slow and plain, made from the standards and not from the decoder: for each column
 * the elements that feed it, as a person would write them down.
 */

type Rule =
  | {
      readonly kind: 'number';
      readonly bits: 8 | 16 | 32 | 64;
      readonly elements: readonly string[];
      readonly counter?: true;
    }
  | { readonly kind: 'address'; readonly elements: readonly string[] }
  | { readonly kind: 'text'; readonly elements: readonly string[] };

const number = (bits: 8 | 16 | 32 | 64, ...elements: readonly string[]): Rule => ({
  kind: 'number',
  bits,
  elements,
});
const counter = (...elements: readonly string[]): Rule => ({
  kind: 'number',
  bits: 64,
  elements,
  counter: true,
});

/** By `enterprise:element`, the best source first. */
const RULES = {
  source_ip: { kind: 'address', elements: ['0:8', '0:27'] },
  destination_ip: { kind: 'address', elements: ['0:12', '0:28'] },
  next_hop: { kind: 'address', elements: ['0:15', '0:62'] },
  post_nat_source_ip: { kind: 'address', elements: ['0:225', '0:281'] },
  source_port: number(16, '0:7', '0:180', '0:182'),
  destination_port: number(16, '0:11', '0:181', '0:183'),
  protocol: number(8, '0:4'),
  bytes_in: counter('0:1', '0:85'),
  packets_in: counter('0:2', '0:86'),
  tcp_flags: number(16, '0:6'),
  tos: number(8, '0:5'),
  input_interface: number(32, '0:10', '0:252'),
  output_interface: number(32, '0:14', '0:253'),
  source_as: number(32, '0:16'),
  source_mask: number(8, '0:9', '0:29'),
  source_mac: number(64, '0:56', '0:81'),
  vlan_id: number(16, '0:58', '0:243'),
  vrf_id: number(32, '0:234'),
  nat_event: number(8, '0:230'),
  connection_id: number(64, '0:148'),
  flow_end_reason: number(8, '0:136'),
  dropped_bytes: counter('0:132'),
  retransmissions: number(32, '35632:109'),
  application: { kind: 'text', elements: ['0:96', '35632:119'] },
  input_interface_name: { kind: 'text', elements: ['0:82'] },
  user_name: { kind: 'text', elements: ['0:371'] },
  http_host: { kind: 'text', elements: ['0:460', '35632:187'] },
} as const satisfies Partial<Record<keyof FlowRow, Rule>>;

export type ReferenceColumn = keyof typeof RULES;
export const referenceColumns = Object.keys(RULES) as ReferenceColumn[];

/** All elements that some rule knows, with the lengths that they may have. */
export const knownElements: readonly {
  readonly pen: number;
  readonly id: number;
  readonly lengths: readonly number[];
}[] = Object.values(RULES as Record<string, Rule>).flatMap((rule) =>
  rule.elements.map((element, i) => {
    const [pen, id] = element.split(':').map(Number) as [number, number];
    if (rule.kind === 'text') return { pen, id, lengths: [0, 1, 7, 32, 65535] };
    if (rule.kind === 'address') return { pen, id, lengths: i === 0 ? [4] : [16] };
    return { pen, id, lengths: Array.from({ length: 8 }, (_, n) => n + 1) };
  }),
);

const decoder = new TextDecoder();

/** What the row of a record should say. */
export function expectedRow(
  fields: readonly FieldSpec[],
  values: readonly FieldValue[],
): Readonly<Record<ReferenceColumn, bigint | string>> {
  const sent = new Map<string, Uint8Array>();
  fields.forEach(([id, length, pen = 0], i) => {
    const key = `${pen}:${id}`;
    const value = values[i] as Uint8Array;
    if (length > 0 && !sent.has(key)) sent.set(key, value);
  });
  return Object.fromEntries(
    Object.entries(RULES as Record<string, Rule>).map(([column, rule]) => [column, reading(rule, sent)]),
  ) as Record<ReferenceColumn, bigint | string>;
}

function reading(rule: Rule, sent: ReadonlyMap<string, Uint8Array>): bigint | string {
  const present = rule.elements.filter((e) => sent.has(e)).map((e) => sent.get(e)!);
  switch (rule.kind) {
    case 'number': {
      const largest = 2n ** BigInt(rule.bits) - 1n;
      const values = present.map(toNumber).map((value) => (value > largest ? largest : value));
      return (rule.counter === true ? values[0] : values.find((value) => value !== 0n)) ?? 0n;
    }
    case 'text':
      return present.map(toText).find((text) => text !== '') ?? '';
    case 'address': {
      const [best] = present.filter((bytes) => bytes.some((b) => b !== 0));
      const shown = best ?? present.at(-1);
      return shown === undefined
        ? '00'.repeat(16)
        : toHex(shown.length === 4 ? [...MAPPED, ...shown] : [...shown]);
    }
  }
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

function toText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}

export function toHex(bytes: readonly number[]): string {
  return bytes.map((b) => b.toString(16).padStart(2, '0')).join('');
}
