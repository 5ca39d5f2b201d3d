import type { PanelOptionsEditorBuilder } from '@grafana/data';
import type { ClickOptions } from './apply-click.ts';
import { defaultClickOptions } from './apply-click.ts';

/** The settings on clicks that both panels have. */
export function addClickSettings<Options extends ClickOptions>(
  builder: PanelOptionsEditorBuilder<Options>,
): void {
  const category = ['Click'];
  builder
    .addRadio({
      path: 'clickAction',
      name: 'A click sets',
      description: 'Data links of the fields, where there are any, come first.',
      category,
      defaultValue: defaultClickOptions.clickAction,
      settings: {
        options: [
          { value: 'adhoc', label: 'Ad hoc filter' },
          { value: 'variable', label: 'Variable' },
          { value: 'none', label: 'Nothing' },
        ],
      },
    })
    .addTextInput({
      path: 'adHocVariable',
      name: 'Ad hoc variable',
      description: 'Its name; empty for the first that the dashboard has.',
      category,
      defaultValue: defaultClickOptions.adHocVariable,
      showIf: (options) => options.clickAction === 'adhoc',
    })
    .addTextInput({
      path: 'clickVariable',
      name: 'Variable',
      description: 'Its name; empty for the variable that is called as the field is.',
      category,
      defaultValue: defaultClickOptions.clickVariable,
      showIf: (options) => options.clickAction === 'variable',
    });
}
