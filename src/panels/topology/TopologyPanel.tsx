import { css } from '@emotion/css';
import type { GrafanaTheme2, PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import * as React from 'react';
import { applyClick, followLink } from '../filters/apply-click.ts';
import { PanelBoundary, PanelMessage } from '../surface/PanelBoundary.tsx';
import { hiddenFromSight } from '../surface/styles.ts';
import { coloursOf } from '../surface/theme-colours.ts';
import { Legend } from './Legend.tsx';
import type { TopologyModel } from './model.ts';
import { readTopology } from './model.ts';
import type { TopologyOptions } from './options.ts';
import { placesOf, savePlaces } from './places-memory.ts';
import { Toolbar } from './Toolbar.tsx';
import { TopologyView } from './topology-view.ts';

export function TopologyPanel(props: PanelProps<TopologyOptions>): React.ReactElement {
  return (
    <PanelBoundary attempt={props.data}>
      <Topology {...props} />
    </PanelBoundary>
  );
}

function Topology({ data, options, width, height, id }: PanelProps<TopologyOptions>): React.ReactElement {
  // Streams may fill the same array anew: the whole of data tells of an update, its series do not.
  const reading = React.useMemo(
    () => readTopology(data.series, { groupField: options.groupField, filterKey: options.filterKey }),
    [data, options.groupField, options.filterKey],
  );
  const panel = `${data.request?.dashboardUID ?? ''}:${id}`;
  if (reading.kind === 'empty') return <PanelMessage text={reading.reason} />;
  return <Picture model={reading.model} options={options} width={width} height={height} panel={panel} />;
}

interface PictureProps {
  readonly model: TopologyModel;
  readonly options: TopologyOptions;
  readonly width: number;
  readonly height: number;
  readonly panel: string;
}

/** The element that the view draws into; toolbar and legend over it; and a list of nodes for the keyboard and screen readers. */
function Picture({ model, options, width, height, panel }: PictureProps): React.ReactElement {
  const theme = useTheme2();
  const host = React.useRef<HTMLDivElement>(null);
  const view = React.useRef<TopologyView | null>(null);
  const newest = React.useRef(options);
  newest.current = options;

  React.useLayoutEffect(() => {
    const storage = sessionStorageOrNone();
    const places = placesOf(panel, storage);
    const made = new TopologyView(host.current!, theme, places, {
      filter: (filters) => applyClick(filters, newest.current),
      follow: followLink,
      placed: () => savePlaces(panel, places, storage),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
      savePlaces(panel, places, storage);
    };
  }, [theme, panel]);

  React.useLayoutEffect(() => {
    view.current?.update(model, options, width, height);
  }, [model, options, width, height, theme, panel]);

  const style = React.useMemo(() => pictureStyle(theme), [theme]);
  return (
    <div className={style} style={{ width, height }}>
      <NodeList model={model} view={view} />
      <div ref={host} className="weir-ground" />
      {options.showToolbar && <Toolbar model={model} view={view} theme={theme} />}
      {options.showLegend && height >= 140 && (
        <Legend model={model} widest={options.maxEdgeWidth} theme={theme} />
      )}
    </div>
  );
}

interface NodeListProps {
  readonly model: TopologyModel;
  readonly view: React.RefObject<TopologyView | null>;
}

function NodeList({ model, view }: NodeListProps): React.ReactElement {
  const [active, setActive] = React.useState<string | null>(null);
  const prefix = React.useId();
  const nodes = React.useMemo(
    () => [...model.nodes].sort((one, two) => one.title.localeCompare(two.title, 'en', { numeric: true })),
    [model],
  );
  const at = nodes.findIndex(({ id }) => id === active);
  const choose = (place: number): void => {
    const node = nodes[Math.min(nodes.length - 1, Math.max(0, place))];
    if (node === undefined) return;
    setActive(node.id);
    view.current?.choose(node.id);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowRight') choose(at + 1);
    else if (event.key === 'ArrowUp' || event.key === 'ArrowLeft') choose(at < 0 ? 0 : at - 1);
    else if (event.key === 'Home') choose(0);
    else if (event.key === 'End') choose(nodes.length - 1);
    else if (event.key === 'Enter' && active !== null) view.current?.press(active, event.nativeEvent);
    else if (event.key === 'Escape') {
      setActive(null);
      view.current?.choose(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const optionId = (place: number): string => `${prefix}-${place}`;
  return (
    <ul
      className={`${css(hiddenFromSight)} weir-nodes`}
      role="listbox"
      tabIndex={0}
      aria-label={`Topology: ${model.nodes.length} nodes, ${model.edges.length} edges`}
      aria-activedescendant={at < 0 ? undefined : optionId(at)}
      onKeyDown={onKeyDown}
      onBlur={() => view.current?.choose(null)}
    >
      {nodes.map((node, place) => (
        <li key={node.id} id={optionId(place)} role="option" aria-selected={place === at}>
          {`${node.title}${node.subtitle === '' ? '' : `, ${node.subtitle}`}: ${model.format(node.total)}`}
        </li>
      ))}
    </ul>
  );
}

/** Browsers may forbid it. */
function sessionStorageOrNone(): globalThis.Storage | undefined {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}

const pictureStyle = (theme: GrafanaTheme2): string =>
  css({
    position: 'relative',
    overflow: 'hidden',
    '.weir-ground': { position: 'absolute', inset: 0, cursor: 'grab', touchAction: 'none' },
    '.weir-nodes:focus-visible + .weir-ground': {
      boxShadow: `inset 0 0 0 2px ${coloursOf(theme).focus}`,
      borderRadius: theme.shape.radius.default,
    },
  });
