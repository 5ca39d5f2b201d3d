import { describe, expect, test } from '@jest/globals';
import {
  FLOW,
  type FieldSpec,
  type FieldValue,
  VARIABLE,
  flow,
  ipfix,
  netflow5,
  netflow9,
  number,
  optionsTemplate10,
  optionsTemplate9,
  record,
  set,
  template,
} from './testing/datagrams.ts';
import { Rig } from './testing/rig.ts';
import { interfaceInventory } from '../../ledger/interfaces.ts';

type Pair = readonly [spec: FieldSpec, value: FieldValue];

/** Options data of one record: the scope is the observation domain (IPFIX) or the system (v9). */
function options(version: 9 | 10, pairs: readonly Pair[], domain = 0): Uint8Array {
  const fields = pairs.map(([spec]) => spec);
  const values = pairs.map(([, value]) => value);
  const scope: FieldSpec = version === 9 ? [1, 4] : [149, 4];
  const content = set(400, record([scope, ...fields], [0, ...values]));
  return version === 9
    ? netflow9({ domain }, set(1, optionsTemplate9(400, [scope], fields)), content)
    : ipfix({ domain }, set(3, optionsTemplate10(400, [scope], fields)), content);
}

function flows(version: 9 | 10, pairs: readonly Pair[] = [], domain = 0): Uint8Array {
  const fields = [...FLOW, ...pairs.map(([spec]) => spec)];
  const values = pairs.map(([, value]) => value);
  const content = set(256, flow(1), record(fields.slice(FLOW.length), values));
  return version === 9
    ? netflow9({ domain }, set(0, template(256, fields)), content)
    : ipfix({ domain }, set(2, template(256, fields)), content);
}

const rateOf = (rig: Rig, datagram: Uint8Array): unknown => rig.flowsOf(datagram)[0]!.sampling_rate;

describe('the sampling rate', () => {
  test.each([
    ['interval 1000 in mode 1', 0x4000 | 1000, 1000],
    ['interval 1000 in mode 2', 0x8000 | 1000, 1000],
    ['interval 1000 in no mode', 1000, 1000],
    ['nothing', 0, 0],
    ['a mode and no interval', 0x4000, 0],
  ])('of v5 with %s in its header', (_, sampling, rate) => {
    expect(rateOf(new Rig(), netflow5({ sampling }, {}))).toBe(rate);
  });

  test.each<[string, 9 | 10, readonly Pair[], number]>([
    [
      'sampling interval',
      9,
      [
        [[34, 4], 512],
        [[35, 1], 1],
      ],
      512,
    ],
    [
      'random sampling interval',
      9,
      [
        [[49, 1], 2],
        [[50, 4], 256],
      ],
      256,
    ],
    ['packet interval alone', 10, [[[305, 4], 100]], 100],
    [
      'one packet, then a space of 999',
      10,
      [
        [[305, 4], 1],
        [[306, 4], 999],
      ],
      1000,
    ],
    [
      'ten packets, then a space of 990',
      10,
      [
        [[305, 4], 10],
        [[306, 4], 990],
      ],
      100,
    ],
    [
      '10 out of 20,000',
      10,
      [
        [[309, 4], 10],
        [[310, 4], 20_000],
      ],
      2000,
    ],
    ['a probability', 10, [[[311, 8], new Uint8Array(new Float64Array([0.001]).buffer).reverse()]], 1000],
    [
      'a probability of four bytes',
      10,
      [[[311, 4], new Uint8Array(new Float32Array([0.25]).buffer).reverse()]],
      4,
    ],
  ])('from options data: %s', (_, version, pairs, rate) => {
    const rig = new Rig();
    rig.send(options(version, pairs));
    expect(rateOf(rig, flows(version))).toBe(rate);
  });

  test.each<[string, readonly Pair[]]>([
    [
      'no interval',
      [
        [[305, 4], 0],
        [[306, 4], 0],
      ],
    ],
    ['a probability of nothing', [[[311, 8], new Uint8Array(8)]]],
    ['a probability above one', [[[311, 8], new Uint8Array(new Float64Array([7]).buffer).reverse()]]],
    [
      'none out of none',
      [
        [[309, 4], 0],
        [[310, 4], 0],
      ],
    ],
  ])('%s says nothing', (_, pairs) => {
    const rig = new Rig();
    rig.send(options(10, pairs));
    expect(rateOf(rig, flows(10))).toBe(0);
  });

  test('of each sampler, by its id in the record (v9)', () => {
    const rig = new Rig();
    rig.send(
      options(9, [
        [[48, 1], 1],
        [[34, 4], 1000],
      ]),
    );
    rig.send(
      options(9, [
        [[48, 1], 2],
        [[34, 4], 4000],
      ]),
    );
    expect(rateOf(rig, flows(9, [[[48, 1], 1]]))).toBe(1000);
    expect(rateOf(rig, flows(9, [[[48, 2], 2]]))).toBe(4000);
    expect(rateOf(rig, flows(9, [[[48, 1], 9]]))).toBe(0);
  });

  test('of each selector (RFC 5477)', () => {
    const rig = new Rig();
    rig.send(
      options(10, [
        [[302, 8], 77],
        [[304, 2], 1],
        [[305, 4], 1],
        [[306, 4], 499],
      ]),
    );
    rig.send(
      options(10, [
        [[302, 8], 78],
        [[304, 2], 3],
        [[309, 4], 1],
        [[310, 4], 64],
      ]),
    );
    expect(rateOf(rig, flows(10, [[[302, 8], 77]]))).toBe(500);
    expect(rateOf(rig, flows(10, [[[302, 8], 78]]))).toBe(64);
  });

  test('of the interface that a record came in by, or else left by, where options data is scoped to interfaces', () => {
    const rig = new Rig();
    for (const [index, rate] of [
      [7, 100],
      [8, 2000],
    ] as const)
      rig.send(
        options(10, [
          [[10, 4], index],
          [[34, 4], rate],
        ]),
      );
    const over = (input: number, output: number): Uint8Array =>
      flows(10, [
        [[10, 4], input],
        [[14, 4], output],
      ]);
    expect(rateOf(rig, over(7, 8))).toBe(100);
    expect(rateOf(rig, over(8, 7))).toBe(2000);
    expect(rateOf(rig, over(9, 8))).toBe(2000);
    expect(rateOf(rig, over(9, 9))).toBe(0);
  });

  test('of the only sampler there is, where records name none', () => {
    const rig = new Rig();
    rig.send(
      options(9, [
        [[48, 1], 1],
        [[34, 4], 1000],
      ]),
    );
    expect(rateOf(rig, flows(9))).toBe(1000);
    rig.send(
      options(9, [
        [[48, 1], 2],
        [[34, 4], 4000],
      ]),
    );
    expect(rateOf(rig, flows(9))).toBe(0);
  });

  test('belongs to its observation domain', () => {
    const rig = new Rig();
    rig.send(options(10, [[[34, 4], 512]], 1));
    expect(rateOf(rig, flows(10, [], 1))).toBe(512);
    expect(rateOf(rig, flows(10, [], 2))).toBe(0);
  });

  test('in the records themselves, before what options say', () => {
    const rig = new Rig();
    rig.send(options(10, [[[34, 4], 512]]));
    expect(rateOf(rig, flows(10, [[[34, 4], 8]]))).toBe(8);
    expect(rateOf(rig, flows(10, [[[50, 4], 16]]))).toBe(16);
    expect(
      rateOf(
        rig,
        flows(10, [
          [[305, 4], 2],
          [[306, 4], 18],
        ]),
      ),
    ).toBe(10);
    expect(rateOf(rig, flows(10, [[[34, 4], 0]]))).toBe(512);
  });

  test('by configuration, against whatever the exporter says', () => {
    const rig = new Rig({}, { samplingRate: 100 });
    rig.send(
      options(9, [
        [[48, 1], 1],
        [[34, 4], 1000],
      ]),
    );
    expect(rateOf(rig, flows(9))).toBe(100);
    expect(rateOf(rig, flows(9, [[[48, 1], 1]]))).toBe(100);
    expect(rateOf(rig, flows(9, [[[34, 4], 7]]))).toBe(100);
    expect(rateOf(rig, netflow5({ sampling: 0x4000 | 10 }, {}))).toBe(100);
  });

  test('by configuration as a default, where the exporter says nothing', () => {
    const rig = new Rig({}, { defaultSamplingRate: 50 });
    expect(rateOf(rig, flows(9))).toBe(50);
    expect(rateOf(rig, flows(9, [[[48, 1], 1]]))).toBe(50);
    expect(rateOf(rig, netflow5({}, {}))).toBe(50);
    rig.send(options(9, [[[34, 4], 1000]]));
    expect(rateOf(rig, flows(9))).toBe(1000);
    expect(rateOf(rig, netflow5({ sampling: 0x4000 | 10 }, {}))).toBe(10);
  });

  test('that nobody tells stays unknown', () => {
    expect(rateOf(new Rig(), flows(9))).toBe(0);
    expect(rateOf(new Rig(), flows(10, [[[302, 8], 5]]))).toBe(0);
  });

  test('is that of the latest announcement', () => {
    const rig = new Rig();
    rig.send(options(9, [[[34, 4], 1000]]));
    rig.send(options(9, [[[34, 4], 2000]]));
    expect(rateOf(rig, flows(9))).toBe(2000);
    expect(rig.exporter().lastSamplingRate).toBe(2000);
  });

  test('of a sampler per record, in one set', () => {
    const rig = new Rig();
    rig.send(
      options(9, [
        [[48, 1], 1],
        [[34, 4], 10],
      ]),
    );
    rig.send(
      options(9, [
        [[48, 1], 2],
        [[34, 4], 20],
      ]),
    );
    const fields = [...FLOW, [48, 1]] as const;
    const rows = rig.flowsOf(
      netflow9(
        {},
        set(0, template(256, fields)),
        set(256, ...[1, 2, 2, 1, 0].flatMap((id) => [flow(1), [id]])),
      ),
    );
    expect(rows.map((row) => row.sampling_rate)).toEqual([10, 20, 20, 10, 0]);
  });
});

describe('names learnt from options data', () => {
  test.each<[string, 9 | 10, Uint8Array]>([
    [
      'v9, the interface as scope',
      9,
      netflow9(
        {},
        set(1, optionsTemplate9(400, [[2, 4]], [[82, 16]])),
        set(
          400,
          record(
            [
              [2, 4],
              [82, 16],
            ],
            [5, 'Gi0/0/5'],
          ),
        ),
      ),
    ],
    [
      'v9, the interface as field',
      9,
      options(9, [
        [[10, 4], 5],
        [[82, 16], 'Gi0/0/5'],
      ]),
    ],
    [
      'v9, a description alone',
      9,
      options(9, [
        [[10, 4], 5],
        [[83, 16], 'Gi0/0/5'],
      ]),
    ],
    [
      'IPFIX, the interface as scope',
      10,
      ipfix(
        {},
        set(3, optionsTemplate10(400, [[10, 4]], [[82, VARIABLE]])),
        set(
          400,
          record(
            [
              [10, 4],
              [82, VARIABLE],
            ],
            [5, 'Gi0/0/5'],
          ),
        ),
      ),
    ],
    [
      'IPFIX, a name and a description',
      10,
      options(10, [
        [[14, 4], 5],
        [[83, VARIABLE], 'uplink'],
        [[82, VARIABLE], 'Gi0/0/5'],
      ]),
    ],
  ])('interfaces: %s', (_, version, datagram) => {
    const rig = new Rig();
    rig.send(datagram);
    const [row] = rig.flowsOf(
      flows(version, [
        [[10, 4], 5],
        [[14, 4], 6],
      ]),
    );
    expect(row).toMatchObject({ input_interface_name: 'Gi0/0/5', output_interface_name: '' });
    expect(
      rig.flowsOf(
        flows(version, [
          [[10, 4], 6],
          [[14, 4], 5],
        ]),
      )[0],
    ).toMatchObject({
      input_interface_name: '',
      output_interface_name: 'Gi0/0/5',
    });
  });

  test('interfaces: configured names hold against learnt ones, and give way to none', () => {
    const rig = new Rig(
      {},
      {
        interfaces: new Map([
          [5, { name: 'uplink' }],
          [6, { description: 'lab' }],
        ]),
        defaultInterfaceSpeed: 1e9,
      },
    );
    const nameOf = (index: number): unknown =>
      rig.flowsOf(flows(9, [[[10, 4], index]]))[0]!.input_interface_name;
    expect([nameOf(5), nameOf(6), nameOf(7)]).toEqual(['uplink', 'lab', '']);
    rig.exporter().interfaces.set(5, { name: 'Gi0/0/5', description: '' });
    rig.exporter().interfaces.set(6, { name: 'Gi0/0/6', description: '' });
    rig.exporter().namesVersion++;
    expect([nameOf(5), nameOf(6)]).toEqual(['uplink', 'Gi0/0/6']);
    expect(interfaceInventory([rig.exporter()])).toEqual([
      {
        address: '192.0.2.1',
        exporterName: '',
        tenantId: '',
        interfaces: [
          [5, { name: 'uplink', description: '', speed: 1e9 }],
          [6, { name: 'Gi0/0/6', description: 'lab', speed: 1e9 }],
          [7, { name: '', description: '', speed: 1e9 }],
        ],
      },
    ]);
  });

  test('VRFs', () => {
    const rig = new Rig();
    rig.send(
      options(9, [
        [[234, 4], 7],
        [[236, 32], 'customer-a'],
      ]),
    );
    expect(
      rig.flowsOf(
        flows(9, [
          [[234, 4], 7],
          [[235, 4], 7],
        ]),
      )[0],
    ).toMatchObject({
      vrf_name: 'customer-a',
      egress_vrf_name: 'customer-a',
    });
  });

  test('applications, with and without an enterprise number', () => {
    const rig = new Rig();
    const forti = (selector: number): Uint8Array =>
      new Uint8Array([20, 0, 0, 0x30, 0x44, ...number(selector, 4)]);
    rig.send(
      options(9, [
        [[95, 4], 0x0d0001af],
        [[96, 24], 'ms-teams'],
        [[94, 8], 'Teams'],
      ]),
    );
    for (const [id, name] of [
      [40_568, 'HTTPS'],
      [40_569, 'QUIC'],
    ] as const)
      rig.send(
        options(9, [
          [[95, 9], forti(id)],
          [[96, 64], name],
        ]),
      );
    const nameOf = (pair: Pair): unknown => rig.flowsOf(flows(9, [pair]))[0]!.application;
    expect(nameOf([[95, 4], 0x0d0001af])).toBe('ms-teams');
    expect(nameOf([[95, 9], forti(40_568)])).toBe('HTTPS');
    expect(nameOf([[95, 9], forti(40_569)])).toBe('QUIC');
    expect(nameOf([[95, 9], forti(1)])).toBe('');
  });

  test('do not hide a name in the record itself', () => {
    const rig = new Rig();
    rig.send(
      options(10, [
        [[95, 4], 1],
        [[96, 8], 'learnt'],
      ]),
    );
    expect(
      rig.flowsOf(
        flows(10, [
          [[95, 4], 1],
          [[96, 8], 'sent'],
        ]),
      )[0]!.application,
    ).toBe('sent');
  });

  test('change when told anew, and count as a change only then', () => {
    const rig = new Rig();
    rig.send(
      options(9, [
        [[10, 4], 5],
        [[82, 16], 'old'],
      ]),
    );
    const { changes } = rig.decoder;
    rig.send(
      options(9, [
        [[10, 4], 5],
        [[82, 16], 'old'],
      ]),
    );
    expect(rig.decoder.changes).toBe(changes);
    rig.send(
      options(9, [
        [[10, 4], 5],
        [[82, 16], 'new'],
      ]),
    );
    expect(rig.decoder.changes).toBe(changes + 1);
    expect(rig.flowsOf(flows(9, [[[10, 4], 5]]))[0]!.input_interface_name).toBe('new');
  });

  test('are bounded in number', () => {
    const rig = new Rig({ namesPerExporter: 10 });
    for (let i = 0; i < 100; i++)
      rig.send(
        options(9, [
          [[10, 4], i],
          [[82, 16], `if${i}`],
          [[95, 4], i],
          [[96, 8], `app${i}`],
          [[234, 4], i],
          [[236, 8], `vrf${i}`],
        ]),
      );
    const { interfaces, applications, vrfs } = rig.exporter();
    expect([interfaces.size, applications.size, vrfs.size]).toEqual([10, 10, 10]);
  });
});

describe('what configuration says of an exporter', () => {
  test('stands in each row', () => {
    const rig = new Rig({}, { name: 'edge-1', tenantId: 'acme' });
    expect(rig.flowsOf(flows(9))[0]).toMatchObject({ exporter_name: 'edge-1', tenant_id: 'acme' });
    rig.exporters.reconfigure(() => ({ name: 'edge-2', tenantId: 'acme' }));
    expect(rig.flowsOf(flows(9))[0]).toMatchObject({ exporter_name: 'edge-2', tenant_id: 'acme' });
  });
});
