import { describe, expect, it } from '@jest/globals';
import { comparedAnomalies } from './compare.ts';
import { anomalyRow } from './testing/anomaly-row.ts';

const OPENED = 1_800_000_000;

const statuses = (...lists: Parameters<typeof comparedAnomalies>): string[][] =>
  comparedAnomalies(...lists).map(({ status, row, live }) => [status, row.id, ...live]);

describe('a replay beside what was recorded', () => {
  it('has found the same where entity and time are the same, whatever the numbers', () => {
    const replayed = anomalyRow({ id: 'r', opened: OPENED, closed: OPENED + 60, value: 3, severity: 'low' });
    const live = anomalyRow({ id: 'l', opened: OPENED + 50, closed: OPENED + 600, value: 9 });
    expect(statuses([replayed], [live])).toEqual([['same', 'r', 'l']]);
  });

  it('has found something new, or misses something, where one of them is another', () => {
    const row = anomalyRow({ id: 'r', opened: OPENED, closed: OPENED + 60 });
    const others = [
      anomalyRow({ id: 'type', opened: OPENED, type: 'outlier' }),
      anomalyRow({ id: 'rule', opened: OPENED, rule: 'mine' }),
      anomalyRow({ id: 'tenant', opened: OPENED, tenant_id: 'acme' }),
      anomalyRow({ id: 'host', opened: OPENED, source_ip: '10.0.0.2' }),
      anomalyRow({ id: 'none', opened: OPENED, source_ip: '::' }),
      anomalyRow({ id: 'later', opened: OPENED + 121 }),
    ];
    const compared = statuses([row], others);
    expect(compared.filter(([status]) => status === 'new')).toEqual([['new', 'r']]);
    expect(
      compared
        .filter(([status]) => status === 'missing')
        .map(([, id]) => id)
        .sort(),
    ).toEqual(others.map(({ id }) => id).sort());
  });

  it('holds nothing against what one of them does not name', () => {
    const scan = anomalyRow({ id: 'scan', opened: OPENED, destination_ip: '10.1.0.5' });
    const wider = anomalyRow({ id: 'wider', opened: OPENED });
    const elsewhere = anomalyRow({ id: 'elsewhere', opened: OPENED, destination_ip: '10.1.0.6' });
    const network = { source_ip: '::', destination_ip: '10.1.0.0', opened: OPENED };
    expect(statuses([wider], [scan])).toEqual([['same', 'wider', 'scan']]);
    expect(statuses([elsewhere], [scan]).map(([status]) => status)).toEqual(['new', 'missing']);
    expect(
      statuses(
        [anomalyRow({ ...network, id: 'a', destination_prefix: 120 })],
        [anomalyRow({ ...network, id: 'b', destination_prefix: 112 })],
      ).map(([status]) => status),
    ).toEqual(['new', 'missing']);
    const ofAll = { source_ip: '::', opened: OPENED };
    expect(statuses([anomalyRow({ ...ofAll, id: 'a' })], [anomalyRow({ ...ofAll, id: 'b' })])).toEqual([
      ['same', 'a', 'b'],
    ]);
  });

  it('takes what has not ended as lasting', () => {
    const open = anomalyRow({ id: 'l', opened: OPENED, closed: 0 });
    const later = anomalyRow({ id: 'r', opened: OPENED + 5000, closed: OPENED + 6000 });
    expect(statuses([later], [open])).toEqual([['same', 'r', 'l']]);
  });

  it('may stand for several that were one', () => {
    const one = anomalyRow({ id: 'one', opened: OPENED, closed: OPENED + 1000 });
    const parts = [0, 500].map((after) =>
      anomalyRow({ id: `part-${after}`, opened: OPENED + after, closed: OPENED + after + 100 }),
    );
    expect(statuses([one], parts)).toEqual([['same', 'one', 'part-0', 'part-500']]);
    expect(statuses(parts, [one]).map(([status]) => status)).toEqual(['same', 'same']);
  });
});
