import { describe, expect, it } from '@jest/globals';
import { valuesOf } from '../detector-settings.ts';
import { detectors } from '../detectors/index.ts';
import type { DetectionSettings } from '../settings.ts';
import { checkDetectorName, parseChange, settingsForReplay } from './settings-for-replay.ts';

const detector = detectors.find(({ parameters }) => Object.keys(parameters).length > 1)!;
const { name } = detector;
const [parameter, { default: usual }] = Object.entries(detector.parameters)[0]!;

const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: 20,
  capacities: {},
  detectors: { [name]: { enabled: false, scope: 'port = 22', parameters: { [parameter]: usual } } },
  tenants: { acme: { [name]: { parameters: { [parameter]: usual } } }, other: {} },
  exclude: [{ filter: 'source_ip = 10.0.0.9', detectors: [], comment: 'our scanner' }],
  silences: [{ filter: 'port = 22', detectors: [], comment: '', until: 4_000_000_000_000 }],
  rules: [],
};

describe('settings of a replay', () => {
  it('are the configuration’s, changed as asked, also where a tenant has its own', () => {
    const changed = settingsForReplay(settings, {
      detectors: [name],
      changes: [parseChange(`${name}.${parameter}=${usual + 1}`)],
      exclusions: true,
    });
    expect(changed.detectors[name]).toMatchObject({ enabled: true, scope: 'port = 22' });
    for (const tenant of ['', 'acme', 'other'])
      expect(valuesOf(detector, changed, tenant)[parameter]).toBe(usual + 1);
    expect(changed.exclude).toEqual(settings.exclude);
    expect(changed.silences).toEqual([]);
  });

  it('change nothing that was not asked for', () => {
    const same = settingsForReplay(settings, { exclusions: false });
    expect(same).toEqual({ ...settings, silences: [], exclude: [] });
  });

  it('may be another sensitivity', () => {
    const changes = [parseChange(` ${name}.sensitivity = high `)];
    expect(settingsForReplay(settings, { changes, exclusions: true }).detectors[name]).toMatchObject({
      sensitivity: 'high',
      enabled: false,
    });
  });

  it('are refused with what would be right', () => {
    expect(() => checkDetectorName(`${name}s`)).toThrow(`did you mean ${name}?`);
    expect(() => checkDetectorName('nonsense-at-all')).toThrow(/there are .*rules/);
    expect(() => parseChange('nonsense')).toThrow(/give detector\.parameter=value, such as \w+\.\w+=\d/);
    expect(() => parseChange(`${name}.${parameter}x=4`)).toThrow(`did you mean ${parameter}?`);
    expect(() => parseChange(`${name}.constructor=4`)).toThrow('no parameter constructor of');
    expect(() => parseChange(`${name}.${parameter}=-1`)).toThrow(/must be a number .* the default is/);
    expect(() => parseChange(`${name}.${parameter}=many`)).toThrow(/must be a number/);
    expect(() => parseChange(`${name}.sensitivity=5`)).toThrow('low, medium, high');
    expect(() => parseChange('rules.x=5')).toThrow('detection.rules');
  });
});
