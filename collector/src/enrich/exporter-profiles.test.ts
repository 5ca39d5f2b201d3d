import { expect, test } from '@jest/globals';
import { profilesFrom } from './exporter-profiles.ts';

const profileOf = profilesFrom({
  exporters: [
    { address: '10.0.0.0/8', defaultSamplingRate: 512 },
    { address: '10.0.0.1', name: 'core-1' },
    { address: '2001:db8::1', name: 'edge', samplingRate: 100 },
  ],
  tenants: {
    default: 'ours',
    map: [
      { match: '10.0.0.0/8', tenant: 'globex' },
      { match: '10.0.0.1', tenant: 'acme' },
    ],
  },
});

test('an exporter without an entry is named by its address and belongs to the default tenant', () => {
  expect(profileOf('192.0.2.1')).toEqual({ name: '192.0.2.1', tenantId: 'ours' });
});

test('interfaces come from the most specific entry that has them, one by one', () => {
  const of = profilesFrom({
    exporters: [
      {
        address: '10.0.0.0/8',
        defaultInterfaceSpeed: 1e9,
        interfaces: [
          { index: 1, name: 'one', speed: 5 },
          { index: 2, name: 'two' },
        ],
      },
      { address: '10.0.0.1', interfaces: [{ index: 1, name: 'uplink' }] },
    ],
    tenants: { default: 'ours', map: [] },
  });
  expect(of('10.0.0.1')).toEqual({
    name: '10.0.0.1',
    tenantId: 'ours',
    defaultInterfaceSpeed: 1e9,
    interfaces: new Map([
      [1, { name: 'uplink' }],
      [2, { name: 'two' }],
    ]),
  });
});

test('each property comes from the most specific entry that has it', () => {
  expect(profileOf('10.0.0.1')).toEqual({ name: 'core-1', tenantId: 'acme', defaultSamplingRate: 512 });
  expect(profileOf('10.0.0.2')).toEqual({ name: '10.0.0.2', tenantId: 'globex', defaultSamplingRate: 512 });
  expect(profileOf('2001:db8:0::1')).toEqual({ name: 'edge', tenantId: 'ours', samplingRate: 100 });
});
