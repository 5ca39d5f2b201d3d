import { FieldColorModeId, FieldConfigProperty, PanelPlugin, ThresholdsMode } from '@grafana/data';
import { addClickSettings } from '../filters/click-settings.ts';
import { TopologyPanel } from './TopologyPanel.tsx';
import type { TopologyOptions } from './options.ts';

export const plugin = new PanelPlugin<TopologyOptions>(TopologyPanel)
  .useFieldConfig({
    disableStandardOptions: [FieldConfigProperty.Min, FieldConfigProperty.Max, FieldConfigProperty.NoValue],
    standardOptions: {
      [FieldConfigProperty.Color]: { defaultValue: { mode: FieldColorModeId.Thresholds } },
      // Of utilization, in percent.
      [FieldConfigProperty.Thresholds]: {
        defaultValue: {
          mode: ThresholdsMode.Absolute,
          steps: [
            { value: -Infinity, color: 'green' },
            { value: 50, color: 'yellow' },
            { value: 80, color: 'orange' },
            { value: 95, color: 'red' },
          ],
        },
      },
    },
  })
  .setPanelOptions((builder) => {
    builder
      .addRadio({
        path: 'layout',
        name: 'Layout',
        category: ['Layout'],
        defaultValue: 'force',
        settings: {
          options: [
            { value: 'force', label: 'Force' },
            { value: 'ring', label: 'Ring' },
            { value: 'left-right', label: 'Left to right' },
          ],
        },
      })
      .addTextInput({
        path: 'groupField',
        name: 'Group by',
        description: 'A field of the nodes; empty for “group”, or the subtitle.',
        category: ['Layout'],
        defaultValue: '',
      })
      .addBooleanSwitch({
        path: 'showHulls',
        name: 'Groups as areas',
        category: ['Layout'],
        defaultValue: false,
      })
      .addBooleanSwitch({
        path: 'sizeByTotal',
        name: 'Size by traffic',
        category: ['Nodes'],
        defaultValue: true,
      })
      .addRadio({
        path: 'labels',
        name: 'Labels',
        category: ['Nodes'],
        defaultValue: 'auto',
        settings: {
          options: [
            { value: 'auto', label: 'Where there is room' },
            { value: 'all', label: 'All' },
            { value: 'none', label: 'None' },
          ],
        },
      })
      .addBooleanSwitch({
        path: 'showStats',
        name: 'Traffic below the name',
        category: ['Nodes'],
        defaultValue: true,
      })
      .addBooleanSwitch({
        path: 'animate',
        name: 'Moving traffic',
        description: 'Stands still for those who prefer less motion.',
        category: ['Edges'],
        defaultValue: true,
      })
      .addSliderInput({
        path: 'maxEdgeWidth',
        name: 'Greatest width',
        category: ['Edges'],
        defaultValue: 9,
        settings: { min: 1, max: 24, step: 1 },
      })
      .addBooleanSwitch({
        path: 'showToolbar',
        name: 'Search and buttons',
        category: ['Over the picture'],
        defaultValue: true,
      })
      .addBooleanSwitch({
        path: 'showLegend',
        name: 'Legend',
        category: ['Over the picture'],
        defaultValue: true,
      })
      .addTextInput({
        path: 'filterKey',
        name: 'Field of the nodes',
        description: 'What a click filters by; empty for what the data source tells, else “host”.',
        category: ['Click'],
        defaultValue: '',
      });
    addClickSettings(builder);
  });
