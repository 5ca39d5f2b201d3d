import { describe, expect, it } from '@jest/globals';
import type { Column } from '../../clickhouse/columns.ts';
import { type AnomalyRecord, anomalyRecords, flowSpanOf, hostOf } from './anomaly-record.ts';
import { contributorText, evidenceText, factsOf, portsText, serviceText } from './evidence-facts.ts';

function recordOf(texts: Record<string, string>, numbers: Record<string, number> = {}): AnomalyRecord {
  const columns: Column[] = [
    ...Object.entries(texts).map(([name, value]): Column => ({
      name,
      type: 'String',
      kind: 'text',
      values: [value],
    })),
    ...Object.entries(numbers).map(([name, value]): Column => ({
      name,
      type: 'Float64',
      kind: 'number',
      values: Float64Array.of(value),
    })),
  ];
  return anomalyRecords({ rows: 1, columns })[0]!;
}

const evidence = {
  measures: [
    { name: 'half_open', value: 600, unit: 'flows/min' },
    { name: 'refused', value: 0, unit: 'flows/min' },
  ],
  contributors: [
    { source_ip: '10.0.0.1', destination_ip: '10.0.0.2', protocol: 6, destination_port: 22, value: 40 },
  ],
  ports: [22, 80, 81, 82],
  caveat: '1:1000 sampling, 7 records',
  flows: [
    { source_ip: '10.0.0.1', destination_ip: '10.0.0.2', protocol: 6, destination_port: 22, bytes: 12_000 },
  ],
  parameters: { ports: 20 },
  detector: 'port_scan',
  raised: { from: 'medium', because: 'a login storm follows the scan' },
};
const scan = recordOf(
  { metric: 'ports_per_minute', description: 'Many ports.', evidence: JSON.stringify(evidence) },
  { value: 468, threshold: 20, score: 0.97 },
);

describe('evidence', () => {
  it('is told thing by thing, the telling ones first', () => {
    expect(factsOf(scan).map(({ part, what, text }) => [part, what, text])).toEqual([
      ['What', '', 'Many ports.'],
      ['Measured', '', '468 ports/min (threshold 20)'],
      ['Measure', 'half open', '600 flows/min'],
      ['Measure', 'refused', '0 flows/min'],
      ['Contributor', '10.0.0.1 → 10.0.0.2 TCP 22 (ssh)', '40 ports/min'],
      ['Ports', '', '22, 80–82'],
      ['Caveat', '', '1:1000 sampling, 7 records'],
      ['Severity', '', 'raised from medium: a login storm follows the scan'],
      ['Detector', '', 'port_scan'],
      ['Parameter', 'ports', '20'],
      ['Score', '', '97 %'],
    ]);
  });

  it('is told in a few lines for messages', () => {
    expect(evidenceText(scan, '\n').split('\n')).toEqual([
      'Numbers: half open 600 flows/min',
      'Most from: 10.0.0.1 → 10.0.0.2 TCP 22 (ssh) 40 ports/min',
      'Ports: 22, 80–82',
      'Largest flows: 10.0.0.1 → 10.0.0.2 TCP 22 (ssh) 12 kB',
      'Caveat: 1:1000 sampling, 7 records',
    ]);
  });

  it.each(['', 'none', 'null', '[]', '7', '{"measures":7,"ports":"x","contributors":[null,{}],"flows":[1]}'])(
    'that cannot be read is none: %s',
    (text) => {
      const record = recordOf({ evidence: text, description: '', metric: '' });
      expect(factsOf(record).map(({ part }) => part)).toEqual(['Score']);
      expect(evidenceText(record, '\n')).toBe('');
    },
  );

  it('says a unit that is the name once', () => {
    const measures = [
      { name: 'attempts', value: 60, unit: 'attempts/min' },
      { name: 'half_open_flows', value: 10_000, unit: 'flows' },
      { name: 'bytes', value: 2_600, unit: 'bytes/flow' },
    ];
    expect(evidenceText(recordOf({ evidence: JSON.stringify({ measures }) }), '\n')).toBe(
      'Numbers: 60 attempts/min; 10,000 half open flows; bytes 2.6 kB/flow',
    );
  });

  it('says how many more there are than it names', () => {
    const contributors = Array.from({ length: 9 }, (_, i) => ({ source_ip: `10.0.0.${i}`, value: i }));
    const record = recordOf({ metric: 'flows', evidence: JSON.stringify({ contributors }) });
    expect(evidenceText(record, '\n')).toMatch(/^Most from: 10\.0\.0\.0 0 flows; .*; and 4 more$/);
  });
});

describe('who, whom and through what', () => {
  it('is said as far as it is known', () => {
    expect(contributorText({ source_ip: '10.0.0.1', value: 1 })).toBe('10.0.0.1');
    expect(
      contributorText({ destination_ip: '10.0.0.2', protocol: 17, destination_port: 53, value: 1 }),
    ).toBe('to 10.0.0.2 UDP 53 (dns)');
    expect(serviceText(0, 0)).toBe('');
    expect(serviceText(0, 8443)).toMatch(/^port 8443/);
    expect(serviceText(1, 0)).toBe('ICMP');
    expect(serviceText(253, 0)).toBe('protocol 253');
  });

  it('joins ports that follow one another', () => {
    expect(portsText([443, 1, 2, 3, 8080, 8081, 443])).toBe('1–3, 443, 8080, 8081');
  });

  it('is the host that acts, else the one that is acted on', () => {
    expect(hostOf(recordOf({ source_ip: '10.0.0.1', destination_ip: '10.0.0.2' }))).toBe('10.0.0.1');
    expect(hostOf(recordOf({ source_ip: '', destination_ip: '10.0.0.0/24' }))).toBe('10.0.0.0/24');
  });
});

describe('the span of an anomaly’s flows', () => {
  it('is two minutes wider on both sides, and ends now while it lasts', () => {
    const closed = recordOf({}, { opened_ms: 1_000_000, closed_ms: 1_060_000, updated_ms: 1_090_000 });
    expect(flowSpanOf(closed, 9_000_000)).toEqual({ from: 880_000, to: 1_180_000 });
    const open = recordOf({}, { opened_ms: 1_000_000, closed_ms: 0, updated_ms: 1_090_000 });
    expect(flowSpanOf(open, 9_000_000)).toEqual({ from: 880_000, to: 9_120_000 });
  });
});
