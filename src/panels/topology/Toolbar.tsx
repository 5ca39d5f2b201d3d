import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import * as React from 'react';
import { coloursOf } from '../surface/theme-colours.ts';
import { findNodes } from './find-nodes.ts';
import type { TopologyModel } from './model.ts';
import type { TopologyView } from './topology-view.ts';

interface Props {
  readonly model: TopologyModel;
  readonly view: React.RefObject<TopologyView | null>;
  readonly theme: GrafanaTheme2;
}

/** Search, and what the mouse does, for the keyboard. */
export function Toolbar({ model, view, theme }: Props): React.ReactElement {
  const [text, setText] = React.useState('');
  const [turn, setTurn] = React.useState(0);
  const found = React.useMemo(() => findNodes(model.nodes, text), [model, text]);
  const style = React.useMemo(() => toolbarStyle(theme), [theme]);
  const show = (at: number): void => {
    const node = found[at % Math.max(1, found.length)];
    if (node !== undefined) view.current?.centre(node.id);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter') {
      show(turn);
      setTurn(turn + 1);
      event.preventDefault();
    } else if (event.key === 'Escape') {
      setText('');
      view.current?.choose(null);
      view.current?.fit();
    }
    event.stopPropagation();
  };
  return (
    <div className={style} role="toolbar" aria-label="Topology">
      <input
        type="search"
        value={text}
        placeholder="Find a node"
        aria-label="Find a node; Enter goes from one found to the next"
        onChange={(event) => {
          setText(event.target.value);
          setTurn(0);
        }}
        onKeyDown={onKeyDown}
      />
      {text !== '' && (
        <span className="weir-count" role="status">
          {found.length === 0 ? 'none' : `${Math.min(Math.max(1, turn), found.length)}/${found.length}`}
        </span>
      )}
      <Button
        label="Zoom in (or Ctrl+wheel)"
        drawing="M12 5v14M5 12h14"
        act={() => view.current?.zoomBy(1.4)}
      />
      <Button label="Zoom out (or Ctrl+wheel)" drawing="M5 12h14" act={() => view.current?.zoomBy(1 / 1.4)} />
      <Button
        label="Show all"
        drawing="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"
        act={() => view.current?.fit()}
      />
      <Button
        label="Arrange anew; pinned nodes stay"
        drawing="M19 8a8 8 0 1 0 1 7M20 3v5h-5"
        act={() => view.current?.rearrange()}
      />
    </div>
  );
}

function Button({
  label,
  drawing,
  act,
}: {
  readonly label: string;
  readonly drawing: string;
  readonly act: () => void;
}): React.ReactElement {
  return (
    <button type="button" aria-label={label} title={label} onClick={act}>
      <svg
        viewBox="0 0 24 24"
        width="16"
        height="16"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        aria-hidden
      >
        <path d={drawing} strokeLinecap="round" strokeLinejoin="round" />
      </svg>
    </button>
  );
}

const toolbarStyle = (theme: GrafanaTheme2): string => {
  const { text, faintText, ground, weakBorder, hover, focus } = coloursOf(theme);
  const control = {
    height: 26,
    border: `1px solid ${weakBorder}`,
    borderRadius: theme.shape.radius.default,
    background: ground,
    color: faintText,
    '&:focus-visible': { outline: `2px solid ${focus}`, outlineOffset: 1 },
  };
  return css({
    position: 'absolute',
    top: 4,
    right: 4,
    display: 'flex',
    alignItems: 'center',
    gap: 4,
    opacity: 0.85,
    '&:hover, &:focus-within': { opacity: 1 },
    input: {
      ...control,
      width: 132,
      padding: '0 8px',
      fontSize: theme.typography.bodySmall.fontSize,
      color: text,
      '&::placeholder': { color: faintText },
    },
    button: {
      ...control,
      width: 26,
      padding: 0,
      display: 'flex',
      alignItems: 'center',
      justifyContent: 'center',
      cursor: 'pointer',
      '&:hover': { background: hover, color: text },
    },
    '.weir-count': { fontSize: theme.typography.bodySmall.fontSize, color: faintText, minWidth: 28 },
  });
};
