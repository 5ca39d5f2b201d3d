import { css } from '@emotion/css';
import type { PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import * as React from 'react';
import { applyClick, followLink } from '../filters/apply-click.ts';
import { formatShare } from '../frames/field-reading.ts';
import { PanelBoundary, PanelMessage } from '../surface/PanelBoundary.tsx';
import { hiddenFromSight } from '../surface/styles.ts';
import type { SankeyModel } from './model.ts';
import { readSankey } from './model.ts';
import type { SankeyOptions } from './options.ts';
import { SankeyView } from './sankey-view.ts';

export function SankeyPanel(props: PanelProps<SankeyOptions>): React.ReactElement {
  return (
    <PanelBoundary attempt={props.data}>
      <Sankey {...props} />
    </PanelBoundary>
  );
}

function Sankey({ data, options, width, height }: PanelProps<SankeyOptions>): React.ReactElement {
  const reading = React.useMemo(
    () =>
      readSankey(data.series, {
        showOther: options.showOther,
        byOrigin: options.colourBy === 'source',
        valueField: options.valueField,
      }),
    [data.series, options.showOther, options.colourBy, options.valueField],
  );
  if (reading.kind === 'empty') return <PanelMessage text={reading.reason} />;
  return <Picture model={reading.model} options={options} width={width} height={height} />;
}

interface PictureProps {
  readonly model: SankeyModel;
  readonly options: SankeyOptions;
  readonly width: number;
  readonly height: number;
}

/** The element that d3 draws into, and the same as a table for those who do not see it. */
function Picture({ model, options, width, height }: PictureProps): React.ReactElement {
  const theme = useTheme2();
  const host = React.useRef<HTMLDivElement>(null);
  const view = React.useRef<SankeyView | null>(null);
  const newest = React.useRef(options);
  newest.current = options;

  React.useLayoutEffect(() => {
    const made = new SankeyView(host.current!, theme, {
      filter: (filters) => applyClick(filters, newest.current),
      follow: followLink,
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, [theme]);

  React.useLayoutEffect(() => {
    view.current?.update(model, options, width, height);
  }, [model, options, width, height, theme]);

  const names = new Map(model.nodes.map(({ id, name }) => [id, name]));
  return (
    <div style={{ position: 'relative', width, height }}>
      <div ref={host} />
      <table className={css(hiddenFromSight)}>
        <caption>{`${model.valueTitle} between ${model.stages.map(({ title }) => title).join(', ')}`}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">{model.valueTitle}</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {model.links.map((link) => (
            <tr key={link.id}>
              <td>{names.get(link.source)}</td>
              <td>{names.get(link.target)}</td>
              <td>{model.format(link.value)}</td>
              <td>{formatShare(link.value, model.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
