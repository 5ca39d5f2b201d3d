import { fieldByName } from '../fields/fields.ts';
import { candidatesSql } from './candidates.ts';
import { answerOf, limited } from './answer.ts';
import type { CompiledQuery } from './compiled.ts';
import type { CompileContext } from './context.ts';
import { addressText, keyOf } from './keys.ts';
import { measureOf } from './measures.ts';
import type { Query, QueryRange, TopologyNode } from './model.ts';
import { Refused } from './problem.ts';
import { questionOf } from './question.ts';
import { type Amount, isFoldable, rowsSql } from './rows.ts';
import { indented } from './text.ts';

/** The two fields that an edge joins. */
const ends: Readonly<Record<Exclude<TopologyNode, 'exporter' | 'interface'>, readonly [string, string]>> = {
  host: ['source_ip', 'destination_ip'],
  network: ['source_network', 'destination_network'],
  as: ['source_as', 'destination_as'],
  country: ['source_country', 'destination_country'],
  workload: ['source_workload', 'destination_workload'],
  namespace: ['source_namespace', 'destination_namespace'],
};

/**
 * Edges between nodes, both directions in one row, the heaviest first and the rest in a last row without ends.
 *
 * - Ends of flows (hosts, networks, …): who sent to whom; an end without a name is "unknown".
 * - `exporter`: from an exporter to the next hop of what it sent on, which is an exporter's name where it is one's address.
 * - `interface`: from an exporter to its interface, called "exporter interface"; `value` went out by it, `reverse_value` came in, and
 *   `utilization` is the fuller direction in percent of its speed, -1 where that is not known.
 */
export function compileTopology(query: Query, range: QueryRange, context: CompileContext): CompiledQuery {
  const measure = measureOf(query.metric);
  if (!measure.metric.additive)
    throw new Refused(
      'metric',
      `${measure.metric.label} does not add up along edges: take bits/s, bytes, packets or flows.`,
    );
  const { node } = query;
  const byInterface = node === 'interface';
  const dimensions = byInterface
    ? ['exporter', 'interface']
    : node === 'exporter'
      ? ['exporter', 'next_hop']
      : [...ends[node]];
  const question = questionOf({ ...query, bidirectional: false }, range, context, {
    dimensions,
    buckets: 'none',
  });
  const limit = limited(query, context.maxRows, question.notices);
  const amount = (name: 'bytes' | 'packets' | 'flows'): Amount => {
    const { amount: of } = measureOf(name);
    return (table, direction, rate) => of(table, direction, rate);
  };
  const own: Amount = (table, direction, rate) => measure.amount(table, direction, rate);
  const rows = rowsSql(question, {
    // What came in by an interface is what its end of the flow received: ends are told apart, filters are not turned round.
    twoWay: false,
    previous: false,
    columns: (view) => {
      const at = (a: Amount, direction: 'in' | 'out'): string => a(view.segment.table, direction, view.rate);
      // What comes in by an interface goes to its exporter: against the edge.
      const inward = byInterface && view.end === 0;
      const pick = (of: Amount, direction: 'in' | 'out'): string =>
        at(of, inward ? (direction === 'in' ? 'out' : 'in') : direction);
      return [
        ['f', pick(own, 'in')],
        ['r', pick(own, 'out')],
        ['octets', view.both(amount('bytes'))],
        ['packets_both', view.both(amount('packets'))],
        ['records', view.both(amount('flows'))],
        ...(byInterface
          ? ([
              ['at', `(collector_ip, ${view.end === 0 ? 'input_interface' : 'output_interface'})`],
              ['out_octets', pick(amount('bytes'), 'in')],
              ['in_octets', pick(amount('bytes'), 'out')],
            ] as const)
          : []),
      ];
    },
  });
  const [first, second] = question.keys;
  const seconds = Math.max(1, question.toSeconds - question.fromSeconds);
  const scale = `${measure.factor === 1 ? '' : ` * ${measure.factor}`}${measure.metric.rate ? ` / ${seconds}` : ''}`;
  const foldable = isFoldable(question);
  const undirected = node !== 'exporter' && !byInterface;
  const pair = undirected
    ? 'least(k0, k1) AS a, greatest(k0, k1) AS b, k0 <= k1 AS along'
    : 'k0 AS a, k1 AS b, 1 AS along';
  const named = foldable ? 'folded_keys = 0 AND (a, b) IN edges' : '(a, b) IN edges';
  const exporters = `(SELECT mapFromArrays(groupArray(collector_ip), groupArray(exporter_name)) FROM (SELECT collector_ip, argMax(exporter_name, seen) AS exporter_name FROM ${context.database}.exporters GROUP BY collector_ip HAVING exporter_name != '' LIMIT 10000))`;
  const nextHop = `if(mapContains(${exporters}, gb), ${exporters}[gb], ${addressText('gb')})`;
  const destination = byInterface
    ? `concat(${first!.text('ga')}, ' ', ${second!.text('gb')})`
    : node === 'exporter'
      ? nextHop
      : keyOf(fieldByName(dimensions[1]!)!, question.prefixes).text('gb');
  const speed = byInterface
    ? `(SELECT groupArray((collector_ip, interface, bits)) FROM (SELECT collector_ip, interface, argMax(speed, seen) AS bits FROM ${context.database}.interfaces GROUP BY collector_ip, interface HAVING bits > 0 LIMIT 100000))`
    : '';
  const utilization = byInterface
    ? `if(named AND length(found) = length(at_ends), toFloat64(greatest(went_out, came_in)) * 800 / ${seconds} / arraySum(s -> s.3, found), -1)`
    : '-1';
  const known = (text: string): string => `if(${text} = '', 'unknown', ${text})`;
  const statement = {
    name: 'main',
    parameters: rows.parameters,
    sql: `WITH
flows AS (
    SELECT *, ${pair}
    FROM (
${indented(rows.sql, 8)}
    )${node === 'exporter' ? "\n    WHERE k1 != toIPv6('::')" : ''}
),
${candidatesSql(question.keys, 'flows', [foldable ? 'folded_keys = 0' : ''], 'sum(f + r)', limit, 'edges', ['a', 'b'])}
SELECT
    if(named, ${known(first!.text('ga'))}, '') AS source,
    if(named, ${known(destination)}, '') AS destination,
    toFloat64(there)${scale} AS value,
    toFloat64(back)${scale} AS reverse_value,
    toFloat64(all_octets) AS bytes,
    toFloat64(all_packets) AS packets,
    toFloat64(all_records) AS flows,
    toFloat64(${utilization}) AS utilization
FROM (
    SELECT
        named,
        if(named, a, defaultValueOfArgumentType(a)) AS ga,
        if(named, b, defaultValueOfArgumentType(b)) AS gb,
        sum(if(along, f, r)) AS there,
        sum(if(along, r, f)) AS back,
        sum(octets) AS all_octets,
        sum(packets_both) AS all_packets,
        sum(records) AS all_records${
          byInterface
            ? `,
        sum(out_octets) AS went_out,
        sum(in_octets) AS came_in,
        groupUniqArray(at) AS at_ends,
        arrayFilter(s -> has(at_ends, (s.1, s.2)), ${speed}) AS found`
            : ''
        }
    FROM (SELECT *, toUInt8(${named}) AS named FROM flows)
    GROUP BY named, ga, gb
)${query.other ? '' : '\nWHERE named'}
ORDER BY named DESC, value + reverse_value DESC, source, destination
LIMIT ${limit + 1}`,
  };
  if (node === 'exporter')
    question.notices.push({
      severity: 'info',
      text: 'Edges go to the next hop: flows without one are left out.',
    });
  return { ...answerOf(question, [statement]), bucketSeconds: 0 };
}
