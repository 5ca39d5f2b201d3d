import { z } from 'zod';

/**
 * Grafana's provisioning files, strictly: a key that Grafana does not know is as wrong as a missing one, since a bad alerting file
 * keeps Grafana from starting and a misspelt key is silently ignored by it.
 */

const duration = z.string().regex(/^(0|(\d+(y|w|d|h|m|s|ms))+)$/, 'a duration such as 30s, 5m or 4h');
const organisation = z.literal(1);
const uid = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'letters, digits, "-" and "_", 40 at most');

export const dataSourceFile = z.strictObject({
  apiVersion: z.literal(1),
  prune: z.boolean().optional(),
  datasources: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        uid,
        type: z.string().min(1),
        access: z.literal('proxy'),
        orgId: organisation,
        isDefault: z.boolean(),
        editable: z.boolean(),
        jsonData: z.record(z.string(), z.unknown()),
        secureJsonData: z.record(z.string(), z.string()),
      }),
    )
    .min(1),
});

export const dashboardFile = z.strictObject({
  apiVersion: z.literal(1),
  providers: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        orgId: organisation,
        folder: z.string(),
        folderUid: uid,
        type: z.literal('file'),
        disableDeletion: z.boolean(),
        allowUiUpdates: z.boolean(),
        updateIntervalSeconds: z.number().int().min(1),
        options: z.strictObject({ path: z.string().min(1), foldersFromFilesStructure: z.boolean() }),
      }),
    )
    .min(1),
});

const range = z
  .strictObject({ from: z.number().int().min(0), to: z.number().int().min(0) })
  .refine((r) => r.from > r.to, 'from must be further back than to');

const ruleQuery = z.strictObject({
  refId: z.string().min(1),
  queryType: z.string().optional(),
  relativeTimeRange: range,
  datasourceUid: z.string().min(1),
  model: z.looseObject({ refId: z.string().min(1) }),
});

const rule = z
  .strictObject({
    uid,
    title: z.string().min(1).max(190),
    condition: z.string().min(1),
    for: duration,
    keepFiringFor: duration.optional(),
    noDataState: z.enum(['NoData', 'OK', 'Alerting', 'KeepLast']),
    execErrState: z.enum(['Error', 'Alerting', 'OK', 'KeepLast']),
    isPaused: z.boolean(),
    labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string()),
    annotations: z.record(z.string(), z.string()),
    dashboardUid: uid,
    panelId: z.number().int().min(1),
    data: z.array(ruleQuery).min(1),
  })
  .refine((r) => r.data.some((q) => q.refId === r.condition), 'condition must be the refId of one of data')
  .refine((r) => new Set(r.data.map((q) => q.refId)).size === r.data.length, 'refIds must differ')
  .refine((r) => r.data.every((q) => q.model.refId === q.refId), 'a model must have its query’s refId');

/** A branch of the policy tree, and those below it. */
interface Route {
  readonly receiver: string;
  readonly object_matchers: readonly (readonly [
    label: string,
    operator: '=' | '!=' | '=~' | '!~',
    value: string,
  ])[];
  readonly group_by?: readonly string[] | undefined;
  readonly group_wait?: string | undefined;
  readonly group_interval?: string | undefined;
  readonly repeat_interval?: string | undefined;
  readonly mute_time_intervals?: readonly string[] | undefined;
  readonly continue?: boolean | undefined;
  readonly routes?: readonly Route[] | undefined;
}

const matcher = z.tuple([z.string(), z.enum(['=', '!=', '=~', '!~']), z.string()]);
const route: z.ZodType<Route> = z.strictObject({
  receiver: z.string().min(1),
  object_matchers: z.array(matcher).min(1),
  group_by: z.array(z.string()).optional(),
  group_wait: duration.optional(),
  group_interval: duration.optional(),
  repeat_interval: duration.optional(),
  mute_time_intervals: z.array(z.string()).optional(),
  continue: z.boolean().optional(),
  get routes() {
    return z.array(route).optional();
  },
});

const clock = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time such as 07:00');
const weekday = z
  .string()
  .regex(
    /^(monday|tuesday|wednesday|thursday|friday|saturday|sunday)(:(monday|tuesday|wednesday|thursday|friday|saturday|sunday))?$/,
  );

export const alertingFile = z.strictObject({
  apiVersion: z.literal(1),
  groups: z
    .array(
      z.strictObject({
        orgId: organisation,
        name: z.string().min(1),
        folder: z.string().min(1),
        interval: duration,
        rules: z.array(rule).min(1),
      }),
    )
    .optional(),
  contactPoints: z
    .array(
      z.strictObject({
        orgId: organisation,
        name: z.string().min(1),
        receivers: z
          .array(
            z.strictObject({
              uid,
              type: z.enum(['webhook', 'email', 'slack', 'pagerduty', 'opsgenie', 'teams', 'telegram']),
              disableResolveMessage: z.boolean(),
              settings: z.record(z.string(), z.unknown()),
            }),
          )
          .min(1),
      }),
    )
    .optional(),
  policies: z
    .array(
      z.strictObject({
        orgId: organisation,
        receiver: z.string().min(1),
        group_by: z.array(z.string()).min(1),
        group_wait: duration,
        group_interval: duration,
        repeat_interval: duration,
        routes: z.array(route).optional(),
      }),
    )
    .max(1, 'one tree for an organisation')
    .optional(),
  muteTimes: z
    .array(
      z.strictObject({
        orgId: organisation,
        name: z.string().min(1),
        time_intervals: z
          .array(
            z.strictObject({
              times: z.array(z.strictObject({ start_time: clock, end_time: clock })).optional(),
              weekdays: z.array(weekday).optional(),
              location: z.string().optional(),
            }),
          )
          .min(1),
      }),
    )
    .optional(),
  templates: z
    .array(z.strictObject({ orgId: organisation, name: z.string().min(1), template: z.string().min(1) }))
    .optional(),
});

export type AlertingFile = z.infer<typeof alertingFile>;
