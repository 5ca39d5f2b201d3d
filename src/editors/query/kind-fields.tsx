import * as React from 'react';
import { InlineSwitch, RadioButtonGroup } from '@grafana/ui';
import type { ExporterView, MetricName, Query, Ranking, TopologyNode } from '@weir/core/query';
import { exporterViewList, exporterViewTexts, type Part } from '../../query/kinds.ts';
import type { Complaint } from '../../query/runnable.ts';
import {
  anomalyTypeChoices,
  columnChoices,
  dimensionChoices,
  gaugeChoices,
  ledgerChoices,
  metricChoices,
  nodeChoices,
  orderChoices,
  rankingChoices,
  severityChoices,
  stateChoices,
  variableChoices,
} from '../parts/choices.ts';
import { CompatCombobox } from '../parts/compat-combobox.tsx';
import { EditorField, EditorRow } from '../parts/editor-layout.tsx';
import { NumberInput } from '../parts/number-input.tsx';
import { OrderedPicker } from '../parts/ordered-picker.tsx';

export interface FieldsProps {
  readonly id: string;
  readonly query: Query;
  readonly parts: ReadonlySet<Part>;
  readonly complaints: readonly Complaint[];
  /** Names of the dashboard’s variables. */
  readonly variables: readonly string[];
  readonly onChange: (changes: Partial<Query>, run?: boolean) => void;
}

/** What each kind of query is about, before the filter. */
export function KindFields(props: FieldsProps): React.JSX.Element {
  const { id, query, parts, complaints, variables, onChange } = props;
  const complaint = (part: Complaint['part']): string | undefined =>
    complaints.find((c) => c.part === part)?.text;
  const stages = query.kind === 'conversations';
  const ofVariables = variableChoices(variables);
  return (
    <>
      <EditorRow>
        {parts.has('exporterView') && (
          <EditorField
            id={`${id}-view`}
            label="View"
            group
            tooltip={exporterViewTexts[query.exporterView][1]}
          >
            <RadioButtonGroup<ExporterView>
              options={exporterViewList.map((value) => ({
                value,
                label: exporterViewTexts[value][0],
                description: exporterViewTexts[value][1],
              }))}
              value={query.exporterView}
              onChange={(exporterView) => onChange({ exporterView })}
            />
          </EditorField>
        )}
        {parts.has('exporterView') &&
          (query.exporterView === 'ledger' || query.exporterView === 'collector') && (
            <EditorField
              id={`${id}-measure`}
              label="Measure"
              tooltip="A measure of the ledger (flows, datagrams, …), or a gauge of the collectors, by its name."
            >
              <CompatCombobox
                id={`${id}-measure`}
                label="Measure"
                choices={query.exporterView === 'ledger' ? ledgerChoices : gaugeChoices}
                value={query.ledgerMeasure}
                onChange={(ledgerMeasure) => onChange({ ledgerMeasure })}
                width={22}
                custom
                testId="weir-measure"
              />
            </EditorField>
          )}
        {parts.has('anomalies') && <AnomalyFields {...props} />}
        {parts.has('metric') && (
          <EditorField id={`${id}-metric`} label="Metric" error={complaint('metric')}>
            <CompatCombobox
              id={`${id}-metric`}
              label="Metric"
              choices={[...metricChoices, ...ofVariables]}
              value={query.metric}
              onChange={(metric) => onChange({ metric: metric as MetricName })}
              width={24}
              testId="weir-metric"
            />
          </EditorField>
        )}
        {parts.has('node') && (
          <EditorField id={`${id}-node`} label="Nodes">
            <CompatCombobox
              id={`${id}-node`}
              label="Nodes"
              choices={nodeChoices}
              value={query.node}
              onChange={(node) => onChange({ node: node as TopologyNode })}
              width={24}
              testId="weir-node"
            />
          </EditorField>
        )}
        {parts.has('dimensions') && (
          <EditorField
            id={`${id}-dimensions`}
            label={stages ? 'Stages' : 'Group by'}
            error={complaint('dimensions')}
            tooltip={
              stages
                ? 'The columns of the diagram from left to right: two or more.'
                : 'A series or row for each combination of these. Their order is the order in names and columns.'
            }
          >
            <OrderedPicker
              id={`${id}-dimensions`}
              label={stages ? 'Stages' : 'Group by'}
              choices={[...dimensionChoices, ...ofVariables]}
              value={query.dimensions}
              onChange={(dimensions) => onChange({ dimensions })}
              placeholder={
                stages ? 'Add a stage' : query.dimensions.length === 0 ? 'All together' : 'Add a field'
              }
              {...(stages ? { between: '→' } : {})}
              testId="weir-dimensions"
            />
          </EditorField>
        )}
        {parts.has('columns') && (
          <EditorField
            id={`${id}-columns`}
            label="Columns"
            tooltip="What is shown of each record; none: the usual."
          >
            <OrderedPicker
              id={`${id}-columns`}
              label="Columns"
              choices={[...columnChoices, ...ofVariables]}
              value={query.columns}
              onChange={(columns) => onChange({ columns })}
              placeholder={query.columns.length === 0 ? 'The usual' : 'Add a column'}
              testId="weir-columns"
            />
          </EditorField>
        )}
        {parts.has('order') && (
          <EditorField id={`${id}-order`} label="First">
            <CompatCombobox
              id={`${id}-order`}
              label="First"
              choices={orderChoices}
              value={query.order}
              onChange={(order) => onChange({ order: order as Query['order'] })}
              width={16}
              testId="weir-order"
            />
          </EditorField>
        )}
        {parts.has('limit') && (query.kind !== 'timeseries' || query.dimensions.length > 0) && (
          <EditorField id={`${id}-limit`} label={limitLabel(query)} error={complaint('limit')}>
            <NumberInput
              id={`${id}-limit`}
              value={query.limit}
              min={1}
              width={10}
              invalid={complaint('limit') !== undefined}
              onChange={(limit) => onChange({ limit })}
            />
          </EditorField>
        )}
        {parts.has('rankBy') && query.dimensions.length > 0 && (
          <EditorField id={`${id}-rankBy`} label="Ranked by" tooltip="What decides which are the top ones.">
            <CompatCombobox
              id={`${id}-rankBy`}
              label="Ranked by"
              choices={rankingChoices}
              value={query.rankBy}
              onChange={(rankBy) => onChange({ rankBy: rankBy as Ranking })}
              width={18}
              testId="weir-rankBy"
            />
          </EditorField>
        )}
        {parts.has('other') && query.dimensions.length + (query.kind === 'topology' ? 1 : 0) > 0 && (
          <Toggle
            id={`${id}-other`}
            label="Other"
            tooltip="Sum up what is beyond the limit."
            value={query.other}
            onChange={(other) => onChange({ other })}
          />
        )}
        {parts.has('bidirectional') && (
          <Toggle
            id={`${id}-bidirectional`}
            label="Both directions"
            tooltip="Count the way back too: below the axis in graphs, as columns in tables."
            value={query.bidirectional}
            onChange={(bidirectional) => onChange({ bidirectional })}
          />
        )}
        {parts.has('previousPeriod') && (
          <Toggle
            id={`${id}-previousPeriod`}
            label="Previous period"
            tooltip="Add the same for the span of time before."
            value={query.previousPeriod}
            onChange={(previousPeriod) => onChange({ previousPeriod })}
          />
        )}
        {parts.has('live') && (
          <Toggle
            id={`${id}-live`}
            label="Live"
            tooltip={
              query.kind === 'flows'
                ? 'Follow new flows as they come, from the collector.'
                : 'What flows now, second by second, from the collector; nothing from before.'
            }
            value={query.live}
            onChange={(live) => onChange({ live })}
          />
        )}
      </EditorRow>
    </>
  );
}

function AnomalyFields({ id, query, onChange }: FieldsProps): React.JSX.Element {
  return (
    <>
      <EditorField id={`${id}-severities`} label="Severities">
        <OrderedPicker
          id={`${id}-severities`}
          label="Severities"
          choices={severityChoices}
          value={query.severities}
          onChange={(severities) => onChange({ severities })}
          placeholder={query.severities.length === 0 ? 'All' : 'Add'}
          orderMatters={false}
          testId="weir-severities"
        />
      </EditorField>
      <EditorField id={`${id}-types`} label="Types">
        <OrderedPicker
          id={`${id}-types`}
          label="Types"
          choices={anomalyTypeChoices}
          value={query.anomalyTypes}
          onChange={(anomalyTypes) => onChange({ anomalyTypes })}
          placeholder={query.anomalyTypes.length === 0 ? 'All' : 'Add'}
          orderMatters={false}
          testId="weir-types"
        />
      </EditorField>
      <EditorField id={`${id}-states`} label="States">
        <OrderedPicker
          id={`${id}-states`}
          label="States"
          choices={stateChoices}
          value={query.states}
          onChange={(states) => onChange({ states })}
          placeholder={query.states.length === 0 ? 'All' : 'Add'}
          orderMatters={false}
          testId="weir-states"
        />
      </EditorField>
      <EditorField id={`${id}-anomalyView`} label="As" group>
        <RadioButtonGroup<Query['anomalyView']>
          options={[
            { value: 'table', label: 'Table', description: 'A row for each.' },
            { value: 'count', label: 'Count', description: 'Their number over time, by severity.' },
            {
              value: 'timeline',
              label: 'Timeline',
              description: 'By type the worst severity at a time: for a state timeline.',
            },
            { value: 'stories', label: 'Stories', description: 'A row for each story of two or more.' },
            { value: 'evidence', label: 'Evidence', description: 'What each rests on, thing by thing.' },
            { value: 'flows', label: 'Flows', description: 'The largest flows that each was seen in.' },
          ]}
          value={query.anomalyView}
          onChange={(anomalyView) => onChange({ anomalyView })}
        />
      </EditorField>
    </>
  );
}

export function Toggle(props: {
  readonly id: string;
  readonly label: string;
  readonly tooltip: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}): React.JSX.Element {
  const { id, label, tooltip, value, onChange } = props;
  return (
    <EditorField id={id} label={label} tooltip={tooltip}>
      <InlineSwitch
        id={id}
        aria-label={label}
        data-testid={`weir-${id.slice(id.lastIndexOf('-') + 1)}`}
        value={value}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </EditorField>
  );
}

function limitLabel(query: Query): string {
  switch (query.kind) {
    case 'timeseries':
    case 'top':
      return 'Top';
    case 'topology':
      return 'Edges';
    case 'conversations':
      return 'Paths';
    case 'flows':
      return 'Records';
    default:
      return 'Limit';
  }
}
