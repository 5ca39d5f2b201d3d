import { getFieldDisplayName } from '@grafana/data';

/** Frames as JSON. */
export function summaries(frames) {
  return frames.map((frame) => ({
    name: frame.name ?? '',
    type: frame.meta?.type ?? '',
    visualisation: frame.meta?.preferredVisualisationType ?? '',
    notices: (frame.meta?.notices ?? []).map(({ text }) => text),
    fields: frame.fields.map((field) => ({
      name: field.name,
      title: getFieldDisplayName(field, frame, frames),
      type: field.type,
      labels: { ...field.labels },
      values: Array.from(field.values),
    })),
  }));
}
