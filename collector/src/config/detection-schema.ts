import { severities } from '@weir/core/anomalies';
import { windowKinds } from '@weir/core/windows';
import type { z } from 'zod';
import { sensitivities } from '../detect/settings.ts';
import { defaultCapacities } from '../detect/windows/index.ts';
import {
  anything,
  duration,
  flag,
  instant,
  list,
  map,
  oneOf,
  prefix,
  section,
  sectionWithMore,
  text,
  whole,
} from './fields.ts';

/** Private addresses (RFC 1918, RFC 4193), shared ones of carriers (RFC 6598), link-local ones (RFC 3927, RFC 4291). */
const OWN_NETWORKS = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

const filter = () => text('a filter', 'source_ip = 10.0.0.9');

/** Names and values of parameters are checked against the detectors themselves: see detection-checks.ts. */
const detectorsOf = () =>
  map(
    sectionWithMore(
      {
        enabled: flag().optional(),
        sensitivity: oneOf(sensitivities).optional(),
        scope: filter().optional(),
      },
      anything(),
    ),
    'names of detectors with keys under them',
  );

const exclusion = {
  filter: filter(),
  detectors: list(text('a detector’s name', 'port_scan'), '[port_scan]').default([]),
  comment: text('why', 'our scanner').optional(),
};

const capacities = Object.fromEntries(
  windowKinds.map(({ name }) => [
    name,
    whole(8, 4_194_304, 'rows of a window', defaultCapacities[name]).default(defaultCapacities[name]),
  ]),
) as Record<(typeof windowKinds)[number]['name'], z.ZodDefault<ReturnType<typeof whole>>>;

/** `detection`: what is looked for, and what is no matter of concern. */
export const detectionSchema = section({
  enabled: flag().default(true),
  own_networks: list(prefix(), '[10.0.0.0/8, 192.0.2.0/24]').default(OWN_NETWORKS),
  lateness_secs: duration('s', 0, 120, 20).default(20_000),
  warm_up_days: whole(0, 400, 'days', 14).default(14),
  capacities: section(capacities).prefault({}),
  detectors: detectorsOf().default({}),
  tenants: map(
    section({ detectors: detectorsOf().default({}) }),
    'names of tenants with detectors under them',
  ).default({}),
  exclude: list(section(exclusion), '[{ filter: source_ip = 10.0.0.9, comment: our scanner }]').default([]),
  silences: list(
    section({ ...exclusion, until: instant() }),
    '[{ filter: source_ip = 10.0.0.9, until: 2027-01-31T18:00:00+01:00 }]',
  ).default([]),
  rules: list(
    section({
      name: text('a rule’s name', 'telnet-inside', /^[\p{L}\p{N}_.-]{1,64}$/u),
      kind: oneOf(windowKinds.map(({ name }) => name) as [string, ...string[]]),
      where: text('a condition over columns of a window', 'bytes > 100000000'),
      over_secs: duration('s', 10, 60, 10).default(10_000),
      for_secs: duration('s', 0, 86_400, 10).default(0),
      severity: oneOf(severities).default('medium'),
      title: text('what to say of it', 'Telnet inside').optional(),
      description: text('what to look at', 'Nobody should use Telnet any more.').optional(),
    }),
    '[{ name: large-upload, kind: source, where: outbound_bytes > 1000000000 }]',
  ).default([]),
}).prefault({});

export type DetectionSection = z.output<typeof detectionSchema>;
