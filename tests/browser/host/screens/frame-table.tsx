import { getDisplayProcessor, getFieldDisplayName } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import * as React from 'react';

const ROWS = 20;

/** A frame as a plain table; texts of log-like frames can be filtered by, as Explore's details can. */
export function FrameTable({ frame, frames, onFilter }) {
  const theme = useTheme2();
  const shown = frame.fields.filter((field) => field.type !== 'other');
  const texts = shown.map((field) => field.display ?? getDisplayProcessor({ field, theme, timeZone: 'utc' }));
  return (
    <table data-testid="host-frame" data-frame={frame.name} style={{ marginBottom: 16, fontSize: 12 }}>
      <caption style={{ captionSide: 'top', textAlign: 'left' }}>
        {frame.name || frame.refId} · {frame.meta?.type ?? ''} · {frame.length} rows
        {(frame.meta?.notices ?? []).map(({ text }) => (
          <div key={text} data-testid="host-notice">
            {text}
          </div>
        ))}
      </caption>
      <thead>
        <tr>
          {shown.map((field, i) => (
            <th key={i} style={{ paddingRight: 12 }}>
              {getFieldDisplayName(field, frame, frames)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: Math.min(frame.length, ROWS) }, (_, row) => (
          <tr key={row}>
            {shown.map((field, i) => {
              const value = field.values[row];
              const { text, suffix = '', prefix = '' } = texts[i](value);
              return (
                <td key={i} style={{ paddingRight: 12, whiteSpace: 'nowrap' }}>
                  {`${prefix}${text}${suffix}`}
                  {onFilter && frame.meta?.type === 'log-lines' && field.type === 'string' && (
                    <button type="button" aria-label={`Filter for ${field.name} ${value}`} onClick={() => onFilter(field.name, String(value))}>
                      +
                    </button>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
