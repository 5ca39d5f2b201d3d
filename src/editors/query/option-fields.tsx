import * as React from 'react';
import { AutoSizeInput } from '@grafana/ui';
import type { LastBucket, Resolution } from '@weir/core/query';
import { optionsSummary } from '../../query/display-text.ts';
import { lastBucketChoices, resolutionChoices } from '../parts/choices.ts';
import { CompatCombobox } from '../parts/compat-combobox.tsx';
import { EditorField, OptionsSection } from '../parts/editor-layout.tsx';
import { NumberInput } from '../parts/number-input.tsx';
import { type FieldsProps, Toggle } from './kind-fields.tsx';

/** What is seldom changed, under one line that says how it is set. */
export function OptionFields(props: FieldsProps & { readonly alerting: boolean }): React.JSX.Element | null {
  const { id, query, parts, complaints, onChange } = props;
  if (!parts.has('resolution')) return null;
  const complaint = (part: string): string | undefined => complaints.find((c) => c.part === part)?.text;
  return (
    <OptionsSection title="Options" summary={optionsSummary(query)}>
      {parts.has('legend') && (
        <EditorField
          id={`${id}-legend`}
          label="Legend"
          tooltip="Names of series: text with {{source_ip}}, {{metric}}; empty for the values."
        >
          <AutoSizeInput
            id={`${id}-legend`}
            data-testid="weir-legend"
            minWidth={24}
            placeholder="{{application}}"
            defaultValue={query.legend}
            onCommitChange={(event) => onChange({ legend: event.currentTarget.value })}
          />
        </EditorField>
      )}
      <EditorField
        id={`${id}-resolution`}
        label="Resolution"
        tooltip="Which table answers. Rollups are fast over long ranges and keep the heavy hitters’ addresses and ports."
      >
        <CompatCombobox
          id={`${id}-resolution`}
          label="Resolution"
          choices={resolutionChoices}
          value={query.resolution}
          onChange={(resolution) => onChange({ resolution: resolution as Resolution })}
          width={18}
          testId="weir-resolution"
        />
      </EditorField>
      {parts.has('minInterval') && (
        <EditorField
          id={`${id}-minInterval`}
          label="Shortest bucket"
          tooltip="In seconds. Not below the exporters’ active timeout, or long flows come as spikes."
          error={complaint('minInterval')}
        >
          <NumberInput
            id={`${id}-minInterval`}
            value={query.minInterval}
            min={0}
            width={12}
            suffix="s"
            placeholder="auto"
            zeroIsEmpty
            onChange={(minInterval) => onChange({ minInterval })}
          />
        </EditorField>
      )}
      {parts.has('lastBucket') && (
        <EditorField
          id={`${id}-lastBucket`}
          label="Last bucket"
          tooltip="The newest bucket, while flows are still to come for it."
        >
          <CompatCombobox
            id={`${id}-lastBucket`}
            label="Last bucket"
            choices={lastBucketChoices}
            value={query.lastBucket}
            onChange={(lastBucket) => onChange({ lastBucket: lastBucket as LastBucket })}
            width={14}
            testId="weir-lastBucket"
          />
        </EditorField>
      )}
      {parts.has('prefixes') && (
        <>
          <EditorField
            id={`${id}-prefix4`}
            label="IPv4 by prefix"
            tooltip="Addresses in groupings are cut to so many bits: 24 for subnets."
            error={complaint('prefixes')}
          >
            <NumberInput
              id={`${id}-prefix4`}
              value={query.prefix4}
              min={0}
              max={32}
              width={10}
              onChange={(prefix4) => onChange({ prefix4 })}
            />
          </EditorField>
          <EditorField id={`${id}-prefix6`} label="IPv6 by prefix">
            <NumberInput
              id={`${id}-prefix6`}
              value={query.prefix6}
              min={0}
              max={128}
              width={10}
              onChange={(prefix6) => onChange({ prefix6 })}
            />
          </EditorField>
        </>
      )}
      {parts.has('correctSampling') && (
        <Toggle
          id={`${id}-correctSampling`}
          label="Correct sampling"
          tooltip="Multiply by the sampling rate: what was sent, not what was observed."
          value={query.correctSampling}
          onChange={(correctSampling) => onChange({ correctSampling })}
        />
      )}
      {parts.has('spread') && (
        <Toggle
          id={`${id}-spread`}
          label="Spread long flows"
          tooltip="Share the octets of a long flow among the buckets that it lasted through. Reads single flows."
          value={query.spread}
          onChange={(spread) => onChange({ spread })}
        />
      )}
    </OptionsSection>
  );
}
