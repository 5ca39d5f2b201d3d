import * as React from 'react';
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, Icon, useStyles2 } from '@grafana/ui';
import type { Query } from '@weir/core/query';
import type { Hint } from './hints.ts';

export function HintList(props: {
  readonly hints: readonly Hint[];
  readonly onFix: (changes: Partial<Query>) => void;
}): React.JSX.Element | null {
  const style = useStyles2(styles);
  if (props.hints.length === 0) return null;
  return (
    <ul className={style.list} data-testid="weir-hints" aria-label="Hints">
      {props.hints.map(({ id, severity, text, fix }) => (
        <li key={id} className={cx(style.hint, severity === 'warning' && style.warning)}>
          <Icon name={severity === 'warning' ? 'exclamation-triangle' : 'info-circle'} size="sm" />
          <span>{text}</span>
          {fix !== undefined && (
            <Button size="sm" variant="secondary" fill="text" onClick={() => props.onFix(fix.changes)}>
              {fix.label}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function styles(theme: GrafanaTheme2) {
  return {
    list: css({ listStyle: 'none', margin: 0, padding: theme.spacing(0, 1) }),
    hint: css({
      display: 'flex',
      alignItems: 'center',
      gap: theme.spacing(0.5),
      minHeight: 24,
      '& > svg': { flexShrink: 0 },
      '& > button': { flexShrink: 0 },
      fontSize: theme.typography.bodySmall.fontSize,
      color: theme.colors.text!.secondary,
    }),
    warning: css({ color: theme.colors.warning.text }),
  };
}
