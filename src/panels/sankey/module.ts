import { FieldConfigProperty, PanelPlugin } from '@grafana/data';
import { addClickSettings } from '../filters/click-settings.ts';
import { SankeyPanel } from './SankeyPanel.tsx';
import type { SankeyOptions } from './options.ts';

export const plugin = new PanelPlugin<SankeyOptions>(SankeyPanel)
  .useFieldConfig({
    disableStandardOptions: [
      FieldConfigProperty.Min,
      FieldConfigProperty.Max,
      FieldConfigProperty.Color,
      FieldConfigProperty.Thresholds,
      FieldConfigProperty.NoValue,
    ],
  })
  .setPanelOptions((builder) => {
    builder
      .addBooleanSwitch({
        path: 'showTitles',
        name: 'Titles of stages',
        category: ['Stages'],
        defaultValue: true,
      })
      .addBooleanSwitch({
        path: 'showOther',
        name: 'Show “Other”',
        description: 'What is beyond the query’s limit, summed up, at the bottom of each stage.',
        category: ['Stages'],
        defaultValue: true,
      })
      .addTextInput({
        path: 'valueField',
        name: 'Width from',
        description: 'Name of a number field; empty for “value”, or the first.',
        category: ['Stages'],
        defaultValue: '',
      })
      .addRadio({
        path: 'colourBy',
        name: 'Colour by',
        category: ['Look'],
        defaultValue: 'source',
        settings: {
          options: [
            { value: 'source', label: 'Source', description: 'Each flow in the colour of where it starts.' },
            {
              value: 'name',
              label: 'Name',
              description: 'Each node in its own, flows from one to the other.',
            },
            { value: 'stage', label: 'Stage' },
          ],
        },
      })
      .addSliderInput({
        path: 'nodeWidth',
        name: 'Node width',
        category: ['Look'],
        defaultValue: 10,
        settings: { min: 2, max: 40, step: 1 },
      })
      .addSliderInput({
        path: 'nodePadding',
        name: 'Space between nodes',
        category: ['Look'],
        defaultValue: 8,
        settings: { min: 0, max: 40, step: 1 },
      })
      .addRadio({
        path: 'labelValues',
        name: 'Beside the name',
        category: ['Labels'],
        defaultValue: 'value',
        settings: {
          options: [
            { value: 'value', label: 'Value' },
            { value: 'share', label: 'Share' },
            { value: 'both', label: 'Both' },
            { value: 'none', label: 'Nothing' },
          ],
        },
      })
      .addSliderInput({
        path: 'maxLabelWidth',
        name: 'Greatest width',
        description: 'In pixels; longer names are shortened in their middle.',
        category: ['Labels'],
        defaultValue: 300,
        settings: { min: 40, max: 480, step: 10 },
      });
    addClickSettings(builder);
  });
