import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type DashboardUid, shared, uids } from './names.ts';

/** A link of a value in a panel, as Grafana keeps it. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank: boolean;
}

/**
 * A drill-down: another dashboard with the same time range and the shared variables; `set` are variables that the clicked value gives,
 * `name → Grafana's expression`, and `keep` more of this dashboard's variables.
 */
export function drillDown(
  uid: DashboardUid,
  title: string,
  set: Readonly<Record<string, string>> = {},
  keep: readonly string[] = [],
): DataLink {
  const kept = [...shared, ...keep].filter((name) => !Object.hasOwn(set, name));
  const parameters = [
    '${__url_time_range}',
    ...kept.map((name) => `\${${name}:queryparam}`),
    ...Object.entries(set).map(([name, value]) => `var-${name}=${value}`),
  ];
  return { title, url: `/d/${uid}?${parameters.join('&')}`, targetBlank: false };
}

/** The same at a time of its own: `span` are Grafana's expressions for milliseconds since 1970. */
export function drillDownTo(
  uid: DashboardUid,
  title: string,
  { from, to }: { readonly from: string; readonly to: string },
  set: Readonly<Record<string, string>> = {},
): DataLink {
  const { url, ...link } = drillDown(uid, title, set);
  return { ...link, url: url.replace('${__url_time_range}', `from=${from}&to=${to}`) };
}

/** To a page that is not Grafana's. */
export function elsewhere(title: string, url: string): DataLink {
  return { title, url, targetBlank: true };
}

/** The clicked row's value of a field. */
export function cell(field: string): string {
  return `\${__data.fields["${field}"]:percentencode}`;
}

/** The clicked series' label. */
export function label(name: string): string {
  return `\${__field.labels.${name}:percentencode}`;
}

/** Of an ad hoc filter: `Filters` with one condition in place of those that there are. */
export function filterOn(key: string, value: string): Readonly<Record<string, string>> {
  return { Filters: `${key}%7C%3D%7C${value}` };
}

const texts: Readonly<Record<DashboardUid, readonly [title: string, tooltip: string]>> = {
  [uids.overview]: ['Overview', 'The whole network at a glance'],
  [uids.topTalkers]: ['Top talkers', 'Who talks most'],
  [uids.host]: ['Host', 'One host: its peers, services and flows'],
  [uids.interfaces]: ['Interfaces', 'How full interfaces are, and by whom'],
  [uids.geography]: ['AS and geography', 'Autonomous systems and countries'],
  [uids.conversations]: ['Conversations', 'Who talks to whom'],
  [uids.applications]: ['Applications', 'Applications, classes of service, quality'],
  [uids.flows]: ['Flows', 'Single flow records'],
  [uids.anomalies]: ['Anomalies', 'What is unusual'],
  [uids.anomaly]: ['Anomaly', 'One anomaly: its evidence, its flows, its story'],
  [uids.exporters]: ['Exporters', 'Who exports, and what was lost'],
  [uids.collector]: ['Collector', 'The collector’s own health'],
};

/** Links in a dashboard's head: to those that come next, and a list of all. */
export function headLinks(next: readonly DashboardUid[]): Builder<DashboardLink>[] {
  const base = (title: string): DashboardLinkBuilder =>
    new DashboardLinkBuilder(title).includeVars(true).keepTime(true).targetBlank(false);
  return [
    ...next.map((uid) =>
      base(texts[uid][0])
        .type(DashboardLinkType.Link)
        .icon('dashboard')
        .tooltip(texts[uid][1])
        .url(`/d/${uid}`),
    ),
    base('All of Weir')
      .type(DashboardLinkType.Dashboards)
      .icon('external link')
      .tags(['weir'])
      .asDropdown(true),
  ];
}

/** Names of the variables that dashboards of ours declare, for checks. */
export function variableNames(list: readonly VariableModel[] | undefined): readonly string[] {
  return (list ?? []).map(({ name }) => name);
}
