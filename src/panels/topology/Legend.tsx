import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import * as React from 'react';
import { coloursOf } from '../surface/theme-colours.ts';
import { widthOfRate } from './lanes.ts';
import type { TopologyModel } from './model.ts';

interface Props {
  readonly model: TopologyModel;
  /** Pixels of the broadest edge. */
  readonly widest: number;
  readonly theme: GrafanaTheme2;
}

/** What widths and colours of edges mean. */
export function Legend({ model, widest, theme }: Props): React.ReactElement {
  const style = React.useMemo(() => legendStyle(theme), [theme]);
  const samples = [model.scale / 100, model.scale / 10, model.scale];
  return (
    <div className={style} aria-hidden>
      {model.edges.length > 0 && (
        <div className="weir-row">
          {samples.map((rate) => (
            <span key={rate} className="weir-item">
              <span className="weir-line" style={{ height: widthOfRate(rate, model.scale, widest) }} />
              {model.format(rate)}
            </span>
          ))}
        </div>
      )}
      {model.thresholds.length > 0 && (
        <div className="weir-row">
          {model.thresholds.map(({ from, colour }, at) => (
            <span key={from} className="weir-item">
              <span className="weir-dot" style={{ background: theme.visualization.getColorByName(colour) }} />
              {Number.isFinite(from) ? `≥ ${from} %` : `< ${model.thresholds[at + 1]?.from ?? 100} %`}
            </span>
          ))}
          <span className="weir-item">
            <span className="weir-dot" style={{ background: theme.isDark ? '#6E9FFF' : '#3871DC' }} />
            speed not known
          </span>
        </div>
      )}
    </div>
  );
}

const legendStyle = (theme: GrafanaTheme2): string => {
  const { faintText, ground } = coloursOf(theme);
  return css({
    position: 'absolute',
    left: 6,
    bottom: 2,
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: 24,
    maxWidth: '100%',
    padding: '2px 6px',
    borderRadius: theme.shape.radius.default,
    background: `color-mix(in srgb, ${ground} 80%, transparent)`,
    color: faintText,
    fontSize: theme.typography.bodySmall.fontSize,
    pointerEvents: 'none',
    '.weir-row': { display: 'flex', flexWrap: 'wrap', columnGap: 14, flex: '0 1 auto' },
    '.weir-item': {
      display: 'inline-flex',
      flex: 'none',
      alignItems: 'center',
      gap: 6,
      whiteSpace: 'nowrap',
    },
    '.weir-line': { flex: 'none', width: 22, borderRadius: 8, background: faintText, opacity: 0.8 },
    '.weir-dot': { flex: 'none', width: 10, height: 10, borderRadius: 3 },
  });
};
