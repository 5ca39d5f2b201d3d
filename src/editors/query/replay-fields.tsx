import * as React from 'react';
import { AutoSizeInput } from '@grafana/ui';
import { DEFAULT_WARM_UP_HOURS, type DetectorAnswer, MOST_WARM_UP_HOURS, type Query } from '@weir/core/query';
import { resourceErrorText } from '../../resources/resources.ts';
import { EditorField, EditorRow } from '../parts/editor-layout.tsx';
import { NumberInput } from '../parts/number-input.tsx';
import { OrderedPicker } from '../parts/ordered-picker.tsx';
import { Toggle } from './kind-fields.tsx';
import { parameterHelp, settingsIn } from './replay-settings.ts';

export interface ReplayFieldsProps {
  readonly id: string;
  readonly query: Query;
  readonly onChange: (changes: Partial<Query>) => void;
  /** What the collector can run. */
  readonly detectors: () => Promise<readonly DetectorAnswer[]>;
  /** Whether the data source knows where the collector is. */
  readonly collector: boolean;
}

/** What detectors would have found in the range instead of what they did find: which of them, and set how. */
export function ReplayFields({
  id,
  query,
  onChange,
  detectors,
  collector,
}: ReplayFieldsProps): React.JSX.Element {
  const { replay } = query;
  const on = replay !== null;
  const { known, problem } = useDetectors(detectors, on && collector);
  const missing = on && !collector ? 'Set the collector URL in the data source’s settings.' : problem;
  return (
    <EditorRow>
      <Toggle
        id={`${id}-replay`}
        label="Replay"
        tooltip="Runs the detectors over the windows stored of the range, with the collector’s configuration but for what is set here. The column “replay” says what was found then too (same), only now (new), or only then (missing)."
        value={on}
        onChange={(wanted) =>
          onChange({
            replay: wanted ? { detectors: [], set: [], warmUpHours: DEFAULT_WARM_UP_HOURS } : null,
            anomalyView: 'table',
          })
        }
      />
      {replay !== null && (
        <>
          <EditorField id={`${id}-replay-detectors`} label="Detectors" error={missing}>
            <OrderedPicker
              id={`${id}-replay-detectors`}
              label="Detectors"
              choices={known.map(({ name, title }) => ({ value: name, label: name, description: title }))}
              value={replay.detectors}
              onChange={(chosen) => onChange({ replay: { ...replay, detectors: chosen } })}
              placeholder={replay.detectors.length === 0 ? 'All' : 'Add'}
              orderMatters={false}
              testId="weir-replay-detectors"
            />
          </EditorField>
          <EditorField
            id={`${id}-replay-set`}
            label="Set"
            grow
            tooltip={`Other values than the configured, as detector.parameter=value, with spaces between. ${parameterHelp(known, replay.detectors)}`}
          >
            <AutoSizeInput
              id={`${id}-replay-set`}
              data-testid="weir-replay-set"
              minWidth={32}
              placeholder="port_scan.ports=40 port_scan.sensitivity=high"
              defaultValue={replay.set.join(' ')}
              onCommitChange={(event) =>
                onChange({ replay: { ...replay, set: settingsIn(event.currentTarget.value) } })
              }
            />
          </EditorField>
          <EditorField
            id={`${id}-replay-warmUp`}
            label="Learn before, hours"
            tooltip="How long before the range detectors learn what is usual. Those that compare with it find less where it is short; long ones take long."
          >
            <NumberInput
              id={`${id}-replay-warmUp`}
              value={replay.warmUpHours}
              min={0}
              max={MOST_WARM_UP_HOURS}
              width={12}
              onChange={(warmUpHours) => onChange({ replay: { ...replay, warmUpHours } })}
            />
          </EditorField>
        </>
      )}
    </EditorRow>
  );
}

function useDetectors(
  ask: () => Promise<readonly DetectorAnswer[]>,
  wanted: boolean,
): { readonly known: readonly DetectorAnswer[]; readonly problem: string | undefined } {
  const [known, setKnown] = React.useState<readonly DetectorAnswer[]>([]);
  const [problem, setProblem] = React.useState<string>();
  const asked = React.useRef(ask);
  asked.current = ask;
  React.useEffect(() => {
    if (!wanted) return undefined;
    let shown = true;
    asked.current().then(
      (answer) => {
        if (!shown) return;
        setKnown(answer);
        setProblem(undefined);
      },
      (error: unknown) => shown && setProblem(resourceErrorText(error)),
    );
    return () => {
      shown = false;
    };
  }, [wanted]);
  return { known, problem };
}
