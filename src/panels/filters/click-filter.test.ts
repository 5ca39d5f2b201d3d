import { describe, expect, it } from '@jest/globals';
import type { ClickFilter } from './click-filter.ts';
import { adHocAfterClick, adHocText, parametersOfClick } from './click-filter.ts';

const is = (key: string, value: string): ClickFilter => ({ key, value, operator: '=' });
const not = (key: string, value: string): ClickFilter => ({ key, value, operator: '!=' });
const nothingHeld = (): readonly string[] => [];

describe('an ad hoc filter in the URL', () => {
  it('is key, operator and value', () => {
    expect(adHocText(is('source_ip', '2001:db8::1'))).toBe('source_ip|=|2001:db8::1');
  });

  it('cannot be broken open by a value with separators', () => {
    expect(adHocText(is('application', 'a|!=|b,c#d'))).toBe(
      'application|=|a__gfp__!=__gfp__b__gfc__c__gfh__d',
    );
  });
});

describe('the filters after a click', () => {
  it('hold what was asked for beside the others', () => {
    expect(adHocAfterClick(['protocol|=|TCP'], [is('source_ip', '10.0.0.1')])).toEqual([
      'protocol|=|TCP',
      'source_ip|=|10.0.0.1',
    ]);
  });

  it('hold one equality for a field: the newest', () => {
    expect(
      adHocAfterClick(['source_ip|=|10.0.0.1', 'source_ip|!=|10.0.0.9'], [is('source_ip', '10.0.0.2')]),
    ).toEqual(['source_ip|!=|10.0.0.9', 'source_ip|=|10.0.0.2']);
  });

  it('lose what is clicked a second time, also where Grafana has added labels', () => {
    expect(adHocAfterClick(['source_ip|=|10.0.0.1'], [is('source_ip', '10.0.0.1')])).toEqual([]);
    expect(adHocAfterClick(['source_ip,Source|=|10.0.0.1,web'], [is('source_ip', '10.0.0.1')])).toEqual([]);
  });

  it('hold both ends of an edge, which share a field', () => {
    const ends = [is('host', 'a'), is('host', 'b')];
    expect(adHocAfterClick(['host|=|c'], ends)).toEqual(['host|=|a', 'host|=|b']);
    expect(adHocAfterClick(['host|=|a', 'host|=|b'], ends)).toEqual([]);
  });

  it('collect exclusions', () => {
    expect(adHocAfterClick(['host|!=|a'], [not('host', 'b')])).toEqual(['host|!=|a', 'host|!=|b']);
  });
});

describe('the parameters of a click', () => {
  it('name the ad hoc variable', () => {
    expect(
      parametersOfClick([is('exporter', 'edge-1')], 'adhoc', () => ['protocol|=|TCP'], 'Filters', ''),
    ).toEqual({
      'var-Filters': ['protocol|=|TCP', 'exporter|=|edge-1'],
    });
  });

  it('clear the ad hoc variable when the last filter goes', () => {
    expect(
      parametersOfClick([is('exporter', 'edge-1')], 'adhoc', () => ['exporter|=|edge-1'], 'Filters', ''),
    ).toEqual({ 'var-Filters': '' });
  });

  it('set the variable of the field’s name, or the one that the panel names', () => {
    const asked = [is('exporter', 'edge-1')];
    expect(parametersOfClick(asked, 'variable', nothingHeld, '', '')).toEqual({ 'var-exporter': 'edge-1' });
    expect(parametersOfClick(asked, 'variable', nothingHeld, '', 'router')).toEqual({
      'var-router': 'edge-1',
    });
  });

  it('are none where nothing can be set', () => {
    const asked = [is('exporter', 'edge-1')];
    expect(parametersOfClick(asked, 'none', nothingHeld, 'Filters', '')).toBeNull();
    expect(parametersOfClick(asked, 'adhoc', nothingHeld, '', '')).toBeNull();
    expect(parametersOfClick([], 'adhoc', nothingHeld, 'Filters', '')).toBeNull();
    expect(parametersOfClick([not('exporter', 'x')], 'variable', nothingHeld, '', '')).toBeNull();
  });
});
