import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type DynamicConfigValue,
  type FieldColor,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  SpecialValueMatch,
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataLink } from './links.ts';

/** The panels' options are those of this version; earlier ones ignore what they do not know, later ones migrate. */
export const PLUGIN_VERSION = '12.4.0';

/** Colours from values on: `[[null, 'green'], [80, 'red']]`. */
export function steps(
  list: readonly (readonly [from: number | null, colour: string])[],
): Builder<ThresholdsConfig> {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(list.map(([value, color]) => ({ value, color })));
}

export function thresholdColours(): Builder<FieldColor> {
  return new FieldColorBuilder().mode(FieldColorModeId.Thresholds);
}

export function fixedColour(colour: string): Builder<FieldColor> {
  return new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(colour);
}

/** A colour for each in its order, all easily told apart; by name, a few names would have to share a few tints of pink. */
export function palette(): Builder<FieldColor> {
  return new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic);
}

/** Texts and colours for words. */
export function wordMapping(
  words: Readonly<Record<string, { readonly text?: string; readonly colour: string }>>,
): ValueMapping {
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([word, { text, colour }], index) => [
        word,
        { text: text ?? word, color: colour, index },
      ]),
    ),
  };
}

/** Properties for an override, as Grafana keeps them. */
export const properties = {
  unit: (unit: string): DynamicConfigValue => ({ id: 'unit', value: unit }),
  decimals: (decimals: number): DynamicConfigValue => ({ id: 'decimals', value: decimals }),
  min: (min: number): DynamicConfigValue => ({ id: 'min', value: min }),
  max: (max: number): DynamicConfigValue => ({ id: 'max', value: max }),
  name: (name: string): DynamicConfigValue => ({ id: 'displayName', value: name }),
  width: (pixels: number): DynamicConfigValue => ({ id: 'custom.width', value: pixels }),
  align: (side: 'left' | 'right' | 'center'): DynamicConfigValue => ({ id: 'custom.align', value: side }),
  colour: (colour: string): DynamicConfigValue => ({
    id: 'color',
    value: { mode: 'fixed', fixedColor: colour },
  }),
  colourMode: (mode: string): DynamicConfigValue => ({ id: 'color', value: { mode } }),
  gauge: (): DynamicConfigValue => ({
    id: 'custom.cellOptions',
    value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
  }),
  cellColour: (): DynamicConfigValue => ({
    id: 'custom.cellOptions',
    value: { type: 'color-background', mode: 'basic' },
  }),
  textColour: (): DynamicConfigValue => ({ id: 'custom.cellOptions', value: { type: 'color-text' } }),
  wrappedColour: (): DynamicConfigValue => ({
    id: 'custom.cellOptions',
    value: { type: 'color-text', wrapText: true },
  }),
  wrap: (): DynamicConfigValue => ({ id: 'custom.cellOptions', value: { type: 'auto', wrapText: true } }),
  /** Cells of this column in as many lines as they need. */
  wrapped: (): DynamicConfigValue => ({ id: 'custom.wrapText', value: true }),
  links: (links: readonly DataLink[]): DynamicConfigValue => ({ id: 'links', value: links }),
  mappings: (mappings: readonly ValueMapping[]): DynamicConfigValue => ({ id: 'mappings', value: mappings }),
  thresholds: (list: readonly (readonly [from: number | null, colour: string])[]): DynamicConfigValue => ({
    id: 'thresholds',
    value: { mode: 'absolute', steps: list.map(([value, color]) => ({ value, color })) },
  }),
  below: (): DynamicConfigValue => ({ id: 'custom.transform', value: 'negative-Y' }),
  /** Tables of Grafana 12 hide by the second, earlier ones by the first. */
  hidden: (): DynamicConfigValue => ({ id: 'custom.hidden', value: true }),
  hiddenFromView: (): DynamicConfigValue => ({
    id: 'custom.hideFrom.viz',
    value: true,
  }),
  /** Of what the data source hides. */
  shown: (): DynamicConfigValue => ({ id: 'custom.hidden', value: false }),
  shownInView: (): DynamicConfigValue => ({ id: 'custom.hideFrom.viz', value: false }),
  dashed: (): DynamicConfigValue => ({ id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } }),
  noFill: (): DynamicConfigValue => ({ id: 'custom.fillOpacity', value: 0 }),
  unstacked: (): DynamicConfigValue => ({ id: 'custom.stacking', value: { mode: 'none', group: 'A' } }),
} as const;

/** An empty text is shown as a dash: it is a value of its own, not missing data. */
export const emptyAsDash: ValueMapping = {
  type: MappingType.SpecialValue,
  options: { match: SpecialValueMatch.Empty, result: { text: '–', index: 0 } },
};
