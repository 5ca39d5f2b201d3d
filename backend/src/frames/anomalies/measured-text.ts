/* Numbers of anomalies as texts, each with the unit that its metric's name tells. */

/** How the values of a metric are written. */
interface Measured {
  /** Said before the number; empty for nothing. */
  readonly before: string;
  readonly one: (value: number) => string;
  /** Said once, behind the first number; empty where each number has its unit. */
  readonly behind: string;
}

const spans: readonly (readonly [ending: string, unit: string])[] = [
  ['_per_second', '/s'],
  ['_per_ten_minutes', '/10 min'],
  ['_per_minute', '/min'],
  ['_per_hour', '/h'],
  ['_per_day', '/d'],
];

const capitals: readonly string[] = ['syn', 'udp', 'tcp', 'icmp', 'dns', 'rtt', 'rst', 'tls', 'http', 'nat'];

function words(name: string): string {
  return name
    .split('_')
    .map((word) => (capitals.includes(word) ? word.toUpperCase() : word))
    .join(' ');
}

const ratios: Readonly<Record<string, string>> = {
  error: 'errors',
  retransmission: 'retransmitted',
  dropped: 'dropped',
};

/** By the metric's name: `syn_per_second`, `bytes_per_second`, `error_ratio`, `rtt_us`, `silent_seconds`. */
function measured(metric: string): Measured {
  const span = spans.find(([ending]) => metric.endsWith(ending));
  const noun = span === undefined ? metric : metric.slice(0, -span[0].length);
  const per = span?.[1] ?? '';
  const scaled = (before: string, one: (value: number) => string): Measured => ({ before, one, behind: '' });
  const bytes = /^(?:(.*)_)?bytes(?:_(.*))?$/.exec(noun);
  if (bytes !== null) {
    const [, before = '', after = ''] = bytes;
    return scaled(words([before, after].filter((w) => w !== '').join('_')), (v) => bytesText(v) + per);
  }
  if (metric.endsWith('_ratio')) {
    const of = metric.slice(0, -'_ratio'.length);
    return scaled(ratios[of] ?? words(of), percentText);
  }
  if (/_(?:distance|entropy)$/.test(metric)) return scaled(words(metric), percentText);
  if (metric.endsWith('_us')) return scaled(words(metric.slice(0, -3)), (v) => durationText(v / 1000));
  if (metric.endsWith('_ms')) return scaled(words(metric.slice(0, -3)), durationText);
  if (span === undefined && metric.endsWith('_seconds'))
    return scaled(words(metric.slice(0, -'_seconds'.length)), (v) => durationText(v * 1000));
  if (metric.endsWith('_score')) return scaled(words(metric), numberText);
  return { before: '', one: numberText, behind: ` ${words(noun)}`.trimEnd() + per };
}

/** One value of a metric: `84,000 SYN/s`, `12.3 MB/s`, `RTT 120 ms`. */
export function metricText(metric: string, value: number): string {
  const { before, one, behind } = measured(metric);
  return `${before === '' ? '' : `${before} `}${one(value)}${behind}`;
}

/** Value, what is usual and the threshold: `84,000 SYN/s (usual 40, threshold 1,000)`. What is 0 there is none of. */
export function measuredText(
  metric: string,
  {
    value,
    baseline,
    threshold,
  }: { readonly value: number; readonly baseline: number; readonly threshold: number },
): string {
  if (metric === '') return '';
  const { one } = measured(metric);
  const besides = [
    ...(baseline === 0 ? [] : [`usual ${one(baseline)}`]),
    ...(threshold === 0 ? [] : [`threshold ${one(threshold)}`]),
  ];
  return metricText(metric, value) + (besides.length === 0 ? '' : ` (${besides.join(', ')})`);
}

/** A number with the unit that evidence gives beside it: `bytes/s`, `ratio`, `us`, `hosts`. */
export function unitText(value: number, unit: string): string {
  const [what = '', per] = unit.split(/\/(.*)/s);
  switch (what) {
    case 'bytes':
      return bytesText(value) + (per === undefined ? '' : `/${per}`);
    case 'ratio':
      return percentText(value);
    case 'us':
      return durationText(value / 1000);
    case 'ms':
      return durationText(value);
    case 's':
      return durationText(value * 1000);
    case 'min':
      return durationText(value * 60_000);
    case 'h':
      return durationText(value * 3_600_000);
    default:
      return `${numberText(value)} ${unit}`.trimEnd();
  }
}

/** Three digits that count, thousands apart: `84,000`, `1,240,000`, `0.53`. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  const rounded =
    Math.abs(value) >= 100_000 || Math.abs(value) < 1000 ? Number(value.toPrecision(3)) : Math.round(value);
  return rounded.toLocaleString('en-US', { maximumFractionDigits: Math.abs(rounded) < 0.01 ? 6 : 2 });
}

export function bytesText(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${numberText(rest)} ${units[unit]!}`;
}

function percentText(ratio: number): string {
  return `${numberText(ratio * 100)} %`;
}

/** `350 µs`, `120 ms`, `45 s`, `12 min`, `2.1 h`, `3.5 d`. */
export function durationText(ms: number): string {
  const size = Math.abs(ms);
  if (size > 0 && size < 1) return `${numberText(ms * 1000)} µs`;
  if (size < 1000) return `${numberText(ms)} ms`;
  if (size < 120_000) return `${numberText(ms / 1000)} s`;
  if (size < 7_200_000) return `${numberText(ms / 60_000)} min`;
  if (size < 172_800_000) return `${numberText(ms / 3_600_000)} h`;
  return `${numberText(ms / 86_400_000)} d`;
}
