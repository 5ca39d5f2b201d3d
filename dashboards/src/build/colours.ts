/** One meaning, one colour, on every dashboard; names of Grafana's palette, which has them for light and dark. */
export const colours = {
  good: 'green',
  notice: 'yellow',
  warning: 'orange',
  bad: 'red',
  worst: 'dark-red',
  in: 'blue',
  out: 'green',
  neutral: 'text',
  quiet: '#8e8e8e',
} as const;

export const severityColours = {
  low: 'blue',
  medium: 'yellow',
  high: 'orange',
  critical: 'red',
} as const;
