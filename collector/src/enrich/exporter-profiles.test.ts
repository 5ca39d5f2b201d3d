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

test('each property comes from the most specific entry that has it', () => {
  expect(profileOf('10.0.0.1')).toEqual({ name: 'core-1', tenantId: 'acme', defaultSamplingRate: 512 });
  expect(profileOf('10.0.0.2')).toEqual({ name: '10.0.0.2', tenantId: 'globex', defaultSamplingRate: 512 });
  expect(profileOf('2001:db8:0::1')).toEqual({ name: 'edge', tenantId: 'ours', samplingRate: 100 });
});
