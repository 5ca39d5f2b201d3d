import type { Frame } from '@weir/plugin-sdk';
import { type Answer, mainTable } from '../answer.ts';
import { timeseriesFrames } from '../timeseries.ts';
import { alertFrame } from './alert-frame.ts';
import { annotationsFrame } from './annotations-frame.ts';
import { anomalyRecords } from './anomaly-record.ts';
import { evidenceFrame } from './evidence-frame.ts';
import { flowsFrame } from './flows-frame.ts';
import { storiesFrame } from './stories-frame.ts';
import { tableFrame } from './table-frame.ts';
import { timelineFrames } from './timeline-frame.ts';

/** Anomalies as their view wants them, as regions for an annotation query, or as a number each for an alert rule. */
export function anomaliesFrames(answer: Answer, asAnnotations: boolean): Frame[] {
  const { anomalyView } = answer.query;
  if (anomalyView === 'count' && !asAnnotations) return timeseriesFrames(answer);
  const records = anomalyRecords(mainTable(answer));
  if (asAnnotations) return [annotationsFrame(answer, records)];
  if (answer.forAlert) return [alertFrame(answer, records, anomalyView === 'evidence')];
  switch (anomalyView) {
    case 'timeline':
      return timelineFrames(answer, records);
    case 'stories':
      return [storiesFrame(answer, records)];
    case 'evidence':
      return [evidenceFrame(answer, records)];
    case 'flows':
      return [flowsFrame(answer, records)];
    default:
      return [tableFrame(answer, records)];
  }
}
