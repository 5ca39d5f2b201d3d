import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type AnnotationQuery,
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  TimePickerBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type Line, type Section, layOut } from './layout.ts';
import { headLinks } from './links.ts';
import type { DashboardUid } from './names.ts';
import { type PanelQuery, dataSource, weirQuery } from './weir-query.ts';

/** Of Grafana 11.6: later ones read it as it is. */
const SCHEMA_VERSION = 41;

export interface DashboardPlan {
  readonly uid: DashboardUid;
  readonly title: string;
  readonly description: string;
  /** Range at first: `now-1h`. */
  readonly from: string;
  readonly refresh: string;
  readonly variables: readonly Builder<VariableModel>[];
  /** Dashboards that come next, for links in the head. */
  readonly next: readonly DashboardUid[];
  /** Marks anomalies in graphs: those that this asks for, of weight where it says nothing of severities. */
  readonly marksAnomalies?: PanelQuery;
  readonly parts: readonly (Line | Section)[];
}

/** A dashboard as Grafana keeps it, in the classic form. */
export function dashboardOf(plan: DashboardPlan): Dashboard {
  const builder = new DashboardBuilder(plan.title)
    .uid(plan.uid)
    .description(plan.description)
    .tags(['weir'])
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: plan.from, to: 'now' })
    .refresh(plan.refresh)
    .timezone('browser')
    .timepicker(new TimePickerBuilder().refreshIntervals(['10s', '30s', '1m', '5m', '15m', '30m', '1h']))
    .variables([...plan.variables])
    .links(headLinks(plan.next))
    .annotations([alerts(), ...(plan.marksAnomalies === undefined ? [] : [anomalies(plan.marksAnomalies)])]);
  return { ...builder.build(), id: null, schemaVersion: SCHEMA_VERSION, panels: layOut(plan.parts) };
}

/** Grafana's own: alerts' changes and what people note. */
function alerts(): Builder<AnnotationQuery> {
  return new AnnotationQueryBuilder()
    .name('Annotations & Alerts')
    .builtIn(1)
    .datasource({ type: 'grafana', uid: '-- Grafana --' })
    .enable(true)
    .hide(true)
    .iconColor('rgba(0, 211, 255, 1)')
    .type('dashboard');
}

function anomalies(query: PanelQuery): Builder<AnnotationQuery> {
  return new AnnotationQueryBuilder()
    .name('Anomalies')
    .datasource(dataSource)
    .enable(true)
    .iconColor('orange')
    .target(
      weirQuery({ refId: 'Anno', kind: 'anomalies', severities: ['high', 'critical'], limit: 100, ...query }),
    );
}
