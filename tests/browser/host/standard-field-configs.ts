import * as data from '@grafana/data';

/** The standard options of fields that `applyFieldOverrides` sets; editors of panels are not drawn here. */
export function standardFieldConfigs() {
  const text = data.stringOverrideProcessor;
  const same = data.identityOverrideProcessor;
  const config = (id: string, process: unknown, more = {}) => ({
    id,
    path: id,
    name: id,
    description: '',
    editor: () => null,
    override: () => null,
    process,
    settings: {},
    shouldApply: () => true,
    category: [],
    ...more,
  });
  const isNumber = (field) => field.type === data.FieldType.number;
  return [
    config('displayName', data.displayNameOverrideProcessor),
    config('unit', text, { shouldApply: isNumber }),
    config('fieldMinMax', data.booleanOverrideProcessor, { shouldApply: isNumber }),
    config('min', data.numberOverrideProcessor, { shouldApply: isNumber }),
    config('max', data.numberOverrideProcessor, { shouldApply: isNumber }),
    config('decimals', data.numberOverrideProcessor, { shouldApply: isNumber }),
    config('noValue', text),
    config('links', data.dataLinksOverrideProcessor),
    config('actions', same),
    config('color', same),
    config('mappings', data.valueMappingsOverrideProcessor, { defaultValue: [] }),
    config('thresholds', data.thresholdsOverrideProcessor, {
      defaultValue: { mode: data.ThresholdsMode.Absolute, steps: [{ value: -Infinity, color: 'green' }, { value: 80, color: 'red' }] },
    }),
    config('filterable', data.booleanOverrideProcessor),
  ];
}

/** Names of the editors that panels' options ask for; how they look is Grafana's. */
export function standardEditors() {
  const names =
    'number slider text strings boolean select multi-select radio unit color fieldColor links actions stats-picker timezone field-name dashboard-uid mappings thresholds';
  return names.split(' ').map((id) => ({ id, name: id, description: '', editor: () => null }));
}
