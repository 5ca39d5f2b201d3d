import { readFileSync } from 'node:fs';
import {
  type SimulationOptions,
  type Truth,
  type TruthFlow,
  startSimulation,
} from '../../collector/src/simulate/index.ts';
import type { TestCollector } from './collector.ts';
import type { Workspace } from './workspace.ts';

/** Sends simulated flows to a collector; resolves when they are sent. */
export function simulate(collector: TestCollector, options: Partial<SimulationOptions>): Promise<Truth> {
  return startSimulation({ target: collector.target, ...options }).done;
}

/** The same, with each flow that was sent. */
export async function simulateWithFlows(
  collector: TestCollector,
  workspace: Workspace,
  options: Partial<SimulationOptions>,
): Promise<{ truth: Truth; flows: TruthFlow[] }> {
  const truthFlowsFile = workspace.path('flows.ndjson');
  const truth = await simulate(collector, { ...options, truthFlowsFile });
  const flows = readFileSync(truthFlowsFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TruthFlow);
  return { truth, flows };
}
