import type { Frame } from '@weir/plugin-sdk';
import type { Answer } from './answer.ts';
import { anomaliesFrames } from './anomalies/index.ts';
import { conversationsFrames } from './conversations.ts';
import { exportersFrames } from './exporters.ts';
import { flowsFrames } from './flows.ts';
import type { LayoutMemory } from './layout-memory.ts';
import { sqlFrames } from './sql.ts';
import { timeseriesFrames } from './timeseries.ts';
import { topFrames } from './top.ts';
import { topologyFrames } from './topology.ts';

export type { Answer } from './answer.ts';

export interface FrameOptions {
  readonly layouts: LayoutMemory;
  /** An annotation query asked. */
  readonly asAnnotations: boolean;
}

/** The frames of an answer, by the query's kind. */
export function framesOf(answer: Answer, { layouts, asAnnotations }: FrameOptions): Frame[] {
  switch (answer.compiled.kind) {
    case 'timeseries':
      return timeseriesFrames(answer);
    case 'top':
      return topFrames(answer);
    case 'flows':
      return flowsFrames(answer);
    case 'conversations':
      return conversationsFrames(answer);
    case 'topology':
      return topologyFrames(answer, layouts);
    case 'exporters':
      return exportersFrames(answer);
    case 'anomalies':
      return anomaliesFrames(answer, asAnnotations);
    case 'sql':
      return sqlFrames(answer);
  }
}
