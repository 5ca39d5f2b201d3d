import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { anomalies } from './anomalies.ts';
import { anomaly } from './anomaly.ts';
import { applicationsAndQos } from './applications-and-qos.ts';
import { asAndGeography } from './as-and-geography.ts';
import { collectorHealth } from './collector-health.ts';
import { conversationsAndTopology } from './conversations-and-topology.ts';
import { exportersAndLedger } from './exporters-and-ledger.ts';
import { flowExplorer } from './flow-explorer.ts';
import { host } from './host.ts';
import { interfaces } from './interfaces.ts';
import { nocOverview } from './noc-overview.ts';
import { topTalkers } from './top-talkers.ts';

/** File name, without its ending → dashboard. */
export const dashboards: Readonly<Record<string, Dashboard>> = {
  'noc-overview': nocOverview,
  'top-talkers': topTalkers,
  host,
  interfaces,
  'as-and-geography': asAndGeography,
  'conversations-and-topology': conversationsAndTopology,
  'applications-and-qos': applicationsAndQos,
  'flow-explorer': flowExplorer,
  anomalies,
  anomaly,
  'exporters-and-ledger': exportersAndLedger,
  'collector-health': collectorHealth,
};
